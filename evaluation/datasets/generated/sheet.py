"""Paper to draw on, which remembers what was written where."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from PIL import Image, ImageDraw

from evaluation.datasets.generated.fonts import Face, load_font

Label = Literal["question", "answer", "header", "other"]
Box = tuple[float, float, float, float]

HEIGHT = 1000
"""Of a page in pixels, as FUNSD's are; positions and sizes are in these."""
SCALE = 2
"""Drawn larger: the scan makes black and white of it before it is scaled down."""


@dataclass(frozen=True)
class Ink:
    """How something is written."""

    face: Face
    size: float
    """Height of the letters' body in pixels of the page; capitals are about 0.7 of it."""
    wobble: float = 0.0
    """Spread of each letter's height over the line, in pixels: a worn typewriter 0.3, a hand 1."""
    leading: float = 1.15
    """From line to line, in sizes."""
    spread: float = 1.0
    """Width of a blank, in blanks of the face."""

    def width(self, text: str) -> float:
        """Measure a text in one line, in pixels of the page."""
        font = load_font(self.face, self.size * SCALE)
        return (font.getlength(text) + (self.spread - 1) * text.count(" ") * font.getlength(" ")) / SCALE

    @property
    def line(self) -> float:
        """From one line to the next, in pixels of the page."""
        return self.size * self.leading


@dataclass
class Item:
    """A text with its words' boxes, as FUNSD annotates it."""

    id: int
    label: Label
    words: list[tuple[str, Box]]
    links: list[tuple[int, int]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The words, joined by blanks."""
        return " ".join(word for word, _ in self.words)

    @property
    def box(self) -> Box:
        """Round all words."""
        left, top, right, bottom = zip(*(box for _, box in self.words), strict=True)
        return min(left), min(top), max(right), max(bottom)


class Sheet:
    """A page that is being drawn."""

    def __init__(self, width: int, chance: Random) -> None:
        self.width = width
        self.chance = chance
        self.image = Image.new("L", (width * SCALE, HEIGHT * SCALE), 255)
        self.items: list[Item] = []
        self._last_id = -1
        self._draw = ImageDraw.Draw(self.image)

    def write(
        self,
        text: str,
        x: float,
        y: float,
        ink: Ink,
        label: Label,
        *,
        turn: float | None = None,
        indent: float | None = None,
    ) -> Item:
        """Write a text whose first line has its top at `y`; lines break at the x of `turn` and go on at `indent`."""
        words, start, left = [], x, x
        for word in text.split():
            width = ink.width(word)
            if turn is not None and left > start and left + width > turn:
                start = x if indent is None else indent
                left, y = start, y + ink.line
            words.append((word, self._write_word(word, left, y, ink)))
            left += width + ink.width(" ")
        return self.add(label, words)

    def add(self, label: Label, words: list[tuple[str, Box]]) -> Item:
        """Note what was drawn in another way."""
        self._last_id += 1
        self.items.append(Item(self._last_id, label, words))
        return self.items[-1]

    def merge(self, items: Sequence[Item]) -> Item:
        """Make one item of some that were written one after the other and have no links yet."""
        for item in items[1:]:
            items[0].words += item.words
            self.items.remove(item)
        return items[0]

    def write_turned(self, text: str, x: float, y: float, ink: Ink, label: Label) -> Item:
        """Write one word from the top down, its left top at (x, y)."""
        font = load_font(ink.face, ink.size * SCALE)
        _, _, right, bottom = font.getbbox(text, anchor="lt")
        line = Image.new("L", (round(right), round(bottom)), 255)
        ImageDraw.Draw(line).text((0, 0), text, fill=0, font=font, anchor="lt")
        turned = line.transpose(Image.Transpose.ROTATE_270)
        self.image.paste(turned, (round(x * SCALE), round(y * SCALE)))
        return self.add(label, [(text, (x, y, x + turned.width / SCALE, y + turned.height / SCALE))])

    def mark(self, text: str, x: float, y: float, ink: Ink) -> None:
        """Draw a sign that is annotated nowhere, such as an empty bracket."""
        self._write_word(text, x, y, ink)

    def link(self, question: Item, *answers: Item) -> None:
        """Note at both ends which answers belong to a question, as FUNSD does."""
        for answer in answers:
            for end in (question, answer):
                end.links.append((question.id, answer.id))

    def rule(self, x0: float, y0: float, x1: float, y1: float, thick: float = 1.0) -> None:
        """Draw a line."""
        points = [edge * SCALE for edge in (x0, y0, x1, y1)]
        self._draw.line(points, fill=0, width=max(round(thick * SCALE), 1))

    def dashes(self, x0: float, x1: float, y: float, on: float, off: float) -> None:
        """Draw a broken line."""
        while x0 < x1:
            self.rule(x0, y, min(x0 + on, x1), y)
            x0 += on + off

    def frame(self, box: Box, thick: float = 1.0) -> None:
        """Draw a box."""
        self._draw.rectangle([edge * SCALE for edge in box], outline=0, width=max(round(thick * SCALE), 1))

    def stroke(self, points: Sequence[tuple[float, float]], thick: float) -> None:
        """Draw a line through points, as a pen does."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(scaled, fill=0, width=max(round(thick * SCALE), 1), joint="curve")

    def blot(self, box: Box, grey: int = 0) -> None:
        """Fill an ellipse."""
        self._draw.ellipse([edge * SCALE for edge in box], fill=grey)

    def shade(self, box: Box, grey: int) -> None:
        """Fill a box; what is written later stands on it."""
        self._draw.rectangle([edge * SCALE for edge in box], fill=grey)

    def _write_word(self, word: str, x: float, y: float, ink: Ink) -> Box:
        font = load_font(ink.face, ink.size * SCALE)
        # The tops of capitals stand at y, whatever the face.
        base = y * SCALE + ink.size * SCALE * _CAPITALS
        pieces = list(word) if ink.wobble else [word]
        boxes, left = [], x * SCALE
        for piece in pieces:
            shift = self.chance.gauss(0, ink.wobble) * SCALE if ink.wobble else 0.0
            self._draw.text((left, base + shift), piece, fill=0, font=font, anchor="ls")
            x0, y0, x1, y1 = font.getbbox(piece, anchor="ls")
            boxes.append((left + x0, base + shift + y0, left + x1, base + shift + y1))
            left += font.getlength(piece)
        x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
        return min(x0s) / SCALE, min(y0s) / SCALE, max(x1s) / SCALE, max(y1s) / SCALE


# Height of capitals above the base line, in sizes, of all three faces within a few hundredths.
_CAPITALS = 0.66


def annotation(items: Sequence[Item]) -> dict[str, Any]:
    """Lay items out as FUNSD's annotations."""
    return {"form": [_annotate(item) for item in items]}


def _annotate(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "text": item.text,
        "label": item.label,
        "box": [round(edge) for edge in item.box],
        "words": [{"text": text, "box": [round(edge) for edge in box]} for text, box in item.words],
        "linking": [list(link) for link in item.links],
    }
