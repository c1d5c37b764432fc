"""The service as a process: killed, started again, ended."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai_server import Reply, openai_server
from pdfs import pdf_of
from postgres import PostgresServer
from processes import free_port, optophone_server, own_environment

pytestmark = pytest.mark.slow

_OPEN = {"queued", "running"}


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """The setting that says where the service's list is."""
    if request.param == "sqlite":
        return {}
    return {"OPTOPHONE_DATABASE_URL": request.getfixturevalue("postgres").new_database()}


def _upload(client: httpx.Client, name: str) -> str:
    answer = client.post("/api/v1/documents", files={"file": (f"{name}.pdf", pdf_of(f"Name: {name}"))})
    return str(answer.json()["document"])


def _poll(client: httpx.Client, until: Callable[[list[str]], bool], seconds: float = 120) -> list[dict[str, Any]]:
    for _ in range(int(seconds * 10)):
        items: list[dict[str, Any]] = client.get("/api/v1/extractions?limit=200").json().get("items", [])
        if until([item["status"] for item in items]):
            return items
        time.sleep(0.1)
    pytest.fail("the extractions did not come that far")


def test_killed_service_finishes_what_it_accepted(root: Path, tmp_path: Path, database: dict[str, str]) -> None:
    """SIGKILL in the middle of 50 extractions: after the next start each has ended once, as itself, none is lost."""
    settings = {"OPTOPHONE_MAX_CONCURRENT": "1", "OPTOPHONE_CHAT_MODEL": "local", **database}
    with optophone_server(root, tmp_path / "data", **settings) as server, httpx.Client(base_url=server.url) as client:
        accepted = {}
        # First, as it takes longer than to read them.
        documents = [_upload(client, f"Person{number}") for number in range(50)]
        for number, document in enumerate(documents):
            answer = client.post("/api/v1/extractions", json={"document": document})
            assert answer.status_code == 202
            accepted[answer.json()["id"]] = number
        before = _poll(client, lambda statuses: statuses.count("valid") >= 5)
        _kill(server.process)
    assert sum(item["status"] in _OPEN for item in before) > 5  # else nothing was in the middle
    with optophone_server(root, tmp_path / "data", **settings) as server, httpx.Client(base_url=server.url) as client:
        items = _poll(client, lambda statuses: not _OPEN & set(statuses))
        results = {item["id"]: client.get(f"/api/v1/extractions/{item['id']}").json()["result"] for item in items}
    assert len(items) == 50
    assert {item["status"] for item in items} == {"valid"}
    values = {id: result["extraction"]["pairs"][0]["values"] for id, result in results.items()}
    assert values == {id: [f"Person{number}"] for id, number in accepted.items()}


def test_orderly_end_is_prompt_and_loses_nothing(root: Path, tmp_path: Path) -> None:
    """SIGTERM with work waiting: what was accepted is queued for the next start."""
    with optophone_server(root, tmp_path / "data", OPTOPHONE_MAX_CONCURRENT="1") as server:
        with httpx.Client(base_url=server.url) as client:
            document = _upload(client, "Alice")
            for _ in range(20):
                client.post("/api/v1/extractions", json={"document": document})
        server.process.terminate()
        assert server.process.wait(40) == 0
    assert "Traceback" not in (tmp_path / "data" / "log").read_text()
    with optophone_server(root, tmp_path / "data") as server, httpx.Client(base_url=server.url) as client:
        items = _poll(client, lambda statuses: not _OPEN & set(statuses))
    assert [item["status"] for item in items] == ["valid"] * 20


