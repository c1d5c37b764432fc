"""Features of whole texts, for their labels."""

import numpy as np

from chat_models.local.learned.geometry import Array, columns, near_count, neighbours, take
from chat_models.local.learned.grouping import Groups
from chat_models.local.learned.ink import rules_around
from chat_models.local.learned.page import PageArrays
from chat_models.local.learned.text import TextModel, segment_tokens
from chat_models.local.learned.words import character_classes, group_mean, near_mean


def segment_scores(page: PageArrays, groups: Groups, text_model: TextModel) -> Array:
    """Return the wording's log-odds (m, 4) of each text as a whole."""
    texts = page.texts
    return text_model.scores([segment_tokens([texts[index] for index in member]) for member in groups.members])


def segment_features(page: PageArrays, groups: Groups, labels: Array, scores: Array) -> Array:
    """Return (m, features) from word labels (n, 4) and `segment_scores`."""
    ids = groups.of_words(len(page.box))
    box, members = groups.box, groups.members
    texts = page.texts
    classes = character_classes(texts)
    first = np.array([member[0] for member in members], np.int32)
    last = np.array([member[-1] for member in members], np.int32)
    means = group_mean(labels, ids)
    lowest = np.array([labels[member].min(axis=0) for member in members]).reshape(-1, 4)
    highest = np.array([labels[member].max(axis=0) for member in members]).reshape(-1, 4)
    around, gaps = neighbours(box)
    rules, _ = rules_around(box, page.ink.flat_rules, page.ink.upright_rules)
    return columns(
        means,
        lowest,
        highest,
        labels[first],
        labels[last],
        scores,
        groups.certainty,
        [len(member) for member in members],
        [len(set(page.row[member].tolist())) for member in members],
        box / page.size[0],
        box[:, 1] / page.size[1],
        box[:, 2] - box[:, 0],
        box[:, 3] - box[:, 1],
        np.minimum(gaps, 30),
        near_count(box[:, 0], 0.4),
        classes[first],
        classes[last],
        group_mean(classes, ids),
        group_mean(page.ink.words, ids),
        np.minimum(rules, 20),
        *(take(means, around[:, side]) for side in range(4)),
        *(take(scores, around[:, side]) for side in range(4)),
        near_mean(means, (box[:, 1] + box[:, 3]) / 2),
        near_mean(means, box[:, 0]),
        means.mean(axis=0)[None].repeat(len(box), axis=0),
    )
