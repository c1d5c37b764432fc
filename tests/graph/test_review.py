"""Runs that stop for a person, with a scripted chat model, untraced."""

import json
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pdfs import text_pdf
from postgres import PostgresServer
from pydantic import SecretStr, ValidationError

from chat_models.scripted import ScriptedChatModel
from documents.store import DocumentStore
from graph.builder import make_graph
from graph.checkpoints import aopen_checkpointer, open_checkpointer
from graph.review import MAX_ROUNDS, ReviewAnswer, is_same
from graph.settings import Settings
from schemas.errors import SchemaError, UnreadableDocumentError, UsageError
from schemas.receipt import Receipt

Script = Callable[..., tuple[str, ScriptedChatModel]]

RECEIPT = text_pdf("ACME STORE", "Date: 25/12/2018", "Subtotal 7.00", "Tax 1.00", "Total 8.00")
_threads = count()


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def settings(request: pytest.FixtureRequest, tmp_path: Any) -> Settings | None:
    """Where waiting runs are kept; None in memory."""
    if request.param == "memory":
        return None
    if request.param == "sqlite":
        return Settings(data_dir=tmp_path)
    server: PostgresServer = request.getfixturevalue("postgres")
    return Settings(data_dir=tmp_path, database_url=SecretStr(server.new_database()))


@pytest.fixture
def checkpointer(settings: Settings | None) -> Iterator[BaseCheckpointSaver[Any]]:
    """Keeps waiting runs in every way there is."""
    if settings is None:
        yield InMemorySaver()
        return
    with open_checkpointer(settings) as opened:
        yield opened


