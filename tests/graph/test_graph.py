"""The whole graph with a scripted chat model, untraced."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import RetryPolicy
from pdfs import text_pdf

from chat_models.failures import is_transient
from chat_models.scripted import ScriptedChatModel
from graph.builder import make_graph
from nodes.extract import RETRY_POLICY
from schemas.errors import ChatModelError, PromptError, SchemaError, UsageError

Script = Callable[..., tuple[str, ScriptedChatModel]]

RECEIPT = text_pdf("ACME STORE", "Date: 25/12/2018", "Subtotal 7.00", "Tax 1.00", "Total 8.00")
GRAPH = make_graph(RETRY_POLICY._replace(initial_interval=0.01, jitter=False))


def run(chat_model: str, document: str = RECEIPT, **context: Any) -> dict[str, Any]:
    return GRAPH.invoke(
        {"document": document}, context={"target_schema": "receipt", "chat_model": chat_model, **context}
    )


def repairs(**values: Any) -> str:
    return json.dumps({"repairs": [{"path": f"/{name}", "value": value} for name, value in values.items()]})


def test_graph_has_exactly_four_nodes() -> None:
    """preprocess, extract, validate and refine; nothing hidden beside them."""
    assert set(GRAPH.nodes) - {"__start__"} == {"preprocess", "extract", "validate", "refine"}


def test_valid_answer_ends_after_one_attempt(script: Script) -> None:
    """Every key of the output is filled, and each value has its place."""
    name, chat_model = script('{"company": "ACME STORE", "total": 8.00}')
    result = run(name)
    assert (result["status"], result["stop_reason"], result["attempts"]) == ("valid", "valid", 1)
    assert result["extraction"] == {"company": "ACME STORE", "total": 8.0}
    assert [(field["path"], field["grounding"], field["page_index"]) for field in result["fields"]] == [
        ("/company", "found", 0),
        ("/total", "found", 0),
    ]
    assert result["prompts"] == ["prompts:/optophone-extract/3"]
    assert result["chat_model"] == name
    assert result["document"].startswith("sha256:")
    assert len(chat_model.requests) == 1


def test_probabilities_of_a_chat_model_are_the_fields_confidence(script: Script) -> None:
    """Where the value stands on the page; other values keep the page's, and one that is repaired loses its own."""
    confidences = {"/company": 0.25, "/date": 0.5, "/total": 0.75}
    answer = AIMessage(
        '{"company": "ACME STORE", "total": "eight", "date": "1999-03-04"}',
        response_metadata={"confidences": {**confidences, "/tax": "high"}},
    )
    result = run(script(answer, repairs(total=8))[0])
    assert {field["path"]: field["confidence"] for field in result["fields"]} == {
        "/company": 0.25,
        "/date": 0,
        "/total": 1,
    }


def test_unlikely_sign_is_not_told_to_stand_on_the_page(script: Script) -> None:
    """It can't be looked for; of a text that stands there the reader doubts that it belongs there."""
    pairs = {"pairs": [{"key": "Total", "values": ["$", "8.00"]}]}
    confidences = {"/pairs/0/values/0": 0.3, "/pairs/0/values/1": 0.2}
    answer = AIMessage(json.dumps(pairs), response_metadata={"confidences": confidences})
    _, sign, amount = run(script(answer)[0], target_schema="form")["fields"]
    assert (sign["grounding"], sign["confidence"]) == ("missing", 0.3)
    assert sign["reason"] == "it can't be looked for on the page, and the reader holds it for unlikely"
    assert amount["reason"] == "it stands there, but perhaps as another question's answer, or misread"


def test_sign_beside_whose_label_the_page_reads_something_else_is_doubtful(script: Script) -> None:
    """It can't be looked for, but what stands in its place can."""
    schema = {"type": "object", "properties": {"currency": {"type": "string"}}}
    page = text_pdf("ACME STORE", "Currency: EUR", "Total 8.00")
    (field,) = run(script('{"currency": "$"}')[0], page, json_schema=schema)["fields"]
    assert (field["confidence"], field["reason"]) == (0, "the page reads 'EUR' beside 'Currency'")


