"""What a command can be refused for. Each is told to the agent as problem+json with its `code`."""

from collections.abc import Sequence

from kawal.contracts.case_events import CaseState
from kawal.errors import KawalError


class CaseNotFound(KawalError):
    status, code, title = 404, "case_not_found", "There is no such case"


class CaseClosed(KawalError):
    status, code, title = 409, "case_closed", "The case is closed"


class CaseChangedMeanwhile(KawalError):
    """`version` is the one that the case has now."""

    status, code, title = 412, "case_changed", "The case has changed meanwhile"

    def __init__(self, version: str) -> None:
        super().__init__("Look at what changed, and decide again")
        self.version = version
        self.members = {"etag": f'"{version}"'}


class IllegalStep(KawalError):
    """The case cannot go from its state to the one wanted; `code` is `case_<its state>`, e.g. `case_resolved`."""

    status, title = 409, "The case's state does not allow it"

    def __init__(self, state: CaseState, to: CaseState) -> None:
        super().__init__(f"It is {state}, and cannot become {to} from there")
        self.code = f"case_{state}"


class UnknownReason(KawalError):
    status, code, title = 422, "unknown_reason", "The programme has no such reason"


class UnknownTopic(KawalError):
    status, code, title = 422, "unknown_topic", "The programme has no such topic of complaint"


class UnknownField(KawalError):
    status, code, title = 422, "unknown_field", "The programme has no such field"


class FieldNotForTopic(KawalError):
    status, code, title = 422, "field_not_for_topic", "Cases about this topic do not have this field"


class InvalidFieldValue(KawalError):
    status, code, title = 422, "invalid_field_value", "The value does not fit the field"


class InvalidTag(KawalError):
    status, code, title = 422, "invalid_tag", "This cannot be a tag"


class TooManyTags(KawalError):
    status, code, title = 422, "too_many_tags", "The case would have too many tags"


class ConversationNotFound(KawalError):
    status, code, title = 422, "conversation_not_found", "The case has no such conversation"


class EntryNotFound(KawalError):
    status, code, title = 404, "entry_not_found", "The case has no such entry"


class ParticipantNotFound(KawalError):
    status, code, title = 404, "participant_not_found", "There is no such participant"


class SamePerson(KawalError):
    status, code, title = 409, "same_person", "The two are one person already"


class NotMerged(KawalError):
    status, code, title = 409, "not_merged", "The participant was not merged into anybody"


class SameCase(KawalError):
    status, code, title = 409, "same_case", "It is one case already"


class DifferentPersons(KawalError):
    status, code, title = 409, "different_persons", "The cases are of two people"


class CaseNotActive(KawalError):
    status, code, title = 409, "case_not_active", "A case can only become part of one that is worked on"


class CaseNotMerged(KawalError):
    status, code, title = 409, "case_not_merged", "The other case is no part of this one"


class CasesMerged(KawalError):
    status, code, title = 409, "cases_merged", "Cases of the two are merged; undo that first"


class AlreadyLinked(KawalError):
    status, code, title = 409, "already_linked", "The two cases are linked already"


class NotLinked(KawalError):
    status, code, title = 409, "not_linked", "The two cases are not linked"


class HasParent(KawalError):
    status, code, title = 409, "has_parent", "The case has a parent already"


class CyclicParents(KawalError):
    status, code, title = 409, "cyclic_parents", "A case would be its own parent"


class EntryMoved(KawalError):
    """`number` is the case that has the entry `seq` now."""

    status, code, title = 409, "entry_moved", "The entry is another case's now"

    def __init__(self, seq: int, number: str) -> None:
        super().__init__(f"Entry {seq} is in case {number}")


class NotSaid(KawalError):
    status, code, title = 422, "not_said", "Only what somebody said can be moved"


class NothingToSplit(KawalError):
    status, code, title = 422, "nothing_to_split", "A case begins with something that its participant said"


class WholeCase(KawalError):
    status, code, title = 422, "whole_case", "Nothing that the participant said would be left"


class NotSplit(KawalError):
    status, code, title = 409, "not_split", "The case was not split off from another"


class SplitFurther(KawalError):
    status, code, title = 409, "split_further", "Another case was split off from this one; undo that first"


class SplitUndoneAlready(KawalError):
    status, code, title = 409, "split_undone", "The case is back where it was split off from; split it off again"


class ImportedMeanwhile(KawalError):
    status, code, title = 409, "imported_meanwhile", "Somebody else is importing the same file"


class IdentityTaken(KawalError):
    status, code, title = 409, "identity_taken", "The identity is somebody else's"


class IdentityNotLinked(KawalError):
    status, code, title = 409, "identity_not_linked", "The identity is not this person's"


