"""Reading what an HTML form posts."""

from urllib.parse import parse_qsl

from fastapi import Request

from kawal.errors import KawalError

MEDIA_TYPE = "application/x-www-form-urlencoded"
MAX_FIELDS = 200


class NotAForm(KawalError):
    status, code, title = 415, "unsupported_media_type", "Forms are sent urlencoded"


class UnreadableForm(KawalError):
    status, code, title = 400, "unreadable_form", "This form cannot be read"


async def read_form(request: Request) -> dict[str, str]:
    """The posted fields.

    Raises:
        NotAForm: another media type.
        UnreadableForm: not UTF-8, too many fields, or one of them twice.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise NotAForm("Use the form of the page")
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as broken:
        raise UnreadableForm("Use the form of the page") from broken
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise UnreadableForm("A field stands there twice")
    return fields
