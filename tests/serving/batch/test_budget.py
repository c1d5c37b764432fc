"""What a run may spend."""

import asyncio

from serving.batch.budget import Budget


async def _spend(budget: Budget, cost_usd: float | None, tokens: int) -> None:
    """Do one document."""
    assert await budget.reserve()
    budget.note(cost_usd, tokens, was_asked=True)
    await budget.release()


async def test_limit_is_never_crossed() -> None:
    """Ten at a time, each of 30 tokens: of 100 tokens three are started, whatever is in flight."""
    budget = Budget(None, 100)
    done = []

    async def document() -> None:
        if await budget.reserve():
            await asyncio.sleep(0.001)
            budget.note(0.0, 30, was_asked=True)
            done.append(budget.spent.tokens)
            await budget.release()

    await asyncio.gather(*(document() for _ in range(10)))
    assert done == [30, 60, 90]


async def test_first_document_runs_alone() -> None:
    """Nobody knows what one takes before it is done; then as many run as there is room for."""
    budget = Budget(1.0, None)
    assert await budget.reserve()
    second = asyncio.create_task(budget.reserve())
    await asyncio.sleep(0.01)
    assert not second.done()
    budget.note(0.1, 5, was_asked=True)
    await budget.release()
    assert await second
    assert await budget.reserve()


async def test_dearest_document_is_held_back() -> None:
    """After one of 60 and one of 10, 20 left of 90 are too few."""
    budget = Budget(None, 90)
    for tokens in (60, 10):
        budget.note(0.0, tokens, was_asked=True)
    assert not await budget.reserve()


async def test_answers_from_the_cache_teach_nothing() -> None:
    """They are free; the next document may not be."""
    budget = Budget(1.0, None)
    budget.note(0.0, 0, was_asked=False)
    assert await budget.reserve()
    second = asyncio.create_task(budget.reserve())
    await asyncio.sleep(0.01)
    assert not second.done()
    await budget.release()
    assert await second


async def test_exact_limit_is_within() -> None:
    """A limit of twice a document's tokens lets two through."""
    budget = Budget(None, 60)
    for _ in range(2):
        await _spend(budget, 0.0, 30)
    assert not await budget.reserve()


async def test_unknown_cost_ends_a_limited_run_only() -> None:
    """A cost limit needs a cost, a token limit tokens; without limits nothing is needed."""
    for budget, cost_usd, tokens, goes_on in [
        (Budget(1.0, None), None, 30, False),
        (Budget(None, 90), None, 0, False),
        (Budget(None, 90), None, 30, True),
        (Budget(None, None), None, 0, True),
    ]:
        await _spend(budget, cost_usd, tokens)
        assert await budget.reserve() is goes_on
