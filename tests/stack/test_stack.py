"""Service, MLflow's server and PostgreSQL together: what went in is there, and stays there."""

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run, Trace
from postgres import PostgresServer, postgres_server
from stack import Stack
from stack_client import FORMS, TOKEN, VARIABLES, Client

pytestmark = pytest.mark.stack

T = TypeVar("T")
Extractions = list[dict[str, Any]]

# Shared libraries of python:3.11-slim-bookworm that wheels may build on: packages libc6, libgcc-s1, libstdc++6, zlib1g.
OF_THE_BASE = {
    "libc",
    "libdl",
    "libm",
    "libpthread",
    "libresolv",
    "librt",
    "libgcc_s",
    "libstdc++",
    "libz",
    "ld-linux-x86-64",
}
_REFERENCE = re.compile(r"mlflow-attachment://([\w-]+)\?")


def eventually(ask: Callable[[], list[T]], wanted: int) -> list[T]:
    """Ask until there are so many; traces and runs are written behind the answers."""
    deadline = time.monotonic() + 60
    while len(found := ask()) < wanted and time.monotonic() < deadline:
        time.sleep(1)
    return found


def traces(client: MlflowClient) -> list[Trace]:
    """Return the service's traces that have ended."""
    found = client.search_traces(locations=[experiment(client)], max_results=100)
    return [trace for trace in found if trace.info.state == "OK"]


def runs(client: MlflowClient) -> list[Run]:
    """Return the request log's runs that are whole, one for each extraction."""
    found = client.search_runs([experiment(client)], max_results=100)
    return [run for run in found if "extraction" in run.data.tags and run.info.status == "FINISHED"]


def experiment(client: MlflowClient) -> str:
    return str(client.get_experiment_by_name("optophone").experiment_id)


def images(stack: Stack, client: MlflowClient, trace_id: str) -> list[bytes]:
    """Fetch a trace's page image as MLflow's pages do; spans and images are sent one after another."""
    address = f"{stack.url('mlflow')}/ajax-api/3.0/mlflow/get-trace-artifact"

    def fetch() -> list[bytes]:
        names = sorted(set(_REFERENCE.findall(client.get_trace(trace_id).to_json())))
        answers = [httpx.get(address, params={"request_id": trace_id, "path": name}) for name in names]
        return [answer.content for answer in answers if answer.status_code == 200]

    return eventually(fetch, 1)


def test_every_form_is_extracted(extractions: Extractions) -> None:
    """Twenty went in, twenty are valid and say what stands there."""
    assert [extraction["status"] for extraction in extractions] == ["valid"] * FORMS
    # 218 were read in all when this was written, and none on one of the forms.
    assert sum(len(extraction["result"]["extraction"]["pairs"]) for extraction in extractions) > 5 * FORMS


def test_each_trace_has_its_page(stack: Stack, extractions: Extractions, mlflow_client: MlflowClient) -> None:
    """One trace an extraction; its page image went through the artifact proxy and comes back."""
    found = eventually(lambda: traces(mlflow_client), FORMS)
    assert {trace.info.trace_id for trace in found} == {extraction["trace_id"] for extraction in extractions}
    assert all(extraction["trace_url"].startswith(f"{stack.url('mlflow')}/#/") for extraction in extractions)
    for trace in found:
        fetched = images(stack, mlflow_client, trace.info.trace_id)
        assert [image[:3] for image in fetched] == [b"\xff\xd8\xff"], "not one JPEG"


def test_prompts_are_registered_and_used(extractions: Extractions, mlflow_client: MlflowClient) -> None:
    """Each file is a version, one is in production, and the extractions were made with it."""
    in_production = mlflow_client.get_prompt_version("optophone-extract", "production")
    versions = mlflow_client.search_prompt_versions("optophone-extract")
    assert {version.version for version in versions} == {1, 2, 3}
    assert mlflow_client.get_prompt_version("optophone-refine", "production").version == 1
    used = {tuple(extraction["result"]["prompts"]) for extraction in extractions}
    assert used == {(f"prompts:/optophone-extract/{in_production.version}",)}


def test_each_run_has_its_picture(extractions: Extractions, mlflow_client: MlflowClient, tmp_path: Path) -> None:
    """The request log is complete."""
    found = eventually(lambda: runs(mlflow_client), FORMS)
    assert {run.data.tags["extraction"] for run in found} == {extraction["id"] for extraction in extractions}
    for run in found:
        picture = mlflow_client.download_artifacts(run.info.run_id, "highlighted.png", str(tmp_path))
        assert Path(picture).read_bytes().startswith(b"\x89PNG")


def test_service_is_ready_and_wants_a_token(stack: Stack) -> None:
    """All that it needs answers; who has no token is refused."""
    url = stack.url("optophone")
    assert httpx.get(f"{url}/readyz").json() == {
        "status": "ok",
        "checks": {"store": True, "queue": True, "mlflow": True},
    }
    assert httpx.get(f"{url}/api/v1/extractions").status_code == 401


