"""The whole stack, started once, and the twenty forms that went through it."""

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from stack import Stack, running_stack
from stack_client import FORMS, VARIABLES, Client

from evaluation.datasets.generated.form import write_forms


@pytest.fixture(scope="session")
def stack(root: Path) -> Iterator[Stack]:
    """Everything that compose.yaml names, healthy."""
    # Not below pytest's folders: they are closed to the user that the services run as.
    folder = Path(tempfile.mkdtemp(prefix="optophone-stack-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with running_stack(root, folder, VARIABLES) as stack:
            yield stack
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def client(stack: Stack) -> Iterator[Client]:
    """A client of the service."""
    with Client(stack.url("optophone")) as client:
        yield client


@pytest.fixture(scope="session")
def mlflow_client(stack: Stack) -> MlflowClient:
    """A client of MLflow's server."""
    return MlflowClient(stack.url("mlflow"))


@pytest.fixture(scope="session")
def forms(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Drawn forms, one more than the work takes."""
    folder = tmp_path_factory.mktemp("forms")
    write_forms(folder, FORMS + 1)
    return sorted((folder / "images").iterdir())


@pytest.fixture(scope="session")
def extractions(client: Client, forms: list[Path]) -> list[dict[str, Any]]:
    """What became of twenty of them, four clients at a time."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(client.extract, forms[:FORMS]))