def test_probabilities_survive_a_checkpoint(script: Script) -> None:
    """They are plain data of the state, kept until the next document."""
    answer = AIMessage('{"company": "ACME STORE"}', response_metadata={"confidences": {"/company": 0.25}})
    name, _ = script(answer, '{"company": "ACME STORE"}')
    graph = make_graph()
    graph.checkpointer = InMemorySaver()
    config: Any = {"configurable": {"thread_id": "1"}}
    context: Any = {"target_schema": "receipt", "chat_model": name}
    graph.invoke({"document": RECEIPT}, config, context=context)
    assert json.loads(json.dumps(graph.get_state(config).values["confidences"])) == {"/company": 0.25}
    again = graph.invoke({"document": RECEIPT}, config, context=context)
    assert [field["confidence"] for field in again["fields"]] == [1]


def test_refinement_asks_only_for_what_failed_and_merges_it(script: Script) -> None:
    """What was valid is neither asked again nor changed."""
    name, chat_model = script('{"company": "ACME STORE", "total": "eight"}', repairs(total=8, company="EVIL"))
    result = run(name)
    assert result["extraction"] == {"company": "ACME STORE", "total": 8}
    assert (result["status"], result["attempts"]) == ("valid", 2)
    assert result["prompts"] == ["prompts:/optophone-extract/3", "prompts:/optophone-refine/1"]
    asked = chat_model.requests[1][0].content[0]["text"]
    assert '- "/total": now "eight"; expected number or null, got "eight"' in asked
    assert "/company" not in asked


def test_doubtful_value_has_a_reason(script: Script) -> None:
    """A value in another role, and one whose rule is broken; what the page confirms has none."""
    cash = text_pdf("ACME STORE", "Total 8.00", "CASH 10.00", "Change 2.00")
    result = run(script('{"company": "ACME STORE", "total": 10.0}')[0], cash)
    assert [(field["confidence"] < 0.5, field["reason"]) for field in result["fields"]] == [
        (False, None),
        (True, "stands beside 'CASH'; the page reads '8.00' beside 'Total'"),
    ]
    broken = run(script('{"subtotal": 7.0, "total": 7.5, "tax": 1.0}')[0], max_attempts=1)
    reasons = {field["path"]: field["reason"] for field in broken["fields"]}
    assert reasons["/total"] == "total is 7.50, but its parts give 7.00 or 8.00"
    assert reasons["/tax"] is None


def test_local_reader_is_no_witness_of_itself() -> None:
    """Its answers get the page's confidence alone, neither raised nor lowered by reading again."""
    confidences = {field["path"]: field["confidence"] for field in run("local:rules")["fields"]}
    assert confidences["/total"] == 1.0


def test_required_grounding_asks_again_for_what_is_not_on_the_page(script: Script) -> None:
    """With grounding=require an invented value is an error; with report it is only shown."""
    answers = '{"company": "ACME STORE", "total": 9.99}', repairs(total=8.0)
    strict, lenient = script(*answers)[0], script(*answers)[0]
    assert run(strict, grounding="require")["extraction"]["total"] == 8.0
    reported = run(lenient)
    assert (reported["status"], reported["extraction"]["total"]) == ("valid", 9.99)
    assert {field["path"]: field["grounding"] for field in reported["fields"]}["/total"] == "missing"


def test_rule_that_fails_asks_for_the_fields_involved(script: Script) -> None:
    """Amounts that don't add up are asked again together."""
    name, chat_model = script('{"subtotal": 7.0, "tax": 1.0, "total": 80.0}', repairs(total=8.0))
    result = run(name)
    assert (result["status"], result["extraction"]["total"]) == ("valid", 8.0)
    asked = chat_model.requests[1][0].content[0]["text"]
    assert all(f'"{path}"' in asked for path in ("/total", "/subtotal", "/tax"))


def test_attempts_used_up_says_so_and_keeps_the_best_candidate(script: Script) -> None:
    """Nothing that was valid is lost when the run gives up."""
    name, _ = script('{"company": "ACME STORE", "total": "a"}', repairs(total="b"), repairs(total="c"))
    result = run(name)
    assert (result["status"], result["stop_reason"], result["attempts"]) == ("exhausted", "attempts_used_up", 3)
    assert result["extraction"] == {"company": "ACME STORE", "total": "c"}
    assert [error["path"] for error in result["validation_errors"]] == ["/total"]


