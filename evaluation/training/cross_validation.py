"""Train on all folds but one, read that one, and put the figures together."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from chat_models.local.learned.geometry import Array
from chat_models.local.learned.models import LEAST_RIGHT, Models
from chat_models.local.learned.reader import pairs_of_page
from evaluation.metrics import PairCounts, TextPair, exact_counts, fuzzy_counts, normalise
from evaluation.training.confidence import (
    Reliability,
    auroc,
    calibrate_across,
    expected_calibration_error,
    fit_calibration,
    reliability_table,
)
from evaluation.training.forms import Form, fold_numbers
from evaluation.training.stages import train_models


@dataclass(frozen=True)
class FoldResult:
    """How the forms of one fold were read by models that have not seen them."""

    exact: PairCounts
    fuzzy: PairCounts
    scores: Array
    """Of the best candidate for each answer, before calibration; from LEAST_RIGHT on it is told."""
    right: Array
    """Whether that pair is exactly right."""


@dataclass(frozen=True)
class Training:
    """Weights, and what is known of them."""

    models: Models
    folds: list[FoldResult]
    calibration_error: float
    """Of the pairs told, their scores calibrated on the other folds."""
    auroc: float
    """How well these scores tell right from wrong among the best candidates for each answer, told or not."""
    auroc_of_told: float
    """The same among the pairs told alone: harder, since the clearly wrong ones are gone."""
    reliability: list[Reliability]
    """Of the pairs told."""

    @property
    def exact(self) -> PairCounts:
        """Pooled over the folds."""
        return sum((fold.exact for fold in self.folds), PairCounts())

    @property
    def fuzzy(self) -> PairCounts:
        """Pooled over the folds."""
        return sum((fold.fuzzy for fold in self.folds), PairCounts())


def train(forms: Sequence[Form], folds: int, on_stage: Callable[[], None] = lambda: None, threads: int = 2) -> Training:
    """Cross-validate, then train on all forms; the same forms give the same models.

    `on_stage` is called from several threads, after each of the STAGES of each of the `folds` + 1 trainings.

    Raises:
        UsageError: there are too few forms for the folds.
    """
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn, which only training needs

    numbers = fold_numbers(forms, folds)
    # Each training runs on one thread, several side by side: faster than the libraries' own threads, which wait a lot.
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        final = pool.submit(train_models, forms, numbers, on_stage)
        results = list(pool.map(partial(_held_out, forms, numbers, on_stage), range(folds)))
        models = final.result()
    scores, right = [result.scores for result in results], [result.right for result in results]
    calibrated, all_right = np.concatenate(calibrate_across(scores, right)), np.concatenate(right)
    told = np.concatenate(scores) >= LEAST_RIGHT
    return Training(
        replace(models, calibration=fit_calibration(np.concatenate(scores), all_right)),
        results,
        expected_calibration_error(calibrated[told], all_right[told]),
        auroc(calibrated, all_right),
        auroc(calibrated[told], all_right[told]),
        reliability_table(calibrated[told], all_right[told]),
    )


def _held_out(forms: Sequence[Form], numbers: Sequence[int], on_stage: Callable[[], None], fold: int) -> FoldResult:
    others = [index for index, number in enumerate(numbers) if number != fold]
    models = train_models([forms[index] for index in others], [numbers[index] for index in others], on_stage)
    held_out = [form for form, number in zip(forms, numbers, strict=True) if number == fold]
    return score_forms([form for form in held_out if not form.is_second_reading], models)


def score_forms(forms: Sequence[Form], models: Models) -> FoldResult:
    """Read forms by models that are not calibrated yet, and compare."""
    exact, fuzzy = PairCounts(), PairCounts()
    scores: list[float] = []
    right: list[bool] = []
    for form in forms:
        found = [
            ((pair.key_text, value), score)
            for pair in pairs_of_page(form.page, models, least_right=0.0)
            for value, score in pair.scored_values
        ]
        predicted = [texts for texts, score in found if score >= LEAST_RIGHT]
        exact += exact_counts(form.expected, predicted)
        fuzzy += fuzzy_counts(form.expected, predicted)
        scores += [score for _, score in found]
        right += _are_right(form.expected, [texts for texts, _ in found])
    return FoldResult(exact, fuzzy, np.array(scores, np.float32), np.array(right, bool))


def _are_right(expected: Sequence[TextPair], predicted: Sequence[TextPair]) -> list[bool]:
    """Tell which pairs are exactly right, each expected pair once, as `exact_counts` matches them."""
    left = Counter((normalise(key), normalise(value)) for key, value in expected)
    result = []
    for key, value in predicted:
        pair = normalise(key), normalise(value)
        result.append(all(pair) and left[pair] > 0)
        left[pair] -= 1
    return result
