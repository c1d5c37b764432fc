"""The OpenAPI document is true: requests made up from it meet neither a 5xx nor an answer that it doesn't describe."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from pdfs import pdf_of
from processes import Server, optophone_server
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

pytestmark = pytest.mark.slow


CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
# All of it in about a minute; derandomised, so that every run asks the same.
BOUNDED = settings(
    max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that lets everybody ask as often as they like."""
    unlimited = {"OPTOPHONE_REQUESTS_PER_MINUTE": "1000000"}
    with optophone_server(root, tmp_path_factory.mktemp("api") / "data", **unlimited) as running:
        yield running


@pytest.fixture(scope="module")
def known(server: Server) -> dict[str, str]:
    """A document that is there, and its extraction."""
    with httpx.Client(base_url=server.url) as client:
        uploaded = client.post("/api/v1/documents", files={"file": ("a.pdf", pdf_of("Name: Alice"))}).json()
        done = client.post("/api/v1/extractions?wait=50", json={"document": uploaded["document"]}).json()
    return {"ref": uploaded["document"], "document": uploaded["document"], "id": done["id"]}


def test_answers_are_as_described(server: Server, known: dict[str, str]) -> None:
    """Each operation, once with names made up and once with those that are there."""
    api = schemathesis.openapi.from_url(f"{server.url}/api/v1/openapi.json")
    operations = [found.ok() for found in api.get_all_operations()]
    assert len(operations) >= 15
    for operation in operations:
        _hold(operation, {})
        if operation.method != "delete":
            _hold(operation, known)


def _hold(operation: Any, known: dict[str, str]) -> None:
    @BOUNDED
    @given(case=operation.as_strategy())
    def hold(case: Any) -> None:
        for names in (case.path_parameters, case.body):
            if isinstance(names, dict):
                names.update({name: known[name] for name in known.keys() & names.keys()})
        case.call_and_validate(checks=CHECKS, timeout=60)

    hold()
