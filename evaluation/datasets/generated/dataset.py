"""Drawn forms as a data set."""

from dataclasses import replace
from pathlib import Path

from evaluation.datasets.annotations import Loaded
from evaluation.datasets.funsd import load_funsd
from evaluation.datasets.generated.form import write_forms
from evaluation.datasets.sample import Sample
from schemas.errors import UsageError

# About 0.2 CPU seconds each, and as many to train on: hours.
_MAX_FORMS = 10_000


def load_generated(place: str, folder: Path) -> Loaded:
    """Draw forms into a folder and load them; `place` is "N" or "N:SEED", the seed being 0 without.

    `metadata` names the annotation's path, as FUNSD's does, and the path of the words as OCR would read them.

    Raises:
        UsageError: `place` is something else.
    """
    count, _, seed = place.partition(":")
    if not (count.isdecimal() and 1 <= int(count) <= _MAX_FORMS and (seed or "0").isdecimal()):
        raise UsageError(
            f"expected generated:N or generated:N:SEED with N from 1 to {_MAX_FORMS}, got 'generated:{place}'"
        )
    split = folder / f"{count}-{seed or 0}"
    write_forms(split, int(count), int(seed or 0))
    samples, skipped = load_funsd(split)
    return [_of_own_kind(sample) for sample in samples], skipped


def _of_own_kind(sample: Sample) -> Sample:
    words = Path(sample.metadata["annotation"]).parent.parent / "words" / f"{sample.metadata['stem']}.json"
    return replace(sample, metadata={**sample.metadata, "dataset": "generated", "words": str(words)})
