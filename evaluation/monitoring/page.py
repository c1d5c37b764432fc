"""How much of a page an answer accounts for: the figures that show values which are no longer given.

What remains of an answer that lost values is as valid and as well grounded as before. Only the page tells that
something is missing, and how much there is to find differs more from page to page than any regression changes. So a
second reader, the local one, reads the same page: what it is sure of is what to look for in the answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat_models.factory import LOCAL
from documents.confidence import DOUBTFUL
from documents.load import load_document
from documents.page import BBox
from documents.words import page_words
from evaluation.metrics import Ratio
from graph.builder import make_graph
from graph.context import Context
from graph.settings import get_settings, get_store
from schemas.errors import UnreadableDocumentError
from schemas.target import REGISTERED

# A reading is some kilobytes. In memory alone: one that an older version of the reader left in the store would
# make the windows differ.
_READINGS = 4096


@dataclass(frozen=True)
class Place:
    """Where a value stands: the page from 0, and its box as fractions of the page."""

    page_index: int
    bbox: BBox


@dataclass(frozen=True)
class PageFigures:
    """How much of a document's pages its answer accounts for."""

    coverage: Ratio
    """Words inside the answer's boxes, of all words."""
    agreement: Ratio | None
    """The same, of the words inside the second reader's sure boxes; None where it doesn't know the schema."""


def page_figures(
    fields: Sequence[Mapping[str, Any]], document: str, schema: str, reader: str = LOCAL
) -> PageFigures | None:
    """Hold an answer's fields against its pages and a second reading of them, a tenth of a CPU second a page.

    None where the document is not in this process's store.
    """
    try:
        words = _word_centres(document)
    except UnreadableDocumentError:
        return None
    answered = _inside(places(fields), words)
    second = second_reading(document, schema, reader)
    return PageFigures(
        Ratio(int(answered.sum()), len(answered)),
        None if second is None else _share(answered, _inside(second, words)),
    )


@lru_cache(_READINGS)
def second_reading(document: str, schema: str, reader: str) -> tuple[Place, ...] | None:
    """Return where a reader finds values that it is sure of; None where it doesn't know the schema.

    A trace's schema is a name that a client chose: nothing is imported or opened for it.
    """
    if schema not in REGISTERED:
        return None
    from mlflow.tracing import context as tracing  # noqa: PLC0415 - takes seconds

    wanted = Context(target_schema=schema, chat_model=reader, max_attempts=1)
    with tracing(enabled=False):
        result = make_graph().invoke({"document": document}, context=wanted)
    return places(field for field in result["fields"] if field["confidence"] >= DOUBTFUL)


def places(fields: Any) -> tuple[Place, ...]:
    """Return the places of those fields that have one."""
    return tuple(Place(field["page_index"], tuple(field["bbox"])) for field in fields if field["bbox"])


def _word_centres(document: str) -> NDArray[np.float64]:
    """Return a row a word: page, x, y."""
    store = get_store()
    pages = load_document(document, store, get_settings().limits, allow_paths=False)["pages"]
    centres = [
        (index, (word.bbox[0] + word.bbox[2]) / 2, (word.bbox[1] + word.bbox[3]) / 2)
        for index, page in enumerate(pages)
        for word in page_words(page, store)
    ]
    return np.array(centres, dtype=np.float64).reshape(-1, 3)


def _inside(boxes: Sequence[Place], words: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell of each word whether its centre lies in a box."""
    index, x, y = words.T
    covered = np.zeros(len(words), dtype=bool)
    for place in boxes:
        x0, y0, x1, y1 = place.bbox
        covered |= (index == place.page_index) & (x0 <= x) & (x <= x1) & (y0 <= y) & (y <= y1)
    return covered


def _share(answered: NDArray[np.bool_], expected: NDArray[np.bool_]) -> Ratio:
    return Ratio(int((answered & expected).sum()), int(expected.sum()))
