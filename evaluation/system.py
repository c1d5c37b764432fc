"""What is under test: schema, chat model and prompts, made exact so that nothing moves while documents run."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chat_models.factory import LOCAL, default_chat_model, make_chat_model
from evaluation.datasets.sample import Sample, as_form
from graph.context import Context
from graph.settings import Settings, get_store
from prompts.registry import load_prompt
from schemas.errors import UsageError

FORM = "form"
_REGISTERED = "prompts:/"
_TRAINED_ON = ("funsd", "training_data")


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


def choose_schema(samples: Sequence[Sample], schema: str | None) -> tuple[str, list[Sample]]:
    """Return the schema to fill and the samples that it fits.

    Args:
        samples: of one data set; a reviewer's corrections may be of several schemas.
        schema: as the caller chose it; None takes the one that the data set is annotated for, else `form`.

    Raises:
        UsageError: the samples are of several schemas and none was chosen, or none of them fits the chosen one.
    """
    known = sorted({str(sample.metadata["schema"]) for sample in samples if "schema" in sample.metadata})
    if schema is None and len(known) > 1:
        raise UsageError(f"expected a schema, for the dataset holds documents of {', '.join(known)}; give --schema")
    chosen = schema or (known[0] if known else FORM)
    if chosen in known:
        samples = [sample for sample in samples if sample.metadata.get("schema", chosen) == chosen]
    if chosen == FORM:
        fitting = [replace(sample, expected=form) for sample in samples if (form := as_form(sample)) is not None]
    else:  # the fields of a schema of one's own may be those that are annotated
        fitting = [sample for sample in samples if sample.metadata.get("schema") != FORM]
    if len(fitting) < len(samples):
        got = ", ".join(known) or "named fields"
        raise UsageError(f"expected documents annotated for '{chosen}', got {got}; give another --schema")
    return chosen, fitting


def caveat(samples: Sequence[Sample], context: Context) -> str | None:
    """Say where figures flatter: the shipped weights were trained on FUNSD's training forms (their model card)."""
    seen = any((one.metadata.get("dataset"), one.metadata.get("split")) == _TRAINED_ON for one in samples)
    if context.chat_model != LOCAL or not seen:
        return None
    return (
        "the weights of 'local' were trained on FUNSD's training_data, so on these forms they look better than they "
        "are; `optophone train` cross-validates"
    )
