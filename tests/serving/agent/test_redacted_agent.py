"""The agent's own spans around the graph's, with redaction on."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from leaks import find_leaks
from pdfs import text_pdf
from redacting import redacting

from chat_models.scripted import ScriptedChatModel
from graph.context import Context
from graph.tracing.queue import flush_traces
from graph.tracing.tracers import last_trace_id
from serving.responses_agent import OptophoneAgent

Script = Callable[..., tuple[str, ScriptedChatModel]]


@pytest.mark.parametrize("streams", [False, True], ids=["predict", "stream"])
def test_requests_and_answers_of_the_agent_are_redacted(script: Script, data_dir: Path, streams: bool) -> None:
    """The document's bytes, the answer as text, each event of a stream; who asks gets everything."""
    company = "Snorkelby Vantongue"
    document = text_pdf(company, "Total 8.00")
    name, _ = script(json.dumps({"company": company, "total": 8.0}))
    agent = OptophoneAgent()
    agent.configure(Context(chat_model=name, target_schema="receipt"), [name])
    part = {"type": "input_file", "filename": "receipt.pdf", "file_data": document}
    request = {"input": [{"role": "user", "content": [part]}], "custom_inputs": {}}
    with redacting("/company"):
        answers = list(agent.predict_stream(request)) if streams else [agent.predict(request)]
        assert company in answers[-1].model_dump_json()
        flush_traces()
        trace = mlflow.get_trace(last_trace_id())
    with sqlite3.connect(data_dir / "mlflow.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert find_leaks(data_dir, [company, document[100:160]], ("documents", "service.db")) == []
    assert trace.data.spans[0].name == ("predict_stream" if streams else "predict")
    assert "[redacted]" in json.dumps(trace.data.spans[0].outputs)
    assert "8.0" in json.dumps(trace.data.spans[0].outputs)
