"""From a Responses request to a document and the choices of one run. Nothing is fetched, and no path is read."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graph.context import Context
from schemas.errors import ChatModelError, UsageError
from serving.wire import JsonObject

# As the service's; a rule is a sentence.
_MAX_RULES_CHARS = 4000
_MAX_NAME_CHARS = 80
_SPEAKERS = ("user", "system", "developer")
NO_PAGE = (
    "expected one input_image or input_file, got none; send the page in a message of the input, "
    'as {"type": "input_image", "image_url": "data:image/png;base64,…"}'
)
"""What a request without a document is told."""


class Choices(BaseModel):
    """`custom_inputs`: what a client may choose; what it leaves out is as the model has it."""

    model_config = ConfigDict(extra="forbid")

    target_schema: str | None = None
    json_schema: JsonObject | None = None
    chat_model: str | None = None
    max_attempts: int | None = Field(None, ge=1, le=10)
    grounding: Literal["off", "report", "require"] | None = None
    additional_rules: str | None = Field(None, max_length=_MAX_RULES_CHARS)


class Wanted(NamedTuple):
    """What one request asks for."""

    document: str
    """A data: URI."""
    context: Context


def read_request(request: Any, context: Context, chat_models: Sequence[str]) -> Wanted:
    """Find the one document of a request, and what it chooses.

    Args:
        request: MLflow's `ResponsesAgentRequest`; its texts are rules of the caller's own, added to the prompts.
        context: the choices that hold where the request makes none.
        chat_models: those that a client may choose.

    Raises:
        UsageError: it has no document or several, one that isn't sent with it, or a choice that isn't allowed.
    """
    parts = list(_parts(request.input))
    documents = [_document(part) for part in parts if part["type"] != "input_text"]
    if not documents:
        raise UsageError(NO_PAGE)
    if len(documents) > 1:
        raise UsageError(f"expected one input_image or input_file, got {len(documents)}; send a request for each")
    texts = [part["text"] for part in parts if part["type"] == "input_text"]
    return Wanted(documents[0], _context(_choices(request.custom_inputs), texts, context, chat_models))


def _parts(items: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Yield the content of the messages, a text as the part that it stands for."""
    for number, item in enumerate(items):
        message = item if isinstance(item, dict) else item.model_dump()
        if message.get("type", "message") != "message" or message.get("role") not in _SPEAKERS:
            raise UsageError(
                f"expected messages of the user alone, got something else as input {number}; "
                "no conversation is kept: send the document with its rules"
            )
        content = message["content"]
        if isinstance(content, str):
            yield {"type": "input_text", "text": content}
            continue
        yield from (part if isinstance(part, dict) else part.model_dump() for part in content)


def _document(part: dict[str, Any]) -> str:
    """Return the document of an `input_image` or `input_file` as a data: URI; its kind is told by its content."""
    if part["type"] == "input_image":
        url = part.get("image_url")
        if isinstance(url, str) and url.startswith("data:"):
            return url
        raise UsageError("expected input_image with the image_url data:image/png;base64,…; nothing is fetched, send it")
    data = part.get("file_data")
    if isinstance(data, str) and data:
        return data if data.startswith("data:") else f"data:application/octet-stream;base64,{data}"
    raise UsageError("expected input_file with file_data in base64; nothing is fetched by file_id or file_url, send it")


def _choices(custom_inputs: dict[str, Any] | None) -> Choices:
    try:
        return Choices.model_validate(custom_inputs or {})
    except ValidationError as error:
        raise UsageError(first_mistake(error, "custom_inputs")) from error


def first_mistake(error: ValidationError, *within: str) -> str:
    """Say what is wrong first, without repeating what was sent, which may be megabytes."""
    wrong = error.errors(include_url=False, include_context=False, include_input=False)[0]
    # Names of validators, which pydantic puts there too, hold brackets.
    where = "/".join(str(part) for part in (*within, *wrong["loc"]) if "[" not in str(part))
    if wrong["type"] == "extra_forbidden":
        return f"{where[:_MAX_NAME_CHARS]} is not known; use one of {', '.join(Choices.model_fields)}"
    return f"{where}: {wrong['msg']}; correct the request"


def _context(choices: Choices, texts: Sequence[str], context: Context, chat_models: Sequence[str]) -> Context:
    if choices.chat_model is not None and choices.chat_model not in chat_models:
        raise ChatModelError(f"expected a chat model of {', '.join(chat_models)}; choose one of them")
    chosen = choices.model_dump(exclude_none=True)
    if choices.target_schema is not None:
        chosen = {"json_schema": None, **chosen}  # a schema by name instead of the model's own
    rules = [context.additional_rules, choices.additional_rules or "", *texts]
    said = "\n".join(rule for rule in rules if rule.strip())
    if len(said) > _MAX_RULES_CHARS + len(context.additional_rules):
        raise UsageError(f"expected at most {_MAX_RULES_CHARS:,} characters of text beside the document; shorten it")
    wanted = Context(**{**context.model_dump(), **chosen, "additional_rules": said})
    if choices.target_schema is not None or choices.json_schema is not None:
        wanted.schema_to_fill(allow_paths=False)
    return wanted