def test_mlflow_answers_by_its_own_names_alone(stack: Stack) -> None:
    """The service's name for it and this machine's, not one that somebody else has rebound to this machine."""
    url = stack.url("mlflow")
    port = url.rpartition(":")[2]
    asked = {host: httpx.get(url, headers={"Host": f"{host}:{port}"}).status_code for host in ("mlflow", "elsewhere")}
    assert asked == {"mlflow": 200, "elsewhere": 403}


def test_each_database_is_its_owners_alone(stack: Stack) -> None:
    """MLflow, which has no login, can't reach the service's ledger."""
    call = [str(stack.postgres.binaries / "psql"), "-h", "127.0.0.1", "-p", str(stack.postgres.port), "-U", "mlflow"]
    environment = {"PGPASSWORD": VARIABLES["MLFLOW_DATABASE_PASSWORD"]}
    other, own = (
        subprocess.run(
            [*call, "-d", name, "-c", "SELECT 1"], env=environment, capture_output=True, text=True, check=False
        )
        for name in ("optophone", "mlflow")
    )
    assert own.returncode == 0
    assert "permission denied for database" in other.stderr


def test_secrets_are_in_no_log(stack: Stack, extractions: Extractions) -> None:
    """Neither server says a password or a token, and nothing on a command line does."""
    said = stack.log("optophone") + stack.log("mlflow")
    said += "".join(Path(f"/proc/{process.pid}/cmdline").read_text() for process in stack.processes.values())
    assert said
    assert not [secret for secret in (*VARIABLES.values(), TOKEN) if secret in said]


def test_wheels_need_no_library_that_the_base_image_lacks(stack: Stack) -> None:
    """Nothing is installed by apt in the image, so nothing may be missing there."""
    call = ["ldd", *map(str, stack.image.site_packages.rglob("*.so*"))]
    listed = subprocess.run(call, capture_output=True, text=True, check=False).stdout
    needed = {Path(path).name for path in re.findall(r"=> (/\S+)", listed) if "site-packages" not in path}
    assert needed
    assert {name.partition(".so")[0] for name in needed} <= OF_THE_BASE


def test_backup_fills_an_empty_server(root: Path, stack: Stack, extractions: Extractions) -> None:
    """What docs/deploy.md says to dump, to drop and to load, on a server as it is when its volume is first made."""
    documented = (root / "docs" / "deploy.md").read_text()
    assert "pg_dumpall -U postgres" in documented
    dropped = re.findall(r'-c "(DROP [^"]+)"', documented)
    with postgres_server("postgres", VARIABLES["POSTGRES_PASSWORD"]) as other:
        stack.initialise(other)
        _psql(other, "postgres", *(word for statement in dropped for word in ("-c", statement)))
        _psql(other, "postgres", "-q", given=_call(stack.postgres, "pg_dumpall"))
        for database, table in (("optophone", "extractions"), ("mlflow", "spans")):
            count = ("-t", "-c", f"SELECT count(*) FROM {table}")  # noqa: S608
            restored = _psql(other, database, *count)
            assert restored == _psql(stack.postgres, database, *count)
            assert int(restored) >= FORMS


def _psql(server: PostgresServer, database: str, *arguments: str, given: str = "") -> str:
    return _call(server, "psql", "-d", database, *arguments, given=given)


def _call(server: PostgresServer, program: str, *arguments: str, given: str = "") -> str:
    call = [str(server.binaries / program), "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", *arguments]
    environment = {"PGPASSWORD": server.password}
    done = subprocess.run(call, env=environment, input=given, capture_output=True, text=True, check=True)
    return done.stdout


def test_nothing_is_gone_after_a_stop_and_a_start(
    stack: Stack, client: Client, extractions: Extractions, mlflow_client: MlflowClient, forms: list[Path]
) -> None:
    """Documents, results, traces with images, prompts and runs; then the next form is read as the ones before."""
    eventually(lambda: runs(mlflow_client), FORMS)
    before = _everything(stack, client, extractions, mlflow_client)
    stack.down()
    with pytest.raises(httpx.ConnectError):
        client.get("/extractions")
    stack.up()
    assert _everything(stack, client, extractions, mlflow_client) == before
    later = client.extract(forms[FORMS])
    assert later["status"] == "valid"
    assert len(eventually(lambda: traces(mlflow_client), FORMS + 1)) == FORMS + 1
    assert images(stack, mlflow_client, later["trace_id"])


def _everything(stack: Stack, client: Client, extractions: Extractions, mlflow_client: MlflowClient) -> dict[str, Any]:
    found = [trace.info.trace_id for trace in eventually(lambda: traces(mlflow_client), FORMS)]
    pages = [client.get(f"/documents/{extraction['document']}/pages/0.png").content for extraction in extractions]
    return {
        "results": [client.get(f"/extractions/{extraction['id']}").json() for extraction in extractions],
        "pages": pages,
        "traces": sorted((trace_id, images(stack, mlflow_client, trace_id)) for trace_id in found),
        "prompts": [version.version for version in mlflow_client.search_prompt_versions("optophone-extract")],
        "runs": sorted(run.info.run_id for run in runs(mlflow_client)),
    }
