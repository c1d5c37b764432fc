"""Where on the page a value of the answer stands, if it stands there at all. No place is ever made up.

`found` is the same text up to case, blanks and punctuation, the same number or the same date in another notation;
`close` is nearly the same text, or figures that differ in look-alikes only (8 and B); `ambiguous` is found in several
places; `missing` is none of these.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from typing_extensions import TypedDict

from documents.notation import Reading, agree, find_dates, find_numbers, is_figures, normalise, read_whole
from documents.page import BBox
from documents.word_index import PageIndex, Span

GroundingStatus = Literal["found", "close", "ambiguous", "missing"]
Value = str | int | float

# Three misread characters in twenty. On FUNSD's forms 97 of 100 close places are then right and one in 2,000 answers of
# other forms is called close; at 0.75 it is one in 150.
_CLOSE = 0.85
_FIGURES = re.compile(r"\d+")
_DATE_PARTS = 3
# Texts this short stand on every page; they count only where they stand alone.
_SHORT = 2
# The nearest candidate is clear if the next one is this many times as far. On FUNSD's forms that settles six in
# ten ambiguous labels and values, 93 of 100 rightly; 3 settles fewer, no better.
_CLEARLY = 1.5
# "Just below" ends this many heights of the hint under it: a table's head and its first two rows.
_BELOW = 3.0


Likeness = Callable[[str], float]
"""How much a label is like what a value is called; 0 where it isn't."""


class Spot(TypedDict):
    """A place on the page, if there is one."""

    grounding: GroundingStatus
    page_index: int | None
    """From 0; None where it is missing."""
    bbox: BBox | None
    """The first of the places in reading order where it is ambiguous; None where it is missing."""


class Place(Spot):
    """Where a value stands on the page, and what is read there."""

    text: str | None
    """What the page reads there."""
    score: float
    """The lowest of the reader's scores there, 0 to 1; 0 where it is missing."""
    misread: tuple[float, ...]
    """For each character of the normalised text, how many of its word's the reader may have misread."""


class _Match(NamedTuple):
    grounding: Literal["found", "close"]
    page_index: int
    span: Span
    is_literal: bool
    """The page writes it as the value does."""


def ground(
    value: Value, pages: Sequence[PageIndex], near: Place | None = None, likeness: Likeness | None = None
) -> Place:
    """Place one value on the pages.

    Of several places, `likeness` chooses the one whose label is most like what the value is called. `near` is the place
    of a value that belongs with it: a field's label, or its neighbour in the row. Given that, a value that stands in
    several places is found where exactly one is clearly nearest: right of `near` or just below.
    """
    return _settle(_choose(_matches(value, pages), pages, likeness), near)


def ground_all(
    values: Sequence[Value],
    pages: Sequence[PageIndex],
    groups: Sequence[Hashable] | None = None,
    likenesses: Sequence[Likeness | None] | None = None,
) -> list[Place]:
    """Place the values of one answer, in the answer's order.

    A value in several places is looked for by its label, where there is a likeness for it; else near the one before it
    (right of it or below), else before the one after it (left or above), so that labels and their values, or a row's
    cells, give each other their places. `groups` names for each value what it belongs to (the pair, the line item);
    only values of one group do so. Without it all are one group.
    """
    groups = groups or [None] * len(values)
    likenesses = likenesses or [None] * len(values)
    matches = [
        _choose(_matches(value, pages), pages, likeness) for value, likeness in zip(values, likenesses, strict=True)
    ]
    places = [_settle(found) for found in matches]
    for i, j in [*pairwise(range(len(values))), *((j, i) for i, j in pairwise(range(len(values))))]:
        if (
            groups[i] == groups[j]
            and places[j]["grounding"] == "ambiguous"
            and places[i]["grounding"] in {"found", "close"}
        ):
            places[j] = _settle(matches[j], places[i], forwards=i < j)
    return places


def labels_beside(place: Spot, pages: Sequence[PageIndex]) -> list[str]:
    """Return what stands before a place on its row and above it, those with letters; [] where there is no place."""
    page_index, bbox = place["page_index"], place["bbox"]
    return [] if page_index is None or bbox is None else pages[page_index].labels_of(bbox)


def _matches(value: Value, pages: Sequence[PageIndex]) -> list[_Match]:
    return _equal(value, pages) or _misread(value, pages) or _similar(value, pages)


