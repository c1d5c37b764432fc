"""What the answers so far come to: the extraction, what is wrong with it, and where its values stand."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from chat_models.factory import LOCAL
from chat_models.local.pairs import PageWords
from documents.page import Page, is_readable
from documents.words import page_words
from graph.context import Context
from graph.settings import get_store
from graph.state import Conflict, Field, ValidateInput, Window
from nodes.answers import UNREAD, Known, take_answer
from nodes.locate import locate
from nodes.windows import Combined, combine, confidences_of, conflicts_of, locate_windows
from schemas.errors import FieldError
from schemas.target import TargetSchema


class Reading(NamedTuple):
    """What the answers so far come to."""

    candidate: Any
    confidences: dict[str, float]
    errors: list[FieldError]
    fields: list[Field]
    conflicts: list[Conflict]
    combined: Combined | None


def read_whole(state: ValidateInput, context: Context, target: TargetSchema) -> Reading:
    """Read the answer about the whole document, a chat model's or a person's."""
    # Here and below: a run that an older version began has no such key.
    before = Known(state["extraction"], state["validation_errors"], state.get("confidences", {}))
    is_persons = state.get("review") is not None
    known = take_answer(state["answer"], state["request"], before, target, is_persons=is_persons)
    errors = known.errors + _unread(state)
    errors += [] if known.extraction is None else target.errors(known.extraction)
    fields = []
    if context.grounding != "off":
        fields = locate(
            known.extraction,
            _page_words(state["pages"]),
            target.json_schema,
            _broken_rules(errors),
            probabilities=known.confidences,
            read_again=_reads_again(state),
        )
    return Reading(known.extraction, known.confidences, errors, fields, _undecided(state), None)


def read_windows(state: ValidateInput, context: Context, target: TargetSchema) -> Reading:
    """Read the answers about the windows of a long document."""
    combined = combine(state["windows"], state["replies"], target)
    candidate = combined.whole.value
    errors = combined.errors + _unread(state)
    errors += [] if candidate is None else target.errors(candidate)

    def locate_one(window: Window, pages: list[PageWords], broken_rules: Mapping[str, str]) -> list[Field]:
        return locate(
            window["extraction"],
            pages,
            target.json_schema,
            broken_rules,
            probabilities=window["confidences"],
            read_again=_reads_again(state),
        )

    if context.grounding == "off":
        fields, conflicts = list[Field](), conflicts_of(combined)
    else:
        pages = _page_words(state["pages"])
        fields, conflicts = locate_windows(combined, pages, _broken_rules(errors), locate_one)
    return Reading(candidate, confidences_of(combined), errors, fields, conflicts, combined)


def _unread(state: ValidateInput) -> list[FieldError]:
    """Return the pages that can't be read, and after a review the windows that nobody read."""
    problems = [page["problem"] for page in state["pages"] if not is_readable(page)]
    unreadable = [FieldError(path="", kind="document", message=problem, value=None) for problem in problems]
    asked = state["request"]["paths"] if state["request"] else []
    if not state.get("review") or not state.get("windows") or "" in asked:
        return unreadable
    lost = [error for error in state["validation_errors"] if not error["path"] and error["kind"] in UNREAD]
    return unreadable + lost


def _undecided(state: ValidateInput) -> list[Conflict]:
    """Return the contradictions that no person was asked about."""
    asked = state["request"]["paths"] if state["request"] else []
    return [conflict for conflict in state.get("conflicts", []) if conflict["path"] not in asked]


def _broken_rules(errors: Sequence[FieldError]) -> dict[str, str]:
    return {error["path"]: error["message"] for error in errors if error["kind"] == "rule"}


def _reads_again(state: ValidateInput) -> bool:
    """The local reader agrees with itself."""
    return state["chat_model"].partition(":")[0] != LOCAL


def _page_words(pages: Sequence[Page]) -> list[PageWords]:
    store = get_store()
    return [PageWords(page_words(page, store), page["width_px"], page["height_px"]) for page in pages]
