"""What became of a run's documents, in numbers."""

from dataclasses import asdict, dataclass, field
from typing import Any

from serving.batch.record import Record, paid_requests, state_of
from serving.batch.sampling import is_sampled

_COUNTS = (
    *("valid", "exhausted", "unreadable", "error", "duplicates", "cached", "retries", "tokens"),
    *("traced", "not_sampled", "untraced", "traces_lost", "failures"),
)


@dataclass
class Tally:
    """Counts over all of the run's records, those of earlier starts included."""

    documents: int = 0
    """Inputs of the run."""
    before: int = 0
    """Done by an earlier start."""
    valid: int = 0
    exhausted: int = 0
    unreadable: int = 0
    error: int = 0
    duplicates: int = 0
    cached: int = 0
    """Answered from the cache alone."""
    retries: int = 0
    """Documents that were asked again for what was wrong."""
    tokens: int = 0
    cost_usd: float | None = 0.0
    """None where the cost of some document isn't known."""
    trace_ratio: float = 1.0
    """Of this start."""
    traced: int = 0
    """Documents with a trace's id; duplicates have their first one's and are counted nowhere here."""
    not_sampled: int = 0
    untraced: int = 0
    """Sampled, but tracing is off, or another start had sampled fewer, or it failed before its run began."""
    traces_lost: int = 0
    """Traces of this start that MLflow didn't take."""
    failures: int = 0
    """Requests of this start that failed for a reason that passes, and were repeated."""
    chat_models: set[str] = field(default_factory=set)

    @property
    def done(self) -> int:
        """Documents with a record."""
        return self.valid + self.exhausted + self.unreadable + self.error

    @property
    def left(self) -> int:
        """Documents without one."""
        return self.documents - self.done

    def note(self, record: Record) -> None:
        """Count one."""
        state = state_of(record)
        setattr(self, state, getattr(self, state) + 1)
        self.duplicates += record["duplicate_of"] is not None
        self.cached += record["cached_requests"] > 0 and paid_requests(record) == 0
        self.retries += paid_requests(record) > 0 and _is_refined(record)
        if record["duplicate_of"] is None:
            self._note_trace(record)
        self.note_spent(record)

    def _note_trace(self, record: Record) -> None:
        if record["trace_id"] is not None:
            self.traced += 1
        elif is_sampled(record["document"], record["source"], self.trace_ratio):
            self.untraced += 1
        else:
            self.not_sampled += 1

    def add(self, other: "Tally") -> None:
        """Count what another one counted, inputs and chat models aside."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        known = self.cost_usd is not None and other.cost_usd is not None
        self.cost_usd = round(self.cost_usd + other.cost_usd, 9) if known else None  # type: ignore[operator]

    def note_spent(self, record: Record) -> None:
        """Count what one took, whatever came of it."""
        self.tokens += record["tokens"]
        known = self.cost_usd is not None and record["cost_usd"] is not None
        self.cost_usd = round(self.cost_usd + record["cost_usd"], 9) if known else None  # type: ignore[operator]

    def as_json(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return {**asdict(self), "chat_models": sorted(self.chat_models), "left": self.left}


def _is_refined(record: Record) -> bool:
    """Tell whether the refine prompt was used beside the extract prompt; parts of a long document share the latter."""
    return record["result"] is not None and len(record["result"]["prompts"]) > 1
