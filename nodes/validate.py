"""Hold the answer against the schema, its rules and the page, and decide whether the run ends."""

from collections.abc import Sequence
from typing import Any

from langgraph.runtime import Runtime

from documents.confidence import has_text
from graph.context import Context, context_of
from graph.review import MAX_ROUNDS, find_doubts
from graph.settings import get_settings
from graph.state import Conflict, Doubt, Field, Review, Status, StopReason, Usage, ValidateInput, Window
from nodes.reading import read_whole, read_windows
from nodes.windows import name_pages, reopen
from schemas.errors import FieldError


def validate(state: ValidateInput, runtime: Runtime[Context]) -> dict[str, Any]:
    """Check in layers: parsed, in the schema's types, within its rules, on the page.

    A repair is merged into what was valid before, and the windows of a long document into one extraction. Afterwards
    `stop_reason` says why the run ends, or is None where `refine` goes on: with a person where there are `doubts`, else
    with the chat model.
    """
    context = context_of(runtime, state.get("context"))
    target = context.schema_to_fill(allow_paths=get_settings().allow_paths)
    # A person is asked about the whole, whatever it was put together from.
    in_windows = bool(state.get("windows")) and not _review(state)
    read = read_windows(state, context, target) if in_windows else read_whole(state, context, target)
    candidate, errors, fields = read.candidate, read.errors, read.fields
    if context.grounding == "require" and not _review(state):  # a person has seen the page
        errors += [_not_on_page(field) for field in fields if _is_ungrounded(field)]
    windows = reopen(read.combined, errors, state["windows"], context.max_attempts) if read.combined else []
    if windows:
        status, stop_reason = _decide_windows(windows, candidate, errors, context.max_attempts)
    else:
        status, stop_reason = _decide(state, candidate, errors, context.max_attempts)
    doubts: list[Doubt] = []
    if context.review == "on_doubt" and stop_reason not in (None, "provider_failed"):
        # What a page hides that can't be read, nobody sees here either.
        visible = [error for error in errors if error["kind"] != "document"]
        disputed = [] if _review(state) else [_contradicted(conflict) for conflict in read.conflicts]
        doubtful = [] if _review(state) else [field["path"] for field in fields if field["reason"]]
        doubts = find_doubts(candidate, [*visible, *disputed], fields, doubtful)
        status, stop_reason, doubts = _wait(state, doubts) if doubts else (status, stop_reason, [])
    return {
        "extraction": candidate,
        "fields": fields,
        "conflicts": read.conflicts,
        "confidences": read.confidences,
        "validation_errors": errors,
        "status": status,
        "stop_reason": stop_reason,
        "doubts": doubts,
        **(_account(state, windows) if windows else {}),
    }


def _account(state: ValidateInput, windows: list[Window]) -> dict[str, Any]:
    """Add up what the replies took, and make room for the next ones."""
    replies = state["replies"]
    asked = {number: window["attempts"] for number, window in enumerate(state["windows"])}
    return {
        "windows": windows,
        "replies": None,
        "attempts": state["attempts"] + sum(reply["attempts"] - asked[reply["window"]] for reply in replies),
        "prompts": list(dict.fromkeys([*state["prompts"], *(name for reply in replies for name in reply["prompts"])])),
        "usage": _total([state["usage"], *(reply["usage"] for reply in replies)]),
    }


def _total(usages: Sequence[Usage]) -> Usage:
    costs = [usage["cost_usd"] for usage in usages]
    known = [cost for cost in costs if cost is not None]
    return Usage(
        input_tokens=sum(usage["input_tokens"] for usage in usages),
        output_tokens=sum(usage["output_tokens"] for usage in usages),
        total_tokens=sum(usage["total_tokens"] for usage in usages),
        cost_usd=sum(known) if len(known) == len(costs) else None,
    )


def _review(state: ValidateInput) -> Review | None:
    return state.get("review")


def _is_ungrounded(field: Field) -> bool:
    return field["grounding"] == "missing" and has_text(field["value"])


def _not_on_page(field: Field) -> FieldError:
    message = f"{field['value']!r} does not stand on the page"
    return FieldError(path=field["path"], kind="grounding", message=message, value=field["value"])


def _contradicted(conflict: Conflict) -> FieldError:
    message = f"{name_pages(conflict['page_indices'])}: {conflict['value']!r}"
    return FieldError(path=conflict["path"], kind="rule", message=message, value=conflict["value"])


def _decide_windows(
    windows: Sequence[Window], candidate: Any, errors: Sequence[FieldError], max_attempts: int
) -> tuple[Status | None, StopReason | None]:
    if not errors and candidate is not None:
        return "valid", "valid"
    if any(window["is_open"] for window in windows):
        return None, None
    if _only_unreadable(errors):
        return "exhausted", "pages_unreadable"
    if any(error["kind"] == "provider" for error in errors):
        return "exhausted", "provider_failed"
    used_up = any(window["errors"] and window["attempts"] >= max_attempts for window in windows)
    return "exhausted", "attempts_used_up" if used_up else "no_progress"


def _only_unreadable(errors: Sequence[FieldError]) -> bool:
    return bool(errors) and all(error["kind"] == "document" for error in errors)


def _decide(
    state: ValidateInput, candidate: Any, errors: list[FieldError], max_attempts: int
) -> tuple[Status | None, StopReason | None]:
    if not errors and candidate is not None:
        return "valid", "valid"
    if _only_unreadable(errors):
        return "exhausted", "pages_unreadable"
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
