"""Documents of many pages, asked about in windows side by side."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from openai_server import OpenAIServer, Reply, openai_server
from pdfs import long_pdf

from graph.answer_cache import AnswerCache, Kept, answers_kept
from graph.builder import make_graph
from nodes.extract import RETRY_POLICY
from schemas.errors import ChatModelError

Pages = Sequence[Sequence[str] | None]
MODEL = "openai:gpt-4o-mini"
GRAPH = make_graph(RETRY_POLICY._replace(initial_interval=0.01, max_attempts=1, jitter=False))
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "city": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name"],
    "additionalProperties": False,
}


def names(count: int, broken: int | None = None) -> Pages:
    """One name a page; the broken page's number counts from 1."""
    return [None if number == broken else [f"Name: Person{number}"] for number in range(1, count + 1)]


def uri(pages: Pages) -> str:
    return f"data:application/pdf;base64,{b64encode(long_pdf(pages)).decode()}"


def run(pages: Pages, graph: Any = GRAPH, **context: Any) -> dict[str, Any]:
    chosen = {"chat_model": MODEL, "pages_per_request": 1, "extract_prompt": "optophone-extract@3", **context}
    result: dict[str, Any] = graph.invoke({"document": uri(pages)}, context=chosen)
    return result


def shown(request: dict[str, Any]) -> str:
    """The text of the pages in a request."""
    parts = [part["text"] for part in request["messages"][-1]["content"][1:] if part["type"] == "text"]
    return "\n".join(part.partition("\n")[2] for part in parts)


def read_pairs(request: dict[str, Any]) -> Reply:
    """Answer with the pairs that stand there."""
    pairs = [{"key": key, "values": [value]} for key, value in re.findall(r"(\w+): *(\w+)", shown(request))]
    return Reply(json.dumps({"pairs": pairs}))


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[dict[str, Any]], Reply]], OpenAIServer]]:
    """Start a provider that answers each request by a function."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0000")
    running: list[Any] = []

    def start(answer: Callable[[dict[str, Any]], Reply]) -> OpenAIServer:
        running.append(openai_server(answer))
        server: OpenAIServer = running[-1].__enter__()
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        return server

    yield start
    for server in running:
        server.__exit__(None, None, None)


def values(result: dict[str, Any]) -> list[str]:
    return [value for pair in result["extraction"]["pairs"] for value in pair["values"]]


def test_forty_pages_with_a_broken_one_are_resumed_for_that_page(serve: Any, tmp_path: Path) -> None:
    """39 pages' fields and the broken one's name; after the repair one page is asked."""
    server = serve(read_pairs)
    graph = make_graph(cache=AnswerCache(tmp_path / "answers.db"))

    def ask(broken: int | None) -> tuple[dict[str, Any], Kept]:
        account = Kept("k")
        with answers_kept(account):
            return run(names(40, broken), graph), account

    first, _ = ask(broken=17)
    assert values(first) == [f"Person{number}" for number in range(1, 41) if number != 17]
    assert [error["message"] for error in first["validation_errors"]] == [
        "page 17 of the PDF is damaged (Failed to load page.); export it again"
    ]
    assert (first["status"], first["stop_reason"], first["attempts"]) == ("exhausted", "pages_unreadable", 39)
    assert first["usage"]["total_tokens"] == 39 * 1100
    assert [field["page_index"] for field in first["fields"][::2]] == [*range(16), *range(17, 40)]
    assert len(server.requests) == 39

    second, account = ask(broken=None)
    assert values(second) == [f"Person{number}" for number in range(1, 41)]
    assert (second["status"], second["attempts"], second["prompts"]) == ("valid", 40, ["prompts:/optophone-extract/3"])
    assert (account.requests, account.total_tokens) == (39, 39 * 1100)
    assert [shown(request).strip() for request in server.requests[39:]] == ["Name: Person17"]


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (
            Reply(status=400, error={"message": "too long"}),
            "provider",
            "page 2: 'openai:gpt-4o-mini' failed: Error code: 400 - too long",
        ),
        (Reply(None, refusal="I won't"), "refusal", "page 2: the chat model declined: I won't"),
        (Reply("no idea"), "parse", "page 2: expected a JSON object, got 'no idea'"),
    ],
)
def test_failing_window_costs_its_pages_only(serve: Any, reply: Reply, kind: str, said: str) -> None:
    """Its error names them, and only it is asked again, as often as is allowed; not after a provider's failure."""
    server = serve(lambda request: reply if "Person2" in shown(request) else read_pairs(request))
    result = run(names(3), max_attempts=2)
    assert values(result) == ["Person1", "Person3"]
    [error] = result["validation_errors"]
    assert error["kind"] == kind
    assert said in error["message"]
    assert result["status"] == "exhausted"
    assert result["stop_reason"] == ("provider_failed" if kind == "provider" else "attempts_used_up")
    assert ["Person2" in shown(request) for request in server.requests[3:]] == ([] if kind == "provider" else [True])


