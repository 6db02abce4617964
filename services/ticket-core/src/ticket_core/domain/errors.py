"""What a command can be refused for. Each is told to the agent as problem+json with its `code`."""

from kawal.errors import KawalError


class CaseNotFound(KawalError):
    status, code, title = 404, "case_not_found", "There is no such case"


class CaseClosed(KawalError):
    status, code, title = 409, "case_closed", "The case is closed"


class ConversationNotFound(KawalError):
    status, code, title = 422, "conversation_not_found", "The case has no such conversation"


class EntryNotFound(KawalError):
    status, code, title = 404, "entry_not_found", "The case has no such entry"


class ParticipantNotFound(KawalError):
    status, code, title = 404, "participant_not_found", "There is no such participant"


class AgentNotFound(KawalError):
    status, code, title = 422, "agent_not_found", "There is no such agent"


class IdempotencyConflict(KawalError):
    status, code, title = 409, "idempotency_conflict", "This idempotency key was used for something else"


class CaseNumbersExhausted(KawalError):
    status, code, title = 503, "case_numbers_exhausted", "There are no case numbers left"
