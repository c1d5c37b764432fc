"""The registered model, loaded where there is nothing but what it asks for."""

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from processes import own_environment

pytestmark = pytest.mark.clean_env

# Loads a model and reads a page, at once and as a stream.
PREDICT = """
import base64, json, pathlib, sys
import mlflow

uri, document = sys.argv[1:]
data = base64.b64encode(pathlib.Path(document).read_bytes()).decode()
page = {"type": "input_image", "image_url": f"data:image/png;base64,{data}"}
request = {"input": [{"role": "user", "content": [page]}]}
model = mlflow.pyfunc.load_model(uri)
*_, last = model.predict_stream(request)
print(json.dumps([model.predict(request)["custom_outputs"], last["response"]["custom_outputs"]]))
"""

Optophone = Callable[..., str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything of this test: store, models, environment."""
    return tmp_path_factory.mktemp("model")


@pytest.fixture(scope="module")
def optophone(root: Path, folder: Path) -> Optophone:
    """Run the command with a store of its own; gives what it prints."""

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "serving.cli", *arguments]
        environment = own_environment(folder / "data", PYTHONPATH=str(root))
        return subprocess.run(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout

    return run


@pytest.fixture(scope="module")
def models(optophone: Optophone, root: Path) -> dict[str, list[str]]:
    """Register two models; gives the address of each, and what it was registered with."""
    choices = {
        "models:/optophone@champion": ["--alias", "champion"],
        "models:/optophone@own": ["--alias", "own", "--schema", str(root / "examples" / "registration.schema.json")],
    }
    for arguments in choices.values():
        optophone("register", "--chat-model", "local", *arguments)
    return {uri: arguments[2:] for uri, arguments in choices.items()}


@pytest.fixture(scope="module")
def python(models: dict[str, list[str]], folder: Path) -> Iterator[Path]:
    """A new virtual environment with what the model asks for and nothing else; half a gigabyte, removed afterwards."""
    from mlflow import MlflowClient

    client = MlflowClient(_store(folder), _store(folder))
    source = client.get_model_version_by_alias("optophone", "champion").source
    location = client.get_logged_model(source.removeprefix("models:/")).artifact_location
    place = folder / "venv"
    venv.create(place, with_pip=True)
    # Compiling all of it takes longer than what is imported once.
    install = ["-m", "pip", "install", "--quiet", "--no-compile", "-r", f"{urlsplit(location).path}/requirements.txt"]
    subprocess.run([place / "bin" / "python", *install], check=True, env=_without_checkout(folder))
    yield place / "bin" / "python"
    shutil.rmtree(place)


@pytest.fixture
def read_twice(python: Path, folder: Path, tmp_path: Path) -> Callable[[str, str], Any]:
    """Read a document with a model in that environment, from a folder without this checkout and its data."""

    def run(uri: str, document: str) -> Any:
        environment = {**_without_checkout(folder), "OPTOPHONE_DATA_DIR": str(tmp_path / "data")}
        command = [python, "-c", PREDICT, uri, document]
        done = subprocess.run(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)

    return run


@pytest.mark.parametrize("uri", ["models:/optophone@champion", "models:/optophone@own"])
def test_model_gives_the_same_json_as_the_command_line(
    read_twice: Callable[[str, str], Any], models: dict[str, list[str]], optophone: Optophone, example: str, uri: str
) -> None:
    """At once and as a stream, with the project's schema and with one of a file."""
    printed = json.loads(optophone("extract", example, "--chat-model", "local", "--json", *models[uri]))
    assert printed["fields"]
    assert read_twice(uri, example) == [printed, printed]


def _store(folder: Path) -> str:
    return f"sqlite:///{folder / 'data' / 'mlflow.db'}"


def _without_checkout(folder: Path) -> dict[str, str]:
    environment = own_environment(folder / "data", MLFLOW_TRACKING_URI=_store(folder))
    environment.pop("PYTHONPATH", None)
    return environment
