"""What goes in and out over HTTP."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from graph.review import ReviewRequest
from schemas.errors import FieldError
from schemas.target import REGISTERED
from serving.web.tables import ExtractionStatus
from serving.wire import JsonObject

REFERENCE = r"^sha256:[0-9a-f]{64}$"
TEXT = r"^[^\x00]*$"
"""PostgreSQL's texts can't hold the sign 0."""
_EXAMPLE_REF = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

Reference = Annotated[str, Field(pattern=REFERENCE, examples=[_EXAMPLE_REF])]


def _registered(name: str) -> str:
    if name not in REGISTERED:
        raise ValueError(f"expected one of {', '.join(REGISTERED)}")
    return name


SchemaName = Annotated[str, AfterValidator(_registered), Field(json_schema_extra={"enum": list(REGISTERED)})]


class PageSize(BaseModel):
    """One page of an upload."""

    width_px: int
    height_px: int


class Document(BaseModel):
    """An upload; its reference stands for it from now on."""

    document: Reference
    name: str = Field(examples=["registration_form.png"])
    pages: list[PageSize]


class PageWord(BaseModel):
    """A word as it was read."""

    text: str
    bbox: tuple[float, float, float, float] = Field(description="x0, y0, x1, y1 as fractions of the page")


class PageWords(BaseModel):
    """The words of a page."""

    words: list[PageWord]


class ExtractionRequest(BaseModel):
    """What to extract, and how; only `document` is needed."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"document": _EXAMPLE_REF, "schema": "form", "max_attempts": 2}]},
    )

    document: Reference
    schema_: SchemaName = Field("form", alias="schema", description="Registered schema")
    json_schema: JsonObject | None = Field(None, description="JSON Schema to fill, instead of a registered one")
    chat_model: str | None = Field(None, max_length=200, description="One of GET /chat-models; without it, the first")
    extract_prompt: str | None = Field(None, max_length=200, examples=["optophone-extract@production"])
    max_attempts: int = Field(3, ge=1, le=10)
    pages_per_request: int | None = Field(
        None, ge=1, description="Ask about a longer document in parts of so many pages; without it, all at once"
    )
    grounding: Literal["off", "report", "require"] = "report"
    additional_rules: str = Field("", max_length=4000, description="Rules of your own, added to the prompts")
    review: Literal["off", "on_doubt"] = Field(
        "off", description="on_doubt: where values are in doubt at the end, wait for a person"
    )
    name: str | None = Field(
        None, max_length=200, pattern=TEXT, description="What lists call it; without it, the upload's name"
    )


class Problem(BaseModel):
    """Why there is no result."""

    code: str
    message: str


class FieldReview(BaseModel):
    """What a reviewer says of one value."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(max_length=1000, description="JSON pointer into the extraction", examples=["/pairs/0/values/0"])
    state: Literal["correct", "corrected", "absent", "unreadable", "added"]
    page_index: int | None = Field(None, ge=0)
    bbox: tuple[float, float, float, float] | None = Field(
        None, description="x0, y0, x1, y1 as fractions of the page, origin top left"
    )


class Correction(BaseModel):
    """The whole extraction as it should be."""

    model_config = ConfigDict(extra="forbid")

    extraction: JsonObject
    fields: list[FieldReview] = Field([], max_length=10_000)
    comment: str = Field("", max_length=4000)


class Review(BaseModel):
    """A correction as it was stored."""

    extraction: dict[str, Any]
    fields: list[FieldReview]
    comment: str
    reviewer: str
    reviewed_at: str


class Candidate(BaseModel):
    """An extraction as it stands while a person is asked for parts of it."""

    extraction: dict[str, Any] | None = Field(description="null where nothing could be read")
    fields: list[dict[str, Any]] = Field(description="Its values and their places, as OutputState says")


class ExtractionItem(BaseModel):
    """An extraction in a list."""

    id: str
    document: Reference
    name: str
    status: ExtractionStatus
    is_reviewed: bool
    created_at: str
    ended_at: str | None
    schema_: str = Field(alias="schema")
    chat_model: str | None
    error: Problem | None
    num_pages: int
    cost_usd: float | None
    trace_id: str | None
    trace_url: str | None


class Extraction(ExtractionItem):
    """An extraction with all that is known of it."""

    json_schema: dict[str, Any] | None = Field(
        description="The schema that was sent with it; null for a registered one"
    )
    result: dict[str, Any] | None = Field(description="What the graph found, as OutputState of graph/state.py says")
    review: Review | None
    waits_for: ReviewRequest | None = Field(description="While it is `waiting`: what a person is asked")
    candidate: Candidate | None = Field(description="While it is `waiting`: what it is part of")


class ExtractionList(BaseModel):
    """Extractions, newest first."""

    items: list[ExtractionItem]
    next: str | None = Field(description="Give it as `before` for those that follow")


class WaitingItem(ExtractionItem):
    """An extraction that waits for a person."""

    waits_for: ReviewRequest


class WaitingList(BaseModel):
    """Extractions that wait, newest first."""

    items: list[WaitingItem]
    next: str | None = Field(description="Give it as `before` for those that follow")
    total: int = Field(description="How many wait altogether")


class SchemaItem(BaseModel):
    """A registered schema."""

    name: str
    json_schema: dict[str, Any]


class PromptItem(BaseModel):
    """A prompt version of the registry."""

    name: str
    version: int
    aliases: list[str]
    description: str
    chat_model: str | None


class ErrorAnswer(BaseModel):
    """Any error."""

    error: Problem
    errors: list[FieldError] | None = None
