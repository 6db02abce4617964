"""Versions of a case: the `ETag` of what is read, and `If-Match` of what is asked (RFC 9110, 8.8.3 and 13.1.1)."""

import re
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic_core import to_jsonable_python

from kawal.errors import KawalError
from kawal.http.problems import from_error
from ticket_core.domain.errors import CaseChangedMeanwhile
from ticket_core.store.timeline import Timelines

MOST_CHANGES = 20
_TOLD = ("seq", "kind", "at", "author", "author_name")
_SEQ = re.compile(r"[0-9]{1,9}", re.ASCII)
_ENTITY_TAG = re.compile(r'(W/)?"([!#-~]*)"', re.ASCII)
_ENTITY_TAGS = re.compile(rf"{_ENTITY_TAG.pattern}(\s*,\s*{_ENTITY_TAG.pattern})*", re.ASCII)

ETAG: dict[str, Any] = {
    "ETag": {
        "description": "The version; send it in `If-Match` to act on nothing newer",
        "schema": {"type": "string", "examples": ['"4829130574.7"']},
    }
}


class InvalidIfMatch(KawalError):
    status, code, title = 400, "invalid_if_match", "The header If-Match is not valid"


def etag(number: str, last_seq: int) -> str:
    return f'"{number}.{last_seq}"'


async def _if_match(
    request: Request,
    # Read from the request, because a header may come in several lines; this one is for the documentation.
    _if_match: Annotated[
        str | None,
        Header(alias="If-Match", description="Do it only if the case still has this `ETag`", max_length=1_000),
    ] = None,
) -> frozenset[str] | None:
    """The versions that are asked for; `None` for any. A weak tag is the version of nothing.

    Raises:
        InvalidIfMatch: 400.
    """
    lines = request.headers.getlist("if-match")
    written = ",".join(lines).strip()
    if not lines or written == "*":
        return None
    if not _ENTITY_TAGS.fullmatch(written):
        raise InvalidIfMatch("Send the ETag of the case, in its quotes")
    return frozenset(tag for weak, tag in _ENTITY_TAG.findall(written) if not weak)


IfMatch = Annotated[frozenset[str] | None, Depends(_if_match)]


async def changed_meanwhile(timelines: Timelines, known: frozenset[str], refused: CaseChangedMeanwhile) -> Response:
    """The problem, with `etag`, the version now, and `changes`, the entries since the latest version that is `known`.

    There are no `changes` to tell when that was a version of another case.
    """
    number, _, last_seq = refused.version.rpartition(".")
    seen = max((seq for seq in _seqs(known, number) if seq < int(last_seq)), default=None)
    changes: list[dict[str, Any]] = []
    if seen is not None:
        page = await timelines.page(number, after=seen, limit=MOST_CHANGES)
        changes = [{name: getattr(item, name) for name in _TOLD} for item in page.items]
    refused.members = {**refused.members, "changes": to_jsonable_python(changes)}
    return from_error(refused)


def _seqs(versions: frozenset[str], number: str) -> list[int]:
    """The places in the timeline of the case `number` that are meant by those of `versions` which are its own."""
    parts = (version.rpartition(".") for version in versions)
    return [int(seq) for case, _, seq in parts if case == number and _SEQ.fullmatch(seq)]
