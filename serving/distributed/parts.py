"""A run cut into parts, and what is kept of each: `records/`, `documents/` and `fields/`, a Parquet file a part.

`records/` holds the records as the engine for one machine writes them, the others are its Parquet data set. A part is
done when its file in `records/` is there, which is written last.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256
from io import BytesIO
from itertools import islice
from typing import Any, NamedTuple

from serving.batch.folder import TABLES
from serving.batch.inputs import Item
from serving.batch.record import Record, from_line, state_of, to_line
from serving.batch.tables import document_columns, document_row, field_columns, field_rows
from serving.distributed.output import Output

RECORDS = "records"
_SUFFIX = ".parquet"


class Part(NamedTuple):
    """Some of a run's inputs; those of the same content are in the same part."""

    name: str
    items: list[Item]

    def as_json(self) -> str:
        """Write it down; half signs, as in file names that are no UTF-8, are escaped."""
        return json.dumps([self.name, [asdict(item) for item in self.items]])


def part_of(text: str) -> Part:
    """Read what `as_json` wrote."""
    name, items = json.loads(text)
    return Part(name, [Item(**item) for item in items])


def cut(groups: Iterable[Sequence[Item]], size: int) -> Iterator[Part]:
    """Yield parts of so many groups each; the same groups make a part of the same name."""
    rest = iter(groups)
    while some := list(islice(rest, size)):
        yield make_part([item for group in some for item in group])


def make_part(items: list[Item]) -> Part:
    """Name a part by its inputs."""
    listed = json.dumps([asdict(item) for item in items])
    return Part(sha256(listed.encode()).hexdigest()[:24], items)


def write_part(output: Output, name: str, records: Sequence[Record]) -> None:
    """Write the records of a part; what is cut off before its end is none."""
    documents, fields = TABLES
    rows = [row for record in records for row in field_rows(record)]
    _put(output, f"{fields}/{name}", rows, field_columns)
    _put(output, f"{documents}/{name}", [document_row(record) for record in records], document_columns)
    _put(output, f"{RECORDS}/{name}", [_row(record) for record in records], _record_columns)


def read_part(output: Output, name: str) -> list[Record]:
    """Return the records of a part that is done."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - takes half a second

    data = output.get(f"{RECORDS}/{name}{_SUFFIX}")
    lines = pq.read_table(BytesIO(data or b""), columns=["record"]).column("record").to_pylist()
    return [from_line(line.encode() + b"\n") for line in lines]


def is_done(output: Output, name: str) -> bool:
    """Tell whether a part is done."""
    return output.has(f"{RECORDS}/{name}{_SUFFIX}")


def done_parts(output: Output) -> set[str]:
    """Return the names of the parts that are done."""
    return _stems(output, RECORDS)


def remove_unfinished(output: Output) -> None:
    """Remove tables of parts that were cut off: another part will hold their documents."""
    done = done_parts(output)
    for table in TABLES:
        for name in _stems(output, table) - done:
            output.remove(f"{table}/{name}{_SUFFIX}")


def _stems(output: Output, folder: str) -> set[str]:
    return {name.removesuffix(_SUFFIX) for name in output.names(folder) if name.endswith(_SUFFIX)}


def _row(record: Record) -> dict[str, Any]:
    line = to_line(record).decode().removesuffix("\n")
    return {"index": record["index"], "unit": record["unit"], "status": state_of(record), "record": line}


def _record_columns() -> Any:
    import pyarrow as pa  # noqa: PLC0415 - as above

    columns = {"index": pa.int64(), "unit": pa.string(), "status": pa.string(), "record": pa.string()}
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


def _put(output: Output, name: str, rows: list[dict[str, Any]], columns: Callable[[], Any]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.parquet as pq  # noqa: PLC0415

    buffer = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, columns()), buffer)
    output.put(f"{name}{_SUFFIX}", buffer.getvalue())
