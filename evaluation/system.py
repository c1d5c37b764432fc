"""What is under test: the choices of a context, made exact so that nothing moves while documents run."""

from typing import Any

from chat_models.factory import default_chat_model, make_chat_model
from graph.context import Context
from graph.settings import Settings, get_store
from prompts.registry import load_prompt

_REGISTERED = "prompts:/"


def pin(context: Context, settings: Settings) -> Context:
    """Return the context with its chat model named and its prompts as exact versions, after a check of each.

    Where the registry is out of reach, prompts stay as they are: the packaged files run.

    Raises:
        UsageError: the schema, the chat model or a prompt version is unknown; the message lists the known ones.
    """
    context.schema_to_fill(allow_paths=settings.allow_paths)
    chat_model = context.chat_model or settings.chat_model or default_chat_model()
    make_chat_model(chat_model, get_store(), settings.chat_model_timeout_s, allow_paths=settings.allow_paths)
    prompts = {"extract_prompt": context.extract_prompt, "refine_prompt": context.refine_prompt}
    exact = {
        role: load_prompt(prompt, settings.tracking_uri, settings.registry_timeout_s).uri
        for role, prompt in prompts.items()
    }
    known = {role: uri for role, uri in exact.items() if uri.startswith(_REGISTERED)}
    return context.model_copy(update={"chat_model": chat_model, **known})


def describe(context: Context, settings: Settings) -> dict[str, Any]:
    """Return the choices of a pinned context by name, the schema by its name: parameters of an MLflow run."""
    schema = context.schema_to_fill(allow_paths=settings.allow_paths).name
    return {"schema": schema, **context.model_dump(exclude={"target_schema", "json_schema"})}
