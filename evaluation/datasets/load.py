"""From a data set's name on the command line to its samples."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from evaluation.datasets.annotations import Loaded
from evaluation.datasets.folder import load_folder
from evaluation.datasets.funsd import load_funsd
from evaluation.datasets.generated.dataset import load_generated
from evaluation.datasets.reviewed import load_reviewed
from evaluation.datasets.sample import Sample, Skipped
from evaluation.datasets.sroie import load_sroie
from graph.redaction.rules import get_redaction
from graph.settings import get_settings
from schemas.errors import UsageError

_FOLDERS: dict[str, Callable[[Path], Loaded]] = {"funsd": load_funsd, "sroie": load_sroie, "folder": load_folder}
_REVIEWED = ("reviewed", "corrections")
KINDS = ("funsd:DIR", "sroie:DIR", "folder:DIR", "generated:N", "reviewed")


@dataclass(frozen=True)
class Dataset:
    """Documents with what should be read from them."""

    spec: str
    """As it was given, such as `funsd:forms/training_data`."""
    samples: list[Sample]
    skipped: list[Skipped]
    """Annotations that gave no sample, with the reason."""


def load_dataset(spec: str, tracking_uri: str | None = None) -> Dataset:
    """Load the samples of a data set; no document is decoded yet.

    Not with redaction on: reports, figures and traces of an evaluation quote what should be read.

    Args:
        spec: `funsd:DIR`, `sroie:DIR`, `folder:DIR`, `generated:N[:SEED]`, or `reviewed` (also
            `corrections`): MLflow's traces on which somebody left the right extraction.
        tracking_uri: where these traces are; without it the settings' store.

    Raises:
        UsageError: redaction is on, the kind is unknown, the folder is not there, or nothing in it is annotated.
        UnreachableError: MLflow does not answer.
    """
    if get_redaction():
        raise UsageError(
            "expected OPTOPHONE_REDACT_FIELDS and OPTOPHONE_REDACT_PATTERNS to be empty where right values are "
            "compared and reported, got redaction; run this command without them"
        )
    kind, _, place = spec.partition(":")
    if kind in _REVIEWED and not place:
        loaded = load_reviewed(tracking_uri or get_settings().tracking_uri)
    elif kind == "generated" and place:
        loaded = load_generated(place, get_settings().data_dir / "generated")
    elif kind in _FOLDERS and place:
        loaded = _FOLDERS[kind](Path(place))
    else:
        raise UsageError(f"unknown dataset '{spec}'; give one of {', '.join(KINDS)}")
    return Dataset(spec, *loaded)


def subset(dataset: Dataset, limit: int, seed: int) -> Dataset:
    """Return `limit` samples chosen at random, in the data set's order; all of them where there are no more."""
    count = min(limit, len(dataset.samples))
    chosen = sorted(random.Random(seed).sample(range(len(dataset.samples)), count))  # noqa: S311 - a choice, no secret
    return replace(dataset, samples=[dataset.samples[index] for index in chosen])
