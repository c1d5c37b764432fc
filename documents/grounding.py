"""Where on the page a value of the answer stands, if it stands there at all. No place is ever made up.

`found` is the same text up to case, blanks and punctuation, the same number or the same date in another notation;
`close` is nearly the same text; `ambiguous` is found in several places; `missing` is none of these.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from typing_extensions import TypedDict

from documents.notation import Reading, agree, find_dates, find_numbers, normalise, read_whole
from documents.page import BBox
from documents.word_index import PageIndex, Span

GroundingStatus = Literal["found", "close", "ambiguous", "missing"]
Value = str | int | float

# Two misread characters in fourteen, as OCR of faxed forms does; below it, values of other forms begin to match.
_CLOSE = 0.85
# Texts this short stand on every page; they count only where they stand alone.
_SHORT = 2
# A second candidate must be this many times as far from the hint as the first for the first to be clearly nearest.
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
    """The mean of the reader's scores weighted by length, times the similarity, divided by the number of equally good
    places; 0 to 1, and 0 where it is missing."""
    text: str | None
    """What the page reads there."""


class _Match(NamedTuple):
    page_index: int
    span: Span
    similarity: float


def ground(value: Value, pages: Sequence[PageIndex], near: Place | None = None) -> Place:
    """Place one value on the pages.

    `near` is the place of a value that belongs with it: a field's label, or its neighbour in the row. Given that, a value
    that stands in several places is found where exactly one is clearly nearest: right of `near` or just below it.
    """
    matches = _equal(value, pages)
    if not matches:
        return _place("close", _similar(value, pages))
    if len(matches) > 1 and near and (nearest := _nearest(matches, near)):
        matches = [nearest]
    return _place("found" if len(matches) == 1 else "ambiguous", matches)


def ground_all(values: Sequence[Value], pages: Sequence[PageIndex]) -> list[Place]:
    """Place the values of one answer, in the answer's order: a value's hint is the one before it.

    Labels before their values, and a row's cells one after another, so give each other their places.
    """
    places: list[Place] = []
    for value in values:
        places.append(ground(value, pages, near=places[-1] if places else None))
    return places


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
            spans = [span for span in spans if _says(span, text, numbers)]
            spans += _other_notations(page.numbers(numbers), text, numbers, spans)
        if dates:
            spans += _other_notations(page.dates(dates), text, dates, spans)
        matches += [_Match(page_index, span, 1.0) for span in spans if span.stands_alone or len(norm) > _SHORT]
    literal = [match for match in matches if normalise(match.span.text) == norm]
    return sorted(literal or matches, key=_reading_order)


def _says(span: Span, text: str, readings: frozenset[Reading]) -> bool:
    there = read_whole(span.text.replace(" ", ""), find_numbers)
    return agree(readings, there) or (readings == there and text.replace(" ", "") in span.text.replace(" ", ""))


def _other_notations(
    found: Iterable[tuple[Span, frozenset[Reading]]], text: str, readings: frozenset[Reading], known: Sequence[Span]
) -> list[Span]:
    spans = [span for span, there in found if agree(readings, there) or (readings == there and text in span.text)]
    return [span for span in dict.fromkeys(spans) if not any(_overlap(span.bbox, other.bbox) for other in known)]


def _similar(value: Value, pages: Sequence[PageIndex]) -> list[_Match]:
    norm = normalise(str(value))
    if len(norm) <= _SHORT:
        return []
    matches = [
        _Match(page_index, span, similarity)
        for page_index, page in enumerate(pages)
        for span, similarity in page.similar(norm, _CLOSE)
    ]
    best = max((match.similarity for match in matches), default=0.0)
    return sorted((match for match in matches if match.similarity == best), key=_reading_order)


def _place(grounding: GroundingStatus, matches: Sequence[_Match]) -> Place:
    if not matches:
        return Place(grounding="missing", page_index=None, bbox=None, confidence=0.0, text=None)
    page_index, span, similarity = matches[0]
    confidence = span.score * similarity / len(matches)
    return Place(grounding=grounding, page_index=page_index, bbox=span.bbox, confidence=confidence, text=span.text)


def _nearest(matches: Sequence[_Match], near: Place) -> _Match | None:
    """Give the match that stands right of the hint or just below it, if one is clearly nearer than the others."""
    if near["bbox"] is None:
        return None
    distances = [
        (distance, i)
        for i, match in enumerate(matches)
        if match.page_index == near["page_index"] and (distance := _distance(near["bbox"], match.span.bbox)) is not None
    ]
    distances.sort()
    if not distances or (len(distances) > 1 and distances[1][0] < _CLEARLY * distances[0][0]):
        return None
    return matches[distances[0][1]]


def _distance(hint: BBox, bbox: BBox) -> float | None:
    """Give the way from the hint to the right on its row, or down to the rows just below it; None for anywhere else."""
    height = hint[3] - hint[1]
    if bbox[1] < hint[3] and bbox[3] > hint[1] and bbox[0] >= (hint[0] + hint[2]) / 2:
        return max(bbox[0] - hint[2], 0.0)
    if bbox[0] < hint[2] and bbox[2] > hint[0] and 0 <= bbox[1] - hint[3] + height / 2 < _BELOW * height:
        return max(bbox[1] - hint[3], 0.0)
    return None


def _overlap(one: BBox, two: BBox) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def _reading_order(match: _Match) -> tuple[int, float, float]:
    return match.page_index, match.span.bbox[1], match.span.bbox[0]
