"""What happens to a case: a state and an input in, entries of its timeline out."""

from dataclasses import dataclass
from datetime import datetime

from kawal.contracts.case_events import CaseState, NoticeTemplate
from kawal.contracts.deliveries import DeliveryReported, DeliveryState
from kawal.contracts.interactions import (
    CallbackRequested,
    FormSubmitted,
    Interaction,
    MessageReceived,
    MessagesRead,
    VoicemailLeft,
)
from ticket_core.domain.case import Case, Conversation
from ticket_core.domain.details import decide_detail
from ticket_core.domain.entries import (
    CallbackAskedFor,
    CaseAssigned,
    CaseOpened,
    ContentRepeated,
    ConversationRead,
    DeliveryNoted,
    Entry,
    EntryFact,
    FormFilledIn,
    MessageWritten,
    NoticeGiven,
    NumberAdded,
    SimilarCaseFound,
    SlaChanged,
    StateChanged,
    TopicChanged,
    VoicemailRecorded,
)
from ticket_core.domain.errors import CaseClosed, UnknownTopic
from ticket_core.domain.fingerprint import statement
from ticket_core.domain.incident import decide_incident
from ticket_core.domain.inputs import (
    AgentCommand,
    Assign,
    ChangeTopic,
    DetailCommand,
    Hold,
    IncidentCommand,
    Pend,
    Reopen,
    Reply,
    Resolve,
    Resume,
    RouteCase,
    SetClocks,
    TimerFired,
    TimerKind,
)
from ticket_core.domain.pen import Pen
from ticket_core.domain.policy import Policy
from ticket_core.domain.states import require_step
from ticket_core.domain.timekeeping import rung
from ticket_core.domain.waiting import decide_waiting, known_reason

