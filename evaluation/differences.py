"""Put what was expected beside what was extracted, for people to look at; the metrics count, this shows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rapidfuzz.distance import Levenshtein

from evaluation.metrics import field_scores, is_form_gold, normalise
from evaluation.metrics.fuzzy import FUZZY_SIMILARITY
from schemas.pointers import get, populated

Verdict = Literal["right", "close", "wrong", "missing", "surplus"]

# So many differences tell what kind they are; the report has them all.
_EXPLAINED = 10


@dataclass(frozen=True)
class Side:
    """One side of a row."""

    key: str
    """The question, or the field's JSON pointer."""
    value: str
    path: str | None = None
    """JSON pointer of the value in the extraction, where it has its place on the page."""


@dataclass(frozen=True)
class Row:
    """One expected value, one extracted one, or both where they belong together."""

    expected: Side | None
    extracted: Side | None
    verdict: Verdict
    """`close`: key and value are each at least 0.8 similar. `surplus`: nothing of the kind was expected."""


def side_by_side(expected: Mapping[str, Any], extraction: Mapping[str, Any] | None) -> list[Row]:
    """Return the rows in the order of what was expected, surplus ones last."""
    if is_form_gold(expected):
        return _compare_pairs(_sides(expected), _sides(extraction or {}))
    judged = field_scores(expected, extraction)
    return [_field_row(path, is_right, expected, extraction) for path, is_right in judged.items()]


def explain(rows: Iterable[Row]) -> str:
    """Say in a few lines what is different."""
    different = [row for row in rows if row.verdict != "right"]
    lines = [_line(row) for row in different[:_EXPLAINED]]
    if more := len(different) - len(lines):
        lines.append(f"… {more} more")
    said = "\n".join(lines) or "all right"
    return said.encode(errors="backslashreplace").decode()  # a broken answer's lone surrogates go into no database


def _line(row: Row) -> str:
    sides = [f"{side.key}: {side.value}" for side in (row.expected, row.extracted) if side]
    return f"{row.verdict}  {'  →  '.join(sides)}"


def _sides(extraction: Mapping[str, Any]) -> list[Side]:
    """Flatten a form as `extraction_to_pairs` does, with the place of each value."""
    pairs = extraction.get("pairs")
    return [
        Side(pair["key"], value, f"/pairs/{index}/values/{number}")
        for index, pair in enumerate(pairs if isinstance(pairs, list) else [])
        if isinstance(pair, Mapping) and isinstance(pair.get("key"), str) and isinstance(pair.get("values"), list)
        for number, value in enumerate(pair["values"])
        if isinstance(value, str)
    ]


def _compare_pairs(gold: Sequence[Side], found: Sequence[Side]) -> list[Row]:
    """Join pairs of which key or value are alike, the most alike first; what is left stands alone."""
    candidates = sorted(_alike(gold, found), reverse=True)
    matches: dict[int, tuple[int, Verdict]] = {}
    used: set[int] = set()
    for rank, _, gold_index, found_index in candidates:
        if -gold_index not in matches and -found_index not in used:
            matches[-gold_index] = (-found_index, _VERDICTS[rank])
            used.add(-found_index)
    rows = []
    for index, side in enumerate(gold):
        match = matches.get(index)
        rows.append(Row(side, found[match[0]], match[1]) if match else Row(side, None, "missing"))
    return rows + [Row(None, side, "surplus") for index, side in enumerate(found) if index not in used]


_VERDICTS: dict[int, Verdict] = {2: "right", 1: "close", 0: "wrong"}


def _alike(gold: Sequence[Side], found: Sequence[Side]) -> Iterable[tuple[int, float, int, int]]:
    """Yield rank, similarity, and both indices, negative so that of equals the first on the page win."""
    folded = [(normalise(side.key), normalise(side.value)) for side in found]
    for gold_index, side in enumerate(gold):
        key, value = normalise(side.key), normalise(side.value)
        for found_index, (found_key, found_value) in enumerate(folded):
            similar = _similarity(key, found_key), _similarity(value, found_value)
            if max(similar) >= FUZZY_SIMILARITY:
                rank = int(min(similar) >= FUZZY_SIMILARITY) + int(min(similar) == 1)
                yield rank, sum(similar), -gold_index, -found_index


def _similarity(left: str, right: str) -> float:
    """A text of symbols alone is empty here and like nothing, as in the metrics."""
    return Levenshtein.normalized_similarity(left, right) if left and right else 0.0


def _field_row(path: str, is_right: bool, expected: Mapping[str, Any], extraction: Mapping[str, Any] | None) -> Row:
    wanted, given = (_text(get(tree, path)) if tree else None for tree in (expected, extraction))
    left = Side(path, wanted) if wanted is not None else None
    right = Side(path, given, path) if given is not None else None
    if is_right or not (left and right):
        verdict: Verdict = "right" if is_right else "surplus" if right else "missing"
        return Row(left or (None if right else Side(path, "")), right, verdict)
    is_close = _similarity(normalise(left.value), normalise(right.value)) >= FUZZY_SIMILARITY
    return Row(left, right, "close" if is_close else "wrong")


def _text(value: Any) -> str | None:
    """Return a value as text; None for nothing."""
    values = [str(leaf) for _, leaf in populated(value)]
    return ", ".join(values) or None
