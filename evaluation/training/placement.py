"""Find the keys and values of a form on its pages, where nobody has marked them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

from documents.notation import normalise
from documents.page import BBox
from documents.word_index import PageIndex, Span

# Lower than for a value's grounding, since a form's texts are known to stand on it: on FUNSD's forms 0.75 finds 90 of
# 100 annotated words with 99 of 100 right, 0.85 finds 88, just as right.
_CLOSE = 0.75
# Texts this short stand on every page; they count only where they stand alone.
_SHORT = 2
# A value left of its key or above it is read as if it stood this many times as far: forms are read right and down.
_BACKWARDS = 4.0


class Spot(NamedTuple):
    """Where a text stands."""

    page_index: int
    span: Span


@dataclass
class Question:
    """A key with its values, each with its spot; None where it was not found."""

    key: str
    values: list[str]
    key_spot: Spot | None = None
    value_spots: list[Spot | None] = field(default_factory=list)

    @property
    def page_index(self) -> int:
        """The page that it stands on; the first one where nothing of it was found."""
        return next((spot.page_index for spot in [self.key_spot, *self.value_spots] if spot), 0)


class _Choice(NamedTuple):
    """A key's spot with that of one of its values."""

    way: float
    order: int
    """Decides between equal ways: the earlier one in the form."""
    question: int
    value: int
    key_spot: Spot
    value_spot: Spot


def place_pairs(pairs: Sequence[Mapping[str, Any]], pages: Sequence[PageIndex]) -> list[Question]:
    """Give each text of the pairs its spot; no two texts share one, but all values of a pair share its key.

    A text that stands in several places is taken where key and value are nearest to each other, over all pairs the
    nearest first. A text whose partner is not on the page is taken where it stands in one place only.
    """
    questions = [Question(pair["key"], list(pair["values"])) for pair in pairs]
    spots = {text: list(_spots(text, pages)) for each in questions for text in (each.key, *each.values)}
    for question in questions:
        question.value_spots = [None] * len(question.values)
    taken: list[Spot] = []
    for choice in sorted(_choices(questions, spots)):
        question = questions[choice.question]
        if question.value_spots[choice.value] or question.key_spot not in (None, choice.key_spot):
            continue
        new = [choice.value_spot] if question.key_spot else [choice.key_spot, choice.value_spot]
        if any(_overlap(one, other) for one in new for other in taken):
            continue
        question.key_spot, question.value_spots[choice.value] = choice.key_spot, choice.value_spot
        taken += new
    _place_lone(questions, spots, taken)
    return questions


def found_share(questions: Sequence[Question]) -> float:
    """Return the share of texts with letters or digits that have a spot; 1 where there are none."""
    spots = [
        spot
        for each in questions
        for text, spot in zip((each.key, *each.values), (each.key_spot, *each.value_spots), strict=True)
        if normalise(text)
    ]
    return sum(spot is not None for spot in spots) / len(spots) if spots else 1.0


def _spots(text: str, pages: Sequence[PageIndex]) -> Iterator[Spot]:
    norm = normalise(text)
    if not norm:
        return
    for page_index, page in enumerate(pages):
        spans = page.equal(norm)
        if not spans and len(norm) > _SHORT:
            spans = [span for span, _ in page.similar(norm, _CLOSE)]
        yield from (Spot(page_index, span) for span in spans if span.stands_alone or len(norm) > _SHORT)


def _choices(questions: Sequence[Question], spots: Mapping[str, Sequence[Spot]]) -> Iterator[_Choice]:
    order = count()
    for index, question in enumerate(questions):
        for value_index, value in enumerate(question.values):
            for key_spot in spots[question.key]:
                for value_spot in spots[value]:
                    if key_spot.page_index == value_spot.page_index and not _overlap(key_spot, value_spot):
                        way = _way(key_spot.span, value_spot.span)
                        yield _Choice(way, next(order), index, value_index, key_spot, value_spot)


def _way(key: Span, value: Span) -> float:
    """Return how far the start of the value is from the key, in pixels, along and across the rows."""
    box, start = key.bbox, value.boxes[0]
    right, down = start[0] - box[2], start[1] - box[3]
    left, up = box[0] - start[2], box[1] - start[3]
    return max(right, left * _BACKWARDS, 0.0) + max(down, up * _BACKWARDS, 0.0)


def _place_lone(questions: Sequence[Question], spots: Mapping[str, Sequence[Spot]], taken: list[Spot]) -> None:
    def lone(text: str) -> Spot | None:
        free = [spot for spot in spots[text] if not any(_overlap(spot, other) for other in taken)]
        if len(free) != 1:
            return None
        taken.append(free[0])
        return free[0]

    for question in questions:
        question.key_spot = question.key_spot or lone(question.key)
        question.value_spots = [
            spot or lone(value) for spot, value in zip(question.value_spots, question.values, strict=True)
        ]


def _overlap(one: Spot, other: Spot) -> bool:
    return one.page_index == other.page_index and any(
        _boxes_overlap(left, right) for left in one.span.boxes for right in other.span.boxes
    )


def _boxes_overlap(one: BBox, two: BBox) -> bool:
    # Boxes of neighbouring lines overlap a little, so a middle has to lie in the other.
    return _holds(one, two) or _holds(two, one)


def _holds(box: BBox, other: BBox) -> bool:
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
