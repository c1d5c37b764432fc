"""Pages of words → keys with their values: by trained models, and by rules where those find nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chat_models.local.checkboxes import Choice, read_choices
from chat_models.local.pairs import PageWords, Pair, Reading
from chat_models.local.rules import pairs_by_rules
from chat_models.local.segments import PageLayout, Segment, lay_out_segments
from chat_models.local.thresholds import Thresholds
from documents.page import BBox

if TYPE_CHECKING:
    from chat_models.local.learned.models import Models


def read_pages(
    pages: Iterable[PageWords], thresholds: Thresholds | None = None, models: "Models | None" = None
) -> Reading:
    """Find every question that has an answer; without models, by the rules alone.

    Boxes to tick are always the rules' matter: the forms that the models learned from hardly have any.
    """
    reading = Reading()
    limits = thresholds or Thresholds()
    for page in pages:
        layout = lay_out_segments(page.words, page.width_px, page.height_px, limits.word_gap)
        by_rules = pairs_by_rules(layout, limits)
        found = _join(_learned(page, models), by_rules, layout)
        reading.pairs.extend(pair for pair in found if pair.value_texts)
        reading.rows.extend(layout.rows)
        reading.choices.extend(_choices(layout, by_rules))
    return reading


def _learned(page: PageWords, models: "Models | None") -> list[Pair]:
    if models is None:
        return []
    from chat_models.local.learned.reader import learned_pairs  # noqa: PLC0415 - numpy is not for the rules

    return learned_pairs(replace(page, words=page.as_read or page.words), models)


def _join(learned: Sequence[Pair], by_rules: Sequence[Pair], layout: PageLayout) -> Sequence[Pair]:
    """Take the rules' pairs with boxes to tick, and the learned ones that touch none of them, in reading order."""
    if not learned:
        return by_rules
    ticked = [pair for pair in by_rules if pair.has_choices]
    places = [segment.bbox for pair in ticked for segment in (pair.key, *pair.values)]
    others = [pair for pair in learned if not any(_meets(segment, places) for segment in (pair.key, *pair.values))]
    middles = [sum(_middle(segment) for segment in row) / len(row) for row in layout.rows]
    return sorted([*others, *ticked], key=lambda pair: (_row_index(pair.key, middles), pair.key.bbox[0]))


def _row_index(segment: Segment, middles: Sequence[float]) -> int:
    """Return the row, of those with these middles, that is nearest to the segment's first word."""
    first = _middle(Segment(segment.words[:1]))
    return min(range(len(middles)), key=lambda index: abs(middles[index] - first))


def _middle(segment: Segment) -> float:
    return (segment.bbox[1] + segment.bbox[3]) / 2


def _meets(segment: Segment, places: Sequence[BBox]) -> bool:
    x, y = (segment.bbox[0] + segment.bbox[2]) / 2, (segment.bbox[1] + segment.bbox[3]) / 2
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in places)


def _choices(layout: PageLayout, pairs: Sequence[Pair]) -> Iterator[Choice]:
    """Yield the choices of each segment; a lone box ("Member: ☒") has its question for a wording."""
    for segment in (segment for row in layout.rows for segment in row):
        yield from (choice for choice in read_choices(segment.text) if choice.wording)
    for pair in pairs:
        match read_choices(" ".join(value.text for value in pair.values)):
            case [Choice("", is_ticked)]:
                yield Choice(pair.key_text, is_ticked)