class Run:
    """One document's run with review on a thread of its own."""

    def __init__(self, checkpointer: BaseCheckpointSaver[Any], **context: Any) -> None:
        self.graph = make_graph(checkpointer=checkpointer)
        self.config: Any = {"configurable": {"thread_id": f"review-{next(_threads)}"}}
        context = {"target_schema": "receipt", "review": "on_doubt", "max_attempts": 1, **context}
        self.result = self._invoke({"document": RECEIPT}, context)

    def answer(self, values: dict[str, Any] | None = None, **said: Any) -> dict[str, Any]:
        """Go on as another process would: it knows the thread and nothing of the context."""
        items = [{"path": path, "value": value} for path, value in (values or {}).items()]
        self.result = self._invoke(Command(resume={"values": items, **said}), None)
        return self.result

    def _invoke(self, value: Any, context: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.graph.invoke(value, self.config, context=context, durability="exit")
        return result

    @property
    def request(self) -> dict[str, Any]:
        """What is asked."""
        (interrupt,) = self.graph.get_state(self.config).interrupts
        return dict(interrupt.value)

    @property
    def asked(self) -> list[str]:
        """The places that are asked."""
        return [field["path"] for field in self.request["fields"]]


def test_run_without_doubt_ends_as_ever(script: Script, checkpointer: BaseCheckpointSaver[Any]) -> None:
    """Nobody is asked, and one checkpoint is written."""
    run = Run(checkpointer, chat_model=script('{"company": "ACME STORE", "total": 8.0}')[0])
    assert (run.result["status"], run.result["review"]) == ("valid", None)
    assert "__interrupt__" not in run.result
    assert len(list(checkpointer.list(run.config))) == 1


def test_run_asks_for_just_what_is_wrong_or_doubtful(script: Script, checkpointer: BaseCheckpointSaver[Any]) -> None:
    """Each with its value, what is wrong, and its place; plain JSON."""
    name, _ = script('{"company": "ACME STORE", "date": "1999-03-04", "total": "eight"}')
    run = Run(checkpointer, chat_model=name)
    assert run.result["status"] is None
    request = json.loads(json.dumps(run.request))
    fields = {field["path"]: field for field in request.pop("fields")}
    assert list(fields) == ["/total", "/date"]
    assert fields["/total"]["errors"][0] == 'expected number or null, got "eight"'
    assert (fields["/total"]["value"], fields["/date"]["value"]) == ("eight", "1999-03-04")
    assert fields["/date"]["grounding"] == "missing"
    assert fields["/date"]["errors"] == []
    assert fields["/date"]["reason"] == "does not stand on the page; the page reads '25/12/2018' beside 'Date'"
    document = request.pop("document")
    assert document.startswith("sha256:")
    assert request == {"target_schema": "receipt", "chat_model": name, "attempts": 1, "pages": 1, "errors": []}


def test_run_asks_for_what_the_result_calls_doubtful(script: Script, checkpointer: BaseCheckpointSaver[Any]) -> None:
    """A value that stands on the page, but beside another label; once confirmed it is not asked again."""
    run = Run(checkpointer, chat_model=script('{"company": "ACME STORE", "total": 7.0}')[0])
    assert run.asked == ["/total"] == [field["path"] for field in run.result["fields"] if field["reason"]]
    (asked,) = run.request["fields"]
    assert (asked["grounding"], asked["errors"]) == ("found", [])
    assert asked["reason"] == "stands beside 'Subtotal'; the page reads '8.00' beside 'Total'"
    result = run.answer()
    assert (result["status"], result["review"]["confirmed"]) == ("valid", ["/total"])
    assert result["extraction"]["total"] == 7.0


WHOLE = {"type": "object", "properties": {"company": {"type": "string"}, "total": {}}, "minProperties": 2}
FEW = "{'company': 'Malice'} does not have enough properties"


def test_what_is_wrong_with_the_whole_answer_is_told_beside_doubtful_values(
    script: Script, checkpointer: BaseCheckpointSaver[Any]
) -> None:
    """It is asked for itself once they are right and it is still broken."""
    run = Run(checkpointer, chat_model=script('{"company": "Malice"}')[0], json_schema=WHOLE)
    assert (run.asked, run.request["errors"]) == (["/company"], [FEW])
    assert run.request["fields"][0]["errors"] == []
    run.answer()
    assert (run.asked, run.request["errors"]) == ([""], [])
    assert run.request["fields"][0]["errors"] == [FEW]
    result = run.answer({"": {"company": "ACME STORE", "total": 8.0}})
    assert (result["status"], result["review"]["rounds"]) == ("valid", 2)


def test_answer_that_mends_the_whole_is_not_asked_again(script: Script) -> None:
    """A rule over the whole may be broken by just the value that is doubtful."""
    schema = {"type": "object", "properties": {"total": {"type": "string"}}, "not": {"required": ["total"]}}
    run = Run(InMemorySaver(), chat_model=script('{"total": "Malice"}')[0], json_schema=schema)
    assert (run.asked, len(run.request["errors"])) == (["/total"], 1)
    result = run.answer({"/total": None})
    assert (result["status"], result["extraction"]) == ("valid", {})


def test_doubtful_value_inside_a_wrong_place_is_not_asked_twice(script: Script) -> None:
    """The place around it is, once; what is doubtful elsewhere as well."""
    shop = {"type": "object", "properties": {"name": {"type": "string"}}, "minProperties": 2}
    schema = {"type": "object", "properties": {"shop": shop, "date": {"type": "string"}}, "minProperties": 3}
    answer = '{"date": "1999-03-04", "shop": {"name": "Malice"}}'
    run = Run(InMemorySaver(), chat_model=script(answer)[0], json_schema=schema)
    assert run.asked == ["/shop", "/date"]
    assert run.request["fields"][0]["errors"] == ["{'name': 'Malice'} does not have enough properties"]
    (whole,) = run.request["errors"]
    assert whole.endswith("does not have enough properties")


def test_local_readers_text_of_another_type_is_told(checkpointer: BaseCheckpointSaver[Any]) -> None:
    """Not just that a value is required: what was read, and where."""
    schema = {"type": "object", "properties": {"date": {"type": "boolean"}}, "required": ["date"]}
    run = Run(checkpointer, chat_model="local", json_schema=schema)
    (asked,) = run.request["fields"]
    assert (asked["value"], asked["errors"]) == ("25/12/2018", ['expected boolean, got "25/12/2018"'])
    assert (asked["grounding"], asked["page_index"]) == ("found", 0)


def test_correction_that_is_doubtful_itself_ends_the_run(script: Script) -> None:
    """What a person typed is not doubted, also where something else is asked again."""
    run = Run(InMemorySaver(), chat_model=script('{"company": "ACME STORE", "date": "eve", "total": "x"}')[0])
    assert run.asked == ["/total", "/date"]
    run.answer({"/date": "24/12/2018"})
    assert run.asked == ["/total"]
    result = run.answer({"/total": 7})
    assert (result["status"], result["review"]["corrected"]) == ("valid", ["/date", "/total"])


@pytest.mark.parametrize("grounding", ["report", "require"])
def test_truth_value_and_lone_sign_are_neither_told_nor_asked(script: Script, grounding: str) -> None:
    """No page is read for them, so nothing speaks against them; what they break still counts."""
    properties = {"paid": {"type": "boolean"}, "currency": {"type": "string"}, "code": {"enum": ["-", "+"]}}
    schema = {"type": "object", "properties": properties}
    answers = '{"paid": true, "currency": "$", "code": "-"}', '{"paid": true, "currency": "$", "code": ":"}'
    name, _ = script(*answers)
    result = Run(InMemorySaver(), chat_model=name, json_schema=schema, grounding=grounding).result
    assert (result["status"], result["review"]) == ("valid", None)
    assert [(field["reason"], field["grounding"]) for field in result["fields"]] == [(None, "missing")] * 3
    assert Run(InMemorySaver(), chat_model=name, json_schema=schema, grounding=grounding).asked == ["/code"]


def test_answer_with_a_schema_is_what_a_client_is_told(script: Script) -> None:
    """The interrupt carries the answer's JSON Schema, for forms."""
    run = Run(InMemorySaver(), chat_model=script('{"total": 9.99}')[0])
    (interrupt,) = run.result["__interrupt__"]
    assert interrupt.response_schema == ReviewAnswer.model_json_schema()


def test_correction_is_typed_checked_and_placed(script: Script, checkpointer: BaseCheckpointSaver[Any]) -> None:
    """The value a person gives goes through what a chat model's goes through; the rest is confirmed."""
    name, chat_model = script('{"company": "ACME STORE", "date": "1999-03-04", "total": 9.99}')
    run = Run(checkpointer, chat_model=name)
    result = run.answer({"/total": "8.00"}, reviewer="ann", comment="smudged")
    assert (result["status"], result["stop_reason"], result["attempts"]) == ("valid", "valid", 1)
    assert result["extraction"] == {"company": "ACME STORE", "date": "1999-03-04", "total": 8.0}
    assert {field["path"]: field["grounding"] for field in result["fields"]}["/total"] == "found"
    assert result["review"] == {
        "reviewer": "ann", "comment": "smudged", "corrected": ["/total"], "confirmed": ["/date"], "rounds": 1,
    }  # fmt: skip
    assert result["chat_model"] == name
    assert result["usage"]["total_tokens"] == 0
    assert len(chat_model.requests) == 1


@pytest.mark.parametrize(
    ("now", "said", "same"),
    [
        (8.0, 8, True),
        (1, True, False),
        (0, False, False),
        ("8", 8, False),
        (None, "", False),
        ({"a": 1, "b": [2.0]}, {"b": [2], "a": 1}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ([1, 2], [2, 1], False),
        ([[True]], [[1]], False),
    ],
)
def test_changed_is_what_json_tells_apart(now: Any, said: Any, same: bool) -> None:
    """A browser writes 8.0 as 8, and an object in any order."""
    assert is_same(now, said) is same
    assert is_same(said, now) is same


def test_chat_model_is_asked_until_its_last_attempt(script: Script) -> None:
    """A person is asked only for what is left then."""
    answers = '{"company": "ACME", "total": "a"}', '{"repairs": []}', '{"repairs": []}'
    run = Run(InMemorySaver(), chat_model=script(*answers)[0], max_attempts=3)
    assert (run.asked, run.request["attempts"]) == (["/total"], 2)  # no progress after the second
    run.answer({"/total": 8})
    assert (run.result["status"], run.result["attempts"]) == ("valid", 2)


def test_confirmed_value_need_not_stand_on_the_page(script: Script) -> None:
    """Also where grounding is required: a person has seen the page."""
    run = Run(InMemorySaver(), chat_model=script('{"total": 9.99}')[0], grounding="require")
    assert run.asked == ["/total"]
    result = run.answer()
    assert (result["status"], result["extraction"], result["review"]["confirmed"]) == (
        "valid", {"total": 9.99}, ["/total"],
    )  # fmt: skip
    assert result["fields"][0]["grounding"] == "missing"


def test_confirmed_value_that_breaks_the_schema_is_asked_again(
    script: Script, checkpointer: BaseCheckpointSaver[Any]
) -> None:
    """With what is wrong; so is a correction that breaks a rule."""
    run = Run(checkpointer, chat_model=script('{"subtotal": 7.0, "tax": 1.0, "total": "eight"}')[0])
    run.answer()
    assert run.asked == ["/total"]
    run.answer({"/total": 80})
    assert set(run.asked) == {"/total", "/subtotal", "/tax"}
    assert run.request["fields"][0]["errors"] == ["total is 80.00, but its parts give 7.00 or 8.00"]
    result = run.answer({"/total": 8}, reviewer="bob")
    assert (result["status"], result["extraction"]["total"]) == ("valid", 8)
    assert result["review"]["corrected"] == ["/total"]
    assert (result["review"]["rounds"], result["review"]["reviewer"]) == (3, "bob")


def test_answers_that_stay_wrong_end_the_run(script: Script) -> None:
    """A client that answers by itself doesn't do so for ever."""
    run = Run(InMemorySaver(), chat_model=script('{"total": "eight"}')[0])
    for _ in range(MAX_ROUNDS - 1):
        run.answer()
        assert run.asked == ["/total"]
    result = run.answer()
    assert (result["status"], result["stop_reason"]) == ("exhausted", "reviews_used_up")
    assert [error["path"] for error in result["validation_errors"]] == ["/total"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"values": [{"path": "/company", "value": "EVIL"}]}, "'/company' was not asked; answer for '/total'"),
        ({"values": [{"path": "/total", "value": 1}, {"path": "/total", "value": 2}]}, "answered twice"),
        ({"values": [{"path": "/total"}]}, "Field required"),
        ({"values": [{"path": "/total", "value": 8, "by": "x"}]}, "Extra inputs"),
        ({"value": 8}, "Extra inputs"),
        ({"values": [{"path": "/total", "value": float("nan")}]}, "not JSON compliant"),
        ({"values": [{"path": "/total", "value": "\ud800"}]}, "surrogates not allowed"),
        ({"values": [{"path": "/total", "value": "9" * 600_000}]}, "at most 500000 characters"),
        ({"values": [{"path": "/total", "value": json.loads("[" * 60 + "]" * 60)}]}, "at most 50 levels"),
        ({"values": [{"path": "/total", "value": 8}], "comment": "x" * 20_000}, "at most 10000"),
        ({"values": [{"path": "/total", "value": 8}], "reviewer": "x" * 300}, "at most 200"),
        ({"reviewer": "\ud800"}, "valid string"),
        (
            {"values": [{"path": "/total", "value": "9" * 300_000}, {"path": "/total", "value": "9" * 300_000}]},
            "at most",
        ),
        ({"values": [{"path": "/total", "value": {3}}]}, "expected JSON"),
        ("8.00", "valid dictionary"),
        (["/total"], "valid dictionary"),
    ],
)
def test_answer_that_does_not_fit_the_question_leaves_the_run_waiting(
    script: Script, checkpointer: BaseCheckpointSaver[Any], answer: Any, said: str
) -> None:
    """Nothing of it is kept, and the next answer counts."""
    run = Run(checkpointer, chat_model=script('{"company": "ACME STORE", "total": 9.99}')[0])
    with pytest.raises(ValidationError, match=said):
        run.graph.invoke(Command(resume=answer), run.config, durability="exit")
    assert run.asked == ["/total"]
    assert run.answer({"/total": 8})["extraction"] == {"company": "ACME STORE", "total": 8}


