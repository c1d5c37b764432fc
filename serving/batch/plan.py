"""What a run is: one choice for every document, pinned before the first request, and each line's own choices."""

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from chat_models.factory import default_chat_model, make_chat_model
from graph.context import Context
from graph.settings import get_settings, get_store
from prompts.registry import load_prompt
from prompts.template import variables
from schemas.errors import PromptError, UsageError
from serving.batch.inputs import Item


class Variant(NamedTuple):
    """What is asked of a document."""

    context: Context
    fingerprint: str
    """Names all that the result depends on beside the document."""
    request_key: str
    """Names all that a chat-model request depends on beside the pages."""


@dataclass(frozen=True)
class Plan:
    """The choices of a run; can be sent to other processes and machines."""

    pinned: str
    """The context as JSON, with its chat model and prompt versions exact."""
    keeps_answers: bool = True
    """Whether answers of earlier runs are taken, and those of this one kept."""
    trace_ratio: float = 1.0
    """Share of the documents that are traced; which, `is_sampled` says."""

    @property
    def context(self) -> Context:
        """The choices for documents that have none of their own."""
        return Context.model_validate_json(self.pinned)

    def variant(self, item: Item) -> Variant:
        """Return what is asked of a document.

        Raises:
            UsageError: its line's schema or chat model is unknown or broken, or its prompt has no place for rules.
        """
        return _make_variant(self.pinned, item.schema, item.chat_model, item.rules)


def make_plan(context: Context, *, keeps_answers: bool = True) -> Plan:
    """Pin what may change while a run lasts: the default chat model, and what the prompts' aliases stand for.

    Raises:
        UsageError: something of it is unknown or broken, or MLflow can't say what an alias stands for.
    """
    settings = get_settings()
    chosen = {
        "chat_model": context.chat_model or settings.chat_model or default_chat_model(),
        "extract_prompt": _pin(context.extract_prompt),
        "refine_prompt": _pin(context.refine_prompt),
    }
    return Plan(context.model_copy(update=chosen).model_dump_json(), keeps_answers)


def pins(plan: Plan) -> dict[str, Any]:
    """Return what the results of a run depend on, for its folder."""
    context = plan.context
    target = context.schema_to_fill(allow_paths=True)
    return {**context.model_dump(exclude={"json_schema"}), "schema_hash": _hash(_schema_identity(target))}


def _pin(prompt: str) -> str:
    settings = get_settings()
    uri = load_prompt(prompt, settings.tracking_uri, settings.registry_timeout_s).uri
    if uri.startswith("packaged:"):
        raise PromptError(
            f"cannot tell which version '{prompt}' is: MLflow does not answer; start it, so that the run can pin it"
        )
    return uri


# As many as are in work at once, and then some; a manifest may have other rules on each line.
@lru_cache(maxsize=512)
def _make_variant(pinned: str, schema: str | None, chat_model: str | None, rules: str | None) -> Variant:
    own = {"target_schema": schema, "chat_model": chat_model, "additional_rules": rules}
    chosen = {**json.loads(pinned), **{name: value for name, value in own.items() if value is not None}}
    context = Context.model_validate(chosen)
    settings = get_settings()
    target = context.schema_to_fill(allow_paths=True)
    choice = str(context.chat_model)
    make_chat_model(choice, get_store(), settings.chat_model_timeout_s)
    if context.additional_rules:
        _check_room_for_rules(context)
    asked = {
        "schema": _schema_identity(target),
        "chat_model": choice,
        "prompts": [context.extract_prompt, context.refine_prompt],
        "rules": context.additional_rules,
        "page": [context.page_text, context.max_side_px, context.jpeg_quality],
    }
    judged = {"max_attempts": context.max_attempts, "grounding": context.grounding}
    if context.pages_per_request:  # what was asked about as a whole keeps its name
        judged["pages_per_request"] = context.pages_per_request
    return Variant(context, _hash({**asked, **judged}), _hash({**asked, "served_by": _addresses(choice)}))


def _schema_identity(target: Any) -> list[Any]:
    """Name a schema by its content, and its rules by their class: code has no content to hash."""
    rules = f"{target.rules.__module__}.{target.rules.__qualname__}" if target.rules else None
    return [target.name, target.json_schema, rules]


def _check_room_for_rules(context: Context) -> None:
    settings = get_settings()
    for prompt in (context.extract_prompt, context.refine_prompt):
        text = load_prompt(prompt, settings.tracking_uri, settings.registry_timeout_s).text
        if "additional_rules" not in variables(text):
            raise UsageError(f"{prompt} has no place for rules; add {{{{additional_rules}}}} to it, or give no rules")


def _addresses(chat_model: str) -> dict[str, str]:
    """Return where the provider's package looks for its server: the same name may answer differently elsewhere."""
    prefix = f"{chat_model.partition(':')[0].upper()}_"
    kinds = ("BASE", "URL", "HOST", "ENDPOINT")
    return {
        name: value for name, value in os.environ.items() if name.startswith(prefix) and any(k in name for k in kinds)
    }


def _hash(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
