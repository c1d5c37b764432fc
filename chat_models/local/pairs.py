"""What a reader is given, and what it finds."""

from dataclasses import dataclass, field

from chat_models.local.checkboxes import Choice, has_box, marked_choices
from chat_models.local.segments import Segment
from documents.page import Word


@dataclass(frozen=True)
class PageWords:
    """What the reader gets of a page."""

    words: list[Word]
    width_px: int
    height_px: int
    png: bytes | None = None
    """The page's image, where it is at hand: ink and ruling lines help the learned reader."""
    as_read: list[Word] | None = None
    """The words without boxes to tick, as the learned reader was trained on them; None where they are the same."""


@dataclass(frozen=True)
class Pair:
    """A question of the page and its answers."""

    key: Segment
    values: tuple[Segment, ...]
    scores: tuple[float, ...] = ()
    """Probability, 0 to 1, that the key and each value are right; the rules give none."""

    @property
    def key_text(self) -> str:
        """The question without the colon and the dots that lead to its answer."""
        return self.key.text.strip(" :._") or self.key.text

    @property
    def value_texts(self) -> list[str]:
        """The answers as printed; of boxes to tick, the wordings of the ticked ones."""
        return [text for value in self.values for text in _answers(value.text)]

    @property
    def has_choices(self) -> bool:
        """Whether the answer is a row of boxes to tick."""
        return any(has_box(value.text) for value in self.values)

    @property
    def scored_values(self) -> list[tuple[str, float]]:
        """Each of `value_texts` with its score; none where there are no scores."""
        scored = zip(self.values, self.scores, strict=False)
        return [(text, score) for value, score in scored for text in _answers(value.text)]


@dataclass(frozen=True)
class Reading:
    """All that was found in a document."""

    pairs: list[Pair] = field(default_factory=list)
    """In reading order; each has at least one answer."""
    rows: list[list[Segment]] = field(default_factory=list)
    """Every row of every page, for what has no printed key."""
    choices: list[Choice] = field(default_factory=list)
    """Every box with a wording, ticked or not."""


def _answers(text: str) -> list[str]:
    return marked_choices(text) if has_box(text) else [text]
