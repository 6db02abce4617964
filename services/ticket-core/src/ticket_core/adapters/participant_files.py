"""Reads the programme's list of participants, a CSV file of any size, line by line.

UTF-8 with or without a byte order mark, separated by `,` or `;`; the first line names the columns, in any order. One
line is one participant: a line break inside quotes is a mistake.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from kawal.contracts.words import IdentityKind, Locale
from kawal.errors import KawalError
from kawal.identities import normalise_email, normalise_phone
from ticket_core.domain.imports import Fault, Registered

NUMBER = "participant_number"
COLUMNS = (NUMBER, "name", "email", "phone", "locale")
LONGEST_LINE = 4_096
LONGEST = {NUMBER: 64, "name": 200}
_BOM = "\ufeff"
_HASHED_AT_ONCE = 1 << 20
_NORMAL_FORMS: dict[str, tuple[IdentityKind, Callable[[str], str]]] = {
    "phone": (IdentityKind.PHONE, normalise_phone),
    "email": (IdentityKind.EMAIL, normalise_email),
}


class UnusableFile(KawalError):
    status, code, title = 422, "unusable_file", "The file cannot be imported"


class Line(NamedTuple):
    """What stands in a line: somebody, or what is wrong with it; neither, if it is empty. It ends at byte `end`."""

    number: int
    end: int
    person: Registered | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """What the first line says; it ends at byte `end`."""

    columns: tuple[str, ...]
    delimiter: str
    end: int


def content_of(path: Path) -> str:
    """What a file is known by: the same content is the same file, wherever it lies."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_HASHED_AT_ONCE):
            digest.update(part)
    return digest.hexdigest()


def layout_of(file: BinaryIO) -> Layout:
    """Read the first line.

    Raises:
        UnusableFile: it does not name the columns.
    """
    try:
        first = file.readline(LONGEST_LINE).decode().removeprefix(_BOM).strip()
    except UnicodeDecodeError as error:
        raise UnusableFile("It is not UTF-8") from error
    delimiter = ";" if ";" in first else ","
    columns = tuple(name.strip().strip('"').lower() for name in first.split(delimiter))
    unknown = sorted(set(columns) - set(COLUMNS))
    if NUMBER not in columns:
        raise UnusableFile(f"The first line has to name the columns, among them {NUMBER}")
    if unknown or len(set(columns)) < len(columns):
        raise UnusableFile(f"The columns may be {', '.join(COLUMNS)}, each once")
    return Layout(columns, delimiter, file.tell())


def lines(file: BinaryIO, layout: Layout, *, after: int, place: int) -> Iterator[Line]:
    """The lines behind the line `after`, which ends at byte `place`."""
    file.seek(place)
    number = after
    while raw := file.readline(LONGEST_LINE + 1):
        number += 1
        whole = raw.endswith(b"\n") or len(raw) <= LONGEST_LINE
        if not whole:
            _skip_line(file)
        yield Line(number, file.tell(), *(_read(raw, number, layout) if whole else _wrong(number, "", "too_long")))


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass


_Read = tuple[Registered | None, tuple[Fault, ...]]


def _wrong(number: int, field: str, reason: str) -> _Read:
    return None, (Fault(number, field, reason),)


def _read(raw: bytes, number: int, layout: Layout) -> _Read:
    try:
        text = raw.decode().rstrip("\r\n")
        values = next(csv.reader([text], delimiter=layout.delimiter, strict=True), [])
    except UnicodeDecodeError:
        return _wrong(number, "", "not_utf8")
    except csv.Error:
        return _wrong(number, "", "quotes")
    if not any(value.strip() for value in values):
        return None, ()
    if len(values) != len(layout.columns):
        return _wrong(number, "", "number_of_columns")
    return _person({name: value.strip() for name, value in zip(layout.columns, values, strict=True)}, number)


def _person(row: dict[str, str], number: int) -> _Read:
    faults = [Fault(number, field, reason) for field in row if (reason := _fault(field, row[field]))]
    identities = [(IdentityKind.PARTICIPANT_NUMBER, row[NUMBER])]
    for field, (kind, normalise) in _NORMAL_FORMS.items():
        if value := row.get(field):
            try:
                identities.append((kind, normalise(value)))
            except KawalError:
                faults.append(Fault(number, field, f"no_{field}"))
    if faults:
        return None, tuple(dict.fromkeys(faults))
    locale = Locale(row["locale"].lower()) if row.get("locale") else None
    return Registered(number, tuple(identities), row.get("name") or None, locale), ()


def _fault(field: str, value: str) -> str | None:
    if not value.isprintable():
        return "control_character"
    if len(value) > LONGEST.get(field, LONGEST_LINE):
        return "too_long"
    if field == NUMBER and not value:
        return "missing"
    if field == "locale" and value and value.lower() not in tuple(Locale):
        return "no_locale"
    return None
