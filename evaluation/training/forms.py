"""Load annotated forms for training: their words, their ink, and what is right on them."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chat_models.local.learned.page import PageArrays, make_page
from documents.images import from_png
from documents.limits import Limits
from documents.load import load_document
from documents.store import DocumentStore
from documents.words import words_as_read
from evaluation.datasets.funsd import load_funsd
from evaluation.datasets.sample import Sample
from evaluation.metrics import TextPair, extraction_to_pairs
from evaluation.training.gold import Gold, align
from schemas.errors import UnreadableDocumentError, UsageError

_logger = logging.getLogger("optophone")
# Beyond this share of unusable forms the folder is not what the caller thinks it is.
_MAX_UNUSABLE = 0.1


@dataclass(frozen=True)
class Form:
    """A page with what is right on it."""

    page: PageArrays
    gold: Gold
    expected: list[TextPair]


def load_forms(
    folder: Path, store: DocumentStore, limits: Limits, on_form: Callable[[int], None] = lambda total: None
) -> list[Form]:
    """Read each form of a FUNSD split; one that can't be used is named in a warning and left out.

    Args:
        folder: with `annotations/` and `images/`.
        store: where pages and words lie; a page that is not there is read by OCR, which takes seconds.
        limits: on what is decoded.
        on_form: called after each form with the number of all.

    Raises:
        UsageError: there are no annotations, or more than a tenth of the forms is unusable.
    """
    samples, skipped = load_funsd(folder)
    forms: list[Form] = []
    for annotation in skipped:
        _logger.warning("left out '%s': %s", annotation.name, annotation.reason)
    for sample in samples:
        try:
            forms.append(_load_form(sample, folder, store, limits))
        except (UnreadableDocumentError, KeyError, TypeError, ValueError) as error:
            _logger.warning("left out '%s': %s", Path(sample.document).name, error)
        on_form(len(samples))
    count = len(samples) + len(skipped)
    unusable = count - len(forms)
    if unusable > _MAX_UNUSABLE * count:
        raise UsageError(f"{unusable} of {count} forms in '{folder}' are unusable; mend or remove them")
    return forms


def _load_form(sample: Sample, folder: Path, store: DocumentStore, limits: Limits) -> Form:
    page = load_document(sample.document, store, limits, allow_paths=True)["pages"][0]
    grey = np.asarray(from_png(store.get(page["image"])).convert("L"))
    arrays = make_page(words_as_read(page, store), page["width_px"], page["height_px"], grey)
    annotation = folder / "annotations" / f"{sample.metadata['stem']}.json"
    return Form(arrays, align(arrays, annotation), extraction_to_pairs(sample.expected))


def fold_numbers(forms: Sequence[Form], folds: int) -> list[int]:
    """Number the fold of each form: forms are sorted by name and neighbours come of one file cabinet, so every n-th.

    Raises:
        UsageError: there are fewer forms than folds, or fewer than three folds.
    """
    if not 3 <= folds <= len(forms):
        raise UsageError(f"expected 3 to {len(forms)} folds for {len(forms)} forms, got {folds}; choose fewer or more")
    return [index % folds for index in range(len(forms))]
