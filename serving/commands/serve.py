"""`optophone serve` and `ui`: what listens on a port."""

import sys
from typing import Annotated

import typer

from schemas.errors import UsageError


def serve(
    host: Annotated[
        str, typer.Option(help="Address; any but this machine's own needs OPTOPHONE_API_TOKENS")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port")] = 8000,
    agent: Annotated[
        bool, typer.Option("--agent", help="Serve OpenAI's Responses API instead, by MLflow's agent server")
    ] = False,
) -> None:
    """Serve the page and the REST interface: upload, extract, review."""
    from serving.web.server import run_server  # noqa: PLC0415

    _check_port(port, host)
    run_server(host, port, lambda url: typer.echo(f"{url}  (Ctrl+C ends it)", err=True), is_agent=agent)


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