def test_whole_answer_is_asked_where_nothing_could_be_read(script: Script) -> None:
    """To confirm nothing is no answer; what is typed in is held against the schema."""
    run = Run(InMemorySaver(), chat_model=script("I can't read that.")[0])
    assert (run.asked, run.request["fields"][0]["value"]) == ([""], None)
    run.answer()
    assert run.asked == [""]
    run.answer({"": [8.0]})
    assert "expected a JSON object" in run.request["fields"][0]["errors"][0]
    run.answer({"": {"company": "ACME STORE", "total": "eight"}})
    assert run.asked == ["/total"]
    assert run.answer({"/total": None})["extraction"] == {"company": "ACME STORE", "total": None}


def test_cut_off_list_may_be_confirmed(script: Script) -> None:
    """Whoever sees the page can say that nothing follows."""
    run = Run(InMemorySaver(), chat_model=script('{"line_items": [{"description": "x", "price": 1}, {"desc')[0])
    assert "/line_items" in run.asked
    assert run.answer()["status"] == "valid"


def test_invented_pair_of_a_form_is_removed(script: Script) -> None:
    """A null for its question takes it out; the others stay."""
    pairs = [{"key": "Zebra", "values": ["Quagga"]}, {"key": "Date", "values": ["25/12/2018"]}]
    run = Run(InMemorySaver(), chat_model=script(json.dumps({"pairs": pairs}))[0], target_schema="form")
    assert run.asked == ["/pairs/0/key", "/pairs/0/values/0"]
    result = run.answer({"/pairs/0/key": None})
    assert (result["status"], result["extraction"]) == ("valid", {"pairs": pairs[1:]})


