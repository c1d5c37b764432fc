"""Questions and answers as one person writes them on one form."""

from dataclasses import dataclass, replace
from random import Random

from evaluation.datasets.generated import questions
from evaluation.datasets.generated.sheet import Ink, Item, Label, Sheet
from evaluation.datasets.generated.style import Style


@dataclass
class Pen:
    """A sheet, its style, and the chance that decides what is written next."""

    sheet: Sheet
    style: Style
    chance: Random
    number: int = 0
    """Of the last numbered question."""

    def odds(self, share: float) -> bool:
        """Decide by chance."""
        return self.chance.random() < share

    @property
    def row(self) -> float:
        """From one row of questions to the next, in pixels."""
        return self.style.key.size * 1.1 * self.style.pitch

    def question(self, key: str) -> str:
        """Write a question in this form's case, with a colon or without."""
        text = self.cased(key)
        if self.odds(self.style.colon) and not text.endswith((")", "?")):
            text += ":"
        if self.style.numbering:
            self.number += 1
            text = f"{self.style.numbering.format(self.number)} {text}"
        return text

    def cased(self, text: str) -> str:
        """Put a text into this form's case."""
        if self.style.key_case == "upper":
            return text.upper()
        return text[0] + text[1:].lower() if self.style.key_case == "sentence" else text

    def ask(self, key: str, x: float, y: float, turn: float | None = None) -> Item:
        """Write a question that is made up already."""
        return self.sheet.write(key, x, y, self.style.key, "question", turn=turn)

    def is_answered(self) -> bool:
        """Decide whether a question gets an answer."""
        return self.odds(self.style.answered)

    def reply(self, text: str, x: float, y: float, turn: float, *, lines: int = 1, indent: float | None = None) -> Item:
        """Write an answer into at most so many lines up to the x of `turn`, shortened if need be."""
        by_hand = self.odds(self.style.by_hand)
        ink = self.style.hand if by_hand else self.style.value
        text = text.upper() if self.style.value_upper or (by_hand and self.odds(0.3)) else text
        offset = self.chance.uniform(-5, 0) if by_hand else self.style.drop + self.chance.gauss(0, 0.4)
        text, ink = shorten(text, ink, (turn - x) + (lines - 1) * (turn - (x if indent is None else indent)) * 0.9)
        return self.sheet.write(text, x, y + offset, ink, "answer", turn=turn, indent=indent)

    def field(self, width: float) -> tuple[str, str]:
        """Make up a question that leaves room for an answer in so many pixels, and the answer."""
        for _ in range(8):
            key, answer = questions.field(self.chance)
            if self.style.key.width(key) < 0.55 * width:
                break
        return key, answer


def shorten(text: str, ink: Ink, width: float) -> tuple[str, Ink]:
    """Drop words from the end until a text fits into so many pixels, then write it smaller."""
    words = text.split()
    while len(words) > 1 and ink.width(" ".join(words)) > width:
        words.pop()
    text = " ".join(words)
    own = ink.width(text)
    return text, ink if own <= width else replace(ink, size=max(ink.size * width / own, 8.0))


def write_line(pen: Pen, text: str, ink: Ink, label: Label, span: tuple[float, float], *, y: float, at: float) -> Item:
    """Write a line at the left (0), in the middle (0.5) or at the right (1) of a span."""
    text, ink = shorten(text, ink, span[1] - span[0])
    return pen.sheet.write(text, span[0] + at * (span[1] - span[0] - ink.width(text)), y, ink, label)
