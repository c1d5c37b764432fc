"""The order in which words are read: along their row, then in the row below. Pure geometry, no text."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import median

from documents.page import BBox, Word
from documents.pieces import is_right_to_left

# The line below starts within this many line heights of the end of this one: double-spaced typing needs one.
_LINE_GAP = 1.5

Run = list[int]
"""Words of one row, as indices in the order they are read."""


def right_neighbours(words: Sequence[Word]) -> list[int | None]:
    """Give for each word the next one on its row, at any distance; no word is the next of two."""
    order = sorted(range(len(words)), key=lambda i: middle(words[i].bbox))
    middles = [middle(words[i].bbox) for i in order]
    links = []
    for i, word in enumerate(words):
        x0, y0, x1, y1 = word.bbox
        row = order[bisect_left(middles, y0) : bisect_right(middles, y1)]
        to_right = [(words[j].bbox[0] - x1, i, j) for j in row if words[j].bbox[0] + words[j].bbox[2] > x0 + x1]
        if to_right:
            links.append(min(to_right))
    right: list[int | None] = [None] * len(words)
    taken = set()
    for _, i, j in sorted(links):
        if j not in taken:
            taken.add(j)
            right[i] = j
    return right


def make_runs(words: Sequence[Word], right: list[int | None], widest_gap: float) -> list[Run]:
    """Chain the words of a row into runs, in the order they are read; `widest_gap` is in widths of a character."""
    if not words:
        return []
    width = median((word.bbox[2] - word.bbox[0]) / len(word.text) for word in words)
    linked = [
        j if j is not None and words[j].bbox[0] - words[i].bbox[2] <= widest_gap * width else None
        for i, j in enumerate(right)
    ]
    runs = []
    for i in set(range(len(words))) - set(linked):
        run = [i]
        while (j := linked[run[-1]]) is not None:
            run.append(j)
        runs.append(run[::-1] if all(is_right_to_left(words[k].text) for k in run) else run)
    return runs


def runs_below(boxes: list[BBox]) -> list[int | None]:
    """Give for each run the one in which a text reads on: in the next row below, overlapping, best aligned left."""
    order = sorted(range(len(boxes)), key=lambda n: middle(boxes[n]))
    middles = [middle(boxes[n]) for n in order]
    below: list[int | None] = []
    for box in boxes:
        x0, y0, x1, y1 = box
        height = y1 - y0
        reach = order[bisect_right(middles, y1 - height / 4) : bisect_right(middles, y1 + (_LINE_GAP + 0.5) * height)]
        overlapping = [n for n in reach if boxes[n][0] < x1 and boxes[n][2] > x0]
        row = [n for n in overlapping if middle(boxes[n]) - middle(boxes[overlapping[0]]) <= height / 2]
        below.append(min(row, key=lambda n: abs(boxes[n][0] - x0), default=None))
    return below


def union(boxes: Sequence[BBox]) -> BBox:
    """Give the smallest box around some boxes, at least one."""
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    return min(x0s), min(y0s), max(x1s), max(y1s)


def middle(box: BBox) -> float:
    """Give the height at which a box's middle lies."""
    return (box[1] + box[3]) / 2