def test_provider_that_failed_and_a_broken_document_ask_nobody(script: Script) -> None:
    """There is nothing that a person could put right."""
    run = Run(InMemorySaver(), chat_model=script('{"total": "a"}', ValueError("down"))[0], max_attempts=2)
    assert run.result["stop_reason"] == "provider_failed"
    graph = make_graph(checkpointer=InMemorySaver())
    unread = graph.invoke({"document": "nowhere.png"}, run.config, context={"review": "on_doubt"})
    assert (unread["status"], unread["review"]) == ("unreadable", None)


def test_review_needs_a_checkpointer(script: Script) -> None:
    """It is told before anything is paid."""
    name, chat_model = script('{"total": 9.99}')
    with pytest.raises(UsageError, match="expected a checkpointer"):
        make_graph().invoke({"document": RECEIPT}, context={"chat_model": name, "review": "on_doubt"})
    assert chat_model.requests == []


def test_inline_schema_is_the_runs_own(script: Script, checkpointer: BaseCheckpointSaver[Any]) -> None:
    """Whoever goes on needs no schema, and can't put another one in its place."""
    schema = {"type": "object", "properties": {"shop": {"type": "string"}}, "required": ["shop"]}
    run = Run(checkpointer, chat_model=script("{}")[0], json_schema=schema)
    assert run.asked == ["/shop"]
    command = Command(resume={"values": [{"path": "/shop", "value": "ACME STORE"}]})
    result = run.graph.invoke(command, run.config, context={"target_schema": "form", "review": "off"})
    assert (result["status"], result["extraction"]) == ("valid", {"shop": "ACME STORE"})


