"""What an agent writes down about a case, beside its messages: tags and the programme's fields."""

from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from kawal.http.inputs import Line
from kawal.programme import CaseField, FieldKind
from ticket_core.console.at_case import AtCase, case_forms, refused
from ticket_core.domain.errors import UnknownField
from ticket_core.domain.fields import TEXT_LENGTH, FieldValue
from ticket_core.domain.inputs import ChangeTags, SetFields
from ticket_core.domain.tags import MOST_TAGS

router = case_forms()

Words = Annotated[Line, Form(max_length=MOST_TAGS * 64)]
_YES_NO = {"yes": True, "no": False}


@router.post("/tags")
async def change_tags(here: AtCase, add: Words = "", remove: Words = "") -> Response:
    """Several are separated by commas, because a tag may be written in words."""
    return await here.done(ChangeTags(**here.asked, add=_tags(add), remove=_tags(remove)), part="tags")


@router.post("/fields")
async def set_field(
    here: AtCase,
    key: Annotated[Line, Form(min_length=1, max_length=64)],
    value: Annotated[Line, Form(max_length=TEXT_LENGTH)] = "",
) -> Response:
    """One field at a time, so that nobody writes over what a colleague has just put into another."""
    field = next((one for one in here.console.words.fields.fields if one.key == key), None)
    if field is None:
        return await here.answered("head", problem=UnknownField.code)
    command = SetFields(**here.asked, values={key: value_of(field, value)})
    problem = await refused(here.console.desk.batcher.submit(command))
    return await here.answered("field", problem=problem, at=f"field-{key}", field=field)


def _tags(written: str) -> tuple[str, ...]:
    return tuple(filter(None, (one.strip() for one in written.split(","))))


def value_of(field: CaseField, written: str) -> FieldValue | None:
    """What was typed, as the kind of the field has it; what it cannot be is left for the domain to refuse."""
    if not written:
        return None
    match field.kind:
        case FieldKind.NUMBER:
            return _number(written)
        case FieldKind.YES_NO:
            return _YES_NO.get(written, written)
        case _:
            return written


def _number(written: str) -> FieldValue:
    try:
        number = float(written.replace(",", "."))
    except ValueError:
        return written
    return int(number) if number.is_integer() else number
