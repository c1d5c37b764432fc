"""OpenAI's own client against `optophone serve --agent`, as a process of its own."""

import base64
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from openai import BadRequestError, OpenAI
from processes import Server, agent_server, own_environment

pytestmark = pytest.mark.slow

TRACE = {"x-mlflow-return-trace-id": "true"}


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The agent on a free port, with a data folder of its own."""
    with agent_server(root, tmp_path_factory.mktemp("agent"), OPTOPHONE_CHAT_MODEL="local") as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[OpenAI]:
    """OpenAI's client, which wants a key."""
    with OpenAI(base_url=server.url, api_key="none", max_retries=0) as openai:
        yield openai


@pytest.fixture(scope="module")
def page(example: str) -> list[Any]:
    """The example form as a message."""
    data = base64.b64encode(Path(example).read_bytes()).decode()
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{data}", "detail": "auto"}
    return [{"role": "user", "content": [image]}]


@pytest.fixture(scope="module")
def printed(root: Path, example: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the command line prints of it."""
    done = subprocess.run(
        [sys.executable, "-m", "serving.cli", "extract", example, "--chat-model", "local", "--json"],
        cwd=root, env=own_environment(tmp_path_factory.mktemp("printed"), PYTHONPATH=str(root)),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_response_is_what_the_command_line_prints(client: OpenAI, page: list[Any], printed: dict[str, Any]) -> None:
    """The text is the extraction, the custom outputs are the whole result, and the trace is named."""
    response = client.responses.create(model="optophone", input=page, extra_headers=TRACE)
    assert (response.status, response.model) == ("completed", "local")
    assert json.loads(response.output_text) == printed["extraction"]
    assert response.model_extra == {"custom_outputs": printed}
    assert str((response.metadata or {})["trace_id"]).startswith("tr-")


def test_stream_tells_what_happens(client: OpenAI, page: list[Any], printed: dict[str, Any]) -> None:
    """Typed events: the steps as the summary of a reasoning, the text, the whole response, and the trace."""
    events: list[Any] = list(client.responses.create(model="optophone", input=page, stream=True, extra_headers=TRACE))
    steps = [event.delta for event in events if event.type == "response.reasoning_summary_text.delta"]
    assert steps == ["reading the pages\n", "asking the chat model\n", "checking the answer\n", "all is valid\n"]
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert json.loads(text) == printed["extraction"]
    completed, trace = events[-2:]
    assert completed.type == "response.completed"
    assert completed.response.model_extra == {"custom_outputs": printed}
    assert trace.trace_id.startswith("tr-")


def test_clients_own_stream_helper_follows(client: OpenAI, page: list[Any], printed: dict[str, Any]) -> None:
    """It puts the events together again, and fails where one is out of order."""
    with client.responses.stream(model="optophone", input=page) as stream:
        stream.until_done()
        assert json.loads(stream.get_final_response().output_text) == printed["extraction"]


def test_client_chooses_by_extra_body(client: OpenAI, page: list[Any]) -> None:
    """As custom inputs; what may not be chosen is a typed error with a sentence."""
    chosen = {"custom_inputs": {"target_schema": "receipt", "grounding": "off"}}
    response: Any = client.responses.create(model="optophone", input=page, extra_body=chosen)
    assert response.custom_outputs["target_schema"] == "receipt"
    assert response.custom_outputs["fields"] == []
    with pytest.raises(BadRequestError, match="expected a chat model of local; choose one of them"):
        client.responses.create(
            model="optophone", input=page, extra_body={"custom_inputs": {"chat_model": "openai:gpt-5"}}
        )


def test_without_tracing_nothing_is_stored(root: Path, page: list[Any], tmp_path: Path) -> None:
    """OPTOPHONE_TRACING=false holds for MLflow's own spans too."""
    variables = {"OPTOPHONE_CHAT_MODEL": "local", "OPTOPHONE_TRACING": "false"}
    with agent_server(root, tmp_path, **variables) as server, OpenAI(base_url=server.url, api_key="none") as client:
        assert client.responses.create(model="optophone", input=page).status == "completed"
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        counts = [database.execute(f"SELECT COUNT(*) FROM {table}").fetchone() for table in ("trace_info", "spans")]  # noqa: S608
    assert counts == [(0,), (0,)]


def test_other_addresses_need_tokens(root: Path, tmp_path: Path) -> None:
    """As for the service."""
    done = subprocess.run(
        [sys.executable, "-m", "serving.cli", "serve", "--agent", "--host", "0.0.0.0", "--port", "0"],  # noqa: S104
        cwd=root, env=own_environment(tmp_path, PYTHONPATH=str(root)), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("optophone: expected OPTOPHONE_API_TOKENS to serve on 0.0.0.0")
    assert "http://" not in done.stderr
