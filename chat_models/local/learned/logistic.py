"""Logistic regression over a few features, and probabilities as the log-odds that it likes."""

from dataclasses import dataclass

import numpy as np

from chat_models.local.learned.geometry import Array

# Nothing is surer than this: a handful of cases that all are right don't prove that every such case is.
_SURE = 1e-4


@dataclass(frozen=True)
class Logistic:
    """Yes or no."""

    weights: Array
    """(f,)."""
    bias: Array
    """(1,)."""

    def probabilities(self, features: Array) -> Array:
        """Return (n,) for features (n, f)."""
        result: Array = 1 / (1 + np.exp(-(features @ self.weights + self.bias[0])))
        return result


def log_odds(probabilities: Array) -> Array:
    """Return ln(p / (1 - p)), within ±9.2 for what is called certain."""
    held = np.clip(probabilities, _SURE, 1 - _SURE)
    result: Array = np.log(held / (1 - held))
    return result


def calibrate(scores: Array, calibration: Logistic) -> Array:
    """Return probabilities (n,) for raw scores (n,), by Platt's scaling: a logistic regression on their log-odds."""
    return calibration.probabilities(log_odds(scores)[:, None])


UNCALIBRATED = Logistic(np.ones(1, np.float32), np.zeros(1, np.float32))
"""Leaves scores as they are."""
