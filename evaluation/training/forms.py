"""Load annotated forms for training: their words, their ink, and what is right on them."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chat_models.local.learned.page import PageArrays, make_page
from documents.images import from_png
from documents.limits import Limits
from documents.load import load_document
from documents.page import Page
from documents.store import DocumentStore
from documents.word_index import PageIndex
from documents.words import words_as_read, words_of_enlarged
from evaluation.datasets.annotations import UnusableAnnotationError
from evaluation.datasets.funsd import read_pages
from evaluation.datasets.load import Dataset
from evaluation.datasets.sample import Sample, Skipped, as_form
from evaluation.metrics import TextPair, extraction_to_pairs
from evaluation.training.gold import Gold, align, gold_of_questions
from evaluation.training.placement import Question, found_share, place_pairs
from schemas.errors import UnreadableDocumentError, UsageError

_logger = logging.getLogger("optophone")
# Beyond this share of unusable forms the data set is not what the caller thinks it is.
_MAX_UNUSABLE = 0.1
# With less of its texts found, a form's words would mostly be called "other". Of their own texts 0.6 to 1 is found on
# FUNSD's forms, of another form's 0.07 on average and in 95 of 100 cases at most 0.2.
_LEAST_FOUND = 0.5
# Scans are read a second time, larger: the models see more of what OCR makes of the same text. Words of earlier OCR
# settings as second reading brought exact F1 0.494 to 0.504 on FUNSD, cross-validated.
_SECOND_SCALE = 1.25


@dataclass(frozen=True)
class Form:
    """A page with what is right on it."""

    page: PageArrays
    gold: Gold
    expected: list[TextPair]
    document: str
    """Reference of the document that it is a page of."""
    is_second_reading: bool = False
    """Another reading of a page that is there already: to learn from, not to be scored."""


def load_forms(
    datasets: Sequence[Dataset], store: DocumentStore, limits: Limits, on_sample: Callable[[], None] = lambda: None
) -> list[Form]:
    """Read the pages of each sample, scans twice; one that can't be used is named in a warning and left out.

    Args:
        datasets: with forms. FUNSD's words are annotated; of other data sets the keys and values are looked for on
            the page, and a sample with less than half of them found is unusable.
        store: where pages and words lie; a page that is not there is read by OCR, which takes seconds.
        limits: on what is decoded.
        on_sample: called after each sample.

    Raises:
        UsageError: more than a tenth of a data set is unusable, or it holds another schema's extractions.
    """
    return [form for dataset in datasets for form in _load_dataset(dataset, store, limits, on_sample)]


def _load_dataset(dataset: Dataset, store: DocumentStore, limits: Limits, on_sample: Callable[[], None]) -> list[Form]:
    if dataset.samples and all(as_form(sample) is None for sample in dataset.samples):
        raise UsageError(
            f"expected forms in '{dataset.spec}', got extractions of a schema with fields of its own: the reader of "
            "key-value pairs can't learn from them; give documents with their pairs"
        )
    forms: list[Form] = []
    unusable = list(dataset.skipped)
    for sample in dataset.samples:
        try:
            forms += _load_sample(sample, store, limits)
        except (UnreadableDocumentError, UnusableAnnotationError) as error:
            unusable.append(Skipped(Path(sample.document).name, str(error)))
        on_sample()
    for left_out in unusable:
        _logger.warning("left out '%s': %s", left_out.name, left_out.reason)
    count = len(dataset.samples) + len(dataset.skipped)
    if len(unusable) > _MAX_UNUSABLE * count:
        raise UsageError(f"{len(unusable)} of {count} forms in '{dataset.spec}' are unusable; mend or remove them")
    return forms


def _load_sample(sample: Sample, store: DocumentStore, limits: Limits) -> list[Form]:
    expected = as_form(sample)
    if expected is None:
        raise UnusableAnnotationError("expected keys with their values, got another schema's fields; remove it")
    document = load_document(sample.document, store, limits, allow_paths=True)
    forms = _align(sample, expected, [_to_arrays(page, store) for page in document["pages"]], document["ref"])
    scans = [page for page in document["pages"] if page["text_layer"] is None]
    if len(scans) == len(document["pages"]):
        with suppress(UnusableAnnotationError):  # read worse than the first time, which is what counts
            enlarged = [_to_arrays(page, store, _SECOND_SCALE) for page in scans]
            again = _align(sample, expected, enlarged, document["ref"])
            forms += [replace(form, is_second_reading=True) for form in again]
    return forms


def _align(sample: Sample, expected: dict[str, Any], pages: Sequence[PageArrays], document: str) -> list[Form]:
    if "annotation" in sample.metadata:
        return [_annotated(pages, Path(sample.metadata["annotation"]), extraction_to_pairs(expected), document)]
    questions = place_pairs(expected["pairs"], [PageIndex(page.words) for page in pages])
    if (share := found_share(questions)) < _LEAST_FOUND:
        raise UnusableAnnotationError(
            f"expected its keys and values on its pages, found {share:.0%} of them; check that they are this document's"
        )
    return [_placed(page, index, questions, document) for index, page in enumerate(pages)]


def _to_arrays(page: Page, store: DocumentStore, scale: float = 1.0) -> PageArrays:
    grey = np.asarray(from_png(store.get(page["image"])).convert("L"))
    words = words_as_read(page, store) if scale == 1.0 else words_of_enlarged(page, store, scale)
    return make_page(words, page["width_px"], page["height_px"], grey)


def _annotated(pages: Sequence[PageArrays], annotation: Path, expected: list[TextPair], document: str) -> Form:
    items = read_pages(annotation)
    if len(pages) != 1 or len(items) != 1:
        raise UnusableAnnotationError(f"expected one page, got {len(pages)} and {len(items)} annotated; split it")
    return Form(pages[0], align(pages[0], items[0]), expected, document)


def _placed(page: PageArrays, page_index: int, questions: Sequence[Question], document: str) -> Form:
    """A question that was not found is expected all the same, on the first page."""
    expected = [(each.key, value) for each in questions if each.page_index == page_index for value in each.values]
    return Form(page, gold_of_questions(page, page_index, questions), expected, document)


def fold_numbers(forms: Sequence[Form], folds: int) -> list[int]:
    """Number the fold of each form, all pages of a document in one.

    Every n-th document: forms are sorted by name and neighbours come of one file cabinet.

    Raises:
        UsageError: there are fewer documents than folds, or fewer than three folds.
    """
    documents = {document: index for index, document in enumerate(dict.fromkeys(form.document for form in forms))}
    if not 3 <= folds <= len(documents):
        count = len(documents)
        raise UsageError(f"expected 3 to {count} folds for {count} forms, got {folds}; choose fewer or more")
    return [documents[form.document] % folds for form in forms]
