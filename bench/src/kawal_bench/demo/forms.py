"""Somebody sends the form, by its API."""

from dataclasses import dataclass

import httpx

from kawal.case_numbers import display
from kawal_bench.clients.web import submit
from kawal_bench.conversations import Contact
from kawal_bench.demo.pace import Pace
from kawal_bench.demo.telling import Tell
from kawal_bench.demo.visitors import Visitors

FORM = "complaint"
GIVES_EMAIL, GIVES_PHONE = 0.6, 0.4


@dataclass(frozen=True, slots=True)
class Forms:
    """The form's door."""

    http: httpx.AsyncClient
    pace: Pace
    tell: Tell
    visitors: Visitors

    async def visit(self, contact: Contact) -> None:
        person, message = contact.person, "\n".join(contact.lines)
        answers = {"topic": contact.topic, "message": message, "name": person.name}
        if self.pace.chance(GIVES_EMAIL):
            answers["email"] = person.email
        if self.pace.chance(GIVES_PHONE):
            answers["phone"] = person.phone
        await self.pace.typing(message)
        receipt = await submit(self.http, FORM, answers)
        reference = receipt["reference"]
        self.visitors.have_number(reference)
        told = f"is told {display(reference)}" if reference else "will be told a number later"
        self.tell("form", person.name, f"“{contact.lines[0]}” - {told}")