def test_window_that_failed_is_read_in_the_next_round(serve: Any) -> None:
    """Its answer stands in its place, and the others weren't asked again."""
    asked: list[str] = []

    def answer(request: dict[str, Any]) -> Reply:
        asked.append(shown(request))
        return (
            Reply("hm") if "Person2" in asked[-1] and sum("Person2" in text for text in asked) == 1 else good(request)
        )

    def good(request: dict[str, Any]) -> Reply:
        return read_pairs(request)

    serve(answer)
    result = run(names(5), pages_per_request=2)
    assert values(result) == [f"Person{number}" for number in range(1, 6)]
    assert (result["status"], result["attempts"]) == ("valid", 4)
    assert "Person1" in asked[-1]
    assert "Person3" not in asked[-1]


def test_cut_off_window_is_asked_for_its_list_alone(serve: Any) -> None:
    """What came before the cut stays until the repair, which is the window's own and not the whole list."""
    full = [{"key": "Name", "values": ["Person2"]}, {"key": "City", "values": ["Rome"]}]
    repair = Reply(json.dumps({"repairs": [{"path": "/pairs", "value": full}]}))

    def answer(request: dict[str, Any]) -> Reply:
        if "Person2" not in shown(request):
            return read_pairs(request)
        is_repair = "repairs" in request["response_format"]["json_schema"]["schema"]["properties"]
        return repair if is_repair else Reply(json.dumps({"pairs": full})[:60], finish_reason="length")

    server = serve(answer)
    once = run(names(3), max_attempts=1)
    assert values(once) == ["Person1", "Person2", "Person3"]
    assert once["validation_errors"][0]["path"] == "/pairs"
    assert once["validation_errors"][0]["message"].startswith("page 2: the answer was cut off here")
    result = run(names(3))
    assert values(result) == ["Person1", "Person2", "Rome", "Person3"]
    assert (result["status"], len(server.requests)) == ("valid", 3 + 4)


def test_wrong_key_ends_the_run(serve: Any) -> None:
    """A mistake in the call is the caller's, as with a single request."""
    serve(lambda request: Reply(status=401, error={"message": "no such key"}))
    with pytest.raises(ChatModelError, match="refused the request: Error code: 401"):
        run(names(3))


def fill_person(request: dict[str, Any]) -> Reply:
    """Fill what stands on the pages, null for the rest; a repair is always the same."""
    found = dict(re.findall(r"(\w+): *(\w+)", shown(request)))
    schema = request["response_format"]["json_schema"]["schema"]
    if "repairs" in schema["properties"]:
        return Reply(json.dumps({"repairs": [{"path": "/age", "value": 41}]}))
    return Reply(json.dumps({name: found.get(name) for name in ("name", "city", "age")}))


def test_wrong_value_is_asked_again_with_its_own_pages(serve: Any) -> None:
    """Its pointer and its page alone; null is allowed for what other pages hold."""
    server = serve(fill_person)
    result = run([["name: Ann"], ["city: Rome"], ["age: unknown"]], json_schema=PERSON)
    assert result["extraction"] == {"name": "Ann", "city": "Rome", "age": 41}
    assert (result["status"], result["attempts"]) == ("valid", 4)
    assert shown(server.requests[3]).strip() == "age: unknown"
    assert '"/age": now "unknown"' in server.texts(3)[0]


def test_value_that_no_page_has_is_asked_once_of_each(serve: Any) -> None:
    """The result says what is missing, and why it ends."""
    server = serve(fill_person)
    result = run([["city: Rome"], ["age: 41"]], json_schema=PERSON)
    assert [(error["path"], error["kind"]) for error in result["validation_errors"]] == [("/name", "schema")]
    assert (result["status"], result["stop_reason"], len(server.requests)) == ("exhausted", "no_progress", 2)


def test_contradiction_is_reported_with_both_places(serve: Any) -> None:
    """The first value stands, doubted, and the run is valid."""
    serve(fill_person)
    result = run([["name: Ann"], ["name: ANN"], ["name: Bob"]], json_schema=PERSON)
    assert (result["status"], result["extraction"]["name"]) == ("valid", "Ann")
    [field] = result["fields"]
    assert (field["page_index"], field["confidence"], field["reason"]) == (
        0,
        pytest.approx(1 / 3, abs=1e-3),
        "page 3: 'Bob'",
    )
    [conflict] = result["conflicts"]
    assert {key: conflict[key] for key in ("path", "value", "page_indices", "grounding", "page_index")} == {
        "path": "/name",
        "value": "Bob",
        "page_indices": [2],
        "grounding": "found",
        "page_index": 2,
    }
    assert conflict["bbox"][0] == pytest.approx(0.15, abs=0.1)


