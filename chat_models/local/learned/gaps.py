"""Features of the gaps between words of a row: does one text go on across it?"""

import numpy as np

from chat_models.local.learned.geometry import FAR, Array, columns, near_count
from chat_models.local.learned.ink import rule_between, rules_around
from chat_models.local.learned.page import PageArrays
from chat_models.local.learned.text import TextModel, segment_tokens
from chat_models.local.learned.words import character_classes, group_mean, row_gaps, run_ids


def row_neighbours(page: PageArrays) -> Array:
    """Return the index (g,) of the left word of each gap; its right word is the next one."""
    result: Array = np.flatnonzero(page.row[1:] == page.row[:-1])
    return result


def gap_features(page: PageArrays, labels: Array, text_model: TextModel) -> Array:
    """Return (g, features) for the gaps of `row_neighbours`.

    Args:
        page: the words.
        labels: (n, 4) probabilities of each word's label.
        text_model: judges whole segments.
    """
    left = row_neighbours(page)
    right = left + 1
    box = page.box
    gap = row_gaps(page)
    size = gap[right]
    classes = character_classes(page.texts)
    before = np.where(gap[left] < FAR, gap[left], 20.0)
    after_all = np.append(gap[1:], FAR)
    after = np.where(after_all[right] < FAR, after_all[right], 20.0)
    in_row = page.row[left]
    usual = group_mean(np.minimum(gap, 20)[right, None], in_row)[in_row, 0] if len(left) else size
    _, cell = rules_around(box, page.ink.flat_rules, page.ink.upright_rules)
    top, bottom = np.maximum(box[left, 1], box[right, 1]), np.minimum(box[left, 3], box[right, 3])
    runs = run_ids(page)
    run_labels = group_mean(labels, runs)
    look = columns(classes[:, [0, 1, 2, 3, 4, 6, 9, 15]], page.ink.words[:, [0, 1, 2, 8]], box[:, 3] - box[:, 1])
    return columns(
        size,
        size / page.char_width,
        size - before,
        size - after,
        before,
        after,
        size - usual,
        (size / np.maximum(np.maximum(before, after), 0.1)).clip(-20, 20),
        box[right, 0] - box[left, 0],
        box[left, 1] - box[right, 1],
        box[left, 3] - box[right, 3],
        rule_between(box[left, 2], box[right, 0], top, bottom, page.ink.upright_rules),
        (cell[left] == cell[right]).all(axis=1),
        labels[left],
        labels[right],
        np.abs(labels[left] - labels[right]).sum(axis=1),
        (labels[left] * labels[right]).sum(axis=1),
        run_labels[runs[left]],
        run_labels[runs[right]],
        runs[left] == runs[right],
        near_count(box[:, 0], 0.35)[right],
        near_count(box[:, 2], 0.35)[left],
        near_count(box[:, 0], 0.35)[left],
        _streams(page, left, right),
        look[left],
        look[right],
        np.abs(look[left] - look[right])[:, -5:],
        [page.words[index].score for index in left],
        [page.words[index].score for index in right],
        box[left, 0] / page.size[0],
        box[right, 0] / page.size[0],
        _wording(page, left, gap, text_model),
    )


def _streams(page: PageArrays, left: Array, right: Array) -> Array:
    """Return how far white space goes on above and below each gap (g, 2), up to 10 lines: columns have such streams."""
    box = page.box
    x = (box[left, 2] + box[right, 0]) / 2
    up, down = np.full(len(left), 10.0, np.float32), np.full(len(left), 10.0, np.float32)
    middle = (box[:, 1] + box[:, 3]) / 2
    own = (middle[left] + middle[right]) / 2
    for x0, _, x1, _, y in np.column_stack([box, middle]):
        hit = (x > x0 + 0.1) & (x < x1 - 0.1)
        up = np.where(hit & (y < own), np.minimum(up, own - y), up)
        down = np.where(hit & (y > own), np.minimum(down, y - own), down)
    return np.column_stack([up, down])


def _wording(page: PageArrays, left: Array, gap: Array, text_model: TextModel) -> Array:
    """Return the text scores of what stands left, right, and of both together, out to wider gaps than this one."""
    texts = page.texts
    tokens = []
    for index in left.tolist():
        start, end = _reach(page.row, gap, index)
        tokens += [segment_tokens(texts[start : index + 1]), segment_tokens(texts[index + 1 : end])]
        tokens.append(segment_tokens(texts[start:end]))
    scores = text_model.scores(tokens)
    of_left, of_right, of_both = scores[0::3], scores[1::3], scores[2::3]
    return np.column_stack([of_left, of_right, of_both, of_both - np.maximum(of_left, of_right)])


def _reach(row: Array, gap: Array, index: int) -> tuple[int, int]:
    """Return the range of words round the gap after `index` whose own gaps are ordinary: within a run of words."""
    # A sentence's blank is a third to a half of a line's height; labels and values are mostly further apart.
    widest = 0.8
    start, end = index, index + 2
    while start > 0 and row[start - 1] == row[index] and gap[start] < widest:
        start -= 1
    while end < len(row) and row[end] == row[index] and gap[end] < widest:
        end += 1
    return start, end
