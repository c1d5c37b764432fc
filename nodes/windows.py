"""A long document, asked about in windows of its pages: what they say together, and which of them are asked again."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from chat_models.local.pairs import PageWords
from documents.page import Page, is_readable
from graph.state import Conflict, Field, Reply, Window
from nodes.answers import UNREAD, Known, take_answer
from schemas.errors import FieldError
from schemas.parts import Contradiction, Whole, merge_parts
from schemas.pointers import populated
from schemas.target import TargetSchema

# Two pages say different things: the first may be right, the second, or neither.
_CONTRADICTED = 1 / 3

Locate = Callable[[Window, list[PageWords], Mapping[str, str]], list[Field]]
"""Takes a window, its pages' words, and what rules have against its values; gives its fields."""


class Combined(NamedTuple):
    """What the windows say together."""

    windows: list[Window]
    whole: Whole
    errors: list[FieldError]
    """What kept answers from being read; each names its pages."""


def cut_windows(pages: Sequence[Page], pages_per_request: int | None) -> list[Window]:
    """Return the windows of a document, in page order; none where it is short enough to be asked about as a whole.

    A page that can't be read has its place in a window, and is left out of it: the others' windows stay the same.
    """
    if pages_per_request is None or len(pages) <= pages_per_request:
        return []
    starts = range(0, len(pages), pages_per_request)
    return [_new_window(pages, range(start, min(start + pages_per_request, len(pages)))) for start in starts]


def _new_window(pages: Sequence[Page], indices: Sequence[int]) -> Window:
    readable = [index for index in indices if is_readable(pages[index])]
    return Window(
        page_indices=readable,
        is_open=bool(readable),
        request=None,
        attempts=0,
        extraction=None,
        errors=[],
        confidences={},
    )


def combine(windows: Sequence[Window], replies: Sequence[Reply], target: TargetSchema) -> Combined:
    """Take each reply into its window, and merge what the windows say."""
    by_window = {reply["window"]: reply for reply in replies}
    taken = [_take(window, by_window.get(number), target) for number, window in enumerate(windows)]
    errors: list[FieldError] = [
        {**error, "message": f"{name_pages(window['page_indices'])}: {error['message']}"}
        for window in taken
        for error in _answer_errors(window)
    ]
    return Combined(taken, merge_parts([window["extraction"] for window in taken]), errors)


def _take(window: Window, reply: Reply | None, target: TargetSchema) -> Window:
    if reply is None:
        return {**window, "is_open": False}
    before = Known(window["extraction"], window["errors"], window["confidences"])
    known = take_answer(reply["answer"], reply["request"], before, target)
    return {
        **window,
        "is_open": True,
        "request": reply["request"],
        "attempts": reply["attempts"],
        "extraction": known.extraction,
        "errors": known.errors,
        "confidences": known.confidences,
    }


def _answer_errors(window: Window) -> list[FieldError]:
    return [error for error in window["errors"] if error["kind"] in UNREAD]


def name_pages(page_indices: Sequence[int]) -> str:
    """Say which pages they are, counted from 1."""
    first, last = page_indices[0] + 1, page_indices[-1] + 1
    return f"page {first}" if first == last else f"pages {first} to {last}"


def confidences_of(combined: Combined) -> dict[str, float]:
    """Return what the chat model says of each value, by its pointer into the whole."""
    found = {}
    for path, _ in populated(combined.whole.value):
        source = combined.whole.source(path)
        if source and source.pointer in (known := combined.windows[source.part]["confidences"]):
            found[path] = known[source.pointer]
    return found


def locate_windows(
    combined: Combined, pages: Sequence[PageWords], broken_rules: Mapping[str, str], locate: Locate
) -> tuple[list[Field], list[Conflict]]:
    """Place each value on the pages that it was read from, and each value that contradicts it on its own."""
    windows, whole = combined.windows, combined.whole
    rules: list[dict[str, str]] = [{} for _ in windows]
    for path, rule in broken_rules.items():
        if source := whole.source(path):
            rules[source.part][source.pointer] = rule
    located = []
    for window, broken in zip(windows, rules, strict=True):
        fields = locate(window, [pages[index] for index in window["page_indices"]], broken)
        located.append({field["path"]: _on_page(field, window) for field in fields})
    conflicts = [_conflict(found, windows, located) for found in whole.contradictions]
    doubted = {conflict["path"]: conflict for conflict in reversed(conflicts)}
    fields = []
    for path, _ in populated(whole.value):
        if source := whole.source(path):
            field: Field = {**located[source.part][source.pointer], "path": path}
            fields.append(_contradicted(field, doubted[path]) if path in doubted else field)
    return fields, conflicts


def conflicts_of(combined: Combined) -> list[Conflict]:
    """Return the contradictions where places weren't looked for."""
    nowhere: list[dict[str, Field]] = [{} for _ in combined.windows]
    return [_conflict(found, combined.windows, nowhere) for found in combined.whole.contradictions]


def _on_page(field: Field, window: Window) -> Field:
    index = field["page_index"]
    return {**field, "page_index": None if index is None else window["page_indices"][index]}


def _conflict(found: Contradiction, windows: Sequence[Window], located: Sequence[Mapping[str, Field]]) -> Conflict:
    place = located[found.source.part].get(found.source.pointer)
    return Conflict(
        path=found.path,
        value=found.value,
        page_indices=windows[found.source.part]["page_indices"],
        grounding=place["grounding"] if place else None,
        page_index=place["page_index"] if place else None,
        bbox=place["bbox"] if place else None,
    )


def _contradicted(field: Field, conflict: Conflict) -> Field:
    reason = f"{name_pages(conflict['page_indices'])}: {conflict['value']!r}"
    confidence = round(field["confidence"] * _CONTRADICTED, 4)
    return {**field, "confidence": confidence, "reason": field["reason"] or reason}


def reopen(
    combined: Combined, errors: Sequence[FieldError], before: Sequence[Window], max_attempts: int
) -> list[Window]:
    """Return the windows with what is wrong in each, open where another request may help.

    A place that no window has, a required value say, is asked of none again: each was asked for it. After a provider's
    failure a window is not asked again either: its request was repeated already.
    """
    wrong = [_answer_errors(window) for window in combined.windows]
    for error in errors:
        if error["kind"] not in UNREAD and (source := combined.whole.source(error["path"])):
            wrong[source.part].append({**error, "path": source.pointer})
    return [
        {**window, "errors": found, "is_open": _may_help(window, found, known, max_attempts)}
        for window, found, known in zip(combined.windows, wrong, before, strict=True)
    ]


def _may_help(window: Window, errors: Sequence[FieldError], known: Window, max_attempts: int) -> bool:
    has_changed = errors != known["errors"] or window["extraction"] != known["extraction"]
    has_failed = any(error["kind"] == "provider" for error in errors)
    return bool(errors) and has_changed and not has_failed and window["attempts"] < max_attempts
