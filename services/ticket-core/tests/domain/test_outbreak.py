from datetime import timedelta
from itertools import count
from pathlib import Path

from core_factories import NOW
from ticket_core.adapters.correlation_files import load_matching
from ticket_core.domain.outbreak import Outbreak, Reported, outbreaks

MATCHING = load_matching(Path(__file__).parents[4] / "programme")
_cases = count(1)
DOWN = [
    "min dashboard error 500 dr tadi pagi",
    "Dashboard menampilkan error 500 terus",
    "dashboard nya error 500 gabisa dibuka",
    "my dashboard shows error 500",
]


def reported(text: str, *, person: str, minutes_ago: float = 5, topic: str | None = None) -> Reported:
    return Reported(f"c{next(_cases)}", person, NOW - timedelta(minutes=minutes_ago), MATCHING.problem(topic, text))


def found(*reports: Reported, least_people: int = 3) -> list[Outbreak]:
    return outbreaks(reports, matching=MATCHING, within=timedelta(hours=1), least_people=least_people, now=NOW)


class TestOutbreaks:
    def test_many_people_one_problem(self) -> None:
        down = [reported(text, person=f"p{at}", minutes_ago=10 - at) for at, text in enumerate(DOWN)]
        others = [reported("Sertifikat belum terbit", person="x"), reported("insentif blm cair", person="y")]
        (suggested,) = found(*others, *down)
        assert suggested.case_ids == tuple(report.case_id for report in down)
        assert (suggested.people, suggested.since) == (4, NOW - timedelta(minutes=10))
        assert suggested.words == ("dashboard",)

    def test_one_person_many_times(self) -> None:
        assert found(*(reported(text, person="p") for text in DOWN)) == []

    def test_too_long_ago(self) -> None:
        assert found(*(reported(text, person=f"p{at}", minutes_ago=61) for at, text in enumerate(DOWN))) == []

    def test_one_topic_is_not_one_cause(self) -> None:
        texts = ["insentif nyasar ke rekening kakak", "potongan insentif terlalu besar", "jadwal insentif tahap kedua"]
        assert (
            found(*(reported(text, person=f"p{at}", topic="incentive.not_paid") for at, text in enumerate(texts))) == []
        )

    def test_two_topics_that_were_chosen(self) -> None:
        topics = ["incentive.not_paid", "account.other", "training.cannot_buy"]
        assert found(*(reported(DOWN[0], person=topic, topic=topic) for topic in topics)) == []

    def test_order_numbers_are_each_persons_own(self) -> None:
        reports = [reported(f"order TRX-8823177{at} pembayaran pending terus", person=f"p{at}") for at in range(3)]
        assert [one.people for one in found(*reports)] == [3]

    def test_the_largest_first(self) -> None:
        down = [reported(text, person=f"p{at}") for at, text in enumerate(DOWN)]
        crash = [reported("aplikasi crash waktu kuis barista", person=f"q{at}") for at in range(3)]
        assert [one.people for one in found(*crash, *down)] == [4, 3]

    def test_who_says_nothing(self) -> None:
        assert found(*(reported("halo min", person=f"p{at}") for at in range(5))) == []
