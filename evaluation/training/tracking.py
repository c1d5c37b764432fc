"""Keep a training in MLflow: what went in, how good it is, and the weights."""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evaluation.training.cross_validation import FoldResult, Training
from graph.settings import Settings
from prompts.connection import connect
from schemas.errors import UnreachableError

EXPERIMENT = "optophone-training"
# Weights are a few MB; a server that takes longer than this to store them is out of reach.
_DEADLINE_S = 60.0
_logger = logging.getLogger("optophone")


def log_training(
    training: Training,
    parameters: dict[str, Any],
    weights: Path,
    settings: Settings,
    elsewhere: FoldResult | None = None,
) -> None:
    """Log a run; where MLflow can't be reached, one warning, since the weights are written already.

    `elsewhere` is how the weights did on a data set that they were not trained on.
    """
    metrics = metrics_of(training)
    if elsewhere:
        metrics |= {f"elsewhere_{name}": value for name, value in _figures(elsewhere).items()}
    try:
        connection = connect(settings.tracking_uri)
        # Beside a local database, as the traces' attachments; a server keeps them in its own place.
        artifacts = None if connection.is_remote else (settings.data_dir / "artifacts").resolve().as_uri()
        connection.run(lambda: _log(training, parameters, metrics, weights, artifacts), _DEADLINE_S)
    except UnreachableError as error:
        _logger.warning("this training is not logged: %s", error)


def _log(
    training: Training, parameters: dict[str, Any], metrics: dict[str, float], weights: Path, artifacts: str | None
) -> None:
    import mlflow  # noqa: PLC0415 - takes seconds

    known = mlflow.get_experiment_by_name(EXPERIMENT)
    experiment_id = known.experiment_id if known else mlflow.create_experiment(EXPERIMENT, artifact_location=artifacts)
    # Not by making it the active experiment: traces of this process belong to another.
    with mlflow.start_run(run_name=weights.name, experiment_id=experiment_id):
        mlflow.log_params(parameters)
        mlflow.log_metrics(metrics)
        for number, fold in enumerate(training.folds):
            mlflow.log_metrics({"fold_exact_f1": fold.exact.f1, "fold_fuzzy_f1": fold.fuzzy.f1}, step=number)
        mlflow.log_dict({"rows": [asdict(row) for row in training.reliability]}, "reliability.json")
        mlflow.log_artifact(str(weights))


def metrics_of(training: Training) -> dict[str, float]:
    """Return the pooled figures by name."""
    return {
        **_figures(training),
        "calibration_error": training.calibration_error,
        "auroc": training.auroc,
        "auroc_of_told": training.auroc_of_told,
    }


def _figures(read: Training | FoldResult) -> dict[str, float]:
    return {
        "exact_f1": read.exact.f1,
        "exact_precision": read.exact.precision,
        "exact_recall": read.exact.recall,
        "fuzzy_f1": read.fuzzy.f1,
    }
