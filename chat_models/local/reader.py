"""Pages of words → keys with their values: the core that a learned reader can take the place of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from chat_models.local.checkboxes import Choice, has_box, marked_choices, read_choices
from chat_models.local.links import link_values
from chat_models.local.segments import PageLayout, Segment, lay_out_segments
from chat_models.local.tables import link_amounts
from chat_models.local.thresholds import Thresholds
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
    choices: list[Choice] = field(default_factory=list)
    """Every box with a wording, ticked or not."""


def read_pages(pages: Iterable[PageWords], thresholds: Thresholds | None = None) -> Reading:
    """Find every question that has an answer."""
    reading = Reading()
    for page in pages:
        limits = thresholds or Thresholds()
        layout = lay_out_segments(page.words, page.width_px, page.height_px, limits.word_gap)
        pairs = _pairs(layout, limits)
        reading.pairs.extend(pair for pair in pairs if pair.value_texts)
        reading.rows.extend(layout.rows)
        reading.choices.extend(_choices(layout, pairs))
    return reading


def _choices(layout: PageLayout, pairs: list[Pair]) -> Iterator[Choice]:
    """Yield the choices of each segment; a lone box ("Member: ☒") has its question for a wording."""
    for segment in (segment for row in layout.rows for segment in row):
        yield from (choice for choice in read_choices(segment.text) if choice.wording)
    for pair in pairs:
        match read_choices(" ".join(value.text for value in pair.values)):
            case [Choice("", is_ticked)]:
                yield Choice(pair.key_text, is_ticked)


def _pairs(layout: PageLayout, thresholds: Thresholds) -> list[Pair]:
    """Gather the values of each key, once each, and put the keys in reading order."""
    linked = link_values(layout, thresholds)
    values: dict[Segment, list[Segment]] = {key: [value] for key, value in linked}
    for name, amounts in link_amounts(layout, thresholds, [value for _, value in linked]):
        known = values.setdefault(name, [])
        known.extend(amount for amount in amounts if amount not in known)
    order = {
        word: position for position, word in enumerate(word for row in layout.rows for s in row for word in s.words)
    }
    return [Pair(key, tuple(found)) for key, found in sorted(values.items(), key=lambda item: order[item[0].words[0]])]


def _answers(text: str) -> list[str]:
    return marked_choices(text) if has_box(text) else [text]
