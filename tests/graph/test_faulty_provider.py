"""A provider that fails in every way, over the whole way through the graph."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest
from openai_server import Reply, openai_server
from pdfs import text_pdf

from chat_models.pace import PaceLimits, pace_of, set_limits
from graph.builder import make_graph
from graph.settings import get_settings
from nodes.extract import RETRY_POLICY

RECEIPT = text_pdf("ACME STORE", "Total 8.00")
# One that no other test uses: its client keeps the first address and timeout.
MODEL = "openai:gpt-4o-faulty"
CONTEXT = {"target_schema": "receipt", "chat_model": MODEL}
CONCURRENCY = 16
TIMEOUT_S = 0.6
ANSWER = Reply('{"total": 8.0}', delay_s=0.02)
FAULTS = {
    "rate limit": lambda: Reply(status=429, error={"message": "slow down"}, headers={"retry-after-ms": "50"}),
    "error": lambda: Reply(status=500, error={"message": "broken"}),
    "dropped": lambda: Reply(is_dropped=True),
    "hang": lambda: Reply(delay_s=60),
    "half a body": lambda: Reply(ANSWER.content, cut=0.5),
    "malformed": lambda: Reply(body=b'{"id": "chatcmpl-1", "choices": ['),
}


class Faults:
    """Answers each request by a seeded plan: in every ten one of each fault and four answers, shuffled."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - a plan, no secret
        self.plan: list[str] = []
        self.given: Counter[str] = Counter()
        self.is_healed = False

    def __call__(self, _: dict[str, Any]) -> Reply:
        """Give the plan's next reply."""
        if not self.plan:
            self.plan = [*FAULTS, *["answer"] * 4]
            self.rng.shuffle(self.plan)
        kind = "answer" if self.is_healed else self.plan.pop()
        self.given[kind] += 1
        return FAULTS.get(kind, lambda: ANSWER)()


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A key, a short timeout, and limits that no other test sees."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0000")
    monkeypatch.setenv("OPTOPHONE_CHAT_MODEL_TIMEOUT_S", str(TIMEOUT_S))
    get_settings.cache_clear()
    yield
    set_limits(PaceLimits())
    monkeypatch.undo()
    get_settings.cache_clear()


async def run_all(documents: int, at_once: int = CONCURRENCY) -> list[dict[str, Any]]:
    """Run so many documents."""
    graph = make_graph(RETRY_POLICY._replace(initial_interval=0.05, max_interval=0.5, jitter=False))
    free = asyncio.Semaphore(at_once)

    async def run_one() -> dict[str, Any]:
        async with free:
            return await graph.ainvoke({"document": RECEIPT}, context=CONTEXT)

    return await asyncio.gather(*(run_one() for _ in range(documents)))


@pytest.mark.slow
@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("patience_s", [0.0, 60.0])
def test_every_document_ends_though_six_tenths_of_requests_fail(
    monkeypatch: pytest.MonkeyPatch, patience_s: float
) -> None:
    """Each has a result or says why not; with patience all have one. The pace falls, and rises when all is well."""
    set_limits(PaceLimits(patience_s=patience_s))
    faults = Faults(seed=7)
    with openai_server(faults) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        results = asyncio.run(run_all(200))
        pace = pace_of(MODEL)
        faulty = pace.counts()
        faults.is_healed = True
        # So many that some always wait for a turn: the pace rises only where it holds somebody back.
        healed = asyncio.run(run_all(200, at_once=4 * CONCURRENCY))
    assert len(results) == 200
    assert min(faults.given[kind] for kind in FAULTS) >= 20
    for result in results:
        if result["status"] == "exhausted":
            (error,) = [error for error in result["validation_errors"] if error["kind"] == "provider"]
            assert f"'{MODEL}' failed: " in error["message"]
            assert "4 tries in" in error["message"]
        else:
            assert (result["status"], result["extraction"]["total"]) == ("valid", 8.0)
    if patience_s:
        assert {result["status"] for result in results} == {"valid"}
    assert faulty.failures >= sum(faults.given[kind] for kind in FAULTS)
    assert faulty.least_allowed <= 2
    assert {result["status"] for result in healed} == {"valid"}
    assert pace.counts().allowed > CONCURRENCY / 2


@pytest.mark.usefixtures("settings")
def test_retry_after_as_a_date_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The graph's own wait is shorter; the provider's counts."""
    times: list[float] = []

    def reply(_: dict[str, Any]) -> Reply:
        times.append(time.time())
        date = formatdate(times[0] + 3, usegmt=True)
        return ANSWER if len(times) > 1 else Reply(status=429, error={"message": "no"}, headers={"Retry-After": date})

    with openai_server(reply) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        (result,) = asyncio.run(run_all(1))
    assert result["status"] == "valid"
    # A date has whole seconds.
    assert times[1] - times[0] > 1.9
    assert pace_of(MODEL).counts().waited_s > 1.5
