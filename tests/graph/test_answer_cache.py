"""Answers that are kept from run to run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ormsgpack
import pytest
from langchain_core.messages import AIMessage
from langgraph.cache.sqlite import SqliteCache

from chat_models.scripted import ScriptedChatModel
from graph.answer_cache import AnswerCache, Kept, answers_kept
from graph.builder import make_graph
from graph.context import Context

Script = Callable[..., tuple[str, ScriptedChatModel]]

ANSWER = json.dumps({"pairs": []})


def _paid(text: str) -> AIMessage:
    return AIMessage(text, usage_metadata={"input_tokens": 90, "output_tokens": 10, "total_tokens": 100})


class Runs:
    """Runs of one graph over one document."""

    def __init__(self, path: Path, document: str, chat_model: str) -> None:
        self.cache = AnswerCache(path)
        self._graph, self._document = make_graph(cache=self.cache), document
        self._context = Context(chat_model=chat_model, grounding="off", max_attempts=2)

    async def run(self, **kept: Any) -> tuple[dict[str, Any], Kept]:
        """Run it with the cache; gives the run's account too."""
        account = Kept(**{"request_key": "k", **kept})
        with answers_kept(account):
            return await self.run_without(), account

    async def run_without(self) -> dict[str, Any]:
        """Run it as one who knows of no cache."""
        return await self._graph.ainvoke({"document": self._document}, context=self._context)


@pytest.fixture
def runs(tmp_path: Path, blank: str) -> Callable[[str], Runs]:
    return lambda chat_model: Runs(tmp_path / "answers.db", blank, chat_model)


@pytest.fixture
def blank(tmp_path: Path) -> str:
    """A PDF with a line of text, which needs no reader."""
    from pdfs import assemble_pdf

    text = "BT /F1 12 Tf 10 15 Td (Name: Alice) Tj ET"
    page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 40]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>"
    path = tmp_path / "a.pdf"
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", page]
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    path.write_bytes(assemble_pdf([*objects, f"<</Length {len(text)}>>\nstream\n{text}\nendstream", font]))
    return str(path)


async def test_second_run_asks_nobody(runs: Any, script: Script) -> None:
    """Repairs come from the cache too; the result is the same, and the account says what it would have taken."""
    name, chat_model = script(_paid("no JSON"), _paid(ANSWER))
    first, paid = await runs(name).run()
    second, kept = await runs(name).run()  # opened anew, as by another process
    assert (first["status"], first["attempts"]) == ("valid", 2)
    assert second == first
    assert (paid.requests, kept.requests, kept.total_tokens) == (0, 2, 200)
    assert len(chat_model.requests) == 2


async def test_other_request_is_another_answer(runs: Any, script: Script) -> None:
    """What the context brings is part of the key."""
    name, chat_model = script(ANSWER, ANSWER)
    for key in ("one", "other"):
        await runs(name).run(request_key=key)
    assert len(chat_model.requests) == 2


async def test_fresh_answer_replaces_the_old(runs: Any, script: Script) -> None:
    """Who asks again gets it from then on."""
    name, _ = script("no JSON", "still none", ANSWER)
    assert (await runs(name).run())[0]["status"] == "exhausted"
    assert (await runs(name).run(is_fresh=True))[0]["status"] == "valid"
    again, kept = await runs(name).run()
    assert (again["status"], kept.requests) == ("valid", 1)


async def test_failure_is_no_answer(runs: Any, script: Script) -> None:
    """A provider that fails now may answer later."""

    class TooLongError(Exception):
        status_code = 400

    name, _ = script(TooLongError("too long"), ANSWER)
    assert (await runs(name).run())[0]["stop_reason"] == "provider_failed"
    result, kept = await runs(name).run()
    assert (result["status"], kept.requests) == ("valid", 0)


async def test_nothing_is_kept_outside(runs: Any, script: Script) -> None:
    """A graph with a cache, called by somebody who doesn't say what a request depends on, takes and leaves nothing."""
    name, chat_model = script(ANSWER, ANSWER, ANSWER)
    await runs(name).run()
    for _ in range(2):
        await runs(name).run_without()
    assert len(chat_model.requests) == 3


async def test_answers_about_a_page_are_forgotten(runs: Any, script: Script) -> None:
    """With the page's image; those about others stay."""
    name, chat_model = script(ANSWER, ANSWER)
    run = runs(name)
    await run.run()
    run.cache.forget(["sha256:another"])
    await run.run()
    assert len(chat_model.requests) == 1
    [image] = {row[0] for row in run.cache._conn.execute("SELECT ns FROM cache")}
    run.cache.forget([image])
    await run.run()
    assert len(chat_model.requests) == 2


async def test_forgotten_answers_leave_no_bytes(runs: Any, script: Script, tmp_path: Path) -> None:
    """Neither in the file nor in the log beside it, while another process has them open; so of replaced ones."""

    def left() -> set[str]:
        files = list(tmp_path.glob("answers.db*"))
        return {name for name in names for file in files if name.encode() in file.read_bytes()}

    names = ["Wilhelmina Quartermaine", "Fotheringay"]
    # Beyond one page of the file, for whose freed pages the setting is meant.
    answers = [json.dumps({"pairs": [{"key": "Name", "values": [name] * 400}]}) for name in names]
    run, other = runs(script(*answers)[0]), runs("local")
    await run.run()
    assert left() == {names[0]}
    await run.run(is_fresh=True)
    other.cache._conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert left() == {names[1]}
    [image] = {row[0] for row in run.cache._conn.execute("SELECT ns FROM cache")}
    other.cache.forget([image])
    assert left() == set()


async def test_code_in_the_cache_is_not_run(runs: Any, script: Script) -> None:
    """Who can write the file gets no object made but LangGraph's own."""
    run = runs(script(ANSWER)[0])
    await run.run()
    harmful = ormsgpack.Ext(0, ormsgpack.packb(("subprocess", "getoutput", "touch planted")))
    with run.cache._conn as connection:
        connection.execute("UPDATE cache SET encoding = 'msgpack', val = ?", [ormsgpack.packb(harmful)])
    [(place, key)] = run.cache._conn.execute("SELECT ns, key FROM cache")
    assert SqliteCache.get(run.cache, [((place,), key)]) == {((place,), key): "touch planted"}


async def test_broken_cache_costs_a_warning(
    runs: Any, script: Script, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, and the answers come as without it."""
    name, chat_model = script(*[ANSWER] * 2)
    run = runs(name)
    run.cache._conn.execute("DROP TABLE cache")
    for _ in range(2):
        assert (await run.run())[0]["status"] == "valid"
    assert len(chat_model.requests) == 2
    assert [record.getMessage() for record in caplog.records if record.name == "optophone"] == [
        "answers are not kept for later runs: no such table: cache"
    ]


def test_file_is_the_users_own(tmp_path: Path) -> None:
    """Answers hold what stands on people's forms."""
    AnswerCache(tmp_path / "answers.db")
    assert (tmp_path / "answers.db").stat().st_mode & 0o777 == 0o600
