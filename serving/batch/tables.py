"""The results as a Parquet data set: `documents/`, a row for each, and `fields/`, a row for each value."""

import json
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from serving.batch.folder import RESULTS, TABLES
from serving.batch.record import Record, state_of
from serving.batch.results import read_records

_AS_JSON = ("extraction", "validation_errors", "conflicts")
# Rows of one row group: some megabytes of a form's values, and all that stands in memory.
_GROUP = 500


def write_tables(out: Path) -> None:
    """Write both tables anew from the results of a run's folder, which stay the source.

    Raises:
        OSError: they can't be written; those of before are still there.
    """
    import pyarrow as pa  # noqa: PLC0415 - comes with MLflow and takes half a second
    import pyarrow.parquet as pq  # noqa: PLC0415

    parts = [out / f".{name}.part" for name in TABLES]
    for part in parts:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
    documents, fields = document_columns(), field_columns()
    records = read_records(out / RESULTS)
    with (
        pq.ParquetWriter(parts[0] / "part-0.parquet", documents) as document_file,
        pq.ParquetWriter(parts[1] / "part-0.parquet", fields) as field_file,
    ):
        while group := list(islice(records, _GROUP)):
            document_file.write_table(pa.Table.from_pylist([document_row(record) for record in group], documents))
            rows = [row for record in group for row in field_rows(record)]
            field_file.write_table(pa.Table.from_pylist(rows, fields))
    for part, name in zip(parts, TABLES, strict=True):
        shutil.rmtree(out / name, ignore_errors=True)
        part.rename(out / name)


def document_columns() -> Any:
    """Return the columns of `documents/`, as pyarrow's schema."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    text, number = pa.string(), pa.int64()
    return pa.schema(
        [
            pa.field("index", number, nullable=False),
            ("id", text),
            pa.field("source", text, nullable=False),
            ("document", text),
            pa.field("unit", text, nullable=False),
            ("duplicate_of", number),
            pa.field("status", text, nullable=False),
            ("stop_reason", text),
            ("target_schema", text),
            ("extraction", text),  # JSON: each schema has a shape of its own
            ("validation_errors", text),  # JSON
            ("conflicts", text),  # JSON
            ("error", text),
            ("attempts", number),
            ("prompts", pa.list_(text)),
            ("chat_model", text),
            ("tokens", number),
            ("cost_usd", pa.float64()),
            ("cached_requests", number),
            ("seconds", pa.float64()),
            ("trace_id", text),
        ]
    )


def field_columns() -> Any:
    """Return the columns of `fields/`, as pyarrow's schema; `index` and `unit` are those of its document."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    text, number, fraction = pa.string(), pa.int64(), pa.float64()
    return pa.schema(
        [
            pa.field("index", number, nullable=False),
            pa.field("unit", text, nullable=False),
            pa.field("path", text, nullable=False),
            pa.field("value", text, nullable=False),  # as JSON writes it, text without its quotes
            pa.field("type", text, nullable=False),
            ("grounding", text),
            ("page_index", number),
            *((edge, fraction) for edge in ("x0", "y0", "x1", "y1")),
            ("confidence", fraction),
            ("reason", text),
        ]
    )


def document_row(record: Record) -> dict[str, Any]:
    """Return a record's row of `documents/`."""
    same = ("index", "id", "source", "document", "unit", "duplicate_of", "tokens", "cost_usd", "cached_requests")
    row: dict[str, Any] = {name: record[name] for name in (*same, "seconds", "trace_id")}  # type: ignore[literal-required]
    row["status"] = state_of(record)
    if error := record["error"]:
        row["error"] = f"{error['type']}: {error['message']}"
    if result := record["result"]:
        named = ("stop_reason", "target_schema", "attempts", "prompts", "chat_model")
        row |= {name: result[name] for name in named}  # type: ignore[literal-required]
        # A folder begun before long documents were read in parts has records without conflicts.
        row |= {name: json.dumps(result.get(name, []), ensure_ascii=False) for name in _AS_JSON}
    return _whole(row)


def field_rows(record: Record) -> Iterator[dict[str, Any]]:
    """Yield a record's rows of `fields/`."""
    result = record["result"]
    for field in result["fields"] if result else ():
        value = field["value"]
        box = dict(zip(("x0", "y0", "x1", "y1"), field["bbox"] or (), strict=False))
        row = {
            **{name: field[name] for name in ("path", "grounding", "page_index", "confidence", "reason")},
            **box,
            "index": record["index"],
            "unit": record["unit"],
            "value": value if isinstance(value, str) else json.dumps(value),
            "type": type(value).__name__,
        }
        yield _whole(row)


def _whole(row: dict[str, Any]) -> dict[str, Any]:
    """Escape half signs, which UTF-8 can't carry."""
    return {
        name: value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value
        for name, value in row.items()
    }
