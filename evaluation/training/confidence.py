"""Whether a score means what it says: calibration, and how well it tells right from wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chat_models.local.learned.geometry import Array
from chat_models.local.learned.logistic import UNCALIBRATED, Logistic, calibrate, log_odds

# Of equal width, as usual for the expected calibration error (Naeini et al. 2015).
_BINS = 10


@dataclass(frozen=True)
class Reliability:
    """One row of the reliability table."""

    least: float
    most: float
    count: int
    mean_score: float
    share_right: float


def fit_calibration(scores: Array, right: Array) -> Logistic:
    """Fit Platt's scaling: two numbers, and no ties between scores, as isotonic regression makes."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only training needs it

    if len(np.unique(right)) < 2:  # nothing to learn from
        return UNCALIBRATED
    # Hardly any penalty: two numbers can't overfit hundreds of pairs.
    model = LogisticRegression(C=100).fit(log_odds(scores)[:, None], right)
    return Logistic(model.coef_[0].astype(np.float32), model.intercept_.astype(np.float32))


def calibrate_across(scores: Sequence[Array], right: Sequence[Array]) -> list[Array]:
    """Calibrate each fold's scores by a curve fitted on the other folds."""
    calibrated = []
    for fold in range(len(scores)):
        others = [index for index in range(len(scores)) if index != fold]
        curve = fit_calibration(
            np.concatenate([scores[index] for index in others]), np.concatenate([right[index] for index in others])
        )
        calibrated.append(calibrate(scores[fold], curve))
    return calibrated


def reliability_table(scores: Array, right: Array) -> list[Reliability]:
    """Return a row for each tenth of the scores' range that has scores."""
    bins = np.minimum((scores * _BINS).astype(int), _BINS - 1)
    return [
        Reliability(
            number / _BINS, (number + 1) / _BINS, int((bins == number).sum()),
            float(scores[bins == number].mean()), float(right[bins == number].mean()),
        )
        for number in np.unique(bins).tolist()
    ]  # fmt: skip


def expected_calibration_error(scores: Array, right: Array) -> float:
    """Return the mean distance of score and share of right ones over the table, weighted by count; 0 for none."""
    table = reliability_table(scores, right)
    return sum(row.count * abs(row.mean_score - row.share_right) for row in table) / max(len(scores), 1)


def auroc(scores: Array, right: Array) -> float:
    """Return how often a right one scores above a wrong one, ties as half; 0.5 where either is missing."""
    positive, negative = int(right.sum()), int((~right.astype(bool)).sum())
    if not positive or not negative:
        return 0.5
    _, position, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[position]
    return float((ranks[right.astype(bool)].sum() - positive * (positive + 1) / 2) / (positive * negative))
