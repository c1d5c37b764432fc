"""`optophone compare`: several systems on the same documents, side by side in a table, a picture and one MLflow run."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from evaluation.comparison import Comparison, Evaluated, compare
from evaluation.datasets.load import Dataset
from evaluation.document import run_document
from evaluation.gates import check_metric
from evaluation.grid import System, make_grid
from evaluation.plot import draw_comparison
from evaluation.reading import read_ahead
from evaluation.system import caveat, pin
from evaluation.tracking import comparison_run
from graph.context import Context
from graph.settings import get_settings
from prompts.names import EXTRACT, parse_name
from serving.commands.prompts import answering_store
from serving.comparison_table import comparison_note, print_comparison
from serving.evaluation import folder_name, load_annotated, measure, progress_bar
from serving.extraction import make_folder, write_whole
from serving.table import plain

_TABLE, _PICTURE = "comparison.json", "comparison.png"


@dataclass(frozen=True)
class Options:
    """What the command line says beside the context."""

    dataset: str
    schema: str | None
    chat_models: Sequence[str]
    prompts: Sequence[str]
    metrics: Sequence[str]
    limit: int | None
    seed: int
    concurrency: int
    out: Path | None


def run_comparison(options: Options, context: Context) -> None:
    """Evaluate each system, compare them, and leave files and runs.

    Raises:
        UsageError: the data set, schema, a chat model, a prompt version or a metric is unknown, there are not two
            systems, or nothing can be written; nothing is paid then.
        UnreachableError: the data set is in MLflow, which does not answer.
    """
    settings = get_settings()
    dataset, systems = _prepare(options, context)
    out = options.out or settings.data_dir / "comparisons" / folder_name(dataset.spec.partition(":")[0])
    make_folder(out)
    _check_calls(systems, dataset)
    _read_ahead(dataset, systems[0].context, options.concurrency)
    facts = {"systems": len(systems), "seed": options.seed, "concurrency": options.concurrency}
    with comparison_run(dataset, facts, settings) as run:
        parent_id = run.run_id if run else None
        evaluated = [_evaluate(system, dataset, out, options, parent_id) for system in systems]
        comparison = compare(evaluated, dataset.spec, options.metrics)
        files = _write(comparison, out)
        if run is not None:
            run.log(files, description=comparison_note(comparison))
    console = Console(emoji=False, highlight=False)
    print_comparison(console, comparison, dataset.skipped)
    for note in dict.fromkeys(caveat(dataset.samples, system.context) for system in systems):
        if note:
            console.print(f"[yellow]note[/yellow]     {note}", soft_wrap=True)
    console.print(f"table    {plain(str(files[0]))}\npicture  {plain(str(files[1]))}", soft_wrap=True)
    console.print(f"run      {parent_id or '-'}")


def _prepare(options: Options, context: Context) -> tuple[Dataset, list[System]]:
    """Find what is wrong with the call before anything is paid."""
    prompts = [str(parse_name(prompt, EXTRACT)) for prompt in options.prompts]
    if len(prompts) > 1:
        answering_store()  # out of its reach the packaged prompt would run in the place of each
    schema, dataset = load_annotated(options.dataset, options.schema, options.limit, options.seed)
    for metric in options.metrics:
        check_metric(metric, dataset.samples)
    grid = make_grid(options.chat_models, prompts, context.model_copy(update={"target_schema": schema}))
    return dataset, [replace(system, context=pin(system.context, get_settings())) for system in grid]


def _check_calls(systems: Sequence[System], dataset: Dataset) -> None:
    """Let each system read one document, so that what a provider refuses is told before the others are paid.

    The first one needs no check: it begins, and its own first document tells.
    """
    for system in systems[1:] if dataset.samples else []:
        run_document("check", dataset.samples[0], system.context, None, is_first=True)


def _read_ahead(dataset: Dataset, context: Context, concurrency: int) -> None:
    with progress_bar("reading pages", len(dataset.samples)) as advance, ThreadPoolExecutor(concurrency) as pool:
        for _ in pool.map(lambda sample: read_ahead(sample.document, context), dataset.samples):
            advance()


def _evaluate(system: System, dataset: Dataset, out: Path, options: Options, parent_id: str | None) -> Evaluated:
    measured = measure(
        dataset,
        system.context,
        out / system.letter,
        concurrency=options.concurrency,
        seed=options.seed,
        parent_id=parent_id,
        title=f"{system.letter}  {system.chat_model}, {system.prompt}",
    )
    return Evaluated(system, measured.experiment, measured.run_id)


def _write(comparison: Comparison, out: Path) -> tuple[Path, Path]:
    table, picture = out / _TABLE, out / _PICTURE
    write_whole(table, comparison.model_dump_json(indent=2).encode(errors="backslashreplace") + b"\n")
    write_whole(picture, draw_comparison(comparison))
    return table, picture
