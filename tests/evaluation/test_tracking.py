"""A training in MLflow."""

from pathlib import Path

import numpy as np

from evaluation.metrics import PairCounts
from evaluation.training.confidence import Reliability
from evaluation.training.cross_validation import FoldResult, Training
from evaluation.training.tracking import EXPERIMENT, log_training
from graph.settings import Settings, get_settings
from graph.tracing.enable import enable_tracing


def test_a_training_leaves_its_parameters_figures_and_weights(tmp_path: Path, monkeypatch):
    """One run, with a step for each fold."""
    import mlflow

    before = mlflow.get_tracking_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    fold = FoldResult(PairCounts(1, 2, 2), PairCounts(2, 2, 2), np.zeros(0), np.zeros(0, bool))
    row = Reliability(0.4, 0.5, 2, 0.45, 0.5)
    training = Training(None, [fold, fold], 0.05, 0.8, 0.7, [row])  # type: ignore[arg-type]
    weights = tmp_path / "own.weights"
    weights.write_bytes(b"weights")
    try:
        log_training(training, {"folds": 2}, weights, Settings(data_dir=tmp_path), elsewhere=fold)
        run = mlflow.search_runs(experiment_names=[EXPERIMENT], output_format="list")[0]
        assert run.data.params == {"folds": "2"}
        assert run.data.metrics["exact_f1"] == 0.5
        assert run.data.metrics["fuzzy_f1"] == 1.0
        assert run.data.metrics["elsewhere_exact_f1"] == 0.5
        assert (tmp_path / "artifacts").is_dir()
        assert [file.read_bytes() for file in tmp_path.glob("artifacts/**/own.weights")] == [b"weights"]
    finally:
        mlflow.set_tracking_uri(before)
        # The experiment was made at another address; other tests want theirs back.
        monkeypatch.undo()
        enable_tracing(get_settings())
