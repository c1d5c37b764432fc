"""Where on the page a value of the answer stands, if it stands there at all. No place is ever made up.

`found` is the same text up to case, blanks and punctuation, the same number or the same date in another notation;
`close` is nearly the same text; `ambiguous` is found in several places; `missing` is none of these.
"""

from collections.abc import Hashable, Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Literal, NamedTuple

from typing_extensions import TypedDict

from documents.notation import Reading, agree, find_dates, find_numbers, normalise, read_whole
from documents.page import BBox
from documents.word_index import PageIndex, Span

GroundingStatus = Literal["found", "close", "ambiguous", "missing"]
Value = str | int | float

# Three misread characters in twenty. On FUNSD's forms 97 of 100 close places are then right and one in 2,000 answers of
# other forms is called close; at 0.75 it is one in 150.
_CLOSE = 0.85
# Texts this short stand on every page; they count only where they stand alone.
_SHORT = 2
# The nearest candidate is clear if the next one is this many times as far. On FUNSD's forms that settles six in
# ten ambiguous labels and values, 93 of 100 rightly; 3 settles fewer, no better.
_CLEARLY = 1.5
# "Just below" ends this many heights of the hint under it: a table's head and its first two rows.
_BELOW = 3.0


class Place(TypedDict):
    """Where a value stands on the page."""

    grounding: GroundingStatus
    page_index: int | None
    """From 0; None where it is missing."""
    bbox: BBox | None
    """The first of the places in reading order where it is ambiguous; None where it is missing."""
    confidence: float
    """The lowest of the reader's scores there, times the similarity, divided by the number of equally good places;
    0 to 1, and 0 where it is missing. With n places the first is the right one in one case of n, by measurement too."""
    text: str | None
    """What the page reads there."""


class _Match(NamedTuple):
    grounding: Literal["found", "close"]
    page_index: int
    span: Span
    similarity: float


def ground(value: Value, pages: Sequence[PageIndex], near: Place | None = None) -> Place:
    """Place one value on the pages.

    `near` is the place of a value that belongs with it: a field's label, or its neighbour in the row. Given that, a
    value that stands in several places is found where exactly one is clearly nearest: right of `near` or just below.
    """
    return _settle(_matches(value, pages), near)


def ground_all(
    values: Sequence[Value], pages: Sequence[PageIndex], groups: Sequence[Hashable] | None = None
) -> list[Place]:
    """Place the values of one answer, in the answer's order.

    An ambiguous value is looked for near the one before it (right of it or below), else before the one after it (left
    or above), so that labels and their values, or a row's cells, give each other their places. `groups` names for each
    value what it belongs to (the pair, the line item); only values of one group do so. Without it all are one group.
    """
    groups = groups or [None] * len(values)
    matches = [_matches(value, pages) for value in values]
    places = [_settle(found) for found in matches]
    for i, j in [*pairwise(range(len(values))), *((j, i) for i, j in pairwise(range(len(values))))]:
        if (
            groups[i] == groups[j]
            and places[j]["grounding"] == "ambiguous"
            and places[i]["grounding"] in {"found", "close"}
        ):
            places[j] = _settle(matches[j], places[i], forwards=i < j)
    return places


def _matches(value: Value, pages: Sequence[PageIndex]) -> list[_Match]:
    return _equal(value, pages) or _similar(value, pages)


def _settle(matches: Sequence[_Match], near: Place | None = None, *, forwards: bool = True) -> Place:
    if not matches:
        return Place(grounding="missing", page_index=None, bbox=None, confidence=0.0, text=None)
    if len(matches) > 1 and near and (nearest := _nearest(matches, near, forwards=forwards)):
        matches = [nearest]
    grounding, page_index, span, similarity = matches[0]
    return Place(
        grounding="ambiguous" if grounding == "found" and len(matches) > 1 else grounding,
        page_index=page_index,
        bbox=span.bbox,
        confidence=span.score * similarity / len(matches),
        text=span.text,
    )


