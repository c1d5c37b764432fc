"""Train the stages in turn, each on what the stages before say of pages that they have not seen."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from chat_models.local.learned.gaps import gap_features, row_neighbours
from chat_models.local.learned.geometry import Array, columns
from chat_models.local.learned.grouping import chain_lines, decision_margins, group_rows_by_gaps
from chat_models.local.learned.judging import Texts, pair_features, whole_features
from chat_models.local.learned.lines import line_features, line_pairs
from chat_models.local.learned.links import choose_links, competition_features, link_candidates, link_features
from chat_models.local.learned.logistic import UNCALIBRATED, Logistic
from chat_models.local.learned.models import GAP_THRESHOLD, LINE_THRESHOLD, Models, word_tokens
from chat_models.local.learned.segments import segment_features, segment_scores
from chat_models.local.learned.text import TextModel, segment_tokens
from chat_models.local.learned.trees import Trees
from chat_models.local.learned.words import relabelling_features, word_features
from evaluation.metrics import normalise
from evaluation.training.fit import DECIDING, JUDGING, LABELLING, fit_logistic, fit_text, fit_trees
from evaluation.training.forms import Form
from evaluation.training.gold import OTHER, Gold, majority

M = TypeVar("M", TextModel, Trees)

WORD_ROUNDS, GAP_ROUNDS, LINE_ROUNDS, SEGMENT_ROUNDS, LINK_ROUNDS = 120, 340, 340, 160, 400
RIVAL_ROUNDS, WHOLE_ROUNDS, JUDGE_ROUNDS = 400, 150, 200

STAGES = 11
"""How often a training reports that it has got further."""


def train_models(forms: Sequence[Form], folds: Sequence[int], on_stage: Callable[[], None] = lambda: None) -> Models:
    """Train all stages on the forms; `folds` tells which forms a stage is kept from while it speaks of one of them."""
    fold = np.array([part for form, part in zip(forms, folds, strict=True) if form.page.words])
    forms = [form for form in forms if form.page.words]
    pages, golds = [form.page for form in forms], [form.gold for form in forms]

    segment_texts, segment_text = _cross(
        lambda x, y: fit_text(_flat(x), np.concatenate(y), 3.0),
        [_gold_segments(form)[0] for form in forms], [_gold_segments(form)[1] for form in forms], fold,
    )  # fmt: skip
    on_stage()
    tokens, word_labels = [word_tokens(page) for page in pages], [gold.label for gold in golds]
    word_texts, word_text = _cross(lambda x, y: fit_text(_flat(x), np.concatenate(y), 1.0), tokens, word_labels, fold)
    scores = [word_texts[part].scores(words) for part, words in zip(fold, tokens, strict=True)]
    on_stage()

    features = [word_features(page, score) for page, score in zip(pages, scores, strict=True)]
    labels, words = _cross_trees(features, word_labels, fold, LABELLING, WORD_ROUNDS)
    on_stage()
    features = [relabelling_features(*of) for of in zip(pages, features, labels, strict=True)]
    labels, relabelling = _cross_trees(features, word_labels, fold, LABELLING, WORD_ROUNDS)
    on_stage()

    text_of = [segment_texts[part] for part in fold]
    features = [gap_features(*of) for of in zip(pages, labels, text_of, strict=True)]
    joins, gaps = _cross_trees(features, [_goes_on(form) for form in forms], fold, DECIDING, GAP_ROUNDS)
    on_stage()

    lines = [group_rows_by_gaps(page, join, GAP_THRESHOLD) for page, join in zip(pages, joins, strict=True)]
    pairs = [line_pairs(groups) for groups in lines]
    features = [line_features(*of) for of in zip(pages, lines, pairs, labels, text_of, strict=True)]
    targets = [_same_item(gold, groups.members, pair) for gold, groups, pair in zip(golds, lines, pairs, strict=True)]
    chains, line_trees = _cross_trees(features, targets, fold, DECIDING, LINE_ROUNDS)
    on_stage()

    groups = [
        chain_lines(page, line, pair, chain, LINE_THRESHOLD)
        for page, line, pair, chain in zip(pages, lines, pairs, chains, strict=True)
    ]
    text_scores = [segment_scores(*of) for of in zip(pages, groups, text_of, strict=True)]
    looks = [segment_features(*of) for of in zip(pages, groups, labels, text_scores, strict=True)]
    targets = [majority(gold.label, group.members, OTHER) for gold, group in zip(golds, groups, strict=True)]
    group_labels, segments = _cross_trees(looks, targets, fold, LABELLING, SEGMENT_ROUNDS)
    on_stage()

    cuts = [decision_margins(*of) for of in zip(pages, groups, joins, lines, pairs, chains, strict=True)]
    texts = [Texts(*of) for of in zip(groups, cuts, group_labels, text_scores, strict=True)]
    features = [whole_features(*of) for of in zip(pages, texts, looks, strict=True)]
    targets = [_whole(form, group.members) for form, group in zip(forms, groups, strict=True)]
    whole, wholes = _cross_trees(features, targets, fold, {**JUDGING, "learning_rate": 0.05}, WHOLE_ROUNDS)
    on_stage()

    pairs = [link_candidates(group, label) for group, label in zip(groups, group_labels, strict=True)]
    features = [link_features(*of) for of in zip(pages, groups, pairs, group_labels, text_scores, strict=True)]
    targets = [_linked(gold, group.members, pair) for gold, group, pair in zip(golds, groups, pairs, strict=True)]
    first, links = _cross_trees(features, targets, fold, {**DECIDING, "learning_rate": 0.03}, LINK_ROUNDS)
    on_stage()
    again = [competition_features(*of) for of in zip(pairs, first, features, strict=True)]
    chances, rivals = _cross_trees(again, targets, fold, {**DECIDING, "learning_rate": 0.03}, RIVAL_ROUNDS)
    on_stage()

    judged = [
        pair_features(*of) for of in zip(pages, texts, whole, pairs, zip(first, chances, strict=True), strict=True)
    ]
    targets = [_right(form, group.members, pair) for form, group, pair in zip(forms, groups, pairs, strict=True)]
    judge = _fit_judge(pairs, chances, judged, features, targets)
    on_stage()
    return Models(
        word_text, segment_text, words, relabelling, gaps, line_trees, segments, wholes, links, rivals, *judge,
        UNCALIBRATED,
    )  # fmt: skip


def _fit_judge(
    pairs: Sequence[Array], chances: Sequence[Array], judged: Sequence[Array], seen: Sequence[Array],
    right: Sequence[Array],
) -> tuple[Trees, Logistic]:  # fmt: skip
    """Fit both halves of the judge on the best candidate of each answer."""
    chosen = [choose_links(pair, chance) for pair, chance in zip(pairs, chances, strict=True)]
    of_pairs, of_links, targets = (
        _pool([of_page[best] for of_page, best in zip(values, chosen, strict=True)]) for values in (judged, seen, right)
    )
    trees = fit_trees(columns(of_pairs, of_links), targets, JUDGING, JUDGE_ROUNDS)
    # The features say much the same in several ways: a strong penalty, cross-validated.
    return trees, fit_logistic(of_pairs, targets, 0.02)


def _flat(parts: Sequence[Sequence[Array]]) -> list[Array]:
    return [tokens for part in parts for tokens in part]


def _cross(
    fit: Callable[[Any, Any], M], inputs: Sequence[Any], targets: Sequence[Array], fold: Array
) -> tuple[dict[int, M], M]:
    """Fit once without each fold, and once on all."""

    def without(part: int | None) -> M:
        chosen = [index for index in range(len(inputs)) if fold[index] != part]
        return fit([inputs[index] for index in chosen], [targets[index] for index in chosen])

    return {part: without(part) for part in sorted(set(fold.tolist()))}, without(None)


def _cross_trees(
    features: Sequence[Array], targets: Sequence[Array], fold: Array, parameters: dict[str, Any], rounds: int
) -> tuple[list[Array], Trees]:
    """Return what trees that have not seen a page say of it, and the trees fitted on all."""
    models, final = _cross(lambda x, y: _fit(x, y, parameters, rounds), features, targets, fold)
    return [models[part].probabilities(page) for part, page in zip(fold, features, strict=True)], final


def _fit(features: Sequence[Array], targets: Sequence[Array], parameters: dict[str, Any], rounds: int) -> Trees:
    return fit_trees(_pool(features), np.concatenate(targets), parameters, rounds)


def _pool(pages: Sequence[Array]) -> Array:
    """Put the rows of all pages together; a page without any may not know how many columns there would be."""
    pooled: Array = np.concatenate([page for page in pages if len(page)] or pages[:1])
    return pooled


def _gold_segments(form: Form) -> tuple[list[Array], Array]:
    """Return the tokens and the label of each annotated item, as OCR read it."""
    texts = form.page.texts
    tokens, labels = [], []
    for item in sorted(set(form.gold.item.tolist()) - {-1}):
        members = np.flatnonzero(form.gold.item == item)
        tokens.append(segment_tokens([texts[index] for index in members]))
        labels.append(form.gold.item_label[item])
    for item, words in form.gold.texts.items():  # as annotated too: what OCR misreads here it may read elsewhere
        tokens.append(segment_tokens(words))
        labels.append(form.gold.item_label[item])
    return tokens, np.array(labels, np.int32)


def _goes_on(form: Form) -> Array:
    left = row_neighbours(form.page)
    item = form.gold.item
    result: Array = ((item[left] == item[left + 1]) & (item[left] >= 0)).astype(np.int32)
    return result


def _same_item(gold: Gold, members: Sequence[Array], pairs: Array) -> Array:
    """Tell whether the upper line's last words and the lower one's first are of one item."""
    item = majority(gold.item, members)
    upper, lower = item[pairs[:, 0]], item[pairs[:, 1]]
    result: Array = ((upper == lower) & (upper >= 0)).astype(np.int32)
    return result


def _linked(gold: Gold, members: Sequence[Array], pairs: Array) -> Array:
    item = majority(gold.item, members)
    question, answer = item[pairs[:, 0]].tolist(), item[pairs[:, 1]].tolist()
    return np.array([pair in gold.links for pair in zip(question, answer, strict=True)], np.int32)


def _whole(form: Form, members: Sequence[Array]) -> Array:
    """Tell which texts are those of the annotated item that most of their words belong to, letter by letter."""
    annotated = {item: normalise("".join(words)) for item, words in form.gold.texts.items()}
    items = majority(form.gold.item, members).tolist()
    texts = [normalise("".join(form.page.words[index].text for index in member)) for member in members]
    return np.array([text != "" and text == annotated.get(item) for text, item in zip(texts, items, strict=True)], int)


def _right(form: Form, members: Sequence[Array], pairs: Array) -> Array:
    """Tell which candidates are pairs that are expected, letter by letter as the exact score compares them."""
    expected = {(normalise(key), normalise(value)) for key, value in form.expected}
    texts = [normalise("".join(form.page.words[index].text for index in member)) for member in members]
    return np.array([(texts[question], texts[answer]) in expected for question, answer in pairs.tolist()], np.int32)
