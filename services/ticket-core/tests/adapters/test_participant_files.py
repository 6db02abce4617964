import io
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kawal.contracts.words import IdentityKind, Locale
from ticket_core.adapters.participant_files import (
    LONGEST_LINE,
    Layout,
    Line,
    UnusableFile,
    content_of,
    layout_of,
    lines,
)
from ticket_core.domain.imports import Fault, Registered

HEADER = "participant_number,name,email,phone,locale"


def read(text: str | bytes) -> list[Line]:
    file = io.BytesIO(text.encode() if isinstance(text, str) else text)
    layout = layout_of(file)
    return list(lines(file, layout, after=1, place=layout.end))


def faults(row: str | bytes, *, header: str = HEADER) -> list[tuple[str, str]]:
    raw = row.encode() if isinstance(row, str) else row
    (line,) = read(header.encode() + b"\n" + raw)
    assert line.person is None
    assert {fault.line for fault in line.faults} <= {2}
    return [(fault.field, fault.reason) for fault in line.faults]


class TestLines:
    @pytest.mark.parametrize("delimiter", [",", ";"])
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    def test_of_any_writing(self, delimiter: str, end: str, mark: str) -> None:
        rows = [
            "Phone,NAME,participant_number,locale,email",
            '0812 3456 7890,"Siti, A.",P-1,EN,Siti@Example.id',
            "\t,,P-2,,",
        ]
        text = mark + end.join(row.replace(",", delimiter).replace(f"Siti{delimiter}", "Siti,") for row in rows)
        first, second = read(text)
        assert first.person == Registered(
            2,
            (
                (IdentityKind.PARTICIPANT_NUMBER, "P-1"),
                (IdentityKind.PHONE, "+6281234567890"),
                (IdentityKind.EMAIL, "siti@example.id"),
            ),
            "Siti, A.",
            Locale.ENGLISH,
        )
        assert second.person == Registered(3, ((IdentityKind.PARTICIPANT_NUMBER, "P-2"),))
        assert second.end == len(text.encode())

    @pytest.mark.parametrize(
        ("row", "told"),
        [
            (",Siti,,,", [("participant_number", "missing")]),
            ("P-1,Siti,siti,12,fr", [("locale", "no_locale"), ("phone", "no_phone"), ("email", "no_email")]),
            ("P-1,Siti", [("", "number_of_columns")]),
            ("P-1,Siti,,,,", [("", "number_of_columns")]),
            ('P-1,"Siti,,,', [("", "quotes")]),
            ('P-1,"Siti"x,,,', [("", "quotes")]),
            (b"P-1,\xff,,,", [("", "not_utf8")]),
            ("P-1,Si\x00ti,,,", [("name", "control_character")]),
            (f"P-1,{'x' * 201},,,", [("name", "too_long")]),
            (f"{'1' * 65},,,,", [("participant_number", "too_long")]),
        ],
    )
    def test_what_is_wrong_with_one(self, row: str | bytes, told: list[tuple[str, str]]) -> None:
        assert faults(row) == told

    def test_one_that_is_far_too_long_is_one(self) -> None:
        long = "P-1," + "x" * (3 * LONGEST_LINE)
        bad, good = read(f"{HEADER}\n{long},,,\nP-2,,,,")
        assert bad.faults == (Fault(2, "", "too_long"),)
        assert (good.number, good.person and good.person.line) == (3, 3)
        assert faults(long) == [("", "too_long")]

    def test_an_open_quote_costs_one_line(self) -> None:
        assert [line.person is not None for line in read(f'{HEADER}\nP-1,"Siti,,,\nP-2,Ana,,,\n')] == [False, True]

    def test_an_empty_line_is_nobody(self) -> None:
        assert [(line.person, line.faults) for line in read(f"{HEADER}\n\n,,,,\n")] == [(None, ()), (None, ())]

    @given(st.lists(st.text(max_size=30) | st.binary(max_size=30), max_size=12), st.integers(0, 12))
    def test_goes_on_where_it_ended(self, rows: list[str | bytes], done: int) -> None:
        """Whatever the lines are: those behind one are the same, read from the beginning or from there."""
        raw = [row.encode(errors="surrogatepass") if isinstance(row, str) else row for row in rows]
        file = io.BytesIO(HEADER.encode() + b"\n" + b"\n".join(raw))
        layout = layout_of(file)
        every = list(lines(file, layout, after=1, place=layout.end))
        assert [line.number for line in every] == list(range(2, len(every) + 2))
        after, place = (every[done - 1].number, every[done - 1].end) if 0 < done <= len(every) else (1, layout.end)
        assert list(lines(file, layout, after=after, place=place)) == every[after - 1 :]


class TestLayoutOf:
    def test_some_columns(self) -> None:
        assert layout_of(io.BytesIO(b"name;participant_number\nx")) == Layout(("name", "participant_number"), ";", 24)

    @pytest.mark.parametrize(
        "first",
        [b"", b"P-1,Siti,,,", b"name,phone", b"participant_number,nik", b"participant_number,name,Name", b"\xff\xfe"],
    )
    def test_unusable(self, first: bytes) -> None:
        with pytest.raises(UnusableFile):
            layout_of(io.BytesIO(first))


class TestContentOf:
    def test_is_of_the_content_alone(self, tmp_path: Path) -> None:
        some = random.Random(1).randbytes(3_000_000)
        for name, content in (("a", some), ("b", some), ("c", some[:-1])):
            (tmp_path / name).write_bytes(content)
        a, b, c = (content_of(tmp_path / name) for name in "abc")
        assert a == b != c
