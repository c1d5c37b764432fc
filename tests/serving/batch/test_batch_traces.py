"""The traces of `optophone batch`, in a real SQLite store."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from batches import paid_answer, records_of, summary_of

from chat_models.scripted import ScriptedChatModel

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