def test_answer_without_progress_ends_the_run(script: Script) -> None:
    """The same wrong value again is not asked for a third time."""
    name, _ = script('{"total": "a"}', repairs(total="a"))
    result = run(name, max_attempts=10)
    assert (result["stop_reason"], result["attempts"]) == ("no_progress", 2)


def test_unreadable_repair_keeps_the_candidate_and_its_questions(script: Script) -> None:
    """A repair that is no JSON costs an attempt and nothing else."""
    name, chat_model = script('{"company": "ACME STORE", "total": "a"}', "Sorry!", repairs(total=8.0))
    result = run(name)
    assert (result["status"], result["extraction"]) == ("valid", {"company": "ACME STORE", "total": 8.0})
    assert '- "/total"' in chat_model.requests[2][0].content[0]["text"]


def test_refusal_is_data(script: Script) -> None:
    """A chat model that declines gives an error of its own kind."""
    refusal = AIMessage("", additional_kwargs={"refusal": "I can't help with that."})
    result = run(script(refusal)[0], max_attempts=1)
    assert [(error["kind"], error["path"]) for error in result["validation_errors"]] == [("refusal", "")]
    assert "I can't help with that." in result["validation_errors"][0]["message"]
    assert result["extraction"] is None


def _status_error(status: int, code: str | None = None) -> openai.APIStatusError:
    import httpx

    response = httpx.Response(status, request=httpx.Request("POST", "http://provider"))
    return openai.APIStatusError(f"status {status}", response=response, body={"code": code})


def test_transient_failures_are_retried_and_are_no_attempts(script: Script) -> None:
    """A timeout, a rate limit and an overload pass without being counted."""
    failures = TimeoutError("slow"), _status_error(429), _status_error(503)
    name, chat_model = script(*failures, '{"total": 8.0}')
    result = run(name)
    assert (result["status"], result["attempts"], len(chat_model.requests)) == ("valid", 1, 4)


def test_provider_that_stays_down_ends_the_run_with_what_there_is(script: Script) -> None:
    """The answer that was paid for before the provider failed is in the result."""
    name, chat_model = script('{"company": "ACME STORE", "total": "a"}', *[_status_error(503)] * 4)
    result = run(name)
    assert (result["status"], result["stop_reason"], result["attempts"]) == ("exhausted", "provider_failed", 1)
    assert result["extraction"] == {"company": "ACME STORE", "total": "a"}
    assert {error["kind"] for error in result["validation_errors"]} == {"provider", "schema"}
    assert result["prompts"] == ["prompts:/optophone-extract/3", "prompts:/optophone-refine/1"]
    assert len(chat_model.requests) == 5


@pytest.mark.parametrize("tries", [1, 2, 6])
def test_graphs_own_retry_policy_counts(script: Script, tries: int) -> None:
    """However often the policy tries, the last failure is data."""
    name, chat_model = script(*[TimeoutError("slow")] * tries)
    impatient = make_graph(RetryPolicy(max_attempts=tries, initial_interval=0.01, jitter=False, retry_on=is_transient))
    result = impatient.invoke({"document": RECEIPT}, context={"target_schema": "receipt", "chat_model": name})
    assert (result["stop_reason"], len(chat_model.requests)) == ("provider_failed", tries)


def test_request_unfit_for_one_document_does_not_end_a_batch(script: Script) -> None:
    """A document that is too long for the chat model is a result, and so is a refusal after a paid answer."""
    result = run(script(_status_error(400))[0])
    assert (result["status"], result["stop_reason"]) == ("exhausted", "provider_failed")
    result = run(script('{"company": "ACME STORE", "total": "a"}', _status_error(401))[0])
    assert result["extraction"] == {"company": "ACME STORE", "total": "a"}


@pytest.mark.parametrize("error", [_status_error(401), _status_error(404), _status_error(429, "insufficient_quota")])
def test_terminal_failure_is_not_retried(script: Script, error: Exception) -> None:
    """A wrong key, a wrong request and an empty account are told at once."""
    name, chat_model = script(error)
    with pytest.raises(ChatModelError, match="refused the request"):
        run(name)
    assert len(chat_model.requests) == 1


