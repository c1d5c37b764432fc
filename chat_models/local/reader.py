"""Pages of words → keys with their values: by trained models, and by rules where those find nothing."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from chat_models.local.pairs import PageWords, Pair, Reading
from chat_models.local.rules import pairs_by_rules
from chat_models.local.segments import lay_out_segments
from chat_models.local.thresholds import Thresholds

if TYPE_CHECKING:
    from chat_models.local.learned.models import Models

__all__ = ["PageWords", "Pair", "Reading", "read_pages"]


def read_pages(
    pages: Iterable[PageWords], thresholds: Thresholds | None = None, models: "Models | None" = None
) -> Reading:
    """Find every question that has an answer; without models, by the rules alone."""
    reading = Reading()
    limits = thresholds or Thresholds()
    for page in pages:
        layout = lay_out_segments(page.words, page.width_px, page.height_px, limits.word_gap)
        found = _learned(page, models) or pairs_by_rules(layout, limits)
        reading.pairs.extend(pair for pair in found if pair.value_texts)
        reading.rows.extend(layout.rows)
    return reading


def _learned(page: PageWords, models: "Models | None") -> list[Pair]:
    if models is None:
        return []
    from chat_models.local.learned.reader import learned_pairs  # noqa: PLC0415 - numpy is not for the rules

    return learned_pairs(page, models)