def _equal(value: Value, pages: Sequence[PageIndex]) -> list[_Match]:
    """Find the places that say the same as the value; those that write it alike go before other notations of it."""
    text = str(value)
    norm = normalise(text)
    if not norm:
        return []
    numbers = read_whole(text, find_numbers)
    dates = read_whole(text, find_dates)
    matches = []
    for page_index, page in enumerate(pages):
        # Figures are not read on from one column or row to the next: there stand other figures.
        spans = page.equal(norm, compact=norm.isdecimal())
        if numbers:
            spans = [span for span in spans if _same(text, numbers, span.text, _numbers_of(span))]
            spans += _other_notations(page.numbers(numbers), text, numbers, spans)
        if dates:
            spans += _other_notations(page.dates(dates), text, dates, spans)
        matches += [_Match("found", page_index, span, 1.0) for span in spans if span.stands_alone or len(norm) > _SHORT]
    literal = [match for match in matches if normalise(match.span.text) == norm]
    return sorted(literal or matches, key=_reading_order)


def _same(text: str, readings: frozenset[Reading], there_text: str, there: frozenset[Reading]) -> bool:
    """Say whether two notations mean the same, or leave the same choice and are written alike."""
    return agree(readings, there) or (readings == there and _figures(text) == _figures(there_text))


def _figures(text: str) -> str:
    return "".join(char for char in text if char.isdecimal() or char in ".,'’/-").strip(".,'’/-")


def _other_notations(
    found: Iterable[tuple[Span, frozenset[Reading]]], text: str, readings: frozenset[Reading], known: Sequence[Span]
) -> list[Span]:
    spans = [span for span, there in found if _same(text, readings, span.text, there)]
    return [span for span in dict.fromkeys(spans) if not any(_overlap(span.bbox, other.bbox) for other in known)]


def _similar(value: Value, pages: Sequence[PageIndex]) -> list[_Match]:
    """Find the places that are most nearly like the value, all of them equally like it."""
    text = str(value)
    norm = normalise(text)
    if len(norm) <= _SHORT:
        return []
    numbers = read_whole(text, find_numbers)
    matches = [
        _Match("close", page_index, span, similarity)
        for page_index, page in enumerate(pages)
        for span, similarity in page.similar(norm, _CLOSE, compact=norm.isdecimal())
        if not numbers or _of_one_size(numbers, _numbers_of(span))
    ]
    best = max((match.similarity for match in matches), default=0.0)
    return sorted((match for match in matches if match.similarity == best), key=_reading_order)


def _of_one_size(numbers: frozenset[Reading], there: frozenset[Reading]) -> bool:
    """Say whether one number can be the other misread: a lost sign or a moved point is another number."""
    sizes = [{(n.is_signed(), n.adjusted()) for n in side if isinstance(n, Decimal)} for side in (numbers, there)]
    return not there or not sizes[0].isdisjoint(sizes[1])


def _numbers_of(span: Span) -> frozenset[Reading]:
    return read_whole(span.text.replace(" ", ""), find_numbers)


def _nearest(matches: Sequence[_Match], near: Place, *, forwards: bool) -> _Match | None:
    """Give the match that follows the hint (or, not forwards, precedes it) if one is clearly nearer than the others."""
    hint = near["bbox"]
    if hint is None:
        return None
    ways = [
        (way, i)
        for i, match in enumerate(matches)
        if match.page_index == near["page_index"]
        and (way := _way(hint, match.span.bbox) if forwards else _way(match.span.bbox, hint)) is not None
    ]
    ways.sort()
    if not ways or (len(ways) > 1 and ways[1][0] < _CLEARLY * ways[0][0]):
        return None
    return matches[ways[0][1]]


def _way(start: BBox, end: BBox) -> float | None:
    """Give the way from a box to the right on its row, or down to the rows just below it; None for anywhere else."""
    height = start[3] - start[1]
    if end[1] < start[3] and end[3] > start[1] and end[0] >= (start[0] + start[2]) / 2:
        return max(end[0] - start[2], 0.0)
    if end[0] < start[2] and end[2] > start[0] and -height / 2 < end[1] - start[3] < _BELOW * height:
        return max(end[1] - start[3], 0.0)
    return None


def _overlap(one: BBox, two: BBox) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def _reading_order(match: _Match) -> tuple[int, float, float]:
    return match.page_index, match.span.bbox[1], match.span.bbox[0]
