"""Features of words: what they look like, where they stand, what is around them."""

import numpy as np

from chat_models.local.learned.geometry import (
    ABOVE,
    BELOW,
    FAR,
    Array,
    columns,
    near_count,
    neighbours,
    take,
)
from chat_models.local.learned.ink import rules_around
from chat_models.local.learned.page import PageArrays, row_breaks

# Words further apart than this many lines' heights are taken for different texts, before anything is learned.
_RUN_GAP = 1.0
# Texts whose edges are this close, in lines' heights, stand in a column or a row.
_COLUMN = 0.6


def character_classes(texts: list[str]) -> Array:
    """Return (n, 16) counts, shares and signs of each text."""
    return np.array([_classes(text) for text in texts], np.float32).reshape(-1, 16)


def _classes(text: str) -> list[float]:
    length = len(text)
    digits = sum(map(str.isdigit, text))
    letters = sum(map(str.isalpha, text))
    upper = sum(map(str.isupper, text))
    return [
        length,
        digits / length,
        letters / length,
        upper / max(letters, 1),
        text[0].isupper(),
        text[0].isdigit(),
        text.rstrip(" ._").endswith(":"),
        ":" in text,
        text[-1] in ".",
        text[-1] in ",;",
        text[-1] in "-_",
        any(mark in text for mark in "()[]"),
        "#" in text,
        any(mark in text for mark in "$%"),
        "/" in text,
        length - digits - letters,
    ]


def row_gaps(page: PageArrays) -> Array:
    """Return the gap (n,) to the word on the left in the same row, FAR for the first."""
    gaps = np.full(len(page.box), FAR, np.float32)
    same = page.row[1:] == page.row[:-1]
    gaps[1:][same] = (page.box[1:, 0] - page.box[:-1, 2])[same]
    return gaps


def run_ids(page: PageArrays) -> Array:
    """Number runs of words (n,) that stand close together in a row; a colon ends a run."""
    starts = row_gaps(page) > _RUN_GAP
    colon = np.array([text.endswith(":") for text in page.texts], bool)
    starts[1:] |= colon[:-1]
    result: Array = np.cumsum(starts) - 1
    return result


def group_mean(values: Array, ids: Array) -> Array:
    """Return the mean (groups, k) of values (n, k) by group number."""
    totals = np.zeros((int(ids.max(initial=-1)) + 1, values.shape[1]), np.float32)
    np.add.at(totals, ids, values)
    return totals / np.maximum(np.bincount(ids, minlength=len(totals)), 1)[:, None]


def word_features(page: PageArrays, scores: Array) -> Array:
    """Return (n, features).

    Args:
        page: the words.
        scores: text scores (n, 4) of each word in its run.
    """
    box, texts = page.box, page.texts
    count = len(box)
    classes = character_classes(texts)
    runs = run_ids(page)
    gap_left = row_gaps(page)
    gap_right = np.append(gap_left[1:], FAR)
    index = np.arange(count)
    row_start, row_end = _edges(page.row)
    run_start, run_end = _edges(runs)
    previous = np.where(index > row_start, index - 1, -1)
    following = np.where(index + 1 < row_end, index + 1, -1)
    around, gaps = neighbours(box)
    above, below = around[:, ABOVE], around[:, BELOW]
    rules, _ = rules_around(box, page.ink.flat_rules, page.ink.upright_rules)
    width, height = box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]
    look = columns(classes[:, [1, 3, 4, 6, 15]], page.ink.words[:, [0, 1]], height)
    return columns(
        classes,
        [word.score for word in page.words],
        width / np.maximum(classes[:, 0], 1) / page.char_width,
        height,
        box[:, 0] / page.size[0],
        box[:, 2] / page.size[0],
        box[:, 1] / page.size[1],
        box[:, 0] - box[:, 0].min(),
        np.minimum(gap_left, FAR),
        np.minimum(gap_right, FAR),
        gaps[:, ABOVE],
        gaps[:, BELOW],
        index - row_start,
        row_end - row_start,
        index - run_start,
        run_end - index,
        run_end - run_start,
        take(gap_left, run_start),
        take(gap_right, run_end - 1),
        near_count(box[:, 0], 0.4),
        near_count(box[:, 2], 0.4),
        near_count(box[run_start, 0], 0.4),
        take(box[:, 0], run_start) - take(box[:, 0], above),
        take(box[:, 0], run_start) - take(box[:, 0], below),
        *_colons(page, classes, row_start, row_end),
        page.ink.words,
        np.minimum(rules, 20),
        scores,
        group_mean(scores, runs)[runs],
        group_mean(scores, page.row)[page.row],
        group_mean(look, runs)[runs],
        group_mean(look, page.row)[page.row],
        *(take(look, other) for other in (previous, following, above, below)),
        *(take(scores, other) for other in (previous, following, above, below)),
        *(take(group_mean(scores, runs), np.where(other >= 0, runs[other], -1)) for other in (above, below)),
        *_beside_run(scores, runs, page.row, run_start, run_end),
        np.tile(np.median(look, axis=0), (count, 1)) - look,
    )