def test_second_service_on_a_data_folder_is_refused_in_a_sentence(root: Path, tmp_path: Path) -> None:
    """Exit code 2, what to do, and no traceback; the first one goes on."""
    data_dir = tmp_path / "data"
    with optophone_server(root, data_dir) as server:
        second = subprocess.run(
            [sys.executable, "-m", "serving.cli", "serve", "--port", str(free_port())],
            cwd=root, env=own_environment(data_dir), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert second.returncode == 2
    assert "end the other service" in second.stderr.splitlines()[-1]
    assert "Traceback" not in second.stderr


def test_killed_service_still_waits_and_takes_the_answer(root: Path, tmp_path: Path, database: dict[str, str]) -> None:
    """SIGKILL while a person is asked, and right after the answer: it ends valid, and the chat model was asked once."""
    doubtful = '{"pairs": [{"key": "Name", "values": ["Malice"]}]}'
    with openai_server([Reply(doubtful)]) as provider:
        settings = {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "none", **database}
        settings["OPTOPHONE_CHAT_MODEL"] = "openai:gpt-4o-mini"
        with optophone_server(root, tmp_path / "data", **settings) as server:
            with httpx.Client(base_url=server.url, timeout=60) as client:
                wanted = {"document": _upload(client, "Alice"), "review": "on_doubt", "max_attempts": 1}
                asked = client.post("/api/v1/extractions?wait=50", json=wanted).json()
            _kill(server.process)
        with optophone_server(root, tmp_path / "data", **settings) as server:
            with httpx.Client(base_url=server.url, timeout=60) as client:
                (waiting,) = client.get("/api/v1/reviews").json()["items"]
                values = [{"path": field["path"], "value": "Alice"} for field in waiting["waits_for"]["fields"]]
                answer = client.post(f"/api/v1/extractions/{waiting['id']}/review", json={"values": values})
            _kill(server.process)
        with (
            optophone_server(root, tmp_path / "data", **settings) as server,
            httpx.Client(base_url=server.url, timeout=60) as client,
        ):
            _poll(client, lambda statuses: statuses == ["valid"])
            ended = client.get(f"/api/v1/extractions/{asked['id']}").json()
    assert (asked["status"], answer.status_code, waiting["waits_for"]) == ("waiting", 202, asked["waits_for"])
    assert ended["result"]["extraction"] == {"pairs": [{"key": "Name", "values": ["Alice"]}]}
    assert (ended["review"]["reviewer"], ended["result"]["review"]["rounds"]) == ("local", 1)
    assert len(provider.requests) == 1


def test_answer_in_the_terminal_is_taken_over(root: Path, tmp_path: Path, database: dict[str, str]) -> None:
    """`optophone review` on the running service's store: the service has the result, and keeps nothing else."""
    doubtful = '{"pairs": [{"key": "Name", "values": ["Malice"]}]}'
    with openai_server([Reply(doubtful)]) as provider:
        settings = {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "none", **database}
        settings["OPTOPHONE_CHAT_MODEL"] = "openai:gpt-4o-mini"
        with (
            optophone_server(root, tmp_path / "data", **settings) as server,
            httpx.Client(base_url=server.url, timeout=60) as client,
        ):
            wanted = {"document": _upload(client, "Alice"), "review": "on_doubt", "max_attempts": 1}
            asked = client.post("/api/v1/extractions?wait=50", json=wanted).json()
            (field,) = asked["waits_for"]["fields"]
            environment = own_environment(tmp_path / "data", PYTHONPATH=str(root), **settings)
            said = [asked["id"], "--set", f"{field['path']}=Alice", "--confirm", "--reviewer", "bob"]
            done = _optophone(["review", *said], tmp_path, environment)
            (ended,) = _poll(client, lambda statuses: statuses == ["valid"])
            left = _optophone(["review", "--list", "--json"], tmp_path, environment)
            review = client.get(f"/api/v1/extractions/{asked['id']}").json()["review"]
    assert done.returncode == 0, done.stderr
    assert (ended["id"], ended["is_reviewed"], review["reviewer"]) == (asked["id"], True, "bob")
    assert left.stdout == ""


def _optophone(arguments: list[str], folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "serving.cli", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(10)


@pytest.mark.parametrize("review", ["off", "on_doubt"])
def test_answer_that_comes_while_the_database_is_away_is_kept(
    root: Path, tmp_path: Path, postgres: PostgresServer, review: str
) -> None:
    """Clients are told so meanwhile; what was paid for is written down afterwards, and the password nowhere."""

    is_away = threading.Event()

    def answer_in_an_outage(_: dict[str, Any]) -> Reply:
        postgres.stop()
        is_away.set()
        return Reply('{"pairs": [{"key": "Name", "values": ["Alice"]}]}')

    url = postgres.new_database()
    with openai_server(answer_in_an_outage) as provider:
        settings = {"OPTOPHONE_DATABASE_URL": url, "OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "none"}
        settings["OPTOPHONE_CHAT_MODEL"] = "openai:gpt-4o-mini"
        with (
            optophone_server(root, tmp_path / "data", **settings) as server,
            httpx.Client(base_url=server.url) as client,
        ):
            wanted = {"document": _upload(client, "Alice"), "review": review}
            id = client.post("/api/v1/extractions", json=wanted).json()["id"]
            assert is_away.wait(60)
            ready = client.get("/readyz")
            refused = client.get("/api/v1/extractions")
            postgres.start()
            done = _poll(client, lambda statuses: statuses == ["valid"])
    assert (ready.json()["checks"]["store"], refused.status_code) == (False, 503)
    assert refused.json()["error"]["code"] == "unreachable"
    assert [item["id"] for item in done] == [id]
    assert len(provider.requests) == 1
    log = (tmp_path / "data" / "log").read_text()
    assert "cannot use the database of OPTOPHONE_DATABASE_URL" in log
    assert url.split(":")[2].partition("@")[0] not in log


def test_files_of_a_served_store_are_the_owners_alone(root: Path, tmp_path: Path) -> None:
    """What MLflow writes too."""
    with optophone_server(root, tmp_path / "data") as server, httpx.Client(base_url=server.url) as client:
        document = _upload(client, "Alice")
        client.post("/api/v1/extractions?wait=50", json={"document": document})
    (tmp_path / "data" / "log").unlink()  # this test's own
    paths = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert len(paths) > 5
    assert [path for path in paths if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize(
    ("arguments", "tokens", "said"),
    [
        (["--host", "0.0.0.0"], "", "expected OPTOPHONE_API_TOKENS to serve on 0.0.0.0"),  # noqa: S104
        ([], "ann:read:too-short", "the token of 'ann' in OPTOPHONE_API_TOKENS is shorter than 32 characters"),
    ],
)
def test_service_that_would_be_open_does_not_start(
    root: Path, tmp_path: Path, arguments: list[str], tokens: str, said: str
) -> None:
    """Exit code 2 and one sentence, before anything is imported that takes seconds."""
    environment = own_environment(tmp_path, PYTHONPATH=str(root), OPTOPHONE_API_TOKENS=tokens)
    done = _optophone(["serve", "--port", "0", *arguments], tmp_path, environment)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"optophone: {said}")
    assert "too-short" not in done.stderr
