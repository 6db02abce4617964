"""Why a chat client is refused: one class per stable `code`, told as an `error` frame or as problem+json.

`close_code` (RFC 6455, section 7.4) is set where the connection ends with it.
"""

from kawal.errors import KawalError


class ChatRefusal(KawalError):
    """Base of all refusals; `close_code` is `None` when the connection goes on."""

    close_code: int | None = None


class MalformedFrame(ChatRefusal):
    status, code, title = 400, "malformed_frame", "This is not a JSON object"


class UnknownFrame(ChatRefusal):
    status, code, title = 400, "unknown_frame", "This type of frame is not known"


class InvalidFrame(ChatRefusal):
    status, code, title = 422, "invalid_frame", "A field of the frame is missing, unknown or wrong"


class MessageTooLong(ChatRefusal):
    status, code, title = 422, "message_too_long", "The message is too long"


class EmptyMessage(ChatRefusal):
    status, code, title = 422, "empty_message", "The message is empty"


class ControlCharacters(ChatRefusal):
    status, code, title = 422, "control_characters", "Control characters are not allowed"


class ClientIdConflict(ChatRefusal):
    status, code, title = 409, "client_id_conflict", "This client_id was used for another message"


class RateLimited(ChatRefusal):
    status, code, title = 429, "rate_limited", "Too many messages in a short time"
    retry_after_s = 1


class TooManyFrames(ChatRefusal):
    status, code, title, close_code = 429, "rate_limited", "Too many messages in a short time", 1008


class HelloExpected(ChatRefusal):
    status, code, title, close_code = 400, "hello_expected", "The first frame must be a hello", 1008


class HelloTimeout(ChatRefusal):
    status, code, title, close_code = 408, "hello_timeout", "No hello came in time", 1008


class TextFramesOnly(ChatRefusal):
    status, code, title, close_code = 400, "text_frames_only", "Binary frames are not taken", 1003


class FrameTooLarge(ChatRefusal):
    status, code, title, close_code = 413, "frame_too_large", "The frame is too large", 1009


class InvalidSession(ChatRefusal):
    status, code, title, close_code = 401, "invalid_session", "The session is not valid", 1008


class ExpiredSession(ChatRefusal):
    status, code, title, close_code = 401, "expired_session", "The session has expired", 1008


class TooManySockets(ChatRefusal):
    status, code, title, close_code = 429, "too_many_sockets", "This conversation is open too often", 1008


class InvalidIdentityToken(ChatRefusal):
    status, code, title = 401, "invalid_identity_token", "The host's identity token is not valid"


class ExpiredIdentityToken(ChatRefusal):
    status, code, title = 401, "expired_identity_token", "The host's identity token has expired"


class IdentityTokensOff(ChatRefusal):
    status, code, title = 422, "identity_tokens_off", "No host site is set up here"


class TranscriptAway(ChatRefusal):
    """The transcript cannot be read now; accepting messages goes on without it."""

    status, code, title = 503, "transcript_away", "Earlier messages cannot be read at the moment"
    retry_after_s = 5
