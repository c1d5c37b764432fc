"""An extraction as a table: a row a value."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from schemas.pointers import populated
from serving.web.tables import StoredExtraction

_COLUMNS = ("path", "value", "state", "page_index", "x0", "y0", "x1", "y1", "confidence")
# What a spreadsheet takes for a formula, and would run.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(stored: StoredExtraction) -> str:
    """Return a line for each value; the state is the reviewer's word, or how surely the value stands on the page.

    A text that a spreadsheet would run as a formula has an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    writer.writerows([_safe(cell) for cell in row] for row in _rows(stored))
    return out.getvalue()


def _rows(stored: StoredExtraction) -> Iterator[list[Any]]:
    review, result = stored.review, stored.result or {}
    if review is None:
        for field in result["fields"]:
            yield [field["path"], field["value"], field["grounding"], *_place(field), field["confidence"]]
        return
    said = {field["path"]: field for field in review["fields"]}
    found = {(field["path"], field["value"]): field for field in result["fields"]}
    for path, value in populated(review["extraction"]):
        field = said.get(path) or found.get((path, value), {"page_index": None, "bbox": None})
        yield [path, value, field.get("state") or field.get("grounding"), *_place(field), field.get("confidence")]


def _place(field: dict[str, Any]) -> list[Any]:
    return [field["page_index"], *(field["bbox"] or [None] * 4)]


def _safe(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) and not _is_number(cell) else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
