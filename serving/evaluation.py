"""`optophone evaluate`: run a data set, say how good it was, leave files and a run in MLflow, and hold it to a bar."""

import re
from collections.abc import Iterator, Sequence
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
from evaluation.tracking import evaluation_run
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


def run_evaluation(options: Options, context: Context) -> bool:
    """Evaluate and report; return whether every figure reaches its bar.

    Raises:
        UsageError: the data set, schema, chat model, prompt version or a metric is unknown, or nothing can be written.
        UnreachableError: the data set is in MLflow, which does not answer.
    """
    settings = get_settings()
    gates = parse_gates(options.fail_under)
    dataset, context = _prepare(options, context, gates)
    out = options.out or settings.data_dir / "evaluations" / _folder_name(dataset.spec, context.chat_model)
    make_folder(out)
    with evaluation_run(dataset, context, settings) as run:
        experiment = _run(dataset, context, options, out, run.run_id if run else None)
        files = _write(experiment, dataset, context, out)
        if run is not None:
            run.log(experiment, files)
    console = Console(emoji=False, highlight=False)
    print_experiment(console, experiment, dataset.skipped)
    if note := caveat(dataset.samples, context):
        console.print(f"[yellow]note[/yellow]     {note}", soft_wrap=True)
    console.print(f"report   {plain(str(files[-1]))}\nrecords  {plain(str(files[0]))}", soft_wrap=True)
    console.print(f"run      {run.run_id if run else '-'}")
    return print_gates(console, gates, experiment.summary)


def _prepare(options: Options, context: Context, gates: Sequence[Gate]) -> tuple[Dataset, Context]:
    """Find what is wrong with the call before anything is paid."""
    settings = get_settings()
    dataset = load_dataset(options.dataset, settings.tracking_uri)
    schema, samples = choose_schema(dataset.samples, options.schema)
    dataset = replace(dataset, samples=samples)
    if options.limit is not None:
        dataset = subset(dataset, options.limit, options.seed)
    check_gates(gates, dataset.samples)
    return dataset, pin(context.model_copy(update={"target_schema": schema}), settings)


def _run(dataset: Dataset, context: Context, options: Options, out: Path, run_id: str | None) -> Experiment:
    """Show progress, and write each result at once: an interrupt loses none that is paid for."""
    with _progress(len(dataset.samples)) as progress, (out / _RECORDS).open("wb") as records:
        return run_experiment(
            dataset.samples,
            context,
            concurrency=options.concurrency,
            seed=options.seed,
            run_id=run_id,
            on_done=lambda document: _note(document, records, progress),
        )


def _note(document: DocumentResult, records: BinaryIO, progress: Progress) -> None:
    records.write(document.to_line())
    records.flush()
    progress.advance(progress.task_ids[0])


def _write(experiment: Experiment, dataset: Dataset, context: Context, out: Path) -> list[Path]:
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
    return [records, report]


@contextmanager
def _progress(documents: int) -> Iterator[Progress]:
    """Show a bar on stderr, and leave stdout to the figures."""
    columns = [TextColumn("evaluating"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=False) as progress:
        progress.add_task("evaluating", total=documents)
        yield progress


def _folder_name(spec: str, chat_model: str | None) -> str:
    """Name a folder after when, what and by whom."""
    words = re.sub(r"[^\w.-]+", "-", f"{spec.partition(':')[0]}-{chat_model}").strip("-")[:80]
    return f"{datetime.now():%Y%m%d-%H%M%S}-{words}"
