"""What asking again buys: the figures as they would be, had every document ended after so many requests."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.document import DocumentResult
from evaluation.metrics import METRICS, Summary, summarise


@dataclass(frozen=True)
class AttemptFigures:
    """All documents as they stood after their n-th request."""

    number: int
    """From 1."""
    asked: int
    """Documents that made this request; the others had ended, and count with their final answer."""
    tokens: int
    """What this request took, over all documents."""
    summary: Summary
    gains: dict[str, float]
    """By metric: its figure less the one after the request before; empty for the first."""

    def gain_per_1k_tokens(self, metric: str) -> float | None:
        """Return the gain for each 1,000 tokens a document that the request took; None where it took none."""
        if metric not in self.gains or not self.tokens:
            return None
        return self.gains[metric] / (self.tokens / self.summary.documents / 1000)


def after_each_attempt(documents: Sequence[DocumentResult], *, seed: int) -> list[AttemptFigures]:
    """Return the figures after each request, to the last that any document made; at least the first.

    Raises:
        UsageError: there are no documents.
    """
    figures: list[AttemptFigures] = []
    for number in range(1, max([1, *(len(document.attempts) for document in documents)]) + 1):
        summary = summarise([document.after(number) for document in documents], seed=seed)
        gains = {name: _gain(summary, figures[-1].summary, name) for name in summary.figures} if figures else {}
        asked = [document for document in documents if len(document.attempts) >= number]
        tokens = sum(_tokens_of(document, number) for document in asked)
        figures.append(AttemptFigures(number, len(asked), tokens, summary, gains))
    return figures


def _gain(now: Summary, before: Summary, metric: str) -> float:
    nothing = METRICS[metric].of_nothing
    old = before.figures[metric].value if metric in before.figures else nothing
    return now.figures[metric].value - old


def _tokens_of(document: DocumentResult, number: int) -> int:
    before = document.attempts[number - 2].scores.tokens if number > 1 else 0
    return document.attempts[number - 1].scores.tokens - before
