"""Reviews through `langgraph dev`, whose process is killed in between."""

from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_sync_client
from pdfs import text_pdf
from postgres import PostgresServer
from processes import langgraph_process

pytestmark = pytest.mark.slow

RECEIPT = text_pdf("ACME STORE", "Date: 25/12/2018", "Total: 8.00")
SCHEMA = {
    "type": "object",
    "properties": {"company": {"type": "string"}, "passport": {"type": "string"}},
    "required": ["passport"],
}


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """Where the server keeps its threads."""
    if request.param == "sqlite":
        return {}
    server: PostgresServer = request.getfixturevalue("postgres")
    return {"OPTOPHONE_DATABASE_URL": server.new_database()}


def test_review_survives_a_killed_server(root: Path, tmp_path: Path, database: dict[str, str]) -> None:
    """Begun in one process, answered through the SDK in the next, which is told nothing but the thread."""
    context: Any = {"json_schema": SCHEMA, "chat_model": "local", "review": "on_doubt"}
    with langgraph_process(root, tmp_path, **database) as server, get_sync_client(url=server.url) as client:
        thread = client.threads.create()["thread_id"]
        stopped: Any = client.runs.wait(thread, "optophone", input={"document": RECEIPT}, context=context)
        (interrupt,) = stopped["__interrupt__"]
        assert [field["path"] for field in interrupt["value"]["fields"]] == ["/passport"]
        assert interrupt["response_schema"]["title"] == "ReviewAnswer"
        assert client.threads.get(thread)["status"] == "interrupted"
        server.process.kill()
        server.process.wait(30)
    with langgraph_process(root, tmp_path, **database) as server, get_sync_client(url=server.url) as client:
        # The server's own list of threads is written now and then; what they hold is not lost.
        client.threads.create(thread_id=thread, graph_id="optophone", if_exists="do_nothing")
        assert client.threads.get_state(thread)["interrupts"][0]["value"] == interrupt["value"]
        refused: Any = {"resume": {"values": [{"path": "/company", "value": "EVIL"}]}}
        with pytest.raises(Exception, match="was not asked"):
            client.runs.wait(thread, "optophone", command=refused)
        answer: Any = {"resume": {"values": [{"path": "/passport", "value": "8.00"}], "reviewer": "ann"}}
        result: Any = client.runs.wait(thread, "optophone", command=answer)
        assert (result["status"], result["extraction"]["passport"]) == ("valid", "8.00")
        assert result["review"]["corrected"] == ["/passport"]
        assert {field["path"]: field["grounding"] for field in result["fields"]}["/passport"] == "found"
        client.threads.delete(thread)
    assert (tmp_path / "langgraph.db").exists() == (not database)
