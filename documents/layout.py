"""Lay words out as text the way they stand on the page, so that columns and gaps can be seen in plain characters."""

from itertools import pairwise
from statistics import median, median_low

from documents.page import Word

# In columns, which are as wide as the usual character. A blank is about half of one, up to one in typewriting.
_SENTENCE_GAP = 1.5


def group_rows(words: list[Word]) -> list[list[Word]]:
    """Group words into rows from the top, each row ordered from the left; every word is in one row.

    From left to right, a word joins the row whose last word it overlaps most in height, if by at least half of the
    lower one of the two; so a row follows the slight slope of a page scanned askew.
    """
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: (word.bbox[0], word.bbox[1], word)):
        _, top, _, bottom = word.bbox
        beside = [row for row in rows if row[-1].bbox[1] < bottom and row[-1].bbox[3] > top]
        row = max(beside, key=lambda row: _overlap(row[-1], word), default=None)
        if row is None or _overlap(row[-1], word) < 0.5:
            rows.append([word])
        else:
            row.append(word)
    return sorted(rows, key=lambda row: (_middle(row), row[0].bbox[0]))


def lay_out(words: list[Word], width_px: int, height_px: int, max_columns: int = 120) -> str:
    """Return the words as lines of text on a grid of characters, proportional to their places on the page.

    The page is as many columns wide as its usual character fits, at most `max_columns`; a line of denser text runs
    over. Gaps between rows become at most two blank lines. Each word stands there once and whole; no words give "".
    """
    if not words:
        return ""
    rows = group_rows(words)
    left = min(word.bbox[0] for word in words)
    columns = min(max_columns, round(1 / median(_char_width(word) for word in words)))
    pitch = _row_pitch(rows)
    lines = [_lay_out_row(rows[0], left, columns)]
    for above, row in pairwise(rows):
        blank = round((_middle(row) - _middle(above)) / pitch) - 1
        lines += [""] * min(max(blank, 0), 2) + [_lay_out_row(row, left, columns)]
    return "\n".join(lines)


def _lay_out_row(row: list[Word], left: float, columns: int) -> str:
    line = " " * round((row[0].bbox[0] - left) * columns) + row[0].text
    for before, word in pairwise(row):
        # Words as near as those of a sentence stay one blank apart; beyond, a word stands in its own column.
        near = (word.bbox[0] - before.bbox[2]) * columns < _SENTENCE_GAP
        line += " " * (1 if near else max(round((word.bbox[0] - left) * columns) - len(line), 1)) + word.text
    return line


def _overlap(left: Word, right: Word) -> float:
    """Return the common height as a share of the lower word's height; zero or less where they are apart."""
    shared = min(left.bbox[3], right.bbox[3]) - max(left.bbox[1], right.bbox[1])
    return shared / max(min(left.bbox[3] - left.bbox[1], right.bbox[3] - right.bbox[1]), 1e-6)


def _middle(row: list[Word]) -> float:
    return median((word.bbox[1] + word.bbox[3]) / 2 for word in row)


def _char_width(word: Word) -> float:
    return max((word.bbox[2] - word.bbox[0]) / max(len(word.text), 1), 1e-3)


def _row_pitch(rows: list[list[Word]]) -> float:
    """Return the usual distance of a row from the next; a page's height where there is one row."""
    gaps = [_middle(row) - _middle(above) for above, row in pairwise(rows)]
    return max(median_low(gaps), 1e-3) if gaps else 1.0
