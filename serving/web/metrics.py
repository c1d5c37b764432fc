"""What Prometheus reads."""

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from serving.web.tables import StoredExtraction

# From a cached page to a chat model that takes its time over a long document.
_SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)


class Metrics:
    """Counts since the process began; documents by status are all that the service knows of."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._documents = Gauge(
            "optophone_documents", "Extractions of documents by status", ["status"], registry=self._registry
        )
        self._node_seconds = Histogram(
            "optophone_node_seconds", "Seconds a run of a node", ["node"], buckets=_SECONDS, registry=self._registry
        )
        self._attempts = Counter("optophone_attempts", "Requests to chat models", registry=self._registry)
        self._tokens = Counter("optophone_tokens", "Tokens of chat models", ["direction"], registry=self._registry)
        self._failures = Counter(
            "optophone_failures", "What is wrong with documents that are not valid", ["kind"], registry=self._registry
        )

    def note_node(self, node: str, seconds: float) -> None:
        """Count one run of a node."""
        self._node_seconds.labels(node).observe(seconds)

    def note_end(self, extraction: StoredExtraction) -> None:
        """Count what an extraction took and what is wrong with it."""
        if extraction.error:
            self._failures.labels(extraction.error["code"]).inc()
        if extraction.result:
            self._note_result(extraction.result)

    def _note_result(self, result: Mapping[str, Any]) -> None:
        self._attempts.inc(result["attempts"])
        for direction in ("input", "output"):
            self._tokens.labels(direction).inc(result["usage"][f"{direction}_tokens"])
        for error in result["validation_errors"]:
            self._failures.labels(error["kind"]).inc()

    def as_text(self, counts: Mapping[str, int]) -> bytes:
        """Return all in Prometheus's text format, with the documents counted now."""
        self._documents.clear()
        for status, count in counts.items():
            self._documents.labels(status).set(count)
        return generate_latest(self._registry)
