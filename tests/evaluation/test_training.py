"""Training of the local reader on a handful of forms made in code."""

from dataclasses import fields, replace

import numpy as np
import pytest

from chat_models.local.learned.logistic import UNCALIBRATED, calibrate
from chat_models.local.learned.models import Models
from chat_models.local.learned.page import make_page
from chat_models.local.learned.weights import models_from_bytes, models_to_bytes
from documents.load import Limits
from documents.page import Word
from documents.store import DocumentStore
from evaluation.datasets.load import load_dataset
from evaluation.training import stages
from evaluation.training.confidence import (
    auroc,
    calibrate_across,
    expected_calibration_error,
    fit_calibration,
    reliability_table,
)
from evaluation.training.cross_validation import train
from evaluation.training.fit import fit_logistic
from evaluation.training.forms import fold_numbers, load_forms
from evaluation.training.gold import LABELS, align
from schemas.errors import UsageError

pytest.importorskip("sklearn", reason="training needs scikit-learn: pip install -e '.[train]'")
pytest.importorskip(
    "lightgbm",
    reason="training needs LightGBM, which needs the system package libgomp1",
    exc_type=(ImportError, OSError),
)


@pytest.fixture
def quick(monkeypatch):
    """Twelve rounds a stage instead of hundreds."""
    for name in [name for name in vars(stages) if name.endswith("_ROUNDS")]:
        monkeypatch.setattr(stages, name, 12)


def test_words_are_aligned_with_what_was_annotated(forms):
    """Each word gets its item's label, and links join a question to an answer."""
    gold = forms[0].gold
    assert [LABELS[label] for label in gold.label[:2]] == ["header", "header"]
    assert len(gold.links) == 8
    assert {(gold.item_label[q], gold.item_label[a]) for q, a in gold.links} == {(0, 1)}


@pytest.mark.slow
def test_same_forms_give_the_same_weights_and_learn_the_layout(forms, quick):
    """Seeds are fixed, so that weights can be reproduced bit by bit; held-out forms of one layout are read."""
    steps = []
    first, second = train(forms, 3, lambda: steps.append(1)), train(forms, 3)
    assert models_to_bytes(first.models) == models_to_bytes(second.models)
    assert len(steps) == 4 * stages.STAGES
    assert first.exact.expected == 12 * 8
    assert first.exact.f1 > 0.5
    assert first.fuzzy.f1 >= first.exact.f1


@pytest.mark.slow
def test_weights_survive_being_written(forms, quick):
    """What is read back answers the same."""
    models = train(forms, 3).models
    read = models_from_bytes(models_to_bytes(models), "test")
    features = np.linspace(0, 5, 4 * 600, dtype=np.float32).reshape(4, 600)
    for field in fields(Models):
        old, new = getattr(models, field.name), getattr(read, field.name)
        if hasattr(old, "margins"):
            assert np.array_equal(old.margins(features), new.margins(features))


def test_second_readings_are_learned_from_and_not_scored(forms, quick):
    """They stay in their page's fold; a page of a lone word, which has no pair to judge, is no obstacle."""
    lone = replace(forms[0], page=make_page([Word("Memo", (0.1, 0.1, 0.2, 0.15), 1.0)], 700, 900), expected=[])
    lone = replace(lone, gold=align(lone.page, []), document="lone")
    again = [replace(form, is_second_reading=True) for form in forms]
    training = train([*forms, lone, *again], 3)
    assert training.exact.expected == sum(len(form.expected) for form in forms)


def test_folds_need_enough_forms(forms):
    """A fold without a form can't be scored."""
    assert fold_numbers(forms[:4], 3) == [0, 1, 2, 0]
    with pytest.raises(UsageError, match="expected 3 to 2 folds"):
        fold_numbers(forms[:2], 3)


def test_pages_of_a_document_share_a_fold(forms):
    """Wherever they come: the same scan can be in two data sets."""
    assert fold_numbers([forms[0], forms[1], forms[2], forms[0], forms[3], forms[1]], 3) == [0, 1, 2, 0, 0, 1]


def test_too_many_unusable_forms_end_the_training(make_split, tmp_path, caplog):
    """Each is named; a tenth is the limit."""
    folder = make_split(tmp_path / "split", 3)
    for image in (folder / "images").iterdir():
        image.write_bytes(b"not an image")
    with pytest.raises(UsageError, match="3 of 3 forms"):
        load_forms([load_dataset(f"funsd:{folder}")], DocumentStore(tmp_path / "store"), Limits())
    assert "form1.png" in caplog.text


def test_calibration_turns_scores_into_shares():
    """Of the scores at .9 six in ten are right, of those at .2 one in ten; with one kind alone nothing is learned."""
    scores = np.array([0.2] * 100 + [0.9] * 100)
    right = np.array([True] * 10 + [False] * 90 + [True] * 60 + [False] * 40)
    assert calibrate(np.array([0.2, 0.9]), fit_calibration(scores, right)).tolist() == pytest.approx(
        [0.1, 0.6], abs=0.01
    )
    folds = calibrate_across([scores, scores], [right, right])
    assert expected_calibration_error(folds[0], right) < 0.01
    assert fit_calibration(scores, right | True) == UNCALIBRATED


def test_logistic_regression_takes_features_of_any_scale():
    """Standardised for the fit, not for the use; a constant feature has no say."""
    rng = np.random.default_rng(0)
    values = rng.normal(5000, 300, 400)
    features = np.column_stack([values, np.full(400, 7.0)]).astype(np.float32)
    model = fit_logistic(features, (values > 5000).astype(int), 1.0)
    assert auroc(model.probabilities(features), values > 5000) == 1
    assert 0.4 < model.probabilities(np.array([[5000.0, 7.0]]))[0] < 0.6
    assert fit_logistic(features, np.ones(400, int), 1.0).probabilities(features[:1]).tolist() == [0.5]


def test_reliability_by_hand():
    """Two scores in the last tenth, one in the first."""
    table = reliability_table(np.array([0.05, 0.95, 1.0]), np.array([False, True, False]))
    assert [(row.count, row.share_right) for row in table] == [(1, 0.0), (2, 0.5)]
    assert expected_calibration_error(np.array([]), np.array([], bool)) == 0


@pytest.mark.parametrize(
    ("scores", "right", "expected"),
    [([1, 2, 3], [0, 0, 1], 1.0), ([3, 2, 1], [0, 0, 1], 0.0), ([1, 1], [0, 1], 0.5), ([1, 2], [1, 1], 0.5)],
)
def test_auroc_by_hand(scores, right, expected):
    """Perfect, reversed, tied, and nothing wrong to tell apart."""
    assert auroc(np.array(scores), np.array(right, bool)) == expected
