"""One data folder and one MLflow store for the whole session, set before anything of the project is imported."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from postgres import PostgresServer, postgres_server

_SESSION = tempfile.TemporaryDirectory(prefix="optophone-tests-")
for _name in [name for name in os.environ if name.endswith("_API_KEY") or name.startswith(("OPTOPHONE_", "MLFLOW_"))]:
    del os.environ[_name]
os.environ["OPTOPHONE_DATA_DIR"] = _SESSION.name
os.environ["LANGSMITH_TRACING"] = "false"

from chat_models.factory import register_chat_model  # noqa: E402
from chat_models.scripted import Scripted, ScriptedChatModel  # noqa: E402

ROOT = Path(__file__).parent.parent
_numbers = count()


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The session's data folder, with MLflow's database."""
    return Path(_SESSION.name)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real documents beside the checkout; tests that need them are skipped where they are absent."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("the real documents are not here")
    return path


@pytest.fixture(scope="session")
def example() -> str:
    """The example form."""
    return str(ROOT / "examples" / "registration_form.png")


@pytest.fixture
def script() -> Callable[..., tuple[str, ScriptedChatModel]]:
    """Register a scripted chat model; gives its name and itself."""

    def make(*answers: Scripted) -> tuple[str, ScriptedChatModel]:
        name, chat_model = f"script-{next(_numbers)}", ScriptedChatModel(answers=answers)
        register_chat_model(name, lambda: chat_model)
        return name, chat_model

    return make


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole session; mark tests with it `slow`."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def _remove_session_folder() -> Iterator[None]:
    yield
    if "mlflow" in sys.modules:
        from graph.tracing.queue import flush_traces

        flush_traces()  # what is on its way would find its database gone
    _SESSION.cleanup()
