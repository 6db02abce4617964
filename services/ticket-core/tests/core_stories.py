"""Stories of what may happen to some people and their cases, for properties that hold whatever does."""

from collections import defaultdict
from functools import partial
from typing import Any

from hypothesis import strategies as st

from core_factories import (
    BUDI,
    DEWI,
    Desk,
    contact,
    form,
    identity,
    message,
    number,
    read,
    report,
    voicemail,
)
from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.words import Assurance, Channel
from kawal.errors import KawalError
from rule_factories import SHOWN, shown
from sla_factories import policy
from ticket_core.domain.case import Case
from ticket_core.domain.entries import CONTRIBUTIONS, Entry
from ticket_core.domain.inputs import (
    AcceptSuggestion,
    Assign,
    ChangeTags,
    ChangeTopic,
    Command,
    DismissSuggestion,
    GoesOn,
    Hold,
    Input,
    JoinIncident,
    LeaveIncident,
    LinkCases,
    MergeCases,
    MergePersons,
    PairCommand,
    Pend,
    PersonCommand,
    Prioritise,
    Reopen,
    Reply,
    Resolve,
    Resume,
    RouteCase,
    SetFields,
    SplitCase,
    TellUpdate,
    TimerFired,
    TimerKind,
    UndoMerge,
    UndoSplit,
    UnlinkCases,
    UnmergePerson,
    WriteNote,
)
from ticket_core.domain.kinds import Priority, Relation

SECRET = "kata rahasia petugas"
CONVERSATIONS = ["chat:aaaaaaaa", "chat:bbbbbbbb", "web:cccccccc", "voice:dddddddd"]
conversations = st.sampled_from(CONVERSATIONS)
identities = st.lists(
    st.builds(identity, st.sampled_from(["+621", "+622"]), assurance=st.sampled_from(list(Assurance))), max_size=2
).map(tuple)
details = {
    "identities": identities,
    "topic": st.sampled_from([None, "payment", "account"]),
    "reference": st.none() | st.integers(0, 20).map(number),
}
# Too short for two words: who says so little goes on with the case that he has.
brief = (
    st.builds(message, st.text(st.characters(codec="ascii"), max_size=4), conversation=conversations, **details)
    | st.builds(form, conversation=conversations, **details)
    | st.builds(voicemail, conversation=conversations, **details)
    | st.builds(read, st.integers(1, 9), conversation=conversations)
)
sentences = st.sampled_from(
    [
        "Insentif belum cair dari bulan lalu",
        "INSENTIF belum cair, dari bulan lalu!",
        "Sertifikat pelatihan belum terbit sampai sekarang",
        "Pelatihan belum terbit di akun saya",
        "Order TRX-8823177 belum masuk",
        "Order TRX-9914402 belum masuk",
    ]
)
interactions = brief | st.builds(message, st.text(max_size=5) | sentences, conversation=conversations, **details)
commands = st.sampled_from(
    [
        *((JoinIncident, {"incident_id": one, "title": {"id": "Mati", "en": "Down"}}) for one in ("i1", "i2")),
        (LeaveIncident, {"incident_id": "i1", "title": {"id": "Mati", "en": "Down"}}),
        *(
            (TellUpdate, {"incident_id": "i1", "update": update, "texts": {"id": "Pulih", "en": "Back"}})
            for update in (1, 2)
        ),
        (Reply, {"text": "Baik"}),
        (Resolve, {}),
        (Reopen, {}),
        (Assign, {"assignee": DEWI}),
        (Assign, {"assignee": None}),
        (RouteCase, {"assignee": DEWI}),
        (RouteCase, {"assignee": None}),
        (RouteCase, {"assignee": BUDI, "holder_id": "somebody else"}),
        (ChangeTopic, {"topic": "account"}),
        (Resolve, {"reason": "fixed"}),
        (Pend, {}),
        (Hold, {"reason": "bank"}),
        (Hold, {"reason": "office"}),
        (Hold, {"reason": "weather"}),
        (Resume, {}),
        (WriteNote, {"text": SECRET, "mentions": (DEWI.id,)}),
        (Prioritise, {"priority": Priority.URGENT}),
        (Prioritise, {"priority": Priority.LOW}),
        (ChangeTags, {"add": ("vip", "null", "Gelombang 12"), "remove": ("lama",)}),
        (ChangeTags, {"add": ("lama",), "remove": ("vip",)}),
        (SetFields, {"values": {"amount": 12, "sure": True}}),
        (SetFields, {"values": {"amount": 1.5, "day": "2026-11-24", "bank": "bni"}}),
        (SetFields, {"values": {"amount": None, "sure": 1}}),
    ]
)
linking = st.sampled_from([partial(LinkCases, relation=relation) for relation in Relation])
rules_shown = st.lists(st.sampled_from(sorted(SHOWN)), max_size=3, unique=True)
joins = st.sampled_from([MergeCases, MergeCases, UndoMerge, UnlinkCases]) | linking
of_people = st.sampled_from([MergePersons, MergePersons, AcceptSuggestion, DismissSuggestion, UnmergePerson])
any_step = (
    st.tuples(st.just("contact"), interactions)
    | st.tuples(st.just("command"), st.tuples(commands, st.integers(0, 5)))
    | st.tuples(
        st.just("report"), st.tuples(st.integers(0, 5), st.integers(1, 9), st.sampled_from(list(DeliveryState)))
    )
    | st.tuples(st.just("time"), st.integers(0, 10))
    | st.tuples(st.just("rules"), st.tuples(rules_shown, st.integers(0, 5), st.integers(0, 9)))
    | st.tuples(st.just("cases"), st.tuples(joins, st.integers(0, 5), st.integers(0, 5)))
    | st.tuples(st.just("people"), st.tuples(of_people, st.integers(0, 3), st.integers(0, 3)))
)
steps = st.lists(any_step, max_size=30)
SITI, OTHER = (identity("+621"),), (identity("+622"),)
SEVERAL: list[Any] = [
    *(
        ("contact", form(conversation=f"web:{place}-------", topic=topic, identities=SITI))
        for place, topic in enumerate(("account", "account.fraud", "payment", "training"))
    ),
    ("contact", message("Halo", conversation="chat:somebody-", identities=OTHER)),
]
"""A story in which one person has four cases, another one."""
SPLITS = st.builds(
    lambda case, picks, goes_on, onwards: ("split", (case, picks, {"goes_on": goes_on, "onwards": onwards})),
    st.integers(0, 6),
    st.lists(st.integers(0, 9), min_size=1, max_size=2),
    st.sampled_from(GoesOn),
    st.sampled_from([False, False, True]),
)
UNDONE = st.builds(lambda case: ("unsplit", case), st.integers(4, 9))
MORE = st.builds(
    lambda text, place: ("contact", message(text, conversation=f"web:{place}-------")), sentences, st.integers(0, 3)
)
SAID = [("contact", message(f"Kendala nomor {turn}", conversation=f"web:{turn % 3}-------")) for turn in range(12)]
ANSWERED = [("command", ((Reply, {"text": "Baik"}), place)) for place in range(4)]
splits = st.lists(SPLITS | SPLITS | UNDONE | MORE | any_step, max_size=20).map(
    lambda story: [*SEVERAL, *SAID, *ANSWERED, *SAID[:3], *story]
)


