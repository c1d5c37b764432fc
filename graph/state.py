"""What one document's run knows: small, JSON-able, references instead of bytes."""

from typing import Annotated, Any, Literal, NotRequired

from typing_extensions import TypedDict

from chat_models.structured import Answer
from documents.grounding import GroundingStatus
from documents.page import BBox, Page
from schemas.errors import FieldError

Status = Literal["valid", "exhausted", "unreadable"]
StopReason = Literal[
    "valid",
    "attempts_used_up",
    "no_progress",
    "provider_failed",
    "pages_unreadable",
    "unreadable",
    "reviews_used_up",
]


class Field(TypedDict):
    """One leaf value of the extraction and its place on the page."""

    path: str
    """JSON pointer into the extraction."""
    value: str | int | float | bool
    grounding: GroundingStatus
    page_index: int | None
    """From 0; None where the value has no place."""
    bbox: BBox | None
    """(x0, y0, x1, y1) as fractions of the page, origin top left."""
    confidence: float
    """0 to 1: how surely the value is right. Where it has a place and the chat model says how probable it is (the local
    reader does, for `form`), that; else by what the page says of it and, for named fields, what a second reader takes.
    """
    reason: str | None
    """What speaks against the value, where the confidence is below 0.5; else None."""


class Conflict(TypedDict):
    """A value of later pages than those whose value stands in the extraction, and another one."""

    path: str
    """JSON pointer into the extraction, where the value of the earlier pages stands."""
    value: Any
    page_indices: list[int]
    """The pages that the chat model was asked about when it gave the value, from 0."""
    grounding: GroundingStatus | None
    """None, like what follows, where places weren't looked for."""
    page_index: int | None
    bbox: BBox | None


class Doubt(TypedDict):
    """One place of the extraction that a person is asked about."""

    path: str
    """JSON pointer into the extraction; "" is the whole of it."""
    value: Any
    """What stands there; None where nothing does."""
    errors: list[str]
    """What is wrong with it by the schema and its rules, a sentence each; empty where it is doubtful only."""
    grounding: GroundingStatus | None
    """None, like what follows, where the place holds no value of its own, or places weren't looked for."""
    page_index: int | None
    bbox: BBox | None
    reason: str | None
    """Why the value is doubtful, as in Field."""


class Review(TypedDict):
    """What a person said of the doubtful places; JSON pointers are those that were asked."""

    reviewer: str
    comment: str
    corrected: list[str]
    confirmed: list[str]
    rounds: int
    """How often somebody answered: what is still wrong after an answer is asked again."""


class Usage(TypedDict):
    """What all requests of a run took together."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    cost_usd: float | None
    """US dollars; None where the chat model's price is unknown."""


class Request(TypedDict):
    """What the next chat-model request asks, the document aside."""

    prompt: str
    """The prompt version it was rendered from, as prompts:/name/version."""
    text: str
    paths: list[str]
    """JSON pointers asked for; [""] asks for the whole answer."""
    temperature: float | None
    """Sampling temperature; None is the provider's own."""


class Window(TypedDict):
    """Pages that one request asks about, and what came of it so far; pointers go into its own extraction."""

    page_indices: list[int]
    """From 0; without those that can't be read."""
    is_open: bool
    """Whether it is to be asked, or asked again."""
    request: Request | None
    """Written by refine; None before its first request."""
    attempts: int
    extraction: dict[str, Any] | None
    errors: list[FieldError]
    confidences: dict[str, float]


class Reply(TypedDict):
    """What one request about a window brought; what it took is its own."""

    window: int
    request: Request
    answer: Answer
    attempts: int
    """The window's, this request included if an answer came."""
    prompts: list[str]
    usage: Usage


def gather(known: list[Reply], new: list[Reply] | None) -> list[Reply]:
    """Collect what parallel requests bring; None begins anew."""
    return [] if new is None else [*known, *new]


class InputState(TypedDict):
    """What a caller gives."""

    document: str
    """A path, a data: URI, or sha256:<hex> of a stored document."""


class OutputState(TypedDict):
    """What a caller gets; every run fills every key."""

    document: str
    """The document as sha256:<hex>; as given where it could not be read."""
    target_schema: str
    """Name of the schema that was filled: a registered one, a file's stem, a class, or an inline schema's title."""
    extraction: dict[str, Any] | None
    """The candidate; it fits the schema only when status is "valid"."""
    fields: list[Field]
    """One item for each populated leaf value; empty with grounding off."""
    conflicts: list[Conflict]
    """Where parts of a long document say different things; the first one's value stands in the extraction."""
    status: Status | None
    stop_reason: StopReason | None
    """Why the run ended; like the status None until then."""
    validation_errors: list[FieldError]
    attempts: int
    """Chat-model requests made, the first one included."""
    prompts: list[str]
    """The exact prompt versions used, as prompts:/name/version; packaged:/name where the registry was out of reach."""
    chat_model: str
    """Who answered."""
    usage: Usage
    review: Review | None
    """None where nobody was asked."""


class State(InputState, OutputState):
    """Everything the nodes share."""

    pages: list[Page]
    windows: list[Window]
    """The parts in which a long document is asked about, in page order; empty where it is asked about as a whole."""
    replies: Annotated[list[Reply], gather]
    request: Request | None
    """Written by refine; None before the first request."""
    answer: Answer | None
    confidences: dict[str, float]
    """How probably the extraction's values are right, by JSON pointer, as far as the chat model says."""
    doubts: list[Doubt]
    """Written by validate: what `refine` asks a person; empty where it asks the chat model."""
    context: dict[str, Any] | None
    """What a run with review was begun with: who goes on with it, in another process, may know nothing of it."""


# What each node and router reads. LangGraph hands it over and traces show just that, not the whole state each time.


class ExtractInput(TypedDict):
    """What `extract` reads."""

    pages: list[Page]
    request: Request | None
    attempts: int
    prompts: list[str]
    chat_model: str
    usage: Usage
    window: NotRequired[int]
    """Number of the window that the pages are; then attempts are the window's, and the rest begins empty."""


class ValidateInput(TypedDict):
    """What `validate` reads."""

    pages: list[Page]
    conflicts: list[Conflict]
    windows: list[Window]
    replies: list[Reply]
    request: Request | None
    answer: Answer | None
    attempts: int
    prompts: list[str]
    chat_model: str
    usage: Usage
    extraction: dict[str, Any] | None
    validation_errors: list[FieldError]
    confidences: dict[str, float]
    doubts: list[Doubt]
    review: Review | None
    context: dict[str, Any] | None


class RefineInput(TypedDict):
    """What `refine` reads."""

    document: str
    target_schema: str
    pages: list[Page]
    windows: list[Window]
    attempts: int
    extraction: dict[str, Any] | None
    validation_errors: list[FieldError]
    chat_model: str
    doubts: list[Doubt]
    review: Review | None
    context: dict[str, Any] | None


class RouteInput(TypedDict):
    """What the routers read."""

    pages: list[Page]
    windows: list[Window]
    chat_model: str
    stop_reason: StopReason | None
    doubts: list[Doubt]
