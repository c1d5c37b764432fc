"""Pages of words → keys with their values: the core that a learned reader can take the place of."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from chat_models.local.checkboxes import has_box, marked_choices
from chat_models.local.links import Thresholds, link_values
from chat_models.local.segments import Segment, lay_out_segments
from documents.page import Word


@dataclass(frozen=True)
class PageWords:
    """What the reader gets of a page."""

    words: list[Word]
    width_px: int
    height_px: int


@dataclass(frozen=True)
class Pair:
    """A question of the page and its answers."""

    key: Segment
    values: tuple[Segment, ...]

    @property
    def key_text(self) -> str:
        """The question without the colon and the dots that lead to its answer."""
        return self.key.text.strip(" :._") or self.key.text

    @property
    def value_texts(self) -> list[str]:
        """The answers as printed; of boxes to tick, the wordings of the ticked ones."""
        return [text for value in self.values for text in _answers(value.text)]


@dataclass(frozen=True)
class Reading:
    """All that was found in a document."""

    pairs: list[Pair] = field(default_factory=list)
    """In reading order; each has at least one answer."""
    rows: list[list[Segment]] = field(default_factory=list)
    """Every row of every page, for what has no printed key."""


def read_pages(pages: Iterable[PageWords], thresholds: Thresholds | None = None) -> Reading:
    """Find every question that has an answer."""
    reading = Reading()
    for page in pages:
        limits = thresholds or Thresholds()
        layout = lay_out_segments(page.words, page.width_px, page.height_px, limits.word_gap)
        found = [Pair(key, tuple(values)) for key, values in link_values(layout, limits)]
        reading.pairs.extend(pair for pair in found if pair.value_texts)
        reading.rows.extend(layout.rows)
    return reading


def _answers(text: str) -> list[str]:
    return marked_choices(text) if has_box(text) else [text]
