"""All that training makes, and the stages that it runs through."""

from dataclasses import dataclass

from chat_models.local.learned.gaps import gap_features
from chat_models.local.learned.geometry import Array, columns
from chat_models.local.learned.grouping import chain_lines, decision_margins, group_rows_by_gaps
from chat_models.local.learned.judging import Texts, pair_features, whole_features
from chat_models.local.learned.lines import line_features, line_pairs
from chat_models.local.learned.links import (
    choose_links,
    competition_features,
    link_candidates,
    link_features,
    one_role_each,
)
from chat_models.local.learned.logistic import Logistic, calibrate
from chat_models.local.learned.page import PageArrays, row_breaks
from chat_models.local.learned.segments import segment_features, segment_scores
from chat_models.local.learned.text import TextModel, words_in_place
from chat_models.local.learned.trees import Trees
from chat_models.local.learned.words import relabelling_features, run_ids, word_features

# Chosen on FUNSD's training forms, cross-validated: a text goes on across a gap, and into the next line, from here.
GAP_THRESHOLD, LINE_THRESHOLD = 0.4, 0.4
# Least probability of a pair that is told: half of F1 is best for F1 in theory, and 0.2 was better than 0.15 on FUNSD,
# cross-validated (see the model card).
LEAST_RIGHT = 0.2


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
    wholes: Trees
    links: Trees
    rivals: Trees
    judge_trees: Trees
    judge_line: Logistic
    calibration: Logistic
    """Of the log-odds of raw scores."""


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
    scores = segment_scores(page, groups, models.segment_text)
    look = segment_features(page, groups, labels, scores)
    group_labels = models.segments.probabilities(look)
    candidates = link_candidates(groups, group_labels)
    if not len(candidates):
        return []
    margins = decision_margins(page, groups, joins, lines, pairs, goes_on)
    texts = Texts(groups, margins, group_labels, scores)
    whole = models.wholes.probabilities(whole_features(page, texts, look))
    features = link_features(page, groups, candidates, group_labels, scores)
    first = models.links.probabilities(features)
    chances = models.rivals.probabilities(competition_features(candidates, first, features))
    chosen = choose_links(candidates, chances)
    judged = pair_features(page, texts, whole, candidates, (first, chances))[chosen]
    right = judge(judged, features[chosen], models.judge_trees, models.judge_line)
    calibrated = calibrate(right, models.calibration)
    return [
        Link(groups.members[candidates[index, 0]], groups.members[candidates[index, 1]], float(score))
        for index, raw, score, fits in zip(
            chosen, right, calibrated, one_role_each(candidates[chosen], right), strict=True
        )
        if raw >= least_right and fits
    ]


def judge(pairs: Array, features: Array, trees: Trees, line: Logistic) -> Array:
    """Return how probably pairs (p,) are right, before calibration, from `pair_features` and `link_features`.

    The mean of trees, which see everything, and a logistic regression, which sees the first and overfits less.
    """
    result: Array = (trees.probabilities(columns(pairs, features)) + line.probabilities(pairs)) / 2
    return result