def _choose(matches: Sequence[_Match], pages: Sequence[PageIndex], likeness: Likeness | None) -> Sequence[_Match]:
    """Keep the first match with the best label, if any is like; else those that are written as the value is."""
    if likeness and len(matches) > 1:
        labels = [pages[match.page_index].labels_of(match.span.bbox) for match in matches]
        scores = [max(map(likeness, found), default=0.0) for found in labels]
        if best := max(scores):
            return [matches[scores.index(best)]]
    return [match for match in matches if match.is_literal] or matches


def _settle(matches: Sequence[_Match], near: Place | None = None, *, forwards: bool = True) -> Place:
    if not matches:
        return Place(grounding="missing", page_index=None, bbox=None, text=None, score=0.0, misread=())
    if len(matches) > 1 and near and (nearest := _nearest(matches, near, forwards=forwards)):
        matches = [nearest]
    first = matches[0]
    return Place(
        grounding="ambiguous" if first.grounding == "found" and len(matches) > 1 else first.grounding,
        page_index=first.page_index,
        bbox=first.span.bbox,
        text=first.span.text,
        score=first.span.score,
        misread=first.span.misread,
    )


def _equal(value: Value, pages: Sequence[PageIndex]) -> list[_Match]:
    """Find the places that say the same as the value, in any notation."""
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
            spans = [span for span in spans if means_same(text, numbers, span.text, _numbers_of(span))]
            spans += _other_notations(page.numbers(numbers), text, numbers, spans)
        if dates:
            spans += _other_notations(page.dates(dates), text, dates, spans)
        matches += [
            _Match("found", page_index, span, normalise(span.text) == norm)
            for span in spans
            if span.stands_alone or len(norm) > _SHORT
        ]
    return sorted(matches, key=_reading_order)


def means_same(text: str, readings: frozenset[Reading], there_text: str, there: frozenset[Reading]) -> bool:
    """Say whether two notations mean the same, or leave the same choice and are written alike."""
    return agree(readings, there) or (not readings.isdisjoint(there) and _written_alike(text, there_text))


def _written_alike(text: str, there_text: str) -> bool:
    """Say whether the same figures stand in the same order between the same signs; a date's year can be cut short."""
    one, two = _FIGURES.findall(text), _FIGURES.findall(there_text)
    if len(one) == len(two) == _DATE_PARTS:
        return all(int(a) == int(b) or (len(a) != len(b) and a[-2:] == b[-2:]) for a, b in zip(one, two, strict=True))
    return _figures(text) == _figures(there_text)


def _figures(text: str) -> str:
    return "".join(char for char in text if char.isdecimal() or char in ".,'’/-").strip(".,'’/-")


def _other_notations(
    found: Iterable[tuple[Span, frozenset[Reading]]], text: str, readings: frozenset[Reading], known: Sequence[Span]
) -> list[Span]:
    spans = [span for span, there in found if means_same(text, readings, span.text, there)]
    return [span for span in dict.fromkeys(spans) if not any(_overlap(span.bbox, other.bbox) for other in known)]


def _misread(value: Value, pages: Sequence[PageIndex]) -> list[_Match]:
    """Find the places where figures differ from the value in nothing but characters that look alike."""
    text = str(value)
    norm = normalise(text)
    if len(norm) <= _SHORT or not is_figures(text):
        return []
    matches = [
        _Match("close", page_index, span, is_literal=False)
        for page_index, page in enumerate(pages)
        for span in page.alike(norm)
        # What is the same but for points and signs is another number.
        if normalise(span.text) != norm
    ]
    return sorted(matches, key=_reading_order)


def _similar(value: Value, pages: Sequence[PageIndex]) -> list[_Match]:
    """Find the places that are most nearly like the value, all of them equally like it; none for figures."""
    norm = normalise(str(value))
    if len(norm) <= _SHORT or is_figures(str(value)):
        return []
    matches = [
        (similarity, _Match("close", page_index, span, is_literal=False))
        for page_index, page in enumerate(pages)
        for span, similarity in page.similar(norm, _CLOSE)
    ]
    best = max((similarity for similarity, _ in matches), default=0.0)
    return sorted((match for similarity, match in matches if similarity == best), key=_reading_order)


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
