"""A hotline's flow as its owner writes it (`programme/ivr/*.yaml`): closed, typed, every reference checked."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from kawal.contracts.words import Locale

StepName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[0-9*]$")]
Spoken = Annotated[str, StringConstraints(min_length=1, max_length=1_000, strip_whitespace=True)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Prompt(_Closed):
    """One sentence or a few, as they are spoken in each language."""

    id: Spoken
    en: Spoken

    def text(self, locale: Locale) -> str:
        return self.en if locale is Locale.ENGLISH else self.id


class LanguageStep(_Closed):
    """Greets in every language and asks for one; nobody chose: the first language of `keys`."""

    kind: Literal["language"]
    say: Prompt
    keys: Annotated[dict[Key, Locale], Field(min_length=1)]
    next: StepName

    def followers(self) -> tuple[str, ...]:
        return (self.next,)


class Option(_Closed):
    """What one key of a menu means; `choice` is the word that agents see, `topic` a key of `topics.yaml`."""

    say: Prompt
    choice: StepName
    topic: Annotated[str, StringConstraints(max_length=64)] | None = None
    next: StepName


class MenuStep(_Closed):
    """Offers keys; a caller who presses none of them goes on at `otherwise`."""

    kind: Literal["menu"]
    say: Prompt | None = None
    options: Annotated[dict[Key, Option], Field(min_length=1)]
    otherwise: StepName

    def followers(self) -> tuple[str, ...]:
        return (*(option.next for option in self.options.values()), self.otherwise)


class ProofStep(_Closed):
    """Offers to prove the calling number by a code texted to it; whatever comes of it, the call goes on."""

    kind: Literal["proof"]
    offer: Prompt
    accept_key: Key
    text: Prompt
    sent: Prompt
    wrong: Prompt
    proven: Prompt
    unproven: Prompt
    not_sent: Prompt
    next: StepName

    @model_validator(mode="after")
    def _the_text_holds_the_code(self) -> Self:
        if not all("{code}" in self.text.text(locale) for locale in Locale):
            raise ValueError("`text` must hold {code} in every language")
        return self

    def followers(self) -> tuple[str, ...]:
        return (self.next,)


class MessageStep(_Closed):
    """Records what the caller says; nothing was said: `otherwise`."""

    kind: Literal["message"]
    say: Prompt
    nothing_heard: Prompt
    max_s: Annotated[int, Field(ge=5, le=600)] = 120
    silence_s: Annotated[int, Field(ge=2, le=30)] = 5
    next: StepName
    otherwise: StepName

    def followers(self) -> tuple[str, ...]:
        return (self.next, self.otherwise)


class CallbackStep(_Closed):
    """Notes that the caller wants to be called back on this number; one who hides it goes on at `otherwise`."""

    kind: Literal["callback"]
    hidden: Prompt
    next: StepName
    otherwise: StepName

    def followers(self) -> tuple[str, ...]:
        return (self.next, self.otherwise)


class ReceiptStep(_Closed):
    """Says the case number digit by digit, again at `again_key`; `later` when no number is at hand."""

    kind: Literal["receipt"]
    say: Prompt
    again: Prompt
    again_key: Key
    later: Prompt
    next: StepName

    @model_validator(mode="after")
    def _the_number_is_said(self) -> Self:
        if not all("{number}" in self.say.text(locale) for locale in Locale):
            raise ValueError("`say` must hold {number} in every language")
        return self

    def followers(self) -> tuple[str, ...]:
        return (self.next,)


class EndStep(_Closed):
    """Says goodbye and hangs up."""

    kind: Literal["end"]
    say: Prompt

    def followers(self) -> tuple[str, ...]:
        return ()


Step = Annotated[
    LanguageStep | MenuStep | ProofStep | MessageStep | CallbackStep | ReceiptStep | EndStep,
    Field(discriminator="kind"),
]


class Listening(_Closed):
    """How long a key is waited for, how often a question is asked again, and what is said before that."""

    timeout_s: Annotated[int, Field(ge=2, le=30)] = 6
    repeats: Annotated[int, Field(ge=0, le=5)] = 2
    no_input: Prompt
    wrong_key: Prompt


class Readout(_Closed):
    """How an answer is read out to a participant whom we call."""

    intro: Prompt
    again: Prompt
    again_key: Key
    repeats: Annotated[int, Field(ge=0, le=10)] = 3
    one_moment: Prompt
    goodbye: Prompt

    @model_validator(mode="after")
    def _the_number_is_said(self) -> Self:
        if not all("{number}" in self.intro.text(locale) for locale in Locale):
            raise ValueError("`intro` must hold {number} in every language")
        return self


class Flow(_Closed):
    """One hotline.

    `busy` is said when nothing can be accepted; `voices` names, by provider and language, the voice that speaks.
    """

    start: StepName
    listening: Listening
    steps: Annotated[dict[StepName, Step], Field(min_length=1)]
    busy: Prompt
    readout: Readout
    voices: dict[str, dict[Locale, str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _every_reference_leads_somewhere(self) -> Self:
        known = self.steps.keys()
        broken = [f"{name} -> {to}" for name, to in self._edges() if to not in known]
        if self.start not in known:
            broken.append(f"start -> {self.start}")
        if broken:
            raise ValueError(f"no such step: {', '.join(broken)}")
        return self

    @model_validator(mode="after")
    def _every_step_is_reached_and_ends(self) -> Self:
        lost = self.steps.keys() - _reached({n: s.followers() for n, s in self.steps.items()}, self.start)
        if lost:
            raise ValueError(f"never reached: {', '.join(sorted(lost))}")
        back: dict[str, list[str]] = {}
        for name, to in self._edges():
            back.setdefault(to, []).append(name)
        ends = [name for name, step in self.steps.items() if isinstance(step, EndStep)]
        endless = self.steps.keys() - {n for end in ends for n in _reached(back, end)}
        if endless:
            raise ValueError(f"never comes to an end: {', '.join(sorted(endless))}")
        return self

    def _edges(self) -> Iterator[tuple[str, str]]:
        return ((name, to) for name, step in self.steps.items() for to in step.followers())

    def topics(self) -> dict[str, str]:
        """Topic of complaint -> the step that sets it."""
        menus = ((n, s) for n, s in self.steps.items() if isinstance(s, MenuStep))
        return {o.topic: name for name, menu in menus for o in menu.options.values() if o.topic}


def _reached(followers: Mapping[str, list[str] | tuple[str, ...]], start: str) -> set[str]:
    reached, waiting = {start}, deque([start])
    while waiting:
        new = set(followers.get(waiting.popleft(), ())) - reached
        reached |= new
        waiting.extend(new)
    return reached
