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
from evaluation.training.cross_validation import Training, train
from evaluation.training.forms import load_forms
from evaluation.training.stages import STAGES
from evaluation.training.tracking import log_training
from graph.settings import get_settings, get_store
from schemas.errors import UsageError


def run_training(specs: Sequence[str], out: Path, folds: int) -> None:
    """Train on data sets, each given as `load_dataset` takes it, all together.

    Raises:
        UsageError: a data set can't be used, the packages for training are missing, or `out` can't be written.
    """
    _check(out)
    datasets = [load_dataset(spec) for spec in dict.fromkeys(specs)]
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as progress:  # fmt: skip
        reading = progress.add_task("reading", total=sum(len(dataset.samples) for dataset in datasets))
        forms = load_forms(datasets, get_store(), get_settings().limits, partial(progress.advance, reading))
        # Each fold's training, and the last one on all forms.
        task = progress.add_task("training", total=STAGES * (folds + 1))
        training = train(forms, folds, partial(progress.advance, task))
    weights = models_to_bytes(training.models)
    out.write_bytes(weights)
    _show(training)
    count = sum(not form.is_second_reading for form in forms)
    typer.echo(f"{out}  {len(weights) / 1e6:.1f} MB, from {count} forms")
    names = ", ".join(dataset.spec for dataset in datasets)
    log_training(training, {"datasets": names, "folds": folds, "forms": count}, out, get_settings())


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
    for name, counts in (("exact", training.exact), ("fuzzy", training.fuzzy)):
        figures = f"precision {counts.precision:.3f}  recall {counts.recall:.3f}  F1 {counts.f1:.3f}"
        typer.echo(f"cross-validated {name}  {figures}")
    typer.echo(
        f"confidence  calibration error {training.calibration_error:.3f}  AUROC {training.auroc:.3f}"
        f" of all candidates, {training.auroc_of_told:.3f} of the pairs told"
    )
    for row in training.reliability:
        figures = f"{row.count:5d} pairs  mean score {row.mean_score:.2f}  right {row.share_right:.2f}"
        typer.echo(f"  {row.least:.1f} to {row.most:.1f}  {figures}")
