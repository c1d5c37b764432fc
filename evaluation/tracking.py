"""Evaluations as MLflow runs. Each one carries, for whoever compares them later:

tags       optophone.kind=evaluation, optophone.dataset (kind and digest of documents and gold),
           optophone.extract_prompt and optophone.refine_prompt (prompts:/name/version), optophone.schema,
           optophone.chat_model
metrics    by the names of METRICS, their steps being the attempts; NAME.low and NAME.high, the ends of the 95 %
           interval, NAME.macro, NAME.gain and NAME.gain_per_1k_tokens (of each attempt over the one before)
artifacts  per_document.jsonl, report.html

A comparison is a run of kind `comparison` around the evaluations of its systems: it holds their table and picture as
artifacts, and its description says what they came to.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evaluation.datasets.load import Dataset
from evaluation.datasets.sample import Sample
from evaluation.experiment import Experiment
from evaluation.system import describe
from graph.context import Context
from graph.settings import Settings
from graph.tracing.experiment import use_experiment
from prompts.connection import Connection, connect
from schemas.errors import UnreachableError

KIND, COMPARISON = "evaluation", "comparison"
RunFigure = tuple[str, float, int]
"""Name, value and attempt."""
# The run's figures and files are some MB; a server that takes longer than this to store them is out of reach.
_DEADLINE_S = 60.0
# Enough to tell data sets apart; MLflow takes 36.
_DIGEST_CHARS = 16
_logger = logging.getLogger("optophone")


class OpenRun:
    """One open run of the store."""

    def __init__(self, run_id: str, connection: Connection) -> None:
        self.run_id = run_id
        self._connection = connection

    def log(self, files: Sequence[Path], figures: Iterable[RunFigure] = (), description: str = "") -> None:
        """Log figures, files and a description in Markdown; where MLflow can't be reached any more, one warning."""
        try:
            self._connection.run(lambda: self._log(files, figures, description), _DEADLINE_S)
        except UnreachableError as error:
            _logger.warning("this run is not logged: %s", error)

    def _log(self, files: Sequence[Path], figures: Iterable[RunFigure], description: str) -> None:
        from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds
        from mlflow.entities import Metric, RunTag  # noqa: PLC0415

        client, now_ms = MlflowClient(), int(time.time() * 1000)
        metrics = [Metric(name, value, now_ms, step) for name, value, step in figures]
        tags = [RunTag("mlflow.note.content", description)] if description else []
        client.log_batch(self.run_id, metrics=metrics, tags=tags)
        for file in files:
            client.log_artifact(self.run_id, str(file))


@contextmanager
def evaluation_run(
    dataset: Dataset, context: Context, settings: Settings, parent_id: str | None = None
) -> Iterator[OpenRun | None]:
    """Open a run for a pinned context, and end it as FINISHED, FAILED or KILLED; None where MLflow is out of reach.

    Args:
        dataset: what is read.
        context: who reads it; see `evaluation.system.pin`.
        settings: where MLflow is.
        parent_id: the comparison that it belongs to.
    """
    with _open_run(lambda: _create(dataset, context, settings, parent_id), settings) as run:
        yield run


@contextmanager
def comparison_run(dataset: Dataset, facts: dict[str, Any], settings: Settings) -> Iterator[OpenRun | None]:
    """Open the run around the evaluations of a comparison, the facts as its parameters; ends as they do."""
    with _open_run(lambda: _create_comparison(dataset, facts, settings), settings) as run:
        yield run


@contextmanager
def _open_run(create: Callable[[], str], settings: Settings) -> Iterator[OpenRun | None]:
    run = _start(create, settings)
    status = "FAILED"
    try:
        yield run
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        if run is not None:
            _end(run.run_id, status, connect(settings.tracking_uri))


def dataset_digest(samples: Sequence[Sample]) -> str:
    """Return a digest of the documents' bytes and their gold, whatever the files are called."""
    parts = sorted(f"{_content(sample.document)} {json.dumps(sample.expected, sort_keys=True)}" for sample in samples)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_DIGEST_CHARS]


def run_figures(experiment: Experiment) -> Iterator[RunFigure]:
    """Yield name, value and attempt of each figure that a run gets."""
    for attempt in experiment.attempts:
        for name, figure in attempt.summary.figures.items():
            yield name, figure.value, attempt.number
            if name in attempt.gains:
                yield f"{name}.gain", attempt.gains[name], attempt.number
            if (gain := attempt.gain_per_1k_tokens(name)) is not None:
                yield f"{name}.gain_per_1k_tokens", gain, attempt.number
    last = experiment.attempts[-1].number
    for name, figure in experiment.summary.figures.items():
        yield f"{name}.low", figure.low, last
        yield f"{name}.high", figure.high, last
        yield f"{name}.macro", figure.macro, last


def _start(create: Callable[[], str], settings: Settings) -> OpenRun | None:
    try:
        connection = connect(settings.tracking_uri)
        return OpenRun(connection.run(create, _DEADLINE_S), connection)
    except UnreachableError as error:
        _logger.warning("this run is not logged: %s", error)
        return None


def _create(dataset: Dataset, context: Context, settings: Settings, parent_id: str | None) -> str:
    choices = describe(context, settings)
    tags = {
        "mlflow.runType": "genai_evaluate",  # as MLflow's own evaluations
        "optophone.kind": KIND,
        **{f"optophone.{name}": choices[name] for name in ("schema", "chat_model", "extract_prompt", "refine_prompt")},
        **({"mlflow.parentRunId": parent_id} if parent_id else {}),
    }
    return _create_run(dataset, settings, str(choices["chat_model"]), tags, choices)


def _create_comparison(dataset: Dataset, facts: dict[str, Any], settings: Settings) -> str:
    return _create_run(dataset, settings, "comparison", {"optophone.kind": COMPARISON}, facts)


def _create_run(dataset: Dataset, settings: Settings, name: str, tags: dict[str, str], facts: dict[str, Any]) -> str:
    """Create a run on a data set, which its tags, its parameters and its inputs name."""
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds
    from mlflow.entities import Dataset as LoggedDataset  # noqa: PLC0415
    from mlflow.entities import DatasetInput, Param  # noqa: PLC0415

    client, kind = MlflowClient(), dataset.spec.partition(":")[0]
    digest = dataset_digest(dataset.samples)
    tags = {**tags, "optophone.dataset": f"{kind} {digest}"}
    run = client.create_run(use_experiment(settings), tags=tags, run_name=f"{kind} {name}")
    facts = {"dataset": dataset.spec, "documents": len(dataset.samples), "skipped": len(dataset.skipped), **facts}
    client.log_batch(run.info.run_id, params=[Param(name, str(value)) for name, value in facts.items()])
    source = LoggedDataset(kind, digest, "local", json.dumps({"uri": dataset.spec}))
    client.log_inputs(run.info.run_id, [DatasetInput(source)])
    return str(run.info.run_id)


def _end(run_id: str, status: str, connection: Connection) -> None:
    def end() -> None:
        from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

        MlflowClient().set_terminated(run_id, status)

    try:
        connection.run(end, _DEADLINE_S)
    except UnreachableError as error:
        _logger.warning("run %s stays open in MLflow: %s", run_id, error)


def _content(document: str) -> str:
    """Return what tells a document from others: the digest of its bytes, or its address where it can't be read."""
    if document.startswith("sha256:"):
        return document
    try:
        return f"sha256:{hashlib.sha256(Path(document).read_bytes()).hexdigest()}"
    except OSError:
        return document
