"""What one run may choose; LangGraph Studio shows it as a form."""

from typing import Any, Literal

from langgraph.runtime import Runtime
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from chat_models.factory import is_local
from schemas.target import TargetSchema, load_schema, make_schema


class Context(BaseModel):
    """The choices of one run; every default is the choice of most runs."""

    model_config = ConfigDict(extra="forbid")

    target_schema: str = Field("form", description="Registered schema: form, receipt or invoice")
    json_schema: dict[str, Any] | None = Field(None, description="JSON Schema to fill, instead of a registered one")
    chat_model: str | None = Field(
        None, description="local, or provider:model (openai:gpt-4o-mini); without one, the settings' choice"
    )
    max_attempts: int = Field(
        3,
        ge=1,
        le=10,
        description="Chat-model requests at most, the first one included; for each part of a long document",
    )
    extract_prompt: str = Field("prompts:/optophone-extract@production", description="Prompt of the first request")
    refine_prompt: str = Field("prompts:/optophone-refine@production", description="Prompt of the later requests")
    additional_rules: str = Field("", description="Rules of your own, added to both prompts")
    grounding: Literal["off", "report", "require"] = Field(
        "report", description="Place values on the page: not at all, for information, or as a condition of validity"
    )
    page_text: bool = Field(True, description="Give the chat model the page's text beside its image")
    max_side_px: int = Field(1000, ge=64, le=8192, description="Longest side of the image sent to a chat model")
    jpeg_quality: int = Field(40, ge=1, le=95, description="JPEG quality of the image sent to a chat model")

    pages_per_request: int | None = Field(
        None, ge=1, description="Ask about a longer document in parts of so many pages, side by side; None: all at once"
    )
    review: Literal["off", "on_doubt"] = Field(
        "off", description="Stop for a person where a value is still wrong or doubtful; needs a checkpointer"
    )

    _target: TargetSchema | None = PrivateAttr(None)

    def schema_to_fill(self, *, allow_paths: bool) -> TargetSchema:
        """Return the schema of this run, looked up and checked once.

        Args:
            allow_paths: accept schema files, import paths and regular expressions; never where strangers can ask.

        Raises:
            SchemaError: it is unknown or broken.
        """
        if self._target is None:
            if self.json_schema is not None:
                self._target = make_schema(self.json_schema, allow_patterns=allow_paths)
            else:
                self._target = load_schema(self.target_schema, allow_paths=allow_paths)
        return self._target

    def to_keep(self, target: TargetSchema) -> dict[str, Any]:
        """Return it as plain data that holds in another process too: with the schema itself where it has no class."""
        kept = self.model_dump(mode="json")
        return kept if target.rules else {**kept, "json_schema": target.json_schema}


def wants_words(context: Context, chat_model: str) -> bool:
    """Tell whether a run with these choices, answered by this chat model, looks at the words of its pages."""
    return context.page_text or context.grounding != "off" or is_local(chat_model)


def context_of(runtime: Runtime[Context], kept: dict[str, Any] | None = None) -> Context:
    """Return the run's context: as it was begun with where the state has kept that, else as the caller gave it.

    LangGraph gives None where the caller gave none.
    """
    return Context(**kept) if kept else runtime.context or Context()
