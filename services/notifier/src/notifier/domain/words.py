"""The words a participant hears, as a port: the texts are the programme's (`programme/templates/`)."""

from typing import Protocol

from kawal.contracts.case_events import NoticeTemplate
from kawal.contracts.words import CaseNumber, Locale


class Words(Protocol):
    """Renders texts; every text may use the case number, mails may link to the status page."""

    def notice(self, template: NoticeTemplate, *, locale: Locale, case_number: CaseNumber) -> str:
        """For a chat or a status page."""
        ...

    def notice_sms(self, template: NoticeTemplate, *, locale: Locale, case_number: CaseNumber) -> str: ...

    def notice_mail(
        self, template: NoticeTemplate, *, locale: Locale, case_number: CaseNumber, link: str
    ) -> tuple[str, str]:
        """Subject and body."""
        ...

    def answer_mail(self, text: str, *, locale: Locale, case_number: CaseNumber, link: str) -> tuple[str, str]:
        """Subject and body of an agent's answer."""
        ...

    def answer_sms(self, text: str, *, locale: Locale, case_number: CaseNumber) -> str: ...

    def answer_spoken(self, text: str, *, locale: Locale, case_number: CaseNumber) -> str:
        """What is read out when a participant is called back."""
        ...