class SuggestionNotFound(KawalError):
    status, code, title = 404, "suggestion_not_found", "Nothing suggests that the two are one person"


class AgentNotFound(KawalError):
    status, code, title = 422, "agent_not_found", "There is no such agent"


class UnknownSkill(KawalError):
    status, code, title = 422, "unknown_skill", "The programme has no such skill"


class UnknownTeam(KawalError):
    status, code, title = 422, "unknown_team", "The programme has no such team"


class NotSupervisor(KawalError):
    status, code, title = 403, "not_supervisor", "Only a supervisor may do this"


class IdempotencyConflict(KawalError):
    status, code, title = 409, "idempotency_conflict", "This idempotency key was used for something else"


class CaseNumbersExhausted(KawalError):
    status, code, title = 503, "case_numbers_exhausted", "There are no case numbers left"


class IncidentNotFound(KawalError):
    status, code, title = 404, "incident_not_found", "There is no such incident"


class IncidentResolved(KawalError):
    status, code, title = 409, "incident_resolved", "The incident is resolved"


class InAnotherIncident(KawalError):
    status, code, title = 409, "in_another_incident", "The case is in another incident"


class NotInIncident(KawalError):
    status, code, title = 409, "not_in_incident", "The case is not in this incident"


class IncidentSuggestionNotFound(KawalError):
    status, code, title = 404, "incident_suggestion_not_found", "There is no such suggestion"


class SuggestionDecided(KawalError):
    status, code, title = 409, "suggestion_decided", "The suggestion was accepted or dismissed already"


class ViewNotFound(KawalError):
    status, code, title = 404, "view_not_found", "There is no such view"


class ViewExists(KawalError):
    status, code, title = 409, "view_exists", "You have a view with this name"


class TooManyViews(KawalError):
    status, code, title = 409, "too_many_views", "You have too many views"


class NotYourView(KawalError):
    status, code, title = 403, "not_your_view", "Only its owner or a supervisor may change a shared view"


class SupervisorsOnly(KawalError):
    status, code, title = 403, "supervisors_only", "Only supervisors may do this"


class WebhookNotFound(KawalError):
    status, code, title = 404, "webhook_not_found", "There is no such webhook"


class TooManyWebhooks(KawalError):
    status, code, title = 409, "too_many_webhooks", "There are too many webhooks"


class WebhookUrlRefused(KawalError):
    status, code, title = 422, "webhook_url_refused", "Nothing may be sent to this address"


class InvalidRule(KawalError):
    """`problems` are all that is wrong with it, each with its place."""

    status, code, title = 422, "invalid_rule", "The rule cannot be used"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class RuleNotFound(KawalError):
    status, code, title = 404, "rule_not_found", "There is no such rule"


class RuleExists(KawalError):
    status, code, title = 409, "rule_exists", "There is a rule with this key"


class RuleOfFile(KawalError):
    status, code, title = 409, "rule_of_file", "The rule stands in programme/rules.yaml, and is changed there"


class MacroNotFound(KawalError):
    status, code, title = 404, "macro_not_found", "There is no such macro"


class InvalidMacro(KawalError):
    """`problems` are all that is wrong with it, each with its place."""

    status, code, title = 422, "invalid_macro", "The macro cannot be used"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class MacroExists(KawalError):
    status, code, title = 409, "macro_exists", "There is a macro with this key"


class MacroOfFile(KawalError):
    status, code, title = 409, "macro_of_file", "The macro stands in programme/macros.yaml, and is changed there"


class NotYourMacro(KawalError):
    status, code, title = 403, "not_your_macro", "Only its owner, or for a team a supervisor, may change a macro"


class TooManyMacros(KawalError):
    status, code, title = 409, "too_many_macros", "There are too many macros"


class MacroChanged(KawalError):
    """`version` is the one that the macro has now."""

    status, code, title = 412, "macro_changed", "The macro has changed meanwhile"

    def __init__(self, version: str) -> None:
        super().__init__("Look at what it is now, and decide again")
        self.members = {"etag": f'"{version}"'}


class TooManyRules(KawalError):
    status, code, title = 409, "too_many_rules", "There are too many rules"


class RuleChanged(KawalError):
    """`version` is the one that the rule has now."""

    status, code, title = 412, "rule_changed", "The rule has changed meanwhile"

    def __init__(self, version: str) -> None:
        super().__init__("Look at what it is now, and decide again")
        self.members = {"etag": f'"{version}"'}


class RehearsalGoesOn(KawalError):
    status, code, title = 503, "dry_run_goes_on", "Another dry run is under way"
    retry_after_s = 5