def _colons(page: PageArrays, classes: Array, row_start: Array, row_end: Array) -> list[Array]:
    """Return how far the nearest colon is in the row, to the left and to the right, in words and in lengths."""
    is_colon = classes[:, 6] > 0
    count = len(is_colon)
    index = np.arange(count)
    before = np.maximum.accumulate(np.where(is_colon, index, -1))
    before = np.append(-1, before[:-1])  # the word's own colon is to the right of it
    after = np.minimum.accumulate(np.where(is_colon, index, count)[::-1])[::-1]
    has_before, has_after = before >= row_start, after < row_end
    return [
        np.where(has_before, index - before, FAR),
        np.where(has_before, page.box[:, 0] - page.box[np.maximum(before, 0), 2], FAR),
        np.where(has_after, after - index, FAR),
        np.where(has_after, page.box[np.minimum(after, count - 1), 0] - page.box[:, 2], FAR),
    ]


def _beside_run(scores: Array, runs: Array, row: Array, run_start: Array, run_end: Array) -> list[Array]:
    """Return the mean text scores of the run to the left and of the run to the right in the same row."""
    means = group_mean(scores, runs)
    count = len(runs)
    left, right = np.maximum(run_start - 1, 0), np.minimum(run_end, count - 1)
    has_left = (run_start > 0) & (row[left] == row)
    has_right = (run_end < count) & (row[right] == row)
    return [
        take(means, np.where(has_left, runs[left], -1)),
        take(means, np.where(has_right, runs[right], -1)),
    ]


def relabelling_features(page: PageArrays, features: Array, labels: Array) -> Array:
    """Add to the features (n, f) what a first pass says (n, 4) of each word, its neighbours, its row and its column."""
    around, _ = neighbours(page.box)
    runs = run_ids(page)
    return columns(
        features,
        labels,
        group_mean(labels, runs)[runs],
        group_mean(labels, page.row)[page.row],
        *(take(labels, around[:, side]) for side in range(4)),
        *_beside_run(labels, runs, page.row, *_edges(runs)),
        near_mean(labels, page.box[:, 0]),
        labels.mean(axis=0)[None].repeat(len(labels), axis=0),
    )


def near_mean(values: Array, place: Array) -> Array:
    """Return the mean (n, k) of the others' values whose place is within half a line: those of a row or a column."""
    order = np.argsort(place, kind="stable")
    ordered = place[order]
    sums = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values[order], axis=0)])
    start = np.searchsorted(ordered, place - _COLUMN)
    end = np.searchsorted(ordered, place + _COLUMN, "right")
    result: Array = (sums[end] - sums[start] - values) / np.maximum(end - start - 1, 1)[:, None]
    return result


def _edges(ids: Array) -> tuple[Array, Array]:
    """Return each word's first index of its group, and the index after the last."""
    edges = np.array(row_breaks(ids))
    return edges[ids, 0], edges[ids, 1]
