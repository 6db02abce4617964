"""The hotline as a pure machine: flow, state and event in, state and actions out; it knows no provider.

A turn's last action says what is waited for: a key, a recording, or one of the two deeds that only the outside can
do (`SendCode`, `Accept`), whose outcome comes back as an event of its own.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from kawal.contracts.words import Locale
from voice_ingest.domain.flow import (
    CallbackStep,
    EndStep,
    Flow,
    LanguageStep,
    MenuStep,
    MessageStep,
    Prompt,
    ProofStep,
    ReceiptStep,
)

CODE_DIGITS = 6
CODE_ATTEMPTS = 2
SKIP = "#"


class Caller(StrEnum):
    """What can be done with the calling number: nothing, call it back, or text it as well."""

    HIDDEN = "hidden"
    CALLABLE = "callable"
    TEXTABLE = "textable"


class Accepted(StrEnum):
    """What a call can leave behind."""

    VOICEMAIL = "voicemail"
    CALLBACK = "callback"


@dataclass(frozen=True, slots=True)
class SentCode:
    """A code on its way to the calling number: only its keyed digest, never the digits."""

    digest: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CallState:
    """All that is known of a call between two of its turns; small, and free of personal data."""

    step: str
    locale: Locale
    caller: Caller
    turn: int = 0
    tries: int = 0
    topic: str | None = None
    path: tuple[tuple[str, str], ...] = ()
    code: SentCode | None = None
    proven: bool = False
    reference: str | None = None


# What the caller hears and what is waited for


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    locale: Locale


@dataclass(frozen=True, slots=True)
class Gather:
    """Speak, listening for keys from the first word on. With `finish` unset every key counts as a digit."""

    says: tuple[Say, ...]
    digits: int
    timeout_s: int
    finish: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    max_s: int
    silence_s: int


@dataclass(frozen=True, slots=True)
class SendCode:
    """Text a new code to the calling number; comes back as `CodeSent` or `CodeNotSent`."""

    text: str


@dataclass(frozen=True, slots=True)
class Accept:
    """Make what the caller left durable; comes back as `WasAccepted`."""

    what: Accepted


@dataclass(frozen=True, slots=True)
class Continue:
    """Come back as `Heard` once all before was spoken to the end."""


@dataclass(frozen=True, slots=True)
class Hangup:
    pass


Action = Say | Gather | Record | SendCode | Accept | Continue | Hangup


# What happens in a call


@dataclass(frozen=True, slots=True)
class Keyed:
    """Keys were pressed; no digits at all means that nobody pressed any in time."""

    digits: str


@dataclass(frozen=True, slots=True)
class CodeKeyed:
    """A code was keyed in and compared; `right` is false for an expired one too."""

    right: bool


@dataclass(frozen=True, slots=True)
class CodeSent:
    code: SentCode


@dataclass(frozen=True, slots=True)
class CodeNotSent:
    pass


@dataclass(frozen=True, slots=True)
class Recorded:
    pass


@dataclass(frozen=True, slots=True)
class NothingRecorded:
    pass


@dataclass(frozen=True, slots=True)
class WasAccepted:
    """What the caller left is durable under `reference`, `None` when no number was at hand."""

    reference: str | None


Event = Keyed | CodeKeyed | CodeSent | CodeNotSent | Recorded | NothingRecorded | WasAccepted


@dataclass(frozen=True, slots=True)
class Turn:
    state: CallState
    actions: tuple[Action, ...]


def begin(flow: Flow, *, caller: Caller) -> Turn:
    """The first turn of a call."""
    first = CallState(step=flow.start, locale=Locale.INDONESIAN, caller=caller)
    return _enter(flow, first, flow.start)


def advance(flow: Flow, state: CallState, event: Event) -> Turn:
    """The turn that follows when `event` happens; an event that does not fit asks the question again."""
    step, state = flow.steps[state.step], replace(state, turn=state.turn + 1)
    match step, event:
        case LanguageStep(), Keyed(digits):
            turn = _language_keyed(flow, state, step, digits)
        case MenuStep(), Keyed(digits):
            turn = _menu_keyed(flow, state, step, digits)
        case ProofStep(), _:
            turn = _proof_event(flow, state, step, event)
        case MessageStep(), Recorded():
            turn = Turn(state, (Accept(Accepted.VOICEMAIL),))
        case MessageStep(), NothingRecorded() | Keyed():
            turn = _nothing_recorded(flow, state, step)
        case MessageStep() | CallbackStep(), WasAccepted(reference):
            turn = _enter(flow, replace(state, reference=reference), step.next)
        case ReceiptStep(), Keyed(digits) if digits == step.again_key and state.tries < flow.listening.repeats:
            turn = _ask(flow, replace(state, tries=state.tries + 1))
        case ReceiptStep(), _:
            turn = _enter(flow, state, step.next)
        case _:
            turn = _ask(flow, state)
    return turn


def _enter(flow: Flow, state: CallState, name: str, before: tuple[Say, ...] = ()) -> Turn:
    state = replace(state, step=name, tries=0, code=None)
    step = flow.steps[name]
    if isinstance(step, ProofStep) and (state.proven or state.caller is not Caller.TEXTABLE):
        return _enter(flow, state, step.next, before)
    if isinstance(step, CallbackStep) and state.caller is Caller.HIDDEN:
        return _enter(flow, state, step.otherwise, (*before, *_said(step.hidden, state)))
    return _ask(flow, state, before)


def _ask(flow: Flow, state: CallState, before: tuple[Say, ...] = ()) -> Turn:
    """What is said and waited for where the call stands."""
    actions: tuple[Action, ...]
    match flow.steps[state.step]:
        case LanguageStep(say=say):
            greetings = tuple(Say(say.text(locale), locale) for locale in Locale)
            actions = (_listen(flow, (*before, *greetings)),)
        case MenuStep() as menu:
            actions = (_listen(flow, (*before, *_menu_says(menu, state.locale))),)
        case ProofStep() as proof:
            actions = (_proof_question(flow, state, proof, before),)
        case MessageStep() as message:
            prompt = _said(message.say, state)
            actions = (*before, *prompt, Record(max_s=message.max_s, silence_s=message.silence_s))
        case CallbackStep():
            actions = (*before, Accept(Accepted.CALLBACK))
        case ReceiptStep() as receipt:
            actions = (_listen(flow, (*before, *_receipt_says(receipt, state))),)
        case EndStep(say=say):
            actions = (*before, *_said(say, state), Hangup())
    return Turn(state, actions)


def _listen(flow: Flow, says: tuple[Say, ...]) -> Gather:
    return Gather(says=says, digits=1, timeout_s=flow.listening.timeout_s)


def _ask_again(flow: Flow, state: CallState, digits: str, otherwise: str) -> Turn:
    """Asks once more after no key or a wrong one, until the patience of the flow is used up."""
    if state.tries >= flow.listening.repeats:
        return _enter(flow, state, otherwise)
    prompt = flow.listening.wrong_key if digits else flow.listening.no_input
    return _ask(flow, replace(state, tries=state.tries + 1), _said(prompt, state))


def _language_keyed(flow: Flow, state: CallState, step: LanguageStep, digits: str) -> Turn:
    if digits in step.keys:
        return _enter(flow, replace(state, locale=step.keys[digits]), step.next)
    if state.tries >= flow.listening.repeats:
        state = replace(state, locale=next(iter(step.keys.values())))
    return _ask_again(flow, state, digits, step.next)


def _menu_keyed(flow: Flow, state: CallState, step: MenuStep, digits: str) -> Turn:
    option = step.options.get(digits)
    if option is None:
        return _ask_again(flow, state, digits, step.otherwise)
    path = (*state.path, (state.step, option.choice))
    return _enter(flow, replace(state, path=path, topic=option.topic or state.topic), option.next)


def _menu_says(menu: MenuStep, locale: Locale) -> tuple[Say, ...]:
    prompts = (menu.say, *(option.say for option in menu.options.values()))
    return tuple(Say(prompt.text(locale), locale) for prompt in prompts if prompt)


def _proof_question(flow: Flow, state: CallState, step: ProofStep, before: tuple[Say, ...]) -> Gather:
    if state.code is None:
        return _listen(flow, (*before, *_said(step.offer, state)))
    says = before or _said(step.sent, state)
    return Gather(says=says, digits=CODE_DIGITS, timeout_s=flow.listening.timeout_s * 2, finish=SKIP)


def _proof_event(flow: Flow, state: CallState, step: ProofStep, event: Event) -> Turn:
    match event:
        case Keyed(digits) if digits == SKIP:
            turn = _enter(flow, state, step.next)
        case Keyed(digits) if state.code is None and digits == step.accept_key:
            turn = Turn(replace(state, tries=0), (SendCode(step.text.text(state.locale)),))
        case Keyed(digits):
            turn = _ask_again(flow, state, digits, step.next)
        case CodeSent(code):
            turn = _ask(flow, replace(state, code=code, tries=0))
        case CodeNotSent():
            turn = _enter(flow, state, step.next, _said(step.not_sent, state))
        case CodeKeyed(right):
            turn = _code_keyed(flow, state, step, right=right)
        case _:
            turn = _ask(flow, state)
    return turn


def _code_keyed(flow: Flow, state: CallState, step: ProofStep, *, right: bool) -> Turn:
    if right:
        return _enter(flow, replace(state, proven=True), step.next, _said(step.proven, state))
    if state.tries + 1 < CODE_ATTEMPTS:
        return _ask(flow, replace(state, tries=state.tries + 1), _said(step.wrong, state))
    return _enter(flow, state, step.next, _said(step.unproven, state))


def _said(prompt: Prompt, state: CallState) -> tuple[Say, ...]:
    return (Say(prompt.text(state.locale), state.locale),)


def _nothing_recorded(flow: Flow, state: CallState, step: MessageStep) -> Turn:
    if state.tries >= flow.listening.repeats:
        return _enter(flow, state, step.otherwise)
    return _ask(flow, replace(state, tries=state.tries + 1), _said(step.nothing_heard, state))


def _receipt_says(step: ReceiptStep, state: CallState) -> tuple[Say, ...]:
    if state.reference is None:
        return _said(step.later, state)
    number = step.say.text(state.locale).replace("{number}", spell(state.reference))
    return (Say(number, state.locale), *_said(step.again, state))


def spell(number: str) -> str:
    """A case number as it is spoken, digit by digit in its groups: `4 8 2, 9 1 3, 0 5 7 4`."""
    return ", ".join(" ".join(group) for group in (number[:3], number[3:6], number[6:]))


def apologise(flow: Flow, state: CallState) -> tuple[Action, ...]:
    """What a caller hears when nothing can be accepted."""
    return (*_said(flow.busy, state), Hangup())
