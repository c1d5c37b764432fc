"""Hold the answer against the schema, its rules and the page, and decide whether the run ends."""

from collections.abc import Sequence
from typing import Any

from langgraph.runtime import Runtime

from chat_models.factory import is_local
from chat_models.local.pairs import PageWords
from documents.page import Page
from documents.words import page_words
from graph.context import Context, context_of
from graph.review import MAX_ROUNDS, find_doubts
from graph.settings import get_settings, get_store
from graph.state import Doubt, Field, Review, Status, StopReason, ValidateInput
from nodes.locate import locate
from schemas.corrections import take_corrections
from schemas.errors import ErrorKind, FieldError
from schemas.parsing import ParsedAnswer, parse_answer
from schemas.pointers import get
from schemas.repair import REPAIRS, merge_repairs
from schemas.target import TargetSchema


def validate(state: ValidateInput, runtime: Runtime[Context]) -> dict[str, Any]:
    """Check in layers: parsed, in the schema's types, within its rules, on the page.

    A repair is merged into what was valid before. Afterwards `stop_reason` says why the run ends, or is None where
    `refine` goes on: with a person where there are `doubts`, else with the chat model.
    """
    context = context_of(runtime, state.get("context"))
    target = context.schema_to_fill(allow_paths=get_settings().allow_paths)
    parsed = _read_answer(state)
    candidate, taken = _merge(parsed, state, target)
    confidences = _confidences(candidate, taken, state)
    errors = parsed.errors + _still_cut_off(state, taken)
    errors += [] if candidate is None else target.errors(candidate)
    fields = []
    if context.grounding != "off":
        broken_rules = {error["path"]: error["message"] for error in errors if error["kind"] == "rule"}
        # The local reader agrees with itself.
        read_again = not is_local(state["chat_model"])
        pages = _page_words(state["pages"])
        fields = locate(
            candidate, pages, target.json_schema, broken_rules, probabilities=confidences, read_again=read_again
        )
    # A person was asked for each of them, and has seen the page.
    ungrounded = [] if _review(state) else [_not_on_page(field) for field in fields if _is_ungrounded(field)]
    if context.grounding == "require":
        errors += ungrounded
    status, stop_reason = _decide(state, candidate, errors, context.max_attempts)
    doubts: list[Doubt] = []
    if context.review == "on_doubt" and stop_reason not in (None, "provider_failed"):
        doubts = find_doubts(candidate, [*errors, *ungrounded], fields)
        status, stop_reason, doubts = _wait(state, doubts) if doubts else (status, stop_reason, [])
    return {
        "extraction": candidate,
        "fields": fields,
        "confidences": confidences,
        "validation_errors": errors,
        "status": status,
        "stop_reason": stop_reason,
        "doubts": doubts,
    }


def _read_answer(state: ValidateInput) -> ParsedAnswer:
    answer = state["answer"]
    if answer is None or answer["failure"]:
        return _nothing("provider", answer["failure"] if answer else "no request was made")
    if answer["refusal"]:
        return _nothing("refusal", f"the chat model declined: {answer['refusal']}")
    parsed = parse_answer(answer["text"])
    if answer["truncated"] and not parsed.errors:
        # A provider's package may have closed the brackets of a cut-off tool call.
        return ParsedAnswer(parsed.value, _nothing("parse", "the answer was cut off at its length limit").errors)
    if _is_repair(state):
        # Where a repair is cut off is a place in the list of repairs, not in the extraction.
        return ParsedAnswer(parsed.value, [{**error, "path": ""} for error in parsed.errors])
    return parsed


def _nothing(kind: ErrorKind, message: str | None) -> ParsedAnswer:
    return ParsedAnswer(None, [FieldError(path="", kind=kind, message=message or "", value=None)])


def _review(state: ValidateInput) -> Review | None:
    # A run that an older version began has no such key.
    return state.get("review")


def _is_repair(state: ValidateInput) -> bool:
    return state["request"] is not None and state["request"]["paths"] != [""]


def _merge(parsed: ParsedAnswer, state: ValidateInput, target: TargetSchema) -> tuple[Any, list[str]]:
    """Take the answer into the candidate; one that could not be read leaves the candidate as it was."""
    if parsed.value is None or state["request"] is None:
        return state["extraction"], []
    repairs = parsed.value.get(REPAIRS) if _is_repair(state) else [{"path": "", "value": parsed.value}]
    asked, errors = state["request"]["paths"], state["validation_errors"]
    if _review(state):
        return take_corrections(state["extraction"], repairs, asked, target.json_schema), asked
    return merge_repairs(state["extraction"], repairs, asked, errors, target.json_schema)


def _still_cut_off(state: ValidateInput, taken: list[str]) -> list[FieldError]:
    """Return the places where an earlier answer was cut off and no repair was taken since: nothing else shows them."""
    return [
        error
        for error in state["validation_errors"]
        if error["kind"] == "parse" and error["path"] and not {"", error["path"]} & set(taken)
    ]


def _confidences(candidate: Any, taken: list[str], state: ValidateInput) -> dict[str, float]:
    """Return what the chat model says of the candidate's values; a value repaired since has no such word."""
    answer = state["answer"]
    if answer is not None and "" in taken:
        return answer.get("confidences", {})
    # Here and above: a run that an older version began has no such key.
    known = state.get("confidences", {}).items()
    return {path: value for path, value in known if get(candidate, path) == get(state["extraction"], path)}


def _page_words(pages: Sequence[Page]) -> list[PageWords]:
    store = get_store()
    return [PageWords(page_words(page, store), page["width_px"], page["height_px"]) for page in pages]


def _is_ungrounded(field: Field) -> bool:
    """Tell what could stand on the page and doesn't: a truth value or a lone sign has no text to look for."""
    has_text = not isinstance(field["value"], bool) and any(char.isalnum() for char in str(field["value"]))
    return has_text and field["grounding"] == "missing"


def _not_on_page(field: Field) -> FieldError:
    message = f"{field['value']!r} does not stand on the page"
    return FieldError(path=field["path"], kind="grounding", message=message, value=field["value"])


def _decide(
    state: ValidateInput, candidate: Any, errors: list[FieldError], max_attempts: int
) -> tuple[Status | None, StopReason | None]:
    if not errors and candidate is not None:
        return "valid", "valid"
    answer = state["answer"]
    if answer is not None and answer["failure"]:
        return "exhausted", "provider_failed"
    # A person is asked after the last attempt only, whatever made it the last.
    if state["attempts"] >= max_attempts or _review(state):
        return "exhausted", "attempts_used_up"
    if state["attempts"] > 1 and candidate == state["extraction"] and errors == state["validation_errors"]:
        return "exhausted", "no_progress"
    return None, None


def _wait(state: ValidateInput, doubts: list[Doubt]) -> tuple[Status | None, StopReason | None, list[Doubt]]:
    """Go on with a person, unless as many answers as are allowed have left something wrong."""
    review = _review(state)
    if review and review["rounds"] >= MAX_ROUNDS:
        return "exhausted", "reviews_used_up", []
    return None, None, doubts
