"""How trained models do on a data set that they were not trained on."""

from collections.abc import Sequence
from dataclasses import replace

from chat_models.local.learned.logistic import UNCALIBRATED
from chat_models.local.learned.models import Models
from evaluation.training.cross_validation import FoldResult, score_forms
from evaluation.training.forms import Form


def score_elsewhere(forms: Sequence[Form], models: Models) -> FoldResult:
    """Read forms of another data set and compare; pairs are told as the local reader tells them."""
    # Their calibration is of the data that they were trained on, and what is told depends on the scores before it.
    return score_forms(forms, replace(models, calibration=UNCALIBRATED))
