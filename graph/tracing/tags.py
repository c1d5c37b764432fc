"""What a run's trace is found and judged by, as tags: a store searches them without opening spans.

Each document's trace gets them when its run ends: `optophone.document` (sha256:<hex>), `.name` (the file's, or an
upload's), `.schema`, `.status` (as of the result; `failed` without one, `waiting` for a person), `.chat_model`,
`.prompts` (name/version, blanks between), `.figures` (JSON, see `Figures`), and `.reviewer` where a person was asked.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from schemas.pointers import populated

DOCUMENT_TAG = "optophone.document"
NAME_TAG = "optophone.name"
SCHEMA_TAG = "optophone.schema"
STATUS_TAG = "optophone.status"
CHAT_MODEL_TAG = "optophone.chat_model"
PROMPTS_TAG = "optophone.prompts"
FIGURES_TAG = "optophone.figures"
REVIEWER_TAG = "optophone.reviewer"
KIND_TAG = "optophone.kind"
"""What a trace was made for, where that is not the document's own sake."""

EVALUATION = "evaluation"
FAILED = "failed"
"""The status of a run without a result."""
WAITING = "waiting"
"""The status of a run that stopped for a person."""


class Figures(TypedDict):
    """What a run came to, in numbers that need no gold."""

    values: int
    """Values found, a form's keys aside."""
    placed: int
    """Of the answer's texts, how many stand on the page."""
    doubtful: int
    """How many of them are doubtful: these are the fields with a reason."""
    fields: int
    """The texts that were looked for on the page: 0 with grounding off."""
    attempts: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


def tag_run(span: Any) -> None:
    """Tag a run's trace as soon as it is known what to say; a span processor for MLflow."""
    if span.name == "preprocess":  # before anything of a provider's can fail
        tags = _call_tags(span.outputs)
    elif span.name == "optophone":
        tags = {**_name_tag(span.inputs, span.get_attribute("metadata")), **_result_tags(span.outputs)}
    else:
        return
    import mlflow  # noqa: PLC0415 - takes seconds

    for name, text in tags.items():
        # No database takes the lone surrogates of a file name that is no UTF-8.
        mlflow.set_trace_tag(span.trace_id, name, text.encode("utf-8", "backslashreplace").decode())


def _call_tags(outputs: Any) -> dict[str, str]:
    if not isinstance(outputs, dict) or "target_schema" not in outputs:
        return {}
    document = outputs["document"]  # as it was given where it could not be read
    stored = {DOCUMENT_TAG: document} if document.startswith("sha256:") else {}
    return {**stored, SCHEMA_TAG: outputs["target_schema"], CHAT_MODEL_TAG: outputs["chat_model"]}


def _name_tag(inputs: Any, metadata: Any) -> dict[str, str]:
    """Take the name from the document's path, else from what the run was called with: uploads have none in their bytes.

    Both are redacted by now, where names are to be hidden.
    """
    sources = [inputs.get("document") if isinstance(inputs, dict) else None]
    sources.append(metadata.get("name") if isinstance(metadata, dict) else None)
    for source in sources:
        if isinstance(source, str) and source and not source.startswith(("data:", "sha256:")):
            return {NAME_TAG: Path(source).name}
    return {}


def _result_tags(outputs: Any) -> dict[str, str]:
    """A run that goes on after a person answered has a trace of its own, without `preprocess`."""
    called = _call_tags(outputs)
    if not called:
        return {STATUS_TAG: FAILED}
    if not outputs["status"]:
        return {**called, STATUS_TAG: WAITING}
    review = outputs.get("review")
    return {
        **called,
        **({REVIEWER_TAG: review["reviewer"]} if review else {}),
        STATUS_TAG: outputs["status"],
        PROMPTS_TAG: " ".join(uri.partition(":/")[2] for uri in outputs["prompts"]),
        FIGURES_TAG: json.dumps(run_figures(outputs)),
    }


def run_figures(result: Mapping[str, Any]) -> Figures:
    """Count what an `OutputState` holds."""
    fields, usage = result["fields"], result["usage"]
    return Figures(
        values=sum(not is_key(path) for path, _ in populated(result["extraction"])),
        placed=sum(field["grounding"] != "missing" for field in fields),
        doubtful=sum(bool(field["reason"]) for field in fields),
        fields=len(fields),
        attempts=result["attempts"],
        input_tokens=usage["input_tokens"],
        output_tokens=usage["output_tokens"],
        cost_usd=usage["cost_usd"],
    )


def is_key(path: str) -> bool:
    """Tell a form's question from its answers."""
    return path.startswith("/pairs/") and path.endswith("/key")
