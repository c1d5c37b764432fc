"""Run the graph over the documents of a data set and score them: the library behind `optophone evaluate`."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from evaluation.attempts import AttemptFigures, after_each_attempt
from evaluation.datasets.sample import Sample
from evaluation.document import DocumentResult, run_document
from evaluation.metrics import DocumentScores, Summary, summarise
from graph.context import Context
from schemas.errors import UsageError

CONCURRENCY = 4
"""Hides most of a provider's latency and stays within the limits of its smallest accounts."""


@dataclass(frozen=True)
class Experiment:
    """One system on one data set."""

    documents: list[DocumentResult]
    """In the order of the samples."""
    seed: int
    """Of the bootstrap."""

    @property
    def scores(self) -> list[DocumentScores]:
        """One for each sample, failed documents included."""
        return [document.scores for document in self.documents]

    @cached_property
    def summary(self) -> Summary:
        """The figures over all documents."""
        return summarise(self.scores, seed=self.seed)

    @property
    def headline(self) -> str:
        """The metric that ranks documents: `pair_f1` of forms, `field_accuracy` of named fields."""
        return "pair_f1" if "pair_f1" in self.summary.figures else "field_accuracy"

    @cached_property
    def attempts(self) -> list[AttemptFigures]:
        """The figures after the first request, the second, and so on to the last that any document made."""
        return after_each_attempt(self.documents, seed=self.seed)


def run_experiment(
    samples: Sequence[Sample],
    context: Context,
    *,
    concurrency: int = CONCURRENCY,
    seed: int = 0,
    run_id: str | None = None,
    on_done: Callable[[DocumentResult], None] = lambda _: None,
) -> Experiment:
    """Run the graph on each sample and score it. Nothing is printed or written.

    The first document goes alone: a wrong call ends here before more is paid, and caches are warm for the rest, which
    run in threads. Not under asyncio: a provider's asynchronous client lives in one event loop, and callers run many
    experiments.

    Args:
        samples: at least one.
        context: the system under test; see `evaluation.system.pin`.
        concurrency: documents at a time.
        seed: of the bootstrap intervals.
        run_id: the MLflow run that traces and scores are linked to.
        on_done: called in this thread with each result as soon as it is there.

    Raises:
        UsageError: there are no samples, or the call is wrong for every document.
    """
    if not samples:
        raise UsageError("expected documents to evaluate, got none; choose another dataset or a larger --limit")
    names = document_names(samples)
    documents = {0: run_document(names[0], samples[0], context, run_id, is_first=True)}
    on_done(documents[0])
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="evaluate")
    try:
        futures = {
            pool.submit(run_document, names[index], samples[index], context, run_id, is_first=False): index
            for index in range(1, len(samples))
        }
        for future in as_completed(futures):
            documents[futures[future]] = future.result()
            on_done(future.result())
    finally:
        # After an interrupt what has begun is waited for, and nothing more is begun.
        pool.shutdown(cancel_futures=True)
    return Experiment([documents[index] for index in range(len(samples))], seed)


def document_names(samples: Sequence[Sample]) -> list[str]:
    """Return what scores call each document: its stem, or where two have the same one, the whole address."""
    stems = [str(sample.metadata.get("stem") or Path(sample.document).stem) for sample in samples]
    count = Counter(stems)
    return [stem if count[stem] == 1 else sample.document for stem, sample in zip(stems, samples, strict=True)]
