"""What OCR would make of a drawn form: words in lines' boxes, some misread, run together or overlooked.

Real OCR costs a CPU second a page and reads clean drawings better than old scans; this costs none and errs as on scans.
"""

from collections.abc import Sequence
from random import Random

from documents.page import Word
from documents.words import in_reading_order
from evaluation.datasets.generated.sheet import Box, Item

# Measured on 25 drawn forms read by RapidOCR, in pixels of a page 1,000 px high: its line boxes stand 4 px over the
# ink of the line and under it, words begin and end 1 px (-2 to 4) further right.
_ABOVE, _BELOW, _HEIGHT_SPREAD, _SHIFT, _SHIFT_SPREAD = 4.1, 3.6, 0.8, 1.0, 1.6
# Its certainty of a word lacks 10 to the power of a normal variable to 1: mean and spread for right and misread words.
_CERTAINTY = {True: (-3.5, 1.2), False: (-1.2, 0.75)}
# Words of a line stand on a height, and this near to each other, in pixels: what the detector joins.
_SAME_HEIGHT, _NEAR, _TOUCHING = 5.0, 16.0, 10.0
# Shares of words with an error, one drawn for each page: FUNSD's pages go from none to a third.
_MISREAD = (0.02, 0.05, 0.1, 0.2, 0.35)
_OVERLOOKED_LINES, _BROKEN_LINES, _RUN_TOGETHER = 0.012, 0.05, 0.03
# The box of a line is level in four of ten cases, as on FUNSD's pages; else it slopes. Were all level, a training would
# learn that words of one line stand on exactly one height.
_LEVEL, _SLOPE_SPREAD = 0.4, 0.012
_CONFUSED = dict(zip("l10OIiS5B8eacmn:.,uvgqtfh", "1lO0l15S8Bcoenr.,.vuqgftb", strict=True))

_Placed = tuple[str, Box]


def read_as_ocr(items: Sequence[Item], width_px: int, height_px: int, chance: Random) -> list[Word]:
    """Return words in reading order, boxes as fractions of the page."""
    share = chance.choice(_MISREAD)
    words = [
        word
        for line in _lines([word for item in items for word in item.words], chance)
        if chance.random() >= _OVERLOOKED_LINES
        for word in _read_line(line, share, chance)
    ]
    return in_reading_order(_in_fractions(word, width_px, height_px) for word in words)


def _in_fractions(word: Word, width_px: int, height_px: int) -> Word:
    x0, y0, x1, y1 = word.bbox
    box = (max(x0 / width_px, 0.0), max(y0 / height_px, 0.0), min(x1 / width_px, 1.0), min(y1 / height_px, 1.0))
    return Word(word.text, box, word.score)


def _lines(words: Sequence[_Placed], chance: Random) -> list[list[_Placed]]:
    """Gather words that stand near each other on a height, each line from the left; some lines break in two."""
    lines: list[list[_Placed]] = []
    for word in sorted(words, key=lambda word: word[1][0]):
        line = next((line for line in lines if _follows(line[-1][1], word[1])), None)
        if line is None or chance.random() < _BROKEN_LINES:
            lines.append([word])
        else:
            line.append(word)
    return lines


def _follows(left: Box, right: Box) -> bool:
    is_level = abs((left[1] + left[3]) - (right[1] + right[3])) / 2 < _SAME_HEIGHT
    return is_level and -_SAME_HEIGHT < right[0] - left[2] < _NEAR


def _read_line(line: Sequence[_Placed], share: float, chance: Random) -> list[Word]:
    """Read the words of a line, all in the line's height."""
    top = min(box[1] for _, box in line) - chance.gauss(_ABOVE, _HEIGHT_SPREAD)
    bottom = max(box[3] for _, box in line) + chance.gauss(_BELOW, _HEIGHT_SPREAD)
    slope = 0.0 if chance.random() < _LEVEL else chance.gauss(0, _SLOPE_SPREAD)
    middle = (line[0][1][0] + line[-1][1][2]) / 2
    words = []
    for text, x0, x1 in _run_together(line, _RUN_TOGETHER + share / 10, chance):
        seen = _misread(text, chance) if chance.random() < share else text
        if not seen:
            continue
        left = x0 + chance.gauss(_SHIFT, _SHIFT_SPREAD)
        right = max(x1 + chance.gauss(_SHIFT, _SHIFT_SPREAD), left + 3)
        rise = slope * ((left + right) / 2 - middle)
        words.append(Word(seen, (left, top + rise, right, bottom + rise), _score(seen == text, chance)))
    return words


def _run_together(line: Sequence[_Placed], share: float, chance: Random) -> list[tuple[str, float, float]]:
    """Lose some blanks between words that are close."""
    words: list[tuple[str, float, float]] = []
    for text, (x0, _, x1, _) in line:
        if words and x0 - words[-1][2] < _TOUCHING and chance.random() < share:
            before, start, _ = words.pop()
            words.append((before + text, start, x1))
        else:
            words.append((text, x0, x1))
    return words


def _misread(text: str, chance: Random) -> str:
    """Lose, confuse or add a letter, each rarely."""
    seen = ""
    for letter in text:
        draw = chance.random()
        if draw < 0.05:
            continue
        seen += _CONFUSED.get(letter, letter) if draw < 0.2 else letter
        seen += chance.choice(".,-il") if draw > 0.985 else ""
    return seen


def _score(is_right: bool, chance: Random) -> float:
    doubt: float = 10 ** chance.gauss(*_CERTAINTY[is_right])
    return round(max(1 - doubt, 0.3), 4)  # less is dropped with its line
