"""The `optophone` command. Heavy imports wait for the command that needs them: `--help` is to answer at once."""

import io
import logging
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from prompts.names import EXTRACT, parse_name
from schemas.errors import OptophoneError, UsageError
from serving.prompt_commands import prompts_app

EXIT_OK, EXIT_NOT_VALID, EXIT_USAGE = 0, 1, 2
EXIT_BELOW_BAR = 1

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Turn scanned forms into schema-valid JSON, every value tied to its place on the page.",
)
app.add_typer(prompts_app, name="prompts")


class _Messages(logging.Handler):
    """Warnings as lines on stderr; above the progress bar where there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one."""
        typer.echo(f"optophone: {record.getMessage()}", err=True)


_messages = _Messages(logging.WARNING)


def main() -> None:
    """Run the command line; what the caller can mend becomes one line on stderr and exit code 2."""
    logging.getLogger("optophone").addHandler(_messages)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # JSON is UTF-8 (RFC 8259) whatever the locale says; a file name's stray byte is shown escaped.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        app(prog_name="optophone")
    except OptophoneError as error:
        typer.echo(f"optophone: {error}", err=True)
        sys.exit(EXIT_USAGE)
    except OSError as error:  # a full disk, a data folder that can't be made
        typer.echo(f"optophone: stopped by the system: {error}; mend it and run again, what is written stays", err=True)
        sys.exit(EXIT_USAGE)


@app.command()
def extract(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Images and PDFs", show_default=False)],
    *,
    schema: Annotated[str, typer.Option(help="form, receipt, invoice, a JSON Schema file or module:Class")] = "form",
    chat_model: Annotated[
        str | None,
        typer.Option(
            help="local, local:WEIGHTS, local:rules, or provider:model "
            "[default: openai:gpt-4o-mini with OPENAI_API_KEY set, else local]"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a document and nothing else")] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write <stem>.json for each document")] = None,
    highlight: Annotated[bool, typer.Option("--highlight", help="Write <stem>.highlighted.png too")] = False,
    max_attempts: Annotated[int, typer.Option(min=1, max=10, help="Chat-model requests a document at most")] = 3,
    rules: Annotated[str, typer.Option(metavar="TEXT", help="Rules of your own for the prompts")] = "",
    grounding: Annotated[
        Literal["off", "report", "require"], typer.Option(help="Whether values must stand on the page")
    ] = "report",
    extract_prompt: Annotated[str | None, typer.Option(help="Prompt version, such as optophone-extract@2")] = None,
) -> None:
    """Read documents into JSON.

    Exit code 0: all valid; 1: some document is not valid; 2: the call is wrong.
    """
    if highlight and out is None:
        raise typer.BadParameter("--highlight writes files: give --out DIR too")
    # An installed command imports from its own folder only, and module:Class is in the caller's; last, to hide nothing.
    sys.path.append("")
    from graph.context import Context  # noqa: PLC0415
    from serving.extraction import run_documents  # noqa: PLC0415

    context = Context(
        target_schema=schema,
        chat_model=chat_model,
        max_attempts=max_attempts,
        additional_rules=rules,
        grounding=grounding,
        **({"extract_prompt": extract_prompt} if extract_prompt else {}),
    )
    all_valid = run_documents(files, context, as_json=as_json, out=out, highlighted=highlight)
    raise typer.Exit(EXIT_OK if all_valid else EXIT_NOT_VALID)


@app.command()
def evaluate(
    *,
    dataset: Annotated[str, typer.Option(metavar="KIND:DIR", help="funsd:DIR, sroie:DIR, folder:DIR, or reviewed")],
    schema: Annotated[
        str | None, typer.Option(help="Schema to fill [default: the one that the dataset is annotated for, else form]")
    ] = None,
    chat_model: Annotated[str | None, typer.Option(help="As for extract")] = None,
    prompt: Annotated[
        str | None, typer.Option(help="Prompt version of the first request: 2, @production or extract@2")
    ] = None,
    max_attempts: Annotated[int, typer.Option(min=1, max=10, help="Chat-model requests a document at most")] = 3,
    limit: Annotated[int | None, typer.Option(min=1, help="So many documents, chosen at random [default: all]")] = None,
    seed: Annotated[int, typer.Option(help="Of that choice and of the intervals")] = 0,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Documents at a time")] = 4,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC=BAR", help="Exit 1 where a figure is worse than this; repeat for more"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the report goes [default: evaluations/ in the data folder]"),
    ] = None,
) -> None:
    """Measure how well annotated documents are read: a table, an HTML report, and a run in MLflow.

    Exit code 0: measured, and no figure is below its bar; 1: one is; 2: the call is wrong.
    """
    sys.path.append("")  # as for extract
    from graph.context import Context  # noqa: PLC0415
    from serving.evaluation import Options, run_evaluation  # noqa: PLC0415

    chosen = {"extract_prompt": str(parse_name(prompt, EXTRACT))} if prompt else {}
    context = Context(chat_model=chat_model, max_attempts=max_attempts, **chosen)
    options = Options(dataset, schema, limit, seed, concurrency, fail_under or [], out)
    raise typer.Exit(EXIT_OK if run_evaluation(options, context) else EXIT_BELOW_BAR)