TEXT_LENGTH = 10_000
"""What a contract's `Text` may hold; of a longer form, the entry's fact still has all answers."""
_ANSWERED_BY_REPLY = (CaseState.NEW, CaseState.OPEN)
_WOKEN_BY_MESSAGE = (CaseState.PENDING, CaseState.ON_HOLD, CaseState.RESOLVED)
_PROGRESS = {DeliveryState.SENT: 1, DeliveryState.FAILED: 2, DeliveryState.DELIVERED: 3, DeliveryState.READ: 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """A contact that `correlate` found no case for."""

    case_id: str
    number: str
    participant_id: str
    interaction: Interaction
    follow_up_of: str | None = None
    similar: SimilarCaseFound | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinueCase:
    """A contact about a case that goes on, or is reopened by it.

    `alias` is another number the participant heard. `repeats` is the entry that said the same.
    """

    interaction: Interaction
    alias: str | None = None
    repeats: int | None = None


@dataclass(frozen=True, slots=True)
class AddNumber:
    """An event came twice with different numbers: the second must work as well."""

    number: str


@dataclass(frozen=True, slots=True)
class NoteDelivery:
    """A delivery report, and what was reached so far for the same entry on the same channel."""

    report: DeliveryReported
    reached: DeliveryState | None


_OfItself = TimerFired | RouteCase | SetClocks
ToOneCase = ContinueCase | AddNumber | MessagesRead | NoteDelivery | AgentCommand | _OfItself


def open_case(given: OpenCase, *, conversation: Conversation, now: datetime) -> list[Entry]:
    """A new case: opened, what the participant said, and the confirmation."""
    pen = Pen(given.case_id, last_seq=0, conversation=conversation)
    opened = CaseOpened(
        number=given.number,
        participant_id=given.participant_id,
        topic=given.interaction.topic,
        follow_up_of=given.follow_up_of,
    )
    pen.participant(opened, at=_when(given.interaction, now), state=CaseState.NEW)
    _contribute(pen, given.interaction, state=None, now=now)
    pen.system(NoticeGiven(NoticeTemplate.RECEIVED), at=now, visible=True)
    if given.similar is not None:
        pen.system(given.similar, at=now)
    return pen.entries


def decide(
    case: Case, given: ToOneCase, *, conversation: Conversation | None, policy: Policy, now: datetime
) -> list[Entry]:
    """What an input means for an existing case; nothing, when it changes nothing.

    `conversation` is the one the input came in or goes out through.

    Raises:
        CaseClosed: an agent wants something of a case that is over.
        IllegalStep: the case's state does not allow what an agent wants.
        KawalError: what the agent gives along is not of this programme; see `waiting` and `details`.
    """
    match given:
        case ContinueCase():
            return _continue(case, given, conversation, now)
        case MessagesRead():
            return _read(case, given, conversation, now)
        case NoteDelivery():
            return _note_delivery(case, given, now)
        case AddNumber():
            return _add_number(case, given, now)
        case TimerFired() | RouteCase() | SetClocks():
            return _of_itself(case, given, now)
        case _:
            return _command(case, given, conversation, policy, now)


def _of_itself(case: Case, given: _OfItself, now: datetime) -> list[Entry]:
    match given:
        case TimerFired(timer=TimerKind.CLOSE):
            return _close(case, now)
        case TimerFired():
            return rung(case, now=now, warn=True)
        case SetClocks():
            return _set_clocks(case, given, now)
        case RouteCase():
            return _route(case, given, now)


def _command(
    case: Case, given: AgentCommand, conversation: Conversation | None, policy: Policy, now: datetime
) -> list[Entry]:
    if case.state is CaseState.CLOSED:
        raise CaseClosed("Open a new case that follows it")
    match given:
        case Reply():
            return _reply(case, given, conversation, now)
        case Resolve():
            return _resolve(case, given, conversation, policy, now)
        case Reopen():
            return _reopen(case, given, conversation, now)
        case Pend() | Hold() | Resume():
            return decide_waiting(case, given, policy=policy, now=now)
        case Assign():
            return _assign(case, given, now)
        case _:
            return _write(case, given, conversation, policy, now)


def _write(
    case: Case,
    given: ChangeTopic | IncidentCommand | DetailCommand,
    conversation: Conversation | None,
    policy: Policy,
    now: datetime,
) -> list[Entry]:
    if isinstance(given, IncidentCommand):
        return decide_incident(case, given, conversation=conversation, now=now)
    if isinstance(given, ChangeTopic):
        return _change_topic(case, given, policy, now)
    return decide_detail(case, given, policy=policy, now=now)


def further(reached: DeliveryState | None, reported: DeliveryState) -> DeliveryState:
    """Reports may come late or twice; what was reached once stays reached."""
    if reached is None or _PROGRESS[reported] > _PROGRESS[reached]:
        return reported
    return reached


def _continue(case: Case, given: ContinueCase, conversation: Conversation | None, now: datetime) -> list[Entry]:
    pen = Pen.on(case, conversation=conversation)
    woken = case.state in _WOKEN_BY_MESSAGE
    _contribute(pen, given.interaction, state=CaseState.OPEN if woken else None, now=now)
    if given.repeats is not None:
        said = pen.entries[-1]
        pen.about(said.seq, ContentRepeated(given.repeats), at=now, channel=given.interaction.channel)
    if given.alias is not None:
        pen.system(NumberAdded(given.alias), at=now)
    if case.topic is None and given.interaction.topic is not None:
        pen.participant(TopicChanged(given.interaction.topic), at=now)
    if case.state is CaseState.RESOLVED:
        pen.system(NoticeGiven(NoticeTemplate.REOPENED), at=now, visible=True)
    elif conversation and conversation.case_id != case.id:
        pen.system(NoticeGiven(NoticeTemplate.JOINED), at=now, visible=True)
    return pen.entries


def _reply(case: Case, given: Reply, conversation: Conversation | None, now: datetime) -> list[Entry]:
    pen = Pen.on(case, conversation=conversation)
    state = CaseState.PENDING if case.state in _ANSWERED_BY_REPLY else None
    pen.agent(MessageWritten(), at=now, agent=given.agent, text=given.text, visible=True, state=state)
    return pen.entries


def _resolve(
    case: Case, given: Resolve, conversation: Conversation | None, policy: Policy, now: datetime
) -> list[Entry]:
    reason = known_reason(given.reason, policy.resolution_reasons)
    if case.state is CaseState.RESOLVED:
        return []
    require_step(case, CaseState.RESOLVED)
    pen = Pen.on(case, conversation=conversation)
    changed = StateChanged(close_at=now + policy.close_after, reason=reason)
    pen.agent(changed, at=now, agent=given.agent, state=CaseState.RESOLVED)
    pen.system(NoticeGiven(NoticeTemplate.RESOLVED), at=now, visible=True)
    return pen.entries


def _reopen(case: Case, given: Reopen, conversation: Conversation | None, now: datetime) -> list[Entry]:
    if case.state is not CaseState.RESOLVED:
        return []
    pen = Pen.on(case, conversation=conversation)
    pen.agent(StateChanged(), at=now, agent=given.agent, state=CaseState.OPEN)
    pen.system(NoticeGiven(NoticeTemplate.REOPENED), at=now, visible=True)
    return pen.entries


def _assign(case: Case, given: Assign, now: datetime) -> list[Entry]:
    assignee = given.assignee
    if case.assignee_id == (assignee.id if assignee else None):
        return []
    pen = Pen.on(case)
    fact = CaseAssigned(assignee.id, assignee.name) if assignee else CaseAssigned(None)
    pen.agent(fact, at=now, agent=given.agent)
    return pen.entries


def _route(case: Case, given: RouteCase, now: datetime) -> list[Entry]:
    """An agent's own assignment, before or after, always wins: this one only holds for the case that routing saw."""
    assignee = given.assignee
    if case.assignee_id != given.holder_id or case.state not in _ANSWERED_BY_REPLY:
        return []
    pen = Pen.on(case)
    pen.system(CaseAssigned(assignee.id, assignee.name) if assignee else CaseAssigned(None), at=now)
    return pen.entries


def _change_topic(case: Case, given: ChangeTopic, policy: Policy, now: datetime) -> list[Entry]:
    if case.topic == given.topic:
        return []
    if given.topic is not None and given.topic not in policy.topics:
        raise UnknownTopic("Choose one of the programme's topics of complaint")
    pen = Pen.on(case)
    pen.agent(TopicChanged(given.topic), at=now, agent=given.agent)
    return pen.entries


def _close(case: Case, now: datetime) -> list[Entry]:
    if case.state is not CaseState.RESOLVED or case.close_at is None or case.close_at > now:
        return []
    pen = Pen.on(case)
    pen.system(StateChanged(), at=now, state=CaseState.CLOSED)
    return pen.entries


def _set_clocks(case: Case, given: SetClocks, now: datetime) -> list[Entry]:
    if case.last_seq != given.last_seq:
        return []
    pen = Pen.on(case)
    pen.system(SlaChanged(given.changes), at=now, clocks=given.clocks)
    return pen.entries


def _add_number(case: Case, given: AddNumber, now: datetime) -> list[Entry]:
    if given.number == case.number or given.number in case.aliases:
        return []
    pen = Pen.on(case)
    pen.system(NumberAdded(given.number), at=now)
    return pen.entries


def _read(case: Case, given: MessagesRead, conversation: Conversation | None, now: datetime) -> list[Entry]:
    if conversation is None:
        return []
    up_to = min(given.seq, conversation.last_seq)
    if up_to <= conversation.read_seq:
        return []
    pen = Pen.on(case, conversation=conversation)
    pen.participant(ConversationRead(up_to), at=_when(given, now))
    return pen.entries


def _note_delivery(case: Case, note: NoteDelivery, now: datetime) -> list[Entry]:
    report = note.report
    if report.case_seq > case.last_seq or further(note.reached, report.state) is note.reached:
        return []
    pen = Pen.on(case)
    fact = DeliveryNoted(report.delivery_id, report.state, report.detail)
    at = min(report.at, now)
    pen.about(report.case_seq, fact, at=at, channel=report.channel, conversation_id=report.conversation_id)
    return pen.entries


def _contribute(pen: Pen, interaction: Interaction, *, state: CaseState | None, now: datetime) -> None:
    fact, text = _contribution(interaction)
    at = _when(interaction, now)
    pen.participant(fact, at=at, text=text, visible=True, state=state)


def said_in(interaction: Interaction) -> str:
    """What a contact says of its problem, as `fingerprint.statement` finds it in the entry that it becomes."""
    fact, text = _contribution(interaction)
    return statement(fact, text)


def _contribution(interaction: Interaction) -> tuple[EntryFact, str]:
    match interaction:
        case MessageReceived():
            return MessageWritten(interaction.client_id, interaction.attachments), interaction.text
        case FormSubmitted(answers=answers):
            text = "\n".join(answer.line for answer in answers)
            return FormFilledIn(interaction.form, answers), text[:TEXT_LENGTH]
        case VoicemailLeft():
            return VoicemailRecorded(interaction.recording, interaction.path), ""
        case CallbackRequested():
            return CallbackAskedFor(interaction.path), ""
        case MessagesRead():
            raise TypeError("having read something is no contribution")


def _when(interaction: Interaction, now: datetime) -> datetime:
    """The edge's clock, as long as it is not ahead of ours."""
    return min(interaction.occurred_at, now)
