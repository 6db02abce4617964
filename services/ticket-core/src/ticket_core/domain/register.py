"""The programme's own list of participants: who has which number, name and addresses. What it says is verified.

A line makes a participant known, or says more of one who is. It never makes two people one: what belongs to several
people, or to somebody with another participant number (families share phones), is for an agent to look at.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kawal.contracts.words import Assurance, IdentityKind, Locale
from ticket_core.domain.case import Fact, Participant, Suggestion, identity_key
from ticket_core.domain.entries import IdentityLinked
from ticket_core.domain.errors import ImportedMeanwhile
from ticket_core.domain.imports import Fault, ImportParticipants, Progress, Registered
from ticket_core.domain.pen import Pen
from ticket_core.domain.world import Step, World

REASON = "import"


@dataclass(frozen=True, slots=True)
class Imported:
    """`faults` are of these lines, `progress` of the whole file."""

    progress: Progress
    faults: tuple[Fault, ...]


class Register:
    def __init__(self, world: World, *, now: datetime, new_id: Callable[[], str]) -> None:
        self._world = world
        self._now = now
        self._new_id = new_id

    def apply(self, given: ImportParticipants) -> Imported:
        """Take these lines over, each on its own.

        Raises:
            ImportedMeanwhile: somebody else has gone on with the file.
        """
        known = given.known
        if not given.rehearsed and self._world.imports.get(known.content, Progress(known.content)).line != known.line:
            raise ImportedMeanwhile("Begin again: it goes on where the other one ended")
        done: Counter[str] = Counter()
        faults = list(given.faults)
        for person in given.people:
            became = self._take(person)
            if isinstance(became, Fault):
                faults.append(became)
            else:
                done[became] += 1
        done["refused"] = len({fault.line for fault in faults})
        progress = known._replace(
            line=given.line,
            place=given.place,
            finished=given.finished,
            **{name: getattr(known, name) + count for name, count in done.items()},
        )
        self._world.accept(Step(imports=[progress], import_faults=[(known.content, fault) for fault in faults]))
        return Imported(progress, tuple(sorted(faults)))

    def _take(self, person: Registered) -> str | Fault:
        """What became of a line, as `Progress` counts it."""
        found = self._known(person)
        if isinstance(found, Fault):
            return found
        if found is None:
            self._create(person)
            return "created"
        return "changed" if self._change(person, found) else "unchanged"

    def _known(self, person: Registered) -> str | Fault | None:
        """The participant whose line it is, if he is known."""
        owners: dict[str, tuple[str, str]] = {}
        for kind, value in person.identities:
            fact = self._world.facts.get(identity_key(kind, value))
            if fact is not None and fact.participant_id is not None:
                owners.setdefault(self._world.person_of(fact.participant_id), (kind, fact.participant_id))
        if len(owners) > 1:
            (_, _), (column, _), *_ = owners.values()
            return Fault(person.line, column, "several_people")
        for column, participant_id in owners.values():
            if column != IdentityKind.PARTICIPANT_NUMBER and self._has_number(participant_id):
                return Fault(person.line, column, "another_participant_number")
            return participant_id
        return None

    def _has_number(self, participant_id: str) -> bool:
        return any(member in self._world.numbered_people for member in self._world.members_of(participant_id))

    def _create(self, person: Registered) -> None:
        participant_id = self._new_id()
        locale = person.locale or Locale.INDONESIAN
        participant = Participant(participant_id, self._now, person.name, locale)
        step = Step(participants=[participant])
        self._verify(step, person, participant_id)
        self._world.accept(step)

    def _change(self, person: Registered, participant_id: str) -> bool:
        """What is new of somebody who is known; the list's name takes the place of any other."""
        step, known = Step(), self._world.participants[participant_id]
        if person.name is not None and person.name != known.name:
            step.participants = [known._replace(name=person.name)]
        self._verify(step, person, participant_id)
        if not step.participants and not step.facts:
            return False
        for case in self._world.cases_of(participant_id):
            pen = Pen.on(case)
            for fact in step.facts:
                pen.system(IdentityLinked(fact.kind, REASON), at=self._now)
            if pen.entries:
                step.record(pen.entries, case=case)
        self._world.accept(step)
        return True

    def _verify(self, step: Step, person: Registered, participant_id: str) -> None:
        """These are his from now on, and whoever only says so may be the same person."""
        for kind, value in person.identities:
            key = identity_key(kind, value)
            known = self._world.facts.get(key)
            owner = known.participant_id if known and known.participant_id else participant_id
            if known is None or known.assurance is not Assurance.VERIFIED:
                step.facts.append(Fact(key, kind, value, owner, Assurance.VERIFIED))
                step.suggestions += self._alike(key, participant_id)

    def _alike(self, key: bytes, participant_id: str) -> list[Suggestion]:
        return [
            Suggestion.between(participant_id, other, identity=key, assurance=Assurance.VERIFIED)
            for other in sorted(self._world.claimants.get(key, ()))
            if not self._world.are_one(other, participant_id)
        ]
