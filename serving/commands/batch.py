"""`optophone batch`."""

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from schemas.errors import UsageError
from serving.commands.options import ExtractPrompt, Grounding, PagesPerRequest, Rules

if TYPE_CHECKING:
    from serving.batch.run import BatchOutcome

EXIT_OK, EXIT_NOT_VALID, EXIT_BUDGET, EXIT_INTERRUPTED = 0, 1, 3, 130


def batch(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="Folders, images and PDFs, patterns, or manifests (.csv, .jsonl; columns document, id, schema, "
            "chat_model, rules)",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[
        str, typer.Option(metavar="DIR", help="Folder of the run: results.jsonl and run.json; with Ray also a URI")
    ],
    schema: Annotated[str, typer.Option(help="As for extract")] = "form",
    chat_model: Annotated[str | None, typer.Option(help="As for extract")] = None,
    max_attempts: Annotated[int, typer.Option(min=1, max=10, help="Chat-model requests a document at most")] = 3,
    pages_per_request: PagesPerRequest = None,
    rules: Rules = "",
    grounding: Grounding = "report",
    extract_prompt: ExtractPrompt = None,
    concurrency: Annotated[int, typer.Option(min=1, max=1024, help="Requests under way at once")] = 8,
    rpm: Annotated[float | None, typer.Option(min=0.1, help="Requests a minute to a chat model at most")] = None,
    tpm: Annotated[float | None, typer.Option(min=1, help="Tokens a minute at most")] = None,
    patience: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="How long a request is repeated while a provider is in trouble"),
    ] = 600,
    formats: Annotated[
        Literal["jsonl", "parquet"], typer.Option("--format", help="parquet: documents/ and fields/ besides")
    ] = "jsonl",
    max_cost: Annotated[
        float | None, typer.Option(min=0, metavar="USD", help="Stop before the run has cost more")
    ] = None,
    max_tokens: Annotated[int | None, typer.Option(min=0, help="Stop before the run has taken more tokens")] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask again what ended exhausted or failed")
    ] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew; what is there is moved aside")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Take no answers of earlier runs, keep none")] = False,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="ray: on several machines; see docs/scale.md")
    ] = "local",
    ray_address: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Ray cluster to join, such as auto; without one, this machine")
    ] = None,
    ray_workers: Annotated[
        str, typer.Option(metavar="MIN:MAX", help="How many processes work; without MAX, as many as there is room for")
    ] = "1:",
    ray_cpus: Annotated[float, typer.Option(min=0.01, help="Cores that each of them is counted as")] = 1.0,
    trace_ratio: Annotated[
        float,
        typer.Option(metavar="RATIO", help="Share of the documents that are traced, above 0; always the same ones"),
    ] = 1.0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but warnings and errors")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON on stdout")] = False,
) -> None:
    """Read thousands of documents into one file; the same command does the rest of what was interrupted.

    Exit code 0: all valid; 1: some document is not valid; 2: the call is wrong or the system stopped it; 3: stopped
    at the budget; 130: interrupted.
    """
    sys.path.append("")  # as for extract
    import graph.app  # noqa: F401, PLC0415 - turns tracing on
    from chat_models.pace import PaceLimits  # noqa: PLC0415
    from graph.context import Context  # noqa: PLC0415
    from serving.batch.run import Options, run_batch  # noqa: PLC0415
    from serving.distributed.cluster import Cluster, worker_counts  # noqa: PLC0415
    from serving.distributed.output import is_uri  # noqa: PLC0415
    from serving.distributed.run import RayOptions, run_on_ray  # noqa: PLC0415

    if not 0 < trace_ratio <= 1:
        raise UsageError(
            f"--trace-ratio must be above 0 and at most 1, got {trace_ratio:g}; OPTOPHONE_TRACING=false traces none"
        )
    context = Context(
        target_schema=schema,
        chat_model=chat_model,
        max_attempts=max_attempts,
        pages_per_request=pages_per_request,
        additional_rules=rules,
        grounding=grounding,
        **({"extract_prompt": extract_prompt} if extract_prompt else {}),
    )
    pace = PaceLimits(rpm or math.inf, tpm or math.inf, patience_s=patience)
    if engine == "ray":
        refused = {
            "--max-cost": max_cost is not None,
            "--max-tokens": max_tokens is not None,
            "--retry-failed": retry_failed,
            "--restart": restart,
        }
        if given := [name for name, is_given in refused.items() if is_given]:
            raise UsageError(f"{', '.join(given)} does not go with --engine ray; leave it out, or use --engine local")
        cluster = Cluster(ray_address, *worker_counts(ray_workers), ray_cpus)
        outcome = run_on_ray(
            inputs,
            context,
            RayOptions(
                out,
                cluster,
                pace,
                concurrency,
                keeps_answers=not no_cache,
                trace_ratio=trace_ratio,
                quiet=quiet,
            ),
        )
        _end(outcome, as_json=as_json)
    if is_uri(out):
        raise UsageError(f"'{out}' is a URI; give a folder, or use --engine ray")
    options = Options(
        out=Path(out),
        concurrency=concurrency,
        max_cost_usd=max_cost,
        max_tokens=max_tokens,
        pace=pace,
        retry_failed=retry_failed,
        restart=restart,
        keeps_answers=not no_cache,
        trace_ratio=trace_ratio,
        parquet=formats == "parquet",
        quiet=quiet,
    )
    _end(run_batch(inputs, context, options), as_json=as_json)


def _end(outcome: "BatchOutcome", *, as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({**outcome.tally.as_json(), "stop_reason": outcome.stop_reason}))
    codes = {"budget": EXIT_BUDGET, "uncounted": EXIT_BUDGET, "interrupted": EXIT_INTERRUPTED}
    all_valid = outcome.tally.valid == outcome.tally.done
    raise typer.Exit(codes.get(outcome.stop_reason or "", EXIT_OK if all_valid else EXIT_NOT_VALID))
