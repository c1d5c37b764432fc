"""Features of pairs of lines, one below the other: does the lower one go on with the upper one's text?"""

import numpy as np

from chat_models.local.learned.geometry import (
    ABOVE,
    BELOW,
    FAR,
    LEFT,
    RIGHT,
    Array,
    columns,
    neighbours,
    overlap,
    take,
)
from chat_models.local.learned.grouping import Groups
from chat_models.local.learned.ink import rule_between, rules_around
from chat_models.local.learned.page import PageArrays
from chat_models.local.learned.text import TextModel, segment_tokens
from chat_models.local.learned.words import character_classes, group_mean

# Lines of one text are at most this many lines' heights apart, and start at most so far from each other's width.
_MAX_DROP, _MAX_SHIFT = 2.5, 3.0
# Only the first lines below can go on.
_MAX_CANDIDATES = 4


def line_pairs(lines: Groups) -> Array:
    """Return candidates (p, 2), upper and lower line, the nearest ones below each."""
    box = lines.box
    middle = (box[:, 1] + box[:, 3]) / 2
    order = np.argsort(middle, kind="stable")
    pairs = []
    for upper in range(len(box)):
        drop = box[:, 1] - box[upper, 3]
        near = (drop < _MAX_DROP) & (middle > middle[upper] + 0.4)
        near &= overlap(box[upper, 0], box[upper, 2], box[:, 0], box[:, 2]) > -_MAX_SHIFT
        below = order[near[order]][:_MAX_CANDIDATES]
        pairs += [(upper, lower) for lower in below.tolist()]
    return np.array(pairs, np.int32).reshape(-1, 2)


def line_features(page: PageArrays, lines: Groups, pairs: Array, labels: Array, text_model: TextModel) -> Array:
    """Return (p, features).

    Args:
        page: the words.
        lines: texts of one row.
        pairs: `line_pairs` of them.
        labels: (n, 4) probabilities of each word's label.
        text_model: judges whole segments.
    """
    ids = lines.of_words(len(page.box))
    box = lines.box
    upper, lower = pairs[:, 0], pairs[:, 1]
    means = group_mean(labels, ids)
    around, gaps = neighbours(box)
    look = _looks(page, lines, ids)
    _, cell = rules_around(box, page.ink.flat_rules, page.ink.upright_rules)
    height = box[:, 3] - box[:, 1]
    middle = (box[:, 1] + box[:, 3]) / 2
    drop = box[lower, 1] - box[upper, 3]
    low = np.maximum(box[lower, 0], box[upper, 0])
    high = np.maximum(np.minimum(box[lower, 2], box[upper, 2]), low + 0.5)
    side = np.minimum(gaps, 20)
    rank = np.zeros(len(pairs), np.int32)
    rank[1:] = np.where(upper[1:] == upper[:-1], 1, 0)
    return columns(
        drop,
        middle[lower] - middle[upper],
        box[lower, 0] - box[upper, 0],
        box[lower, 2] - box[upper, 2],
        (box[lower, 0] + box[lower, 2] - box[upper, 0] - box[upper, 2]) / 2,
        overlap(box[upper, 0], box[upper, 2], box[lower, 0], box[lower, 2]),
        box[lower, 2] - box[lower, 0],
        box[upper, 2] - box[upper, 0],
        height[lower] - height[upper],
        drop - np.minimum(gaps[upper, ABOVE], 10),
        drop - np.minimum(gaps[lower, BELOW], 10),
        gaps[upper, BELOW] - drop,
        gaps[lower, ABOVE] - drop,
        around[upper, BELOW] == lower,
        around[lower, ABOVE] == upper,
        rank,
        side[upper, LEFT],
        side[upper, RIGHT],
        side[lower, LEFT],
        side[lower, RIGHT],
        box[upper] / page.size[0],
        rule_between(box[upper, 3] - 0.3, box[lower, 1] + 0.3, low, high, page.ink.flat_rules),
        (cell[upper] == cell[lower]).all(axis=1),
        (cell[upper][:, :2] == cell[lower][:, :2]).all(axis=1),
        means[upper],
        means[lower],
        np.abs(means[upper] - means[lower]).sum(axis=1),
        (means[upper] * means[lower]).sum(axis=1),
        take(means, around[upper, LEFT]),
        take(means, around[lower, LEFT]),
        take(means, around[upper, RIGHT]),
        take(means, around[lower, RIGHT]),
        take(means, around[lower, BELOW]),
        take(means, around[upper, ABOVE]),
        look[upper],
        look[lower],
        np.abs(look[upper] - look[lower])[:, -6:],
        _same_start_run(box, upper, lower, around),
        _wording(page, lines, upper, lower, text_model),
    )


def _looks(page: PageArrays, lines: Groups, ids: Array) -> Array:
    classes = character_classes(page.texts)
    first = np.array([members[0] for members in lines.members], np.int32)
    last = np.array([members[-1] for members in lines.members], np.int32)
    return columns(
        [len(members) for members in lines.members],
        classes[first][:, [3, 4, 5]],
        classes[last][:, [6, 8, 9, 10]],
        group_mean(classes[:, [1, 2, 3]], ids),
        group_mean(page.ink.words[:, [0, 1, 8]], ids),
    )


def _same_start_run(box: Array, upper: Array, lower: Array, around: Array) -> Array:
    """Tell whether the lines above and below the pair start at the same place too (p, 2)."""
    over, under = take(box, around[upper, ABOVE], FAR)[:, 0], take(box, around[lower, BELOW], FAR)[:, 0]
    return np.column_stack([over - box[upper, 0], under - box[lower, 0]]).clip(-20, 20)


def _wording(page: PageArrays, lines: Groups, upper: Array, lower: Array, text_model: TextModel) -> Array:
    texts = page.texts
    words = [[texts[index] for index in members] for members in lines.members]
    alone = text_model.scores([segment_tokens(line) for line in words])
    pairs = zip(upper.tolist(), lower.tolist(), strict=True)
    both = text_model.scores([segment_tokens(words[top] + words[bottom]) for top, bottom in pairs])
    return np.column_stack([alone[upper], alone[lower], both, both - np.maximum(alone[upper], alone[lower])])
