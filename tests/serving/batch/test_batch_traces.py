"""The traces of `optophone batch`, in a real SQLite store."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from batches import paid_answer, records_of, summary_of

from chat_models.scripted import ScriptedChatModel
from graph.tracing.queue import flush_traces

Run = Callable[..., Any]
Script = Callable[..., tuple[str, ScriptedChatModel]]


def test_each_record_names_its_trace(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """The trace is stored when the command ends."""
    import mlflow

    name, _ = script(*[paid_answer()] * 2)
    run = optophone("batch", write("a", "b"), "--out", tmp_path / "out", "--chat-model", name, "--json")
    for record in records_of(tmp_path / "out"):
        trace = mlflow.get_trace(record["trace_id"])
        assert json.loads(trace.data.request)["document"] == record["source"]
    assert summary_of(run)["traced"] == 2


def _stored() -> set[str]:
    import mlflow

    flush_traces()  # those of earlier tests too
    return {trace.info.trace_id for trace in mlflow.search_traces(return_type="list", max_results=500)}


def _traced(out: Path) -> set[str]:
    return {record["source"] for record in records_of(out) if record["trace_id"]}


def test_sample_is_the_same_in_every_run(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """One that is cut off and goes on, and one with another chat model; each trace that a record names is stored."""
    names = [f"{number:02}" for number in range(20)]
    before, scans = _stored(), write(*names)
    (scans / "twin.pdf").write_bytes((scans / "00.pdf").read_bytes())
    (scans / "broken.pdf").write_bytes(b"no PDF")

    def command(out: str, *options: str) -> tuple[str | Path, ...]:
        name, _ = script(*[paid_answer()] * 20)
        sampled = ("--out", tmp_path / out, "--trace-ratio", "0.4", "--chat-model", name, "--json")
        return ("batch", scans, *sampled, *options)

    run = optophone(*command("one"))
    summary, traced = summary_of(run), _traced(tmp_path / "one")
    assert 3 <= summary["traced"] <= 15
    counts = [summary[name] for name in ("traced", "not_sampled", "untraced", "duplicates", "traces_lost")]
    assert counts == [summary["traced"], 21 - summary["traced"], 0, 1, 0]
    assert f"{summary['traced']}, {summary['not_sampled']} not sampled" in run.err
    ids = {record["trace_id"] for record in records_of(tmp_path / "one")} - {None}
    assert ids == _stored() - before
    cut_off = command("two", "--max-tokens", "900")
    assert optophone(*cut_off).code == 3
    summary = summary_of(optophone(*cut_off[:-2]))
    assert counts == [summary[name] for name in ("traced", "not_sampled", "untraced", "duplicates", "traces_lost")]
    assert _traced(tmp_path / "two") == traced


def test_higher_ratio_traces_more_of_the_same_folder(
    optophone: Run, write: Any, script: Script, tmp_path: Path
) -> None:
    """What a start before had not sampled is counted as untraced, not as lost."""
    name, _ = script(*[paid_answer()] * 3)
    command = ("batch", write("a", "b"), "--out", tmp_path / "out", "--chat-model", name, "--json")
    assert summary_of(optophone(*command, "--trace-ratio", "1e-12"))["not_sampled"] == 2
    write("c")
    summary = summary_of(optophone(*command))
    assert (summary["traced"], summary["not_sampled"], summary["untraced"]) == (1, 0, 2)


def test_mlflows_own_sampling_leaves_no_id_of_a_trace_that_is_not_there(
    optophone: Run, write: Any, script: Script, tmp_path: Path, monkeypatch: Any
) -> None:
    """Its ratio holds too; the record names no trace, and the summary counts none."""
    from mlflow.tracing import provider

    name, _ = script(paid_answer())
    monkeypatch.setenv("MLFLOW_TRACE_SAMPLING_RATIO", "0")
    provider.reset()
    try:
        run = optophone("batch", write("a"), "--out", tmp_path / "out", "--chat-model", name, "--json")
    finally:
        monkeypatch.undo()
        provider.reset()
    assert [record["trace_id"] for record in records_of(tmp_path / "out")] == [None]
    assert (run.code, summary_of(run)["traced"], summary_of(run)["untraced"]) == (0, 0, 1)


def test_ratio_out_of_range_is_refused(optophone: Run, tmp_path: Path) -> None:
    """It says what to do to trace none."""
    for ratio in ("0", "1.1", "nan"):
        run = optophone("batch", "x", "--out", tmp_path / "out", "--trace-ratio", ratio)
        assert run.code == 2
        assert f"--trace-ratio must be above 0 and at most 1, got {ratio}; OPTOPHONE_TRACING=false" in run.err