def ring(desk: Desk) -> None:
    """All alarms that are due."""
    desk.give(*(TimerFired(case.id, TimerKind.SLA, desk.now) for case in desk.cases))


def run(story: list[tuple[str, Any]]) -> Desk:
    """Let a story happen; what is refused is refused."""
    desk = Desk(policy=policy())
    for kind, detail in story:
        for step in inputs_of(desk, kind, detail):
            try:
                desk.give(step)
            except KawalError:
                assert isinstance(step, Command | PersonCommand)
    return desk


def inputs_of(desk: Desk, kind: str, detail: Any) -> list[Input]:
    match kind, detail:
        case "time", int(days):
            desk.pass_time(days=days)
            return [TimerFired(case.id, kind, desk.now) for case in desk.cases for kind in TimerKind]
        case "contact", interaction:
            return [contact(interaction.model_copy(update={"occurred_at": desk.now}))]
        case "command", ((command, arguments), place) if place < len(desk.cases):
            return [wanted(desk.cases[place], command, arguments)]
        case "report", (place, seq, state) if place < len(desk.cases):
            return [report(desk.cases[place].id, seq, state, channel=Channel.WEB)]
        case "rules", (keys, place, seq) if place < len(desk.cases):
            return [shown(desk, desk.cases[place], seq, keys)]
    return _joins(desk, kind, detail)


def _joins(desk: Desk, kind: str, detail: Any) -> list[Input]:
    match kind, detail:
        case "cases", (command, place, other) if max(place, other) < len(desk.cases):
            return [command(number=desk.cases[place].number, other=desk.cases[other].number, agent=BUDI)]
        case "split", (place, picks, how) if place < len(desk.cases):
            return [split(desk, desk.cases[place], picks, how)]
        case "unsplit", int(place) if place < len(desk.cases):
            return [UndoSplit(number=desk.cases[place].number, agent=BUDI)]
        case "people", (command, place, other) if max(place, other) < len(desk.people):
            return [who_is_who(command, desk.people[place], desk.people[other])]
    return []


def split(desk: Desk, case: Case, picks: list[int], how: dict[str, Any]) -> SplitCase:
    """`picks` are places among what was said in the case and is still there."""
    survivor = desk.world.survivor(case) or case
    said = [entry.seq for entry in timelines(desk)[survivor.id] if isinstance(entry.fact, CONTRIBUTIONS)]
    left = [seq for seq in said if seq not in survivor.moved]
    entries = tuple({left[pick % len(left)] for pick in picks})
    return SplitCase(number=case.number, entries=entries, agent=BUDI, reason="Dua kendala", **how)


def who_is_who(command: type[PersonCommand], participant: str, other: str) -> PersonCommand:
    if issubclass(command, PairCommand):
        return command(participant_id=participant, other_id=other, agent=BUDI)
    return command(participant_id=participant, agent=BUDI)


def wanted(case: Case, command: Any, arguments: dict[str, Any]) -> Input:
    """What an agent, or routing, wants of `case`."""
    if command is RouteCase:
        return RouteCase(**{"case_id": case.id, "holder_id": case.assignee_id} | arguments)
    found: Input = command(number=case.number, agent=BUDI, **arguments)
    return found


def timelines(desk: Desk) -> dict[str, list[Entry]]:
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    for one in desk.world.changed.recorded:
        found[one.entry.case_id].append(one.entry)
    return found


def kept(desk: Desk) -> dict[str, Any]:
    """All that is known, but for the length of timelines."""
    world = desk.world
    return {
        "people": dict(world.participants),
        "groups": {person: world.person_of(person) for person in world.participants},
        "members": {person: set(world.members_of(person)) for person in world.participants},
        "conversations": dict(world.conversations),
        "facts": dict(world.facts),
        "numbers": dict(world.numbers),
        "cases": {case.id: case._replace(last_seq=0) for case in desk.cases},
    }


def refused(desk: Desk, given: Input) -> bool:
    try:
        desk.give(given)
    except KawalError:
        return True
    return False
