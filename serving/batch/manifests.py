"""Lists of documents with a schema, a chat model and rules of their own: CSV with a header, or lines of JSON."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.errors import UsageError

COLUMNS = ("document", "id", "schema", "chat_model", "rules")


def is_manifest(path: Path) -> bool:
    """Tell whether the name is one of a manifest."""
    return path.suffix.lower() in (".csv", ".jsonl")


def read_manifest(path: Path) -> Iterator[dict[str, str]]:
    """Yield each line: `source`, relative to the manifest's folder if not absolute, and what else it gives.

    Raises:
        UsageError: it can't be read, has a column that isn't known, or a line without a document.
    """
    rows = _csv_rows(path) if path.suffix.lower() == ".csv" else _json_rows(path)
    try:
        for number, row in rows:
            given = {name: value for name, value in row.items() if value}
            document = given.pop("document", None)
            if document is None:
                raise UsageError(f"line {number} of '{path}' names no document; fill the column 'document'")
            yield {"source": str(path.parent / document), **given}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"cannot read the manifest '{path}': {error}; write it as UTF-8") from error


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    # Spreadsheets put a byte-order mark before the first column's name.
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restkey="")
        _check_columns(path, 1, [name or "" for name in reader.fieldnames or []])
        if "document" not in (reader.fieldnames or []):
            raise UsageError(f"'{path}' has no column 'document'; its first line must name the columns")
        for row in reader:
            if "" in row:
                raise UsageError(f"line {reader.line_num} of '{path}' has more cells than columns; quote its commas")
            yield reader.line_num, row


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise UsageError(f"line {number} of '{path}' is not JSON: {error}; correct it") from error
            if not isinstance(row, dict) or not all(isinstance(value, str | None) for value in row.values()):
                raise UsageError(f"line {number} of '{path}' must be an object whose values are text; correct it")
            _check_columns(path, number, list(row))
            yield number, row


def _check_columns(path: Path, number: int, names: list[str]) -> None:
    if unknown := [name for name in names if name not in COLUMNS]:
        listed = ", ".join(f"'{name}'" for name in unknown)
        raise UsageError(f"line {number} of '{path}' has unknown columns {listed}; known are {', '.join(COLUMNS)}")