def test_value_stands_on_its_own_pages(serve: Any) -> None:
    """The same text on an earlier page is not its place; nor is it missing where its own page lacks it by mistake."""
    serve(lambda request: Reply(json.dumps({"pairs": [{"key": "Name", "values": ["Ann"]}]})))
    result = run([["Name: Ann"], ["Name: Ann"], ["Name: Bob"]])
    assert [(field["page_index"], field["grounding"]) for field in result["fields"]][1::2] == [
        (0, "found"),
        (1, "found"),
        (None, "missing"),
    ]


def test_short_document_is_asked_about_as_a_whole(serve: Any) -> None:
    """Windows begin where there are more pages than a request takes; a broken page is left out and named."""
    server = serve(read_pairs)
    result = run(names(3, broken=2), pages_per_request=3)
    assert values(result) == ["Person1", "Person3"]
    assert (result["stop_reason"], result["attempts"], result["conflicts"]) == ("pages_unreadable", 1, [])
    assert len(server.requests) == 1
    assert [field["page_index"] for field in result["fields"]] == [0, 0, 2, 2]


async def test_local_reader_reads_many_pages() -> None:
    """Each page by itself, also in an event loop."""
    context = {"chat_model": "local", "pages_per_request": 2}
    result = await GRAPH.ainvoke({"document": uri(names(5))}, context=context)
    assert (result["status"], result["attempts"]) == ("valid", 3)
    assert values(result) == [f"Person{number}" for number in range(1, 6)]


def test_state_is_plain_and_a_second_document_begins_anew(serve: Any) -> None:
    """A checkpointer keeps windows as data; the next run on the thread takes nothing of them."""
    serve(read_pairs)
    graph = make_graph(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    context: Any = {"chat_model": MODEL, "pages_per_request": 1}
    for count in (3, 2):
        result = graph.invoke({"document": uri(names(count))}, config, context=context)
        assert (len(values(result)), result["attempts"], result["usage"]["total_tokens"]) == (
            count,
            count,
            count * 1100,
        )
    kept = graph.get_state(config).values
    assert json.loads(json.dumps(kept["windows"]))[1]["extraction"] == {
        "pairs": [{"key": "Name", "values": ["Person2"]}]
    }


def test_person_is_asked_about_contradictions_and_a_lost_window_stays_named(serve: Any) -> None:
    """The answer goes into the whole; a page that the chat model could not read is no less unread."""
    serve(lambda request: Reply("hm") if "lost" in shown(request) else fill_person(request))
    graph = make_graph(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    chosen = {"chat_model": MODEL, "pages_per_request": 1, "max_attempts": 1, "review": "on_doubt"}
    context: Any = {**chosen, "json_schema": PERSON}
    document = uri([["name: Ann"], ["name: Bob"], ["lost: page"]])
    waiting = graph.invoke({"document": document}, config, context=context)
    [doubt] = waiting["__interrupt__"][0].value["fields"]
    assert (doubt["path"], doubt["errors"]) == ("/name", ["page 2: 'Bob'"])
    answer: Any = Command(resume={"values": [{"path": "/name", "value": "Bob"}]})
    waiting = graph.invoke(answer, config, context=context)
    [doubt] = waiting["__interrupt__"][0].value["fields"]
    assert (doubt["path"], doubt["value"], doubt["errors"][0][:8]) == (
        "",
        {"name": "Bob"},
        "page 3: ",
    )
    result = graph.invoke(Command(resume={"values": []}), config, context=context)
    assert (result["status"], result["extraction"]["name"], result["conflicts"]) == ("valid", "Bob", [])


def test_requests_under_way_at_once_are_bounded(serve: Any) -> None:
    """By eight, or by what the caller's config says."""
    import threading

    lock, under_way, most = threading.Lock(), 0, 0

    def answer(request: dict[str, Any]) -> Reply:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        threading.Event().wait(0.05)
        with lock:
            under_way -= 1
        return read_pairs(request)

    serve(answer)
    run(names(24))
    assert 1 < most <= 8
    most = 0
    GRAPH.invoke(
        {"document": uri(names(6))}, {"max_concurrency": 2}, context={"chat_model": MODEL, "pages_per_request": 1}
    )  # type: ignore[arg-type]
    assert most <= 2