CUT_OFF = '{"company": "ACME STORE", "line_items": [{"description": "x", "price": 1}, {"desc'


@pytest.mark.parametrize("repair", ['{"repairs": []}', "Sorry", '{"repairs": [{"path": "/line_items", "value": [{"de'])
def test_cut_off_list_is_not_forgotten(script: Script, repair: str) -> None:
    """An answer that lost its end is never called valid, and asked for by its own place until it is repaired."""
    name, chat_model = script(CUT_OFF, repair, repairs(line_items=[{"description": "x", "price": 1}, {"price": 2}]))
    result = run(name, max_attempts=2)
    assert result["status"] == "exhausted"
    assert {"path": "/line_items", "kind": "parse"} in [
        {"path": error["path"], "kind": error["kind"]} for error in result["validation_errors"]
    ]
    if repair == '{"repairs": []}':
        assert result["stop_reason"] == "attempts_used_up"
        return
    name, chat_model = script(CUT_OFF, repair, repairs(line_items=[{"description": "x", "price": 1}, {"price": 2}]))
    result = run(name)
    assert (result["status"], len(result["extraction"]["line_items"])) == ("valid", 2)
    assert '- "/line_items"' in chat_model.requests[2][0].content[0]["text"]


def test_rule_is_not_satisfied_by_deleting_a_right_value(script: Script) -> None:
    """Amounts that don't add up may be corrected, not dropped."""
    name, _ = script('{"subtotal": 7.0, "tax": 1.0, "total": 80.0}', repairs(subtotal=None))
    result = run(name, max_attempts=2)
    assert result["status"] == "exhausted"
    assert result["extraction"]["subtotal"] == 7.0


def test_answer_that_a_provider_cut_off_is_not_valid(script: Script) -> None:
    """A tool call whose brackets a package closed still says that it was cut."""
    cut = AIMessage(
        "",
        tool_calls=[{"name": "answer", "args": {"company": "ACME STORE"}, "id": "1"}],
        response_metadata={"stop_reason": "max_tokens"},
    )
    result = run(script(cut)[0], max_attempts=1)
    assert result["status"] == "exhausted"
    assert result["extraction"] == {"company": "ACME STORE"}
    assert "length limit" in result["validation_errors"][0]["message"]


def test_run_works_without_a_context_streamed_and_twice_on_a_thread(script: Script) -> None:
    """Defaults where nothing is chosen; a checkpointer brings no earlier run's account along."""
    assert GRAPH.invoke({"document": "nowhere.png"})["status"] == "unreadable"
    name, _ = script(*['{"total": 8.0}'] * 2, '{"total": "a"}', repairs(total=8.0))
    context = {"target_schema": "receipt", "chat_model": name}
    updates = GRAPH.stream({"document": RECEIPT}, context=context, stream_mode="updates")
    assert [node for update in updates for node in update] == ["preprocess", "extract", "validate"]
    remembering = make_graph().copy({"checkpointer": InMemorySaver()})
    config = {"configurable": {"thread_id": "1"}}
    first = remembering.invoke({"document": RECEIPT}, context=context, config=config)
    second = remembering.invoke({"document": RECEIPT}, context=context, config=config)
    assert (first["attempts"], second["attempts"]) == (1, 2)
    assert second["extraction"] == {"total": 8.0}


async def test_asynchronous_run_gives_the_same(script: Script) -> None:
    """ainvoke goes through the same nodes, refinement included."""
    answers = '{"company": "ACME STORE", "total": "a"}', repairs(total=8.0)
    (first, _), (second, _) = script(*answers), script(*answers)
    result = await GRAPH.ainvoke({"document": RECEIPT}, context={"target_schema": "receipt", "chat_model": second})
    assert {**result, "chat_model": ""} == {**run(first), "chat_model": ""}


def test_result_is_plain_json_and_small(script: Script) -> None:
    """State goes over HTTP and into checkpoints: references, never bytes."""
    name, _ = script('{"company": "ACME STORE"}')
    assert len(json.dumps(run(name))) < 3_000


