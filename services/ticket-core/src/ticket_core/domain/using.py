"""An agent uses a macro: the answer and everything else of it, or nothing."""

from datetime import datetime

from ticket_core.domain.case import Case, Conversation
from ticket_core.domain.decide import decide
from ticket_core.domain.doing import Doer
from ticket_core.domain.entries import Entry
from ticket_core.domain.evolve import advance
from ticket_core.domain.inputs import AgentCommand, Reply, UseMacro
from ticket_core.domain.placeholders import fill
from ticket_core.domain.policy import Policy


def use(
    case: Case,
    given: UseMacro,
    *,
    conversation: Conversation,
    participant: str | None,
    policy: Policy,
    now: datetime,
) -> list[Entry]:
    """The entries of all of it, in its order; `participant` is his name, where the conversation has none.

    Raises:
        KawalError: one of it is not possible, as for the command alone.
    """
    doer = _doer(case, given, conversation, participant)
    entries: list[Entry] = []
    text = _text(given, conversation, doer)
    acts = given.macro.acts
    steps = [_reply(given, text), *acts] if text else list(acts)
    for step in steps:
        command: AgentCommand | None = step if isinstance(step, Reply) else doer.command(step, case)
        if command is not None:
            written = decide(case, command, conversation=conversation, policy=policy, now=now)
            case, conversation = advance(case, conversation, written)
            entries += written
    return entries


def _doer(case: Case, given: UseMacro, conversation: Conversation, participant: str | None) -> Doer:
    values = given.gaps.values(
        locale=conversation.locale,
        number=case.number,
        participant=conversation.name or participant,
        agent=given.agent.name,
    )
    return Doer(agent=given.agent, roster=given.roster, values=values)


def _text(given: UseMacro, conversation: Conversation, doer: Doer) -> str | None:
    if given.text is not None:
        return given.text
    texts = given.macro.texts
    return fill(texts[conversation.locale], doer.values) if texts else None


def _reply(given: UseMacro, text: str) -> Reply:
    return Reply(number=given.number, agent=given.agent, text=text, conversation_id=given.conversation_id)
