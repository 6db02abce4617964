"""A provider's webhook: form fields behind a signature that covers the exact public URL."""

from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from kawal.errors import KawalError
from voice_ingest.domain.calls import CallStatus
from voice_ingest.domain.ports import Signatures

FORM = "application/x-www-form-urlencoded"
MAX_BYTES = 32 * 1024
MAX_FIELDS = 200
SIGNATURE = "x-twilio-signature"

CallSid = Annotated[str, StringConstraints(pattern=r"^CA[0-9a-f]{32}$")]
RecordingSid = Annotated[str, StringConstraints(pattern=r"^RE[0-9a-f]{32}$")]


class NotAForm(KawalError):
    status, code, title = 415, "unsupported_media_type", "Send a form"


class FormTooLarge(KawalError):
    status, code, title = 413, "body_too_large", "The form is too large"


class MalformedForm(KawalError):
    status, code, title = 400, "malformed_form", "The form cannot be read"


class InvalidFields(KawalError):
    status, code, title = 422, "invalid_fields", "The form lacks something or holds something unexpected"


class ForgedSignature(KawalError):
    status, code, title = 403, "invalid_signature", "This request was not signed by the provider"


class Webhook(BaseModel):
    """The fields that are read of a webhook; Twilio sends many more and adds some without notice."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    call_sid: CallSid = Field(alias="CallSid")
    from_: Annotated[str, StringConstraints(max_length=100)] = Field(alias="From", default="")
    digits: Annotated[str, StringConstraints(pattern=r"^([0-9*#]{0,32}|hangup)$")] = Field(alias="Digits", default="")
    finished_on_key: Annotated[str, StringConstraints(max_length=10)] = Field(alias="FinishedOnKey", default="")
    call_status: CallStatus | None = Field(alias="CallStatus", default=None)
    recording_sid: RecordingSid | None = Field(alias="RecordingSid", default=None)
    recording_url: Annotated[str, StringConstraints(max_length=1_000)] | None = Field(
        alias="RecordingUrl", default=None
    )
    recording_duration: Annotated[float, Field(ge=0, le=100_000)] | None = Field(
        alias="RecordingDuration", default=None
    )


async def read_webhook(request: Request, *, public_url: str, signatures: Signatures) -> Webhook:
    """The fields of a genuine webhook.

    Raises:
        NotAForm, FormTooLarge, MalformedForm, ForgedSignature, InvalidFields: 4xx, and nothing has happened.
    """
    fields = parse_form(request.headers.get("content-type", ""), await request.body())
    signature = request.headers.get(SIGNATURE, "")
    if not signature or not signatures.genuine(requested_url(request, public_url), fields, signature):
        raise ForgedSignature("The signature is missing or does not fit the address and the fields")
    try:
        return Webhook.model_validate(fields)
    except ValidationError as invalid:
        raise InvalidFields(f"See {', '.join(_places(invalid))}") from None


def requested_url(request: Request, public_url: str) -> str:
    """The address as the provider saw it, whatever stands between it and us."""
    path = request.scope["raw_path"].decode("ascii", "replace").partition("?")[0]
    query = request.scope["query_string"].decode("ascii", "replace")
    return f"{public_url.rstrip('/')}{path}{'?' if query else ''}{query}"


def parse_form(content_type: str, body: bytes) -> dict[str, str]:
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise NotAForm(f"The content type must be {FORM}")
    if len(body) > MAX_BYTES:
        raise FormTooLarge(f"At most {MAX_BYTES} bytes")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise MalformedForm("It is not percent-encoded UTF-8, or has too many fields") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise MalformedForm("A field stands there twice")
    return fields


def _places(invalid: ValidationError) -> list[str]:
    errors: list[Any] = invalid.errors(include_input=False, include_url=False)
    return sorted({str(error["loc"][0]) for error in errors if error["loc"]})
