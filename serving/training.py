"""`optophone train`: load, train, write the weights, say how good they are, and leave a run in MLflow."""

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chat_models.local.learned.weights import models_to_bytes
from evaluation.datasets.load import load_dataset
from evaluation.metrics import PairCounts
from evaluation.training.cross_validation import Training, train
from evaluation.training.forms import load_forms
from evaluation.training.stages import STAGES
from evaluation.training.tracking import log_training
from evaluation.training.transfer import score_elsewhere
from graph.settings import get_settings, get_store
from schemas.errors import UsageError


def run_training(specs: Sequence[str], out: Path, folds: int, score_on: str | None = None) -> None:
    """Train on data sets, each given as `load_dataset` takes it, all together.

    Args:
        specs: what to train on.
        out: where the weights go.
        folds: parts of the cross-validation.
        score_on: another data set to read with the finished weights.

    Raises:
        UsageError: a data set can't be used, the packages for training are missing, or `out` can't be written.
    """
    _check(out)
    if score_on in specs:
        raise UsageError(f"expected another data set to score on, got '{score_on}', which is trained on; leave it out")
    datasets = [load_dataset(spec) for spec in dict.fromkeys(specs)]
    others = [load_dataset(score_on)] if score_on else []
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as progress:  # fmt: skip
        reading = progress.add_task("reading", total=sum(len(each.samples) for each in [*datasets, *others]))
        load = partial(
            load_forms, store=get_store(), limits=get_settings().limits, on_sample=partial(progress.advance, reading)
        )
        forms, unseen = load(datasets), load(others, twice=False)
        # Each fold's training, and the last one on all forms.
        task = progress.add_task("training", total=STAGES * (folds + 1))
        training = train(forms, folds, partial(progress.advance, task))
    weights = models_to_bytes(training.models)
    out.write_bytes(weights)
    elsewhere = score_elsewhere(unseen, training.models) if score_on else None
    _show(training)
    if elsewhere is not None:
        typer.echo(f"on {score_on}, {len(unseen)} forms:")
        _show_counts("exact", elsewhere.exact)
        _show_counts("fuzzy", elsewhere.fuzzy)
    count = sum(not form.is_second_reading for form in forms)
    typer.echo(f"{out}  {len(weights) / 1e6:.1f} MB, from {count} forms")
    names = ", ".join(dataset.spec for dataset in datasets)
    parameters = {"datasets": names, "folds": folds, "forms": count, "score_on": score_on or ""}
    log_training(training, parameters, out, get_settings(), elsewhere)


def _check(out: Path) -> None:
    """Find out what is missing before minutes are spent."""
    missing = [name for name in ("lightgbm", "sklearn") if not _is_installed(name)]
    if missing:
        raise UsageError(f"training needs {' and '.join(missing)}; run pip install -e '.[train]' in the checkout")
    if not out.parent.is_dir():
        raise UsageError(f"expected a folder at '{out.parent}' to write the weights to, found none; make it first")


def _is_installed(name: str) -> bool:
    """Import it, since LightGBM can be there and yet not load: bare machines have no OpenMP.

    Raises:
        UsageError: one of its system libraries is missing.
    """
    try:
        import_module(name)
    except ImportError:
        return False
    except OSError as error:
        raise UsageError(f"{name} can't be loaded ({error}); install the system package libgomp1") from error
    return True


def _show(training: Training) -> None:
    for number, fold in enumerate(training.folds, 1):
        typer.echo(f"fold {number}  exact F1 {fold.exact.f1:.3f}  fuzzy F1 {fold.fuzzy.f1:.3f}")
    _show_counts("cross-validated exact", training.exact)
    _show_counts("cross-validated fuzzy", training.fuzzy)
    typer.echo(
        f"confidence  calibration error {training.calibration_error:.3f}  AUROC {training.auroc:.3f}"
        f" of all candidates, {training.auroc_of_told:.3f} of the pairs told"
    )
    for row in training.reliability:
        figures = f"{row.count:5d} pairs  mean score {row.mean_score:.2f}  right {row.share_right:.2f}"
        typer.echo(f"  {row.least:.1f} to {row.most:.1f}  {figures}")


def _show_counts(name: str, counts: PairCounts) -> None:
    typer.echo(f"{name}  precision {counts.precision:.3f}  recall {counts.recall:.3f}  F1 {counts.f1:.3f}")
