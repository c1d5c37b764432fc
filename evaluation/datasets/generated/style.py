"""How a form looks: chosen once, so that a page is of one piece."""

from dataclasses import dataclass
from random import Random
from typing import Literal

from evaluation.datasets.generated.fonts import Face
from evaluation.datasets.generated.sheet import Ink

Case = Literal["title", "upper", "sentence"]
Blank = Literal["none", "rule", "dashes"]


@dataclass(frozen=True)
class Style:
    """The habits of whoever drew up a form and of whoever filled it in."""

    key: Ink
    value: Ink
    heading: Ink
    fine: Ink
    """For notes, captions and the small print in boxes."""
    hand: Ink
    key_case: Case
    value_upper: bool
    colon: float
    """Share of questions that end with a colon."""
    answered: float
    """Share of questions that are answered."""
    by_hand: float
    """Share of answers that are written by hand."""
    blank: Blank
    """What marks the place of an answer."""
    pitch: float
    """From row to row, in lines of the keys."""
    numbering: str
    """How questions are numbered, with {} for the number; mostly not."""
    drop: float
    """How far answers stand below or above their questions' line, in pixels: the typist's aim."""


def make_style(chance: Random) -> Style:
    """Draw a style by chance."""
    size = chance.triangular(11.5, 17, 14)
    printed, bold, slanted = chance.choice(_FAMILIES)
    typed = chance.random() < 0.5
    if typed:
        printed, bold, slanted = _FAMILIES[0]
    worn = chance.choice([0.0, 0.0, 0.25, 0.4])
    key = Ink(chance.choice([printed, printed, bold]), size, worn if typed else 0.0, chance.uniform(1.0, 1.2))
    same = chance.random() < (0.85 if typed else 0.35)
    value_face: Face = (
        printed if same else chance.choice(["Courier", "Courier", "Courier-Bold", "Helvetica", "Courier-Oblique"])
    )
    # Typed single-spaced, or to lines to fill in that are up to twice as far apart.
    leading = key.leading * chance.choice([1, 1, 1, 1.3, 1.8])
    value = Ink(value_face, size * chance.choice([1, 1, 1, 0.93, 1.07, 1.15]), chance.choice([0.0, 0.25, 0.4]), leading)
    hand_face: Face = chance.choice(["Times-Italic", "Helvetica-Oblique", "Courier-Oblique"])
    return Style(
        key=key,
        value=value,
        heading=Ink(
            chance.choice([bold, bold, printed]),
            size * chance.choice([1, 1, 1.1, 1.25, 1.5]),
            key.wobble,
            chance.choice([1.2, 1.2, 1.5, 1.9]),
        ),
        fine=Ink(
            chance.choice([printed, printed, slanted]),
            max(size * chance.uniform(0.75, 1), 9.5),
            leading=chance.choice([1.12, 1.12, 1.3, 1.8]),
        ),
        hand=Ink(hand_face, size * chance.uniform(1.1, 1.6), chance.uniform(0.6, 1.4), 1.2, 1.3),
        key_case=chance.choices(_CASES, [4, 5, 2])[0],
        value_upper=chance.random() < 0.42,
        colon=chance.choice([0.0, 0.0, 0.05, 0.2, 0.6, 0.95, 1.0]),
        answered=chance.choice([0.1, 0.5, 0.75, 0.85, 0.95, 1.0, 1.0]),
        by_hand=chance.choice([0, 0, 0, 0.1, 0.2, 0.6]),
        blank=chance.choices(_BLANKS, [3, 7, 1])[0],
        pitch=chance.choice([1.05, 1.2, 1.4, 1.6, 1.9, 2.3]),
        numbering=chance.choices(["", "{}.", "({})", "{})"], [14, 2, 1, 1])[0],
        drop=chance.uniform(-2.5, 1.5) if not same else 0.0,
    )


_CASES: list[Case] = ["title", "upper", "sentence"]
_BLANKS: list[Blank] = ["none", "rule", "dashes"]
_FAMILIES: list[tuple[Face, Face, Face]] = [
    ("Courier", "Courier-Bold", "Courier-Oblique"),
    ("Helvetica", "Helvetica-Bold", "Helvetica-Oblique"),
    ("Times-Roman", "Times-Bold", "Times-Italic"),
    ("Helvetica", "Helvetica-Bold", "Helvetica-Oblique"),
]
