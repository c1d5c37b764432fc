"""`optophone register` in this process, on the session's store."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
import yaml
from mlflow import MlflowClient
from processes import own_environment

from chat_models.scripted import ScriptedChatModel
from evaluation.datasets.load import load_dataset
from evaluation.system import pin
from evaluation.tracking import evaluation_run
from graph.context import Context
from graph.settings import get_settings
from prompts.template import packaged_prompts

Run = Callable[..., Any]
Script = Callable[..., tuple[str, ScriptedChatModel]]

ANSWER = '{"pairs": []}'
PROMPTS = {"extract_prompt": "prompts:/optophone-extract/3", "refine_prompt": "prompts:/optophone-refine/1"}


@pytest.fixture
def scripted(script: Script) -> str:
    """A chat model that answers the example, which MLflow asks once and once more as a server would."""
    return script(*[ANSWER] * 2)[0]


def _version(out: str) -> Any:
    match = re.match(r"models:/optophone/(\d+)", out)
    assert match, out
    return MlflowClient().get_model_version("optophone", match[1])


def test_model_takes_along_what_it_needs(optophone: Run, scripted: str) -> None:
    """Code of the agent and no more, exact prompts with their text, pinned requirements."""
    done = optophone("register", "--chat-model", scripted)
    assert done.code == 0, done.err
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/optophone/{_version(done.out).version}"))
    config = yaml.safe_load((folder / "MLmodel").read_text())["flavors"]["python_function"]["config"]
    assert Context.model_validate_json(config["context"]).model_dump() == {
        **Context(chat_model=scripted).model_dump(),
        **PROMPTS,
    }
    assert config["chat_models"] == [scripted]
    assert {role: prompt["uri"] for role, prompt in config["prompts"].items()} == PROMPTS
    assert config["prompts"]["extract_prompt"]["text"] == packaged_prompts()["optophone-extract"].text
    code = {path.relative_to(folder / "code").as_posix() for path in (folder / "code").rglob("*") if path.is_file()}
    assert {"graph/builder.py", "serving/agent/request.py", "prompts/extract/3.md"} <= code
    assert {"chat_models/local/learned/funsd.weights"} <= code
    assert not [name for name in code if name.startswith(("evaluation", "serving/web", "serving/static", "tests"))]
    pins = (folder / "requirements.txt").read_text().split()
    assert f"mlflow=={mlflow.__version__}" in pins
    assert all("==" in pin for pin in pins)


def test_without_an_evaluation_it_says_so(optophone: Run, scripted: str, caplog: pytest.LogCaptureFixture) -> None:
    """On the terminal and in the registry."""
    done = optophone("register", "--chat-model", scripted)
    version = _version(done.out)
    assert "no evaluation of this system" in caplog.text
    assert version.description.endswith("Not evaluated when it was registered.")
    assert "optophone.evaluation_run" not in version.tags


def test_evaluation_that_it_rests_on_is_linked_both_ways(optophone: Run, scripted: str, root: Path) -> None:
    """The version names the run and its figure, the run names the model."""
    context = pin(Context(chat_model=scripted), get_settings())
    dataset = load_dataset(f"folder:{root / 'examples'}", get_settings().tracking_uri)
    with evaluation_run(dataset, context, get_settings()) as run:
        assert run is not None
        run.log([], [("pair_f1", 0.5, 1), ("pair_f1.low", 0.4, 1), ("pair_f1.high", 0.625, 1)])
    done = optophone("register", "--chat-model", scripted)
    version = _version(done.out)
    assert f"run {run.run_id}" in done.out
    assert version.tags["optophone.evaluation_run"] == run.run_id
    assert "pair_f1 0.500 (0.400 to 0.625)" in version.description
    inputs = MlflowClient().get_run(run.run_id).inputs.model_inputs
    assert [f"models:/{one.model_id}" for one in inputs] == [version.source]


def test_alias_moves_to_the_new_version(optophone: Run, script: Script) -> None:
    """Who loads by alias gets what was registered last with it."""
    name, _ = script(*[ANSWER] * 4)
    for _ in range(2):
        done = optophone("register", "--chat-model", name, "--alias", "tested")
        assert done.out.splitlines()[0].endswith("@tested")
        found = MlflowClient().get_model_version_by_alias("optophone", "tested")
        assert found.version == _version(done.out).version


def test_schema_of_a_file_travels_under_its_name(optophone: Run, script: Script, root: Path) -> None:
    """The file stays behind."""
    name, _ = script("{}", "{}")
    path = root / "examples" / "registration.schema.json"
    done = optophone("register", "--chat-model", name, "--schema", path)
    version = _version(done.out)
    assert version.tags["optophone.schema"] == "registration.schema"
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/optophone/{version.version}"))
    config = yaml.safe_load((folder / "MLmodel").read_text())["flavors"]["python_function"]["config"]
    target = Context.model_validate_json(config["context"]).schema_to_fill(allow_paths=False)
    expected = json.loads(path.read_text())
    assert target.name == "registration.schema"
    assert list(target.json_schema["properties"]) == list(expected["properties"])
    assert {**target.json_schema, "title": expected["title"]} == expected


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--alias", "latest"], "'latest' can't be an alias"),
        (["--alias", "v2"], "'v2' can't be an alias"),
        (["--alias", "a b"], "'a b' can't be an alias"),
        (["--schema", "schemas.form:Form"], "can't travel with the model"),
        (["--schema", "nothing"], "unknown schema 'nothing'"),
        (["--extract-prompt", "99"], "there is no prompts:/optophone-extract/99"),
        (["--chat-model", "openai:gpt-4o"], "needs an API key"),
    ],
)
def test_what_cannot_be_registered_is_told_first(optophone: Run, arguments: list[str], said: str) -> None:
    """In one line, with exit code 2, and nothing is in the registry."""
    before = MlflowClient().search_model_versions("name = 'optophone'")
    done = optophone("register", "--chat-model", "local", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert len(MlflowClient().search_model_versions("name = 'optophone'")) == len(before)


def test_weights_of_ones_own_cannot_travel(optophone: Run, root: Path, tmp_path: Path) -> None:
    """They are a file of this machine."""
    weights = tmp_path / "my.weights"
    weights.write_bytes((root / "chat_models" / "local" / "learned" / "generated.weights").read_bytes())
    done = optophone("register", "--chat-model", f"local:{weights}")
    assert done.code == 2
    assert "can't travel with the model" in done.err


@pytest.mark.slow
def test_model_loads_from_its_own_code_alone(optophone: Run, scripted: str, tmp_path: Path) -> None:
    """Every module that it imports travels; the checkout is out of sight."""
    version = _version(optophone("register", "--chat-model", scripted).out)
    code = (
        f"import sys, mlflow; mlflow.pyfunc.load_model('models:/optophone/{version.version}');"
        "names = 'schemas', 'documents', 'chat_models', 'prompts', 'nodes', 'graph', 'serving';"
        "print({sys.modules[name].__file__.rpartition('/code/')[1] for name in names})"
    )
    environment = own_environment(tmp_path, MLFLOW_TRACKING_URI=get_settings().tracking_uri)
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "{'/code/'}", done.stderr
