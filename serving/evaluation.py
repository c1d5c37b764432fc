"""`optophone evaluate`: run a data set, say how good it was, leave files and a run in MLflow, and hold it to a bar."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from evaluation.datasets.load import Dataset, load_dataset, subset
from evaluation.document import DocumentResult
from evaluation.experiment import Experiment, run_experiment
from evaluation.gates import Gate, check_gates, parse_gates
from evaluation.report import make_report
from evaluation.system import caveat, choose_schema, describe, pin
from evaluation.tracking import evaluation_run, run_figures
from graph.context import Context
from graph.settings import get_settings
from serving.evaluation_table import print_experiment, print_gates
from serving.extraction import make_folder, write_whole
from serving.table import plain

_RECORDS, _REPORT = "per_document.jsonl", "report.html"


@dataclass(frozen=True)
class Options:
    """What the command line says beside the context."""

    dataset: str
    schema: str | None
    limit: int | None
    seed: int
    concurrency: int
    fail_under: Sequence[str]
    out: Path | None


@dataclass(frozen=True)
class Measured:
    """One system's evaluation, and where its traces are kept."""

    experiment: Experiment
    records: Path
    report: Path
    run_id: str | None
    """Of its MLflow run; None where MLflow was out of reach."""


def run_evaluation(options: Options, context: Context) -> bool:
    """Evaluate and report; return whether every figure reaches its bar.

    Raises:
        UsageError: the data set, schema, chat model, prompt version or a metric is unknown, or nothing can be written.
        UnreachableError: the data set is in MLflow, which does not answer.
    """
    gates = parse_gates(options.fail_under)
    dataset, context = _prepare(options, context, gates)
    name = folder_name(f"{dataset.spec.partition(':')[0]}-{context.chat_model}")
    out = options.out or get_settings().data_dir / "evaluations" / name
    measured = measure(dataset, context, out, concurrency=options.concurrency, seed=options.seed)
    console = Console(emoji=False, highlight=False)
    print_experiment(console, measured.experiment, dataset.skipped)
    if note := caveat(dataset.samples, context):
        console.print(f"[yellow]note[/yellow]     {note}", soft_wrap=True)
    console.print(f"report   {plain(str(measured.report))}\nrecords  {plain(str(measured.records))}", soft_wrap=True)
    console.print(f"run      {measured.run_id or '-'}")
    return print_gates(console, gates, measured.experiment.summary)


def load_annotated(spec: str, schema: str | None, limit: int | None, seed: int) -> tuple[str, Dataset]:
    """Return the schema to fill, and the part of a data set to fill it from.

    Raises:
        UsageError: the data set or the schema is unknown, or they don't fit.
        UnreachableError: the data set is in MLflow, which does not answer.
    """
    dataset = load_dataset(spec, get_settings().tracking_uri)
    chosen, samples = choose_schema(dataset.samples, schema)
    dataset = replace(dataset, samples=samples)
    return chosen, dataset if limit is None else subset(dataset, limit, seed)


def measure(
    dataset: Dataset,
    context: Context,
    out: Path,
    *,
    concurrency: int,
    seed: int,
    parent_id: str | None = None,
    title: str = "evaluating",
) -> Measured:
    """Evaluate one pinned system: a run in MLflow, records and a report in `out`, progress under its title.

    Raises:
        UsageError: nothing can be written there, or the call is wrong for every document.
    """
    make_folder(out)
    with evaluation_run(dataset, context, get_settings(), parent_id) as run:
        run_id = run.run_id if run else None
        # Each result is written at once: an interrupt loses none that is paid for.
        with progress_bar(title, len(dataset.samples)) as advance, (out / _RECORDS).open("wb") as records:
            experiment = run_experiment(
                dataset.samples,
                context,
                concurrency=concurrency,
                seed=seed,
                run_id=run_id,
                on_done=lambda document: _note(document, records, advance),
            )
        files = _write(experiment, dataset, context, out)
        if run is not None:
            run.log(files, run_figures(experiment))
    return Measured(experiment, *files, run_id)


def _prepare(options: Options, context: Context, gates: Sequence[Gate]) -> tuple[Dataset, Context]:
    """Find what is wrong with the call before anything is paid."""
    schema, dataset = load_annotated(options.dataset, options.schema, options.limit, options.seed)
    check_gates(gates, dataset.samples)
    return dataset, pin(context.model_copy(update={"target_schema": schema}), get_settings())


def _note(document: DocumentResult, records: BinaryIO, advance: Callable[[], None]) -> None:
    records.write(document.to_line())
    records.flush()
    advance()


def _write(experiment: Experiment, dataset: Dataset, context: Context, out: Path) -> tuple[Path, Path]:
    """Write the records again, in the data set's order, and the report."""
    records, report = out / _RECORDS, out / _REPORT
    write_whole(records, b"".join(document.to_line() for document in experiment.documents))
    choices = describe(context, get_settings())
    facts = {
        "dataset": dataset.spec,
        "chat_model": choices.pop("chat_model"),
        "when": datetime.now().astimezone().isoformat(" ", "minutes"),
        **choices,
        "note": caveat(dataset.samples, context),
    }
    write_whole(report, make_report(experiment, facts, dataset.skipped).encode(errors="backslashreplace"))
    return records, report


@contextmanager
def progress_bar(title: str, documents: int) -> Iterator[Callable[[], None]]:
    """Show a bar on stderr, and leave stdout to the figures; gives what to call after each document."""
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), redirect_stdout=False) as progress:
        task = progress.add_task(plain(title), total=documents)
        yield lambda: progress.advance(task)


def folder_name(subject: str) -> str:
    """Name a folder after when and what."""
    words = re.sub(r"[^\w.-]+", "-", subject).strip("-")[:80]
    return f"{datetime.now():%Y%m%d-%H%M%S}-{words}"