def test_answer_that_cannot_be_checked_here_is_not_taken(
    script: Script, checkpointer: BaseCheckpointSaver[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A process with another data folder, or without the schema's module, leaves the run waiting."""
    monkeypatch.syspath_prepend(tmp_path)
    source = "from pydantic import BaseModel\nclass Shop(BaseModel):\n    shop: str\n"
    (tmp_path / "shop_of_this_test.py").write_text(source)
    run = Run(checkpointer, chat_model=script("{}")[0], target_schema="shop_of_this_test:Shop")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("nodes.refine.get_store", lambda: DocumentStore(tmp_path / "empty"))
        with pytest.raises(UnreadableDocumentError, match="not in this data folder"):
            run.answer({"/shop": "EVIL"})
    with monkeypatch.context() as elsewhere:
        elsewhere.setitem(sys.modules, "shop_of_this_test", None)
        with pytest.raises(SchemaError, match="cannot import"):
            run.answer({"/shop": "EVIL"})
    assert run.asked == ["/shop"]
    assert run.answer({"/shop": "ACME STORE"})["extraction"] == {"shop": "ACME STORE"}


def test_next_document_on_a_thread_starts_anew(script: Script) -> None:
    """Neither the review nor the doubts of the last one are its own."""
    name, _ = script('{"total": 9.99}', '{"total": 8.0}')
    run = Run(InMemorySaver(), chat_model=name)
    run.answer()
    context: Any = {"target_schema": "receipt", "chat_model": name, "review": "off"}
    result = run.graph.invoke({"document": RECEIPT}, run.config, context=context)
    assert (result["status"], result["review"], result["extraction"]) == ("valid", None, {"total": 8.0})


async def test_asynchronous_run_waits_and_goes_on(script: Script, settings: Settings | None) -> None:
    """Stopped on one connection, answered on another."""
    if settings is None:
        pytest.skip("memory has one connection")
    config: Any = {"configurable": {"thread_id": "a"}, "metadata": {"owner": "service", "name": "bad\udcff\0.pdf"}}
    context: Any = {"target_schema": "receipt", "review": "on_doubt", "max_attempts": 1}
    context["json_schema"] = {**Receipt.model_json_schema(), "title": "\0 \ud800"}
    context["chat_model"] = script('{"company": "EVIL \\ud800 \\u0000", "total": ' + "9" * 30 + "}")[0]
    async with aopen_checkpointer(settings) as opened:
        graph = make_graph(checkpointer=opened)
        await graph.ainvoke({"document": RECEIPT}, config, context=context, durability="exit")
    async with aopen_checkpointer(settings) as opened:
        graph = make_graph(checkpointer=opened)
        (interrupt,) = (await graph.aget_state(config)).interrupts
        assert [field["path"] for field in interrupt.value["fields"]] == ["/total", "/company"]
        values = [{"path": "/company", "value": "ACME STORE"}, {"path": "/total", "value": 8}]
        result = await graph.ainvoke(Command(resume={"values": values}), config, durability="exit")
        assert (result["status"], result["extraction"]) == ("valid", {"company": "ACME STORE", "total": 8})
        await opened.adelete_thread("a")
        assert (await graph.aget_state(config)).values == {}
