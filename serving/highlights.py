"""The pages of a document with each value of its extraction boxed."""

from collections.abc import Callable, Iterator

from documents.grounding import Spot
from documents.highlight import Mark, highlight
from documents.limits import Limits
from documents.load import load_document
from documents.store import DocumentStore
from graph.state import Field, OutputState


def highlighted_pages(
    result: OutputState, store: DocumentStore, limits: Limits, hide: Callable[[int, bytes], bytes] | None = None
) -> Iterator[bytes]:
    """Yield each page as PNG; the legend of the first page counts the values that stand nowhere.

    `hide` is given each page's index and picture and returns what may be seen of it.
    """
    document = load_document(result["document"], store, limits, allow_paths=False)
    for page_index, page in enumerate(document["pages"]):
        marks = [
            Mark(_label(field), _place(field), bool(field["reason"]))
            for field in result["fields"]
            if field["page_index"] == page_index or (field["page_index"] is None and page_index == 0)
        ]
        png = store.get(page["image"])
        yield highlight(hide(page_index, png) if hide else png, marks)


def _label(field: Field) -> str:
    """Number a form's pairs from 1; name other values by the end of their pointer."""
    parts = field["path"].split("/")
    if parts[1] == "pairs" and len(parts) > 3 and parts[2].isdigit():
        number = int(parts[2]) + 1
        return f"{number}?" if parts[3] == "key" else str(number)
    return parts[-1] if not parts[-1].isdigit() else "/".join(parts[-2:])


def _place(field: Field) -> Spot:
    return Spot(grounding=field["grounding"], page_index=field["page_index"], bbox=field["bbox"])
