"""What stands beside a place on the page: the label that says what role its value plays."""

from collections.abc import Sequence

from documents.page import BBox, Word

# Word boxes are rounded and overlap by a hair.
_HAIR = 0.002


def labels_of(bbox: BBox, rows: Sequence[Sequence[Word]]) -> list[str]:
    """Return what stands before a place on its row, and what stands above it in the row before; those with letters.

    `rows` are the page's words as `documents.layout.group_rows` orders them.
    """
    number = max(range(len(rows)), key=lambda index: max(_shared(word.bbox, bbox) for word in rows[index]))
    before = " ".join(_part_before(word, bbox) for word in rows[number] if word.bbox[0] < bbox[0] - _HAIR)
    above = rows[number - 1] if number else []
    across = " ".join(word.text for word in above if word.bbox[0] < bbox[2] and word.bbox[2] > bbox[0])
    return [text.strip() for text in (before, across) if any(char.isalpha() for char in text)]


def _shared(one: BBox, two: BBox) -> float:
    """Return the area that two boxes share; 0 where they don't meet."""
    width = min(one[2], two[2]) - max(one[0], two[0])
    height = min(one[3], two[3]) - max(one[1], two[1])
    return max(width, 0.0) * max(height, 0.0)


def _part_before(word: Word, bbox: BBox) -> str:
    """Return the word, or the part of a glued one ("Date:15/01/2019") before the place, by its share of the width."""
    x0, _, x1, _ = word.bbox
    share = 1.0 if x1 <= x0 else min((bbox[0] - x0) / (x1 - x0), 1.0)
    return word.text[: round(share * len(word.text))]
