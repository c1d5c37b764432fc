"""What is written of each document: one line of JSON."""

import json
from typing import Any, Literal

from typing_extensions import TypedDict

from graph.state import OutputState

State = Literal["valid", "exhausted", "unreadable", "error"]


class Failure(TypedDict):
    """Why there is no result."""

    type: str
    message: str


class Record(TypedDict):
    """One document of a run; exactly one of result and error is there."""

    index: int
    """Its place among the inputs, from 0, when it was read."""
    id: str | None
    source: str
    document: str | None
    """Its content as sha256:<hex>; None where there was nothing to read."""
    unit: str
    """Names the content and all that was asked of it; the same unit is asked once."""
    duplicate_of: int | None
    """Index of the input whose result this is, where the unit was asked before."""
    seconds: float
    trace_id: str | None
    cost_usd: float | None
    """US dollars paid for it in this run: 0 for a duplicate and for what came from the cache; None where unknown."""
    tokens: int
    """Tokens paid for in this run."""
    cached_requests: int
    """Requests that an earlier run had asked already."""
    result: OutputState | None
    error: Failure | None


def state_of(record: Record) -> State:
    """Return what became of the document."""
    result = record["result"]
    return "error" if result is None or result["status"] is None else result["status"]


def paid_requests(record: Record) -> int:
    """Return how often a chat model answered for it in this run."""
    if record["result"] is None or record["duplicate_of"] is not None:
        return 0
    return record["result"]["attempts"] - record["cached_requests"]


def to_line(record: Record) -> bytes:
    """Write a record; half a sign, as in file names that are no UTF-8, stays as JSON's escape of it."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace") + b"\n"


def from_line(line: bytes) -> Record:
    """Read what `to_line` wrote.

    Raises:
        ValueError: it is torn, or no record.
    """
    record: Any = json.loads(line)
    if not line.endswith(b"\n") or not isinstance(record, dict) or "unit" not in record:
        raise ValueError("no record")
    return record  # type: ignore[return-value]
