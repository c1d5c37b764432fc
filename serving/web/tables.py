"""The tables of the service's database, and a row of each as plain data."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text

ExtractionStatus = Literal["queued", "running", "waiting", "valid", "exhausted", "unreadable", "failed"]
"""`waiting` is for a person; what it waits for is in `serving.web.threads`."""
OPEN: tuple[ExtractionStatus, ...] = ("queued", "running")
"""What the service itself has still to do."""
NOT_ENDED: tuple[ExtractionStatus, ...] = (*OPEN, "waiting")

metadata = MetaData()

documents = Table(
    "documents",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("uploaded_at", Text, nullable=False),
    Column("pages", JSON, nullable=False),
)

extractions = Table(
    "extractions",
    metadata,
    # SQLite counts in none but its own integer.
    Column("number", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("document", Text, ForeignKey("documents.ref"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("num_pages", Integer, nullable=False),
    Column("context", JSON, nullable=False),
    Column("caller", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("starts", Integer, nullable=False, default=0),
    Column("ended_at", Text),
    Column("error", JSON(none_as_null=True)),
    Column("result", JSON(none_as_null=True)),
    Column("progress", JSON, nullable=False, default=list),
    Column("trace_id", Text),
    Column("cost_usd", Float),
    Column("run_id", Text),
    Column("review", JSON(none_as_null=True)),
    Index("by_status", "status"),
    sqlite_autoincrement=True,  # a number is a place in the list, and never given twice
)

answers = Table(
    "answers",
    metadata,
    Column("extraction", Text, ForeignKey("extractions.id"), primary_key=True),
    Column("question", Text, nullable=False),
    Column("answer", JSON, nullable=False),
)


@dataclass(frozen=True)
class StoredAnswer:
    """What a person answered, until the run has it."""

    extraction: str
    question: str
    """Id of what was asked."""
    answer: dict[str, Any]
    """`graph.review.ReviewAnswer`."""


@dataclass(frozen=True)
class StoredDocument:
    """An upload."""

    ref: str
    name: str
    uploaded_at: str
    pages: list[dict[str, Any]]
    """`documents.page.Page` of each."""


@dataclass(frozen=True)
class StoredExtraction:
    """An accepted extraction; times are ISO 8601 in UTC."""

    number: int
    id: str
    document: str
    name: str
    num_pages: int
    context: dict[str, Any]
    """`graph.context.Context` of the run."""
    caller: str
    created_at: str
    status: ExtractionStatus
    starts: int
    """How often it was begun: more than once after the process was killed."""
    ended_at: str | None
    error: dict[str, str] | None
    result: dict[str, Any] | None
    """`graph.state.OutputState`; None until it ended, and where it failed."""
    progress: list[dict[str, Any]]
    trace_id: str | None
    cost_usd: float | None
    run_id: str | None
    """MLflow run of the request log; "" where none was wanted."""
    review: dict[str, Any] | None

    @property
    def has_ended(self) -> bool:
        """Whether its result or its error is there."""
        return self.status not in NOT_ENDED

    @property
    def may_wait(self) -> bool:
        """Whether a person is asked where it is in doubt."""
        return bool(self.context.get("review", "off") != "off")  # what an older version accepted has no such key


def now() -> str:
    """Return the time as the tables hold it; sorted as text it is sorted by time."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
