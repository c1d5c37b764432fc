"""All that training makes, and the stages that it runs through."""

from dataclasses import dataclass

import numpy as np

from chat_models.local.learned.gaps import gap_features
from chat_models.local.learned.geometry import Array, columns
from chat_models.local.learned.grouping import Groups, chain_lines, group_rows_by_gaps
from chat_models.local.learned.lines import line_features, line_pairs
from chat_models.local.learned.links import (
    ANSWER,
    QUESTION,
    choose_links,
    competition_features,
    link_candidates,
    link_features,
    one_role_each,
    rival_features,
)
from chat_models.local.learned.page import PageArrays, row_breaks
from chat_models.local.learned.segments import segment_features
from chat_models.local.learned.text import TextModel, words_in_place
from chat_models.local.learned.trees import Trees
from chat_models.local.learned.words import relabelling_features, run_ids, word_features

# Chosen on FUNSD's training forms, cross-validated: a text goes on across a gap, and into the next line, from here.
GAP_THRESHOLD, LINE_THRESHOLD = 0.4, 0.4
# Least probability of a pair that is told; in theory half of F1 is best for F1, but on forms unlike those of training
# the judge is too modest.
LEAST_RIGHT = 0.15


@dataclass(frozen=True)
class Models:
    """One model for each stage."""

    word_text: TextModel
    segment_text: TextModel
    words: Trees
    relabelling: Trees
    gaps: Trees
    lines: Trees
    segments: Trees
    links: Trees
    rivals: Trees
    judge: Trees
    calibration: Array
    """(2, k): raw scores, increasing, and the share of right pairs at each; between them it is interpolated."""


@dataclass(frozen=True)
class Link:
    """A question and its answer."""

    question: Array
    """Indices of the words."""
    answer: Array
    score: float
    """Calibrated probability that both texts and the link are right."""


def word_tokens(page: PageArrays) -> list[Array]:
    """Return the tokens of each word in its run."""
    return words_in_place(page.texts, row_breaks(run_ids(page)))


def find_links(page: PageArrays, models: Models, least_right: float = LEAST_RIGHT) -> list[Link]:
    """Run all stages and tell the pairs that are right with at least this probability, before calibration."""
    if not len(page.box):
        return []
    word_scores = models.word_text.scores(word_tokens(page))
    look = word_features(page, word_scores)
    labels = models.relabelling.probabilities(relabelling_features(page, look, models.words.probabilities(look)))
    joins = models.gaps.probabilities(gap_features(page, labels, models.segment_text))
    lines = group_rows_by_gaps(page, joins, GAP_THRESHOLD)
    pairs = line_pairs(lines)
    goes_on = models.lines.probabilities(line_features(page, lines, pairs, labels, models.segment_text))
    groups = chain_lines(page, lines, pairs, goes_on, LINE_THRESHOLD)
    group_labels = models.segments.probabilities(segment_features(page, groups, labels, models.segment_text))
    candidates = link_candidates(groups, group_labels)
    if not len(candidates):
        return []
    features = link_features(page, groups, candidates, group_labels, models.segment_text)
    first = models.links.probabilities(features)
    chances = models.rivals.probabilities(competition_features(candidates, first, features))
    chosen = choose_links(candidates, chances)
    judged = judge_features(page, groups, candidates, group_labels, chances, features)[chosen]
    right = models.judge.probabilities(judged)
    calibrated = np.interp(right, models.calibration[0], models.calibration[1])
    return [
        Link(groups.members[candidates[index, 0]], groups.members[candidates[index, 1]], float(score))
        for index, raw, score, fits in zip(
            chosen, right, calibrated, one_role_each(candidates[chosen], right), strict=True
        )
        if raw >= least_right and fits
    ]


def judge_features(  # noqa: PLR0917 - the outputs of all stages before, in their order
    page: PageArrays, groups: Groups, candidates: Array, labels: Array, chances: Array, features: Array
) -> Array:
    """Add to the features (p, f) the probabilities of all decisions behind each candidate, and how well it was read."""
    question, answer = candidates[:, 0], candidates[:, 1]
    sure = groups.certainty
    product = chances * labels[question, QUESTION] * labels[answer, ANSWER] * sure[question] * sure[answer]
    scores = np.array([word.score for word in page.words], np.float32)
    read = np.array([(scores[member].min(), scores[member].mean()) for member in groups.members], np.float32)
    length = np.array([sum(len(page.words[index].text) for index in member) for member in groups.members])
    return columns(
        features,
        *rival_features(answer, chances),
        chances,
        sure[question] * sure[answer],
        product,
        read[question],
        read[answer],
        read[question, 0] * read[answer, 0],
        length[question],
        length[answer],
    )
