"""What can go wrong, as one tree of exceptions and one record of data.

    OptophoneError
    ├── UsageError               the caller's mistake: nothing was read or paid
    │   ├── SchemaError          unknown schema, or one that is no JSON Schema
    │   ├── ChatModelError       unknown chat model, missing package, missing or refused API key
    │   └── PromptError          unknown prompt or version, or a variable missing or unknown
    ├── UnreadableDocumentError  this document can't be read; the others can
    └── UnreachableError         MLflow doesn't answer in time; caught where it is asked, nothing waits for it

A document that can't be read, an answer that doesn't fit and a provider that is down are data in a result (`status`,
`validation_errors`), never an exception that ends a batch.
"""

from typing import Any, Literal

from typing_extensions import TypedDict

ErrorKind = Literal["document", "parse", "schema", "rule", "grounding", "refusal", "provider"]


class OptophoneError(Exception):
    """Say what was expected, what was got and what to do, in one sentence."""


class UsageError(OptophoneError):
    """The call itself is wrong."""


class SchemaError(UsageError):
    """The target schema is unknown or is no JSON Schema."""


class ChatModelError(UsageError):
    """The chat model is unknown, or can't be made or called with what is set up here."""


class PromptError(UsageError):
    """The prompt is unknown, or its variables don't match what it is given."""


class UnreadableDocumentError(OptophoneError):
    """The document can't be turned into pages."""


class UnreachableError(OptophoneError):
    """MLflow did not answer in time, or not at all."""


class FieldError(TypedDict):
    """One thing wrong with an answer, and where."""

    path: str
    """JSON pointer (RFC 6901) into the extraction; "" is the whole of it."""
    kind: ErrorKind
    message: str
    """One sentence: what was expected, what was got."""
    value: Any
    """The value that is wrong; None where there is none."""