def test_missing_document_is_data_not_an_exception(script: Script) -> None:
    """An unreadable document ends before anything is asked."""
    name, chat_model = script()
    result = run(name, document="nowhere.png")
    assert (result["status"], result["stop_reason"], result["attempts"]) == ("unreadable", "unreadable", 0)
    assert result["validation_errors"][0]["kind"] == "document"
    assert "cannot read 'nowhere.png'" in result["validation_errors"][0]["message"]
    assert chat_model.requests == []


@pytest.mark.parametrize(
    ("context", "error", "said"),
    [
        ({"target_schema": "recipt"}, SchemaError, "unknown schema 'recipt'"),
        ({"json_schema": {"type": "nonsense"}}, SchemaError, "broken JSON Schema"),
        ({"chat_model": "nonesuch"}, ChatModelError, "unknown chat model 'nonesuch'"),
        ({"chat_model": "nonesuch:x"}, ChatModelError, "nonesuch"),
        ({"chat_model": "openai:gpt-4o-mini"}, ChatModelError, "OPENAI_API_KEY"),
        ({"extract_prompt": "optophone-extract@99"}, PromptError, "versions of 'optophone-extract' are 3, 2, 1"),
        ({"extract_prompt": "optophone-extract@" + "9" * 30}, PromptError, "names no prompt version"),
        ({"refine_prompt": "optophone-refine@nonesuch"}, PromptError, "versions of 'optophone-refine'"),
        ({"extract_prompt": "nonesuch@1"}, PromptError, "no prompt 'nonesuch'"),
        ({"extract_prompt": "!"}, PromptError, "names no prompt version"),
    ],
)
def test_mistakes_in_the_call_are_told_by_name(
    script: Script, context: dict[str, Any], error: type[Exception], said: str
) -> None:
    """The call is wrong for every document alike, so it is an exception, and nothing is asked."""
    name, chat_model = script()
    with pytest.raises(error, match=said):
        run(**{"chat_model": name, **context})
    assert chat_model.requests == []


@pytest.mark.parametrize("document", [b"bytes", None, 3])
def test_document_of_a_wrong_type_is_told(document: object) -> None:
    """What a caller may give instead of text."""
    with pytest.raises(UsageError, match="expected 'document' as a path"):
        GRAPH.invoke({"document": document})
    with pytest.raises(UsageError, match="got NoneType"):
        GRAPH.invoke({"attempts": 1})


def test_path_is_a_document(tmp_path: Path) -> None:
    """A Path is what many callers have."""
    assert GRAPH.invoke({"document": tmp_path / "nowhere.png"})["status"] == "unreadable"


def test_sign_without_letters_is_nothing_to_look_for(script: Script) -> None:
    """A currency's sign can't be missing from the page's words."""
    assert run(script('{"currency": "$"}')[0], grounding="require")["status"] == "valid"


def test_inline_schema_is_filled(script: Script) -> None:
    """A JSON Schema in the context needs no file."""
    schema = {"type": "object", "properties": {"shop": {"type": "string"}}, "required": ["shop"]}
    name, _ = script('{"shop": "ACME STORE"}')
    assert run(name, json_schema=schema)["extraction"] == {"shop": "ACME STORE"}


def test_additional_rules_and_page_text_reach_the_chat_model(script: Script) -> None:
    """Both are the user's choice per run."""
    name, chat_model = script('{"total": 8.0}')
    run(name, additional_rules="Dates are day first.")
    prompt, page_text, image = chat_model.requests[0][0].content
    assert "Dates are day first." in prompt["text"]
    assert "ACME STORE" in " ".join(page_text["text"].split())
    assert image["image_url"]["url"].startswith("data:image/jpeg;base64,")
    name, chat_model = script('{"total": 8.0}')
    run(name, page_text=False)
    assert [part["type"] for part in chat_model.requests[0][0].content] == ["text", "image_url"]


def test_retry_policy_is_bounded() -> None:
    """Retrying ends by itself."""
    assert isinstance(RETRY_POLICY, RetryPolicy)
    assert RETRY_POLICY.max_attempts == 4
