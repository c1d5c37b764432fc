"""A report to send around: one HTML file that needs nothing else, the worst documents first.

What documents and chat models say is untrusted: the template escapes all of it, and a content security policy lets the
page load and run nothing.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rapidfuzz.distance import Levenshtein

from documents.load import load_document
from documents.payload import page_payload
from evaluation.datasets.sample import Skipped
from evaluation.differences import Row, Side, side_by_side
from evaluation.document import DocumentResult
from evaluation.experiment import Experiment
from evaluation.metrics import METRICS
from graph.settings import get_settings, get_store
from schemas.errors import UnreadableDocumentError

if TYPE_CHECKING:
    from jinja2 import Template

SHOWN_DOCUMENTS = 50
"""With its picture a document takes about 100 KB: more of them make a file that browsers and mails refuse."""
# The graph's defaults: nearly always made already, and enough to read by.
_SIDE_PX, _JPEG_QUALITY = 1000, 40
_SHOWN_PAGES = 3


class Piece(NamedTuple):
    """A part of a text, the same on the other side or not."""

    text: str
    is_same: bool


@dataclass(frozen=True)
class PagePicture:
    """One page as a picture, with the boxes of what was read."""

    uri: str
    boxes: list[dict[str, Any]]


@dataclass(frozen=True)
class DocumentView:
    """What the report shows of one document."""

    number: int
    document: DocumentResult
    score: float
    rows: list[dict[str, Any]]
    pages: list[PagePicture]


def make_report(experiment: Experiment, facts: dict[str, Any], skipped: Sequence[Skipped]) -> str:
    """Return the report as HTML.

    Args:
        experiment: what was run.
        facts: by name, shown at the top: what was run on what.
        skipped: annotations that gave no sample.
    """
    headline = experiment.headline
    ordered = worst_first(experiment)
    views = [_view(number, document, headline) for number, document in enumerate(ordered[:SHOWN_DOCUMENTS], start=1)]
    return _template().render(
        facts=facts,
        experiment=experiment,
        summary=experiment.summary,
        headline=headline,
        metrics={name: METRICS[name] for name in (headline, *METRICS) if name in experiment.summary.figures},
        skipped=skipped,
        ordered=[(document, own_score(document, headline)) for document in ordered],
        views=views,
    )


def worst_first(experiment: Experiment) -> list[DocumentResult]:
    """Order by the headline metric; of equals those first that miss more."""
    headline = experiment.headline

    def badness(document: DocumentResult) -> tuple[float, float]:
        ratio = METRICS[headline].of(document.scores)
        lost = ratio.denominator - ratio.numerator if ratio else 0
        return own_score(document, headline), -lost

    return sorted(experiment.documents, key=badness)


def own_score(document: DocumentResult, metric: str) -> float:
    """Return one document's own figure."""
    ratio = METRICS[metric].of(document.scores)
    value = ratio.value if ratio else None
    return METRICS[metric].of_nothing if value is None else value


def _view(number: int, document: DocumentResult, headline: str) -> DocumentView:
    rows = side_by_side(document.expected, document.result["extraction"] if document.result else None)
    shown = [{"row": row, "expected": _side(row, row.expected), "extracted": _side(row, row.extracted)} for row in rows]
    return DocumentView(number, document, own_score(document, headline), shown, _pages(document, rows))


def _side(row: Row, side: Side | None) -> dict[str, list[Piece]] | None:
    """Cut key and value into pieces where the other side differs; what is right may differ in signs and case."""
    if side is None:
        return None
    other = row.extracted if side is row.expected else row.expected
    if other is None or row.verdict == "right":
        return {"key": [Piece(side.key, True)], "value": [Piece(side.value, True)]}
    return {"key": cut(side.key, other.key), "value": cut(side.value, other.value)}


def cut(text: str, other: str) -> list[Piece]:
    """Cut a text into what it shares with the other and what it doesn't, by the shortest edit between them."""
    steps = Levenshtein.opcodes(text, other)
    signs = [(text[step.src_start : step.src_end], step.tag == "equal") for step in steps]
    grouped = groupby(signs, key=lambda sign: sign[1])
    pieces = [Piece("".join(part for part, _ in parts), is_same) for is_same, parts in grouped]
    return [piece for piece in pieces if piece.text]


def _pages(document: DocumentResult, rows: Sequence[Row]) -> list[PagePicture]:
    """Return the first pages; none of a document that could not be read."""
    if document.result is None:
        return []
    store = get_store()
    try:
        pages = load_document(document.result["document"], store, get_settings().limits, allow_paths=False)["pages"]
    except UnreadableDocumentError:
        return []
    pictures = []
    for index, page in enumerate(pages[:_SHOWN_PAGES]):
        jpeg = page_payload(page, store, _SIDE_PX, _JPEG_QUALITY)
        uri = f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
        pictures.append(PagePicture(uri, list(_boxes(document, rows, index))))
    return pictures


def _boxes(document: DocumentResult, rows: Sequence[Row], page_index: int) -> Iterator[dict[str, Any]]:
    fields = {field["path"]: field for field in document.result["fields"]} if document.result else {}
    for row in rows:
        field = fields.get(row.extracted.path or "") if row.extracted else None
        if field and field["bbox"] and field["page_index"] == page_index:
            x0, y0, x1, y1 = field["bbox"]
            yield {
                "x": x0,
                "y": y0,
                "width": x1 - x0,
                "height": y1 - y0,
                "verdict": row.verdict,
                "text": field["value"],
            }


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only reports need it

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(Path(__file__).with_name("report.html.jinja").read_text(encoding="utf-8"))
