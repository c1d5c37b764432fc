"""The `optophone` command: its subcommands are in `serving.commands`."""

import io
import logging
import sys
from typing import Annotated

import typer

from schemas.errors import OptophoneError
from serving.commands.audit import audit
from serving.commands.batch import batch
from serving.commands.extract import extract
from serving.commands.improve import optimize, train
from serving.commands.measure import compare, evaluate, witness
from serving.commands.monitor import monitor
from serving.commands.prompts import prompts_app
from serving.commands.register import register
from serving.commands.review import review
from serving.commands.serve import serve, ui
from serving.commands.traces import traces_app
from serving.variables import warn_of_unknown_variables

EXIT_USAGE = 2

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    extract, batch, review, evaluate, compare, witness, monitor, train, optimize, register, serve, ui, audit
):  # fmt: skip
    app.command()(command)
app.add_typer(prompts_app, name="prompts")
app.add_typer(traces_app, name="traces")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version  # noqa: PLC0415 - costs what --help need not wait for

        typer.echo(f"optophone {version('optophone')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", help="Print the version and end", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Turn scanned forms into schema-valid JSON, every value tied to its place on the page."""
    warn_of_unknown_variables()


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


if __name__ == "__main__":
    main()
