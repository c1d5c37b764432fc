"""The real `langgraph dev` server, offline and with no account."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient
from pdfs import text_pdf
from processes import langgraph_server, own_environment

pytestmark = pytest.mark.slow

RECEIPT = text_pdf("ACME STORE", "Date: 25/12/2018", "Total: 8.00")


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SyncLangGraphClient, Path]]:
    """The server on a free port with a data folder of its own; the folder comes with the client."""
    data_dir = tmp_path_factory.mktemp("server")
    with langgraph_server(root, data_dir) as url, get_sync_client(url=url, api_key=None) as client:
        yield client, data_dir


def _run(client: SyncLangGraphClient, document: str, **context: Any) -> Any:
    context = {"target_schema": "receipt", "chat_model": "local", **context}
    return client.runs.wait(None, "optophone", input={"document": document}, context=context)


def test_run_gives_the_same_json_as_the_command_line(
    server: tuple[SyncLangGraphClient, Path], root: Path, tmp_path: Path
) -> None:
    """The same document and choices, once over HTTP and once from the command line."""
    client, data_dir = server
    over_http = _run(client, RECEIPT)
    arguments = [RECEIPT, "--schema", "receipt", "--chat-model", "local", "--json"]
    printed = subprocess.run(
        [sys.executable, "-m", "serving.cli", "extract", *arguments],
        cwd=root,
        env=own_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert over_http == json.loads(printed.stdout)
    assert over_http["extraction"]["total"] == 8.0


def test_stored_reference_stands_for_the_document(server: tuple[SyncLangGraphClient, Path]) -> None:
    """A document is uploaded once and named afterwards."""
    client, _ = server
    first = _run(client, RECEIPT)
    assert _run(client, first["document"]) == first


def test_context_schema_is_served_with_defaults(server: tuple[SyncLangGraphClient, Path]) -> None:
    """Studio shows the context as a form."""
    client, _ = server
    assistant = client.assistants.search(graph_id="optophone")[0]
    context = client.assistants.get_schemas(assistant["assistant_id"])["context_schema"]
    assert context["properties"]["target_schema"]["default"] == "form"
    assert context["properties"]["grounding"]["enum"] == ["off", "report", "require"]


def test_stream_reports_each_node(server: tuple[SyncLangGraphClient, Path]) -> None:
    """Progress arrives node by node."""
    client, _ = server
    chunks = client.runs.stream(
        None, "optophone", input={"document": RECEIPT}, context={"chat_model": "local"}, stream_mode="updates"
    )
    nodes = [name for chunk in chunks if chunk.event == "updates" for name in chunk.data]
    assert nodes == ["preprocess", "extract", "validate"]


@pytest.mark.parametrize("document", ["/etc/passwd", "README.md", "file:///etc/passwd"])
def test_no_path_of_the_server_is_read(server: tuple[SyncLangGraphClient, Path], document: str) -> None:
    """Over HTTP a document comes as data or as a reference."""
    client, _ = server
    result = _run(client, document)
    assert result["status"] == "unreadable"
    assert "paths are not accepted here" in result["validation_errors"][0]["message"]


def test_traces_appear_in_mlflow(server: tuple[SyncLangGraphClient, Path]) -> None:
    """What the server did is in its MLflow store, nested and linked to its prompt."""
    from mlflow import MlflowClient

    client, data_dir = server
    _run(client, RECEIPT)
    store = MlflowClient(f"sqlite:///{data_dir / 'mlflow.db'}")
    experiment = store.get_experiment_by_name("optophone")
    assert experiment is not None
    expected = {"optophone", "preprocess", "ocr", "extract", "LocalChatModel", "validate"}
    for _ in range(30):  # export is asynchronous, span by span, and the server is another process
        traces = store.search_traces(locations=[experiment.experiment_id])
        names = {span.name for trace in traces[:1] for span in trace.data.spans}
        if expected <= names:
            break
        time.sleep(1)
    assert expected <= names
    assert "optophone-extract" in traces[0].info.tags["mlflow.linkedPrompts"]