@app.command()
def compare(
    *,
    dataset: Annotated[str, typer.Option(metavar="KIND:DIR", help="As for evaluate")],
    chat_model: Annotated[
        list[str] | None, typer.Option(metavar="M", help="As for extract; repeat to compare several")
    ] = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option(metavar="VERSION", help="Of the first request: 2, @production or extract@2; repeat for more"),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Compare this too, beside the headline, cost and latency")
    ] = None,
    schema: Annotated[str | None, typer.Option(help="As for evaluate")] = None,
    max_attempts: Annotated[int, typer.Option(min=1, max=10, help="Chat-model requests a document at most")] = 3,
    limit: Annotated[int | None, typer.Option(min=1, help="So many documents, chosen at random [default: all]")] = None,
    seed: Annotated[int, typer.Option(help="Of that choice and of the intervals")] = 0,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Documents at a time")] = 4,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the files go [default: comparisons/ in the data folder]"),
    ] = None,
) -> None:
    """Put systems side by side, each chat model with each prompt: a table, what sets each pair apart, and a picture."""
    sys.path.append("")  # as for extract
    from graph.context import Context  # noqa: PLC0415
    from serving.comparison import Options, run_comparison  # noqa: PLC0415

    options = Options(
        dataset, schema, chat_model or [], prompt or [], metric or [], limit, seed, concurrency, out
    )  # fmt: skip
    run_comparison(options, Context(max_attempts=max_attempts))


@app.command()
def train(
    *,
    dataset: Annotated[
        list[str],
        typer.Option(metavar="KIND:DIR", help="funsd:DIR, folder:DIR or reviewed; may be given several times"),
    ],
    out: Annotated[
        Path, typer.Option(metavar="WEIGHTS", help="File to write; read it with --chat-model local:WEIGHTS")
    ],
    folds: Annotated[int, typer.Option(min=3, help="Parts of the cross-validation")] = 5,
) -> None:
    """Train the local reader on annotated forms, and cross-validate it: minutes on two cores."""
    from serving.training import run_training  # noqa: PLC0415

    run_training(dataset, out, folds)


@app.command()
def witness(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Holds answers.jsonl and its documents")],
    *,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write each value as a line of JSON")] = None,
) -> None:
    """Replay recorded answers of chat models: which wrong values the page's words catch."""
    from serving.witness import run_witness  # noqa: PLC0415

    run_witness(folder, out)


@app.command()
def optimize(
    *,
    dataset: Annotated[str, typer.Option(help="funsd:DIR, sroie:DIR, folder:DIR or reviewed")],
    reflection_model: Annotated[str, typer.Option(metavar="M", help="Writes the prompts: provider:model")],
    budget: Annotated[int, typer.Option(metavar="N", help="Documents read at most", min=1)] = 200,
    schema: Annotated[str, typer.Option(help="form, receipt, invoice, a JSON Schema file or module:Class")] = "form",
    chat_model: Annotated[str | None, typer.Option(help="Reads the documents, as for extract")] = None,
    max_attempts: Annotated[int, typer.Option(min=1, max=10, help="Chat-model requests a document at most")] = 3,
    limit: Annotated[int | None, typer.Option(metavar="N", help="So many documents, chosen at random", min=4)] = None,
    seed: Annotated[int, typer.Option(help="Of every choice")] = 0,
) -> None:
    """Search for better prompts: half of the documents propose, the other half decides; nothing is promoted yet."""
    sys.path.append("")
    from graph.context import Context  # noqa: PLC0415
    from serving.optimisation import run_optimisation  # noqa: PLC0415

    context = Context(target_schema=schema, chat_model=chat_model, max_attempts=max_attempts)
    run_optimisation(dataset, context, reflection_model, budget=budget, limit=limit, seed=seed)


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(help="Address; any but this machine's own needs OPTOPHONE_API_TOKENS")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port")] = 8000,
) -> None:
    """Serve the page and the REST interface: upload, extract, review."""
    from serving.web.server import run_server  # noqa: PLC0415

    _check_port(port, host)
    typer.echo(f"http://{host}:{port}  (Ctrl+C ends it)", err=True)
    run_server(host, port)


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on this machine")] = 5000) -> None:
    """Open MLflow's pages on this store: traces, prompts, runs."""
    import os  # noqa: PLC0415

    from graph.settings import get_settings  # noqa: PLC0415

    _check_port(port)
    # One process serves one person; MLflow's job runner would add nine more and over a gigabyte.
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    uri = get_settings().tracking_uri
    environment["MLFLOW_BACKEND_STORE_URI"] = uri  # not on the command line, where every user sees its password
    command = [sys.executable, "-m", "mlflow", "ui", "--port", str(port), "--workers", "1"]
    typer.echo(f"http://127.0.0.1:{port}  (Ctrl+C ends it)", err=True)
    os.execve(sys.executable, command, environment)  # noqa: S606 - the arguments are this command's own


def _check_port(port: int, host: str = "127.0.0.1") -> None:
    """Find a taken port before the server does: MLflow says so in a log line and ends with 0."""
    import socket  # noqa: PLC0415

    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(f"port {port} can't be used ({error.strerror}); choose another with --port") from error


if __name__ == "__main__":
    main()
