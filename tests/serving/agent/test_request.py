"""What a Responses request may ask for."""

from typing import Any

import pytest
from mlflow.types.responses import ResponsesAgentRequest

from graph.context import Context
from schemas.errors import UsageError
from serving.agent.request import Wanted, read_request

PNG = "data:image/png;base64,AAAA"
IMAGE = {"type": "input_image", "image_url": PNG}
TITLE_ONLY = {"type": "object", "title": "note", "properties": {"title": {"type": "string"}}}
CONTEXT = Context(chat_model="local", additional_rules="Keep to the page.", max_attempts=2)


def _read(*parts: Any, context: Context = CONTEXT, **choices: Any) -> Wanted:
    content = [{"role": "user", "content": list(parts)}]
    request = ResponsesAgentRequest(input=content, custom_inputs=choices or None)
    return read_request(request, context, ["local", "local:rules"])


def test_page_and_nothing_else_is_read_as_the_model_has_it() -> None:
    """What the request doesn't choose stays."""
    assert _read(IMAGE) == Wanted(PNG, CONTEXT)


def test_file_comes_as_a_data_uri_or_as_bare_base64() -> None:
    """As OpenAI's clients send it; the kind is told by the content, not by what the sender says."""
    named = {"type": "input_file", "filename": "a.pdf"}
    uri = "data:application/pdf;base64,AAAA"
    assert _read({**named, "file_data": uri}).document == uri
    assert _read({**named, "file_data": "AAAA"}).document == "data:application/octet-stream;base64,AAAA"


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_image", "image_url": "https://example.org/a.png"},
        {"type": "input_image", "image_url": "file:///etc/passwd"},
        {"type": "input_image", "image_url": "/etc/passwd"},
        {"type": "input_image", "image_url": "sha256:" + "0" * 64},
        {"type": "input_image", "image_url": {"url": PNG}},
        {"type": "input_image", "file_id": "file-1"},
        {"type": "input_file", "file_id": "file-1"},
        {"type": "input_file", "file_url": "https://example.org/a.pdf"},
        {"type": "input_file", "file_data": ""},
    ],
)
def test_nothing_is_fetched_and_no_path_is_read(part: dict[str, Any]) -> None:
    """The document comes with the request, whatever else it could be called."""
    with pytest.raises(UsageError, match="nothing is fetched"):
        _read(part)


def test_bare_base64_can_be_no_path() -> None:
    """What stands in file_data is data, even if it looks like something else."""
    part = {"type": "input_file", "file_data": "/etc/passwd"}
    assert _read(part).document == "data:application/octet-stream;base64,/etc/passwd"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "got none; send the page"),
        ([{"type": "input_text", "text": "hello"}], "got none; send the page"),
        ([IMAGE, IMAGE], "got 2; send a request for each"),
    ],
)
def test_one_request_is_one_document(parts: list[Any], said: str) -> None:
    """None and several are told, not guessed at."""
    with pytest.raises(UsageError, match=f"expected one input_image or input_file, {said}"):
        _read(*parts)


@pytest.mark.parametrize(
    "other",
    [
        {"role": "assistant", "content": "{}"},
        {"type": "function_call_output", "call_id": "1", "output": "{}"},
        {"type": "reasoning", "id": "1", "summary": []},
    ],
)
def test_conversation_is_refused(other: dict[str, Any]) -> None:
    """An earlier answer would be forgotten silently."""
    request = ResponsesAgentRequest(input=[{"role": "user", "content": [IMAGE]}, other])
    with pytest.raises(UsageError, match="no conversation is kept"):
        read_request(request, CONTEXT, [])


def test_text_is_a_rule_of_the_callers_own() -> None:
    """The model's rules come first, then the chosen ones, then what stands beside the page."""
    system = {"role": "system", "content": "Dates are day first."}
    user = {"role": "user", "content": [IMAGE, {"type": "input_text", "text": "Amounts in euros."}]}
    request = ResponsesAgentRequest(input=[system, user], custom_inputs={"additional_rules": "No titles."})
    assert read_request(request, CONTEXT, []).context.additional_rules == (
        "Keep to the page.\nNo titles.\nDates are day first.\nAmounts in euros."
    )


def test_choices_replace_the_models_own() -> None:
    """A schema by name takes the place of an inline one, and the other way round."""
    inline = Context(json_schema=TITLE_ONLY)
    by_name = _read(IMAGE, context=inline, target_schema="receipt", chat_model="local:rules", grounding="off").context
    expected = Context(target_schema="receipt", chat_model="local:rules", grounding="off")
    assert by_name.model_dump() == expected.model_dump()
    assert _read(IMAGE, json_schema=TITLE_ONLY, max_attempts=5).context.model_dump() == {
        **CONTEXT.model_dump(),
        "json_schema": TITLE_ONLY,
        "max_attempts": 5,
    }


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"chat_model": "openai:gpt-5"}, "expected a chat model of local, local:rules"),
        ({"chat_model": "local:/etc/passwd"}, "expected a chat model of"),
        ({"target_schema": "recipt"}, "use one of form, invoice, receipt, or send the schema itself as json_schema$"),
        ({"schema": "receipt"}, "custom_inputs/schema is not known; use one of target_schema, json_schema, "),
        ({"target_schema": "/etc/passwd.json"}, "unknown schema"),
        ({"target_schema": "os:environ"}, "unknown schema"),
        ({"json_schema": {"type": "string"}}, "must describe an object"),
        ({"json_schema": {**TITLE_ONLY, "patternProperties": {"(a+)+$": {}}}}, "regular expressions"),
        ({"json_schema": {**TITLE_ONLY, "default": float("nan")}}, "custom_inputs/json_schema: .*NaN"),
        ({"extract_prompt": "prompts:/x/1"}, "custom_inputs/extract_prompt"),
        ({"max_side_px": 8000}, "custom_inputs/max_side_px"),
        ({"max_attempts": 11}, "custom_inputs/max_attempts"),
        ({"grounding": "maybe"}, "custom_inputs/grounding"),
        ({"additional_rules": "x" * 4001}, "custom_inputs/additional_rules"),
    ],
)
def test_choice_that_is_not_a_strangers_is_refused(choices: dict[str, Any], said: str) -> None:
    """In one sentence that doesn't repeat what was sent."""
    with pytest.raises(UsageError, match=said) as error:
        _read(IMAGE, **choices)
    assert "AAAA" not in str(error.value)
    assert "\n" not in str(error.value)


def test_text_has_an_end() -> None:
    """Many texts can't do what one rule may not."""
    with pytest.raises(UsageError, match="at most 4,000 characters"):
        _read(IMAGE, *[{"type": "input_text", "text": "x" * 1000}] * 5)


def test_models_own_schema_may_hold_what_a_strangers_may_not() -> None:
    """The operator chose it."""
    own = {"type": "object", "properties": {"no": {"type": "string", "pattern": "^A"}}}
    assert _read(IMAGE, context=Context(json_schema=own)).context.json_schema == own
