"""Features of the last decisions: is a text whole and rightly read, and is a pair right in all?"""

from dataclasses import dataclass

import numpy as np

from chat_models.local.learned.geometry import Array, columns
from chat_models.local.learned.grouping import Groups
from chat_models.local.learned.links import ANSWER, QUESTION, rival_features
from chat_models.local.learned.logistic import log_odds
from chat_models.local.learned.page import PageArrays


@dataclass(frozen=True)
class Texts:
    """What the stages before say of a page's texts."""

    groups: Groups
    margins: Array
    """(m, 6): `decision_margins`."""
    labels: Array
    """(m, 4) probabilities."""
    scores: Array
    """(m, 4): the text model's."""


def whole_features(page: PageArrays, texts: Texts, look: Array) -> Array:
    """Add to the features (m, f) of texts what tells whether each has all its words and no other, rightly read."""
    return columns(look, _reading(page, texts.groups), texts.margins, texts.labels)


def _reading(page: PageArrays, groups: Groups) -> Array:
    """Return how well each text was read (m, 4): log of the words' scores in all, least, mean, characters in doubt."""
    scores = np.clip([word.score for word in page.words], 1e-3, 1)
    doubt = (1 - scores) * np.array([len(text) for text in page.texts])
    rows = [
        (np.log(scores[member]).sum(), scores[member].min(), scores[member].mean(), doubt[member].sum())
        for member in groups.members
    ]
    return np.array(rows, np.float32).reshape(-1, 4)


def pair_features(page: PageArrays, texts: Texts, whole: Array, pairs: Array, chances: tuple[Array, Array]) -> Array:
    """Return (p, features) of candidates: the probabilities of all stages as log-odds, their product, their margins.

    Args:
        page: the words.
        texts: what is known of the texts.
        whole: (m,) probability that each is whole and rightly read.
        pairs: (p, 2) question and answer.
        chances: what the first and the second pass of linking say (p,).
    """
    question, answer = pairs[:, 0], pairs[:, 1]
    first, chance = chances
    labels, sure = texts.labels, log_odds(texts.groups.certainty)
    product = chance * whole[question] * whole[answer]
    ranked = np.sort(labels, axis=1)
    size = np.log([sum(len(page.words[index].text) for index in member) for member in texts.groups.members])
    of_each = columns(
        log_odds(whole),
        ranked[:, -1] - ranked[:, -2],
        sure,
        _reading(page, texts.groups)[:, :2],
        size,
        _copies(page, texts.groups),
        texts.margins,
        texts.scores,
    )
    as_question, as_answer = np.zeros(len(labels), np.float32), np.zeros(len(labels), np.float32)
    np.maximum.at(as_question, question, chance)
    np.maximum.at(as_answer, answer, chance)
    reading, mean_product = np.mean([word.score for word in page.words]), product.sum() / max(len(product), 1)
    of_page = [reading, whole.mean(), product.sum(), mean_product]
    return columns(
        log_odds(product),
        log_odds(chance),
        log_odds(first),
        log_odds(labels[question, QUESTION]),
        log_odds(labels[answer, ANSWER]),
        of_each[question],
        of_each[answer],
        as_answer[question],
        as_question[answer],
        *rival_features(question, chance),
        *rival_features(answer, chance),
        np.tile(np.array(of_page, np.float32), (len(pairs), 1)),
    )


def _copies(page: PageArrays, groups: Groups) -> Array:
    """Return how often each text (m,) stands on the page."""
    texts = [" ".join(page.words[index].text for index in member).casefold() for member in groups.members]
    _, position, counts = np.unique(texts, return_inverse=True, return_counts=True)
    result: Array = counts[position]
    return result
