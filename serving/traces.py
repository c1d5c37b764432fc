"""`optophone traces`: what was read as a table, and one trace as a tree."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from evaluation.monitoring.query import RunQuery
from evaluation.monitoring.runs import TracedRun, load_traces, to_run
from evaluation.monitoring.settled import find_settled_runs, settle
from schemas.errors import UsageError
from serving.table import plain

_STYLES = {"valid": "green", "exhausted": "yellow", "unreadable": "red", "failed": "red"}
# What a reference is told by; as many as a column takes.
_DOCUMENT_CHARS = len("sha256:") + 8
# The first line of a provider's error, mostly.
_ERROR_CHARS = 200
_WIDEST = 1000


def list_runs(query: RunQuery, limit: int, *, as_json: bool) -> None:
    """Print the newest runs that fit.

    Raises:
        UsageError: the query can't be asked.
        UnreachableError: MLflow doesn't answer.
    """
    runs = list(islice(find_settled_runs(query), limit))
    if as_json:
        for run in runs:
            sys.stdout.write(json.dumps({**asdict(run), "at": run.at.isoformat()}, ensure_ascii=False) + "\n")
        return
    console = Console(emoji=False, highlight=False)
    if not runs:
        console.print("no trace fits")
        return
    table = _table(runs)
    # One line a trace whatever the terminal's width: ids are there to be copied, lines to be searched.
    console.width = max(console.width, console.measure(table, options=console.options.update(width=_WIDEST)).maximum)
    console.print(table, soft_wrap=True, crop=False)


def _table(runs: Sequence[TracedRun]) -> Table:
    table = Table(
        "trace", "at (UTC)", "document", "schema", "status", "chat model", "prompts", box=None, pad_edge=False
    )
    for name in ("values", "seconds", "tokens"):
        table.add_column(name, justify="right")
    table.add_column("reviewer")
    for run in runs:
        table.add_row(*_row(run))
    return table


def _row(run: TracedRun) -> list[str]:
    figures, style = run.figures, _STYLES.get(run.status, "dim")
    return [
        run.trace_id,
        f"{run.at:%Y-%m-%d %H:%M:%S}",
        plain(run.name or run.document[:_DOCUMENT_CHARS]),
        plain(run.schema),
        f"[{style}]{plain(run.status or '-')}[/{style}]",
        plain(run.chat_model),
        plain(" ".join(prompt.removeprefix("optophone-").replace("/", "@") for prompt in run.prompts)),
        str(figures["values"]) if figures else "-",
        "-" if run.seconds is None else f"{run.seconds:.2f}",
        str(figures["input_tokens"] + figures["output_tokens"]) if figures else "-",
        plain(" ".join([*run.reviewers, *([f"({run.kind})"] if run.kind else [])])),
    ]


def show_trace(trace_id: str) -> None:
    """Print a trace's spans.

    Raises:
        UsageError: there is no such trace.
        UnreachableError: MLflow doesn't answer.
    """
    trace = next(load_traces([trace_id]), None)
    if trace is None:
        raise UsageError(f"MLflow has no trace '{trace_id}'; copy an id from `optophone traces`")
    console = Console(emoji=False, highlight=False)
    run = settle(to_run(trace.info))
    for name, text in (
        ("document", f"{run.document} {run.name}".strip()),
        ("schema", run.schema),
        ("status", run.status),
        ("by", run.chat_model),
        ("prompts", " ".join(run.prompts)),
        ("reviewer", " ".join(run.reviewers)),
    ):
        console.print(plain(f"{name:8} {text or '-'}"), soft_wrap=True)
    for tree in _trees(trace.data.spans):
        console.print(tree, soft_wrap=True)


def _trees(spans: Sequence[Any]) -> list[Tree]:
    """Hang each span below its parent, in the order of their starts."""
    nodes = {span.span_id: Tree(_line(span)) for span in spans}
    roots = []
    for span in sorted(spans, key=lambda span: span.start_time_ns):
        parent = nodes.get(span.parent_id)
        if parent is None:
            roots.append(nodes[span.span_id])
        else:
            parent.children.append(nodes[span.span_id])
    return roots


def _line(span: Any) -> str:
    seconds = "running" if span.end_time_ns is None else f"{(span.end_time_ns - span.start_time_ns) / 1e9:.2f} s"
    parts = [f"[bold]{plain(span.name)}[/bold]", seconds]
    usage = span.get_attribute("mlflow.chat.tokenUsage")
    if usage:
        parts.append(f"{usage['input_tokens']} + {usage['output_tokens']} tokens")
    if span.status.status_code.value == "ERROR":
        parts.append(f"[red]error[/red] {plain(' '.join(str(span.status.description).split())[:_ERROR_CHARS])}")
    return "  ".join(parts)
