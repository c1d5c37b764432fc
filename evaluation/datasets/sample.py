"""One document and what should be read from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_FORM = "form"


@dataclass(frozen=True)
class Sample:
    """What an evaluation runs on, once per document."""

    document: str
    """Path of the document, or the reference (`sha256:<hex>`) of a stored one."""
    expected: Mapping[str, Any]
    """The gold extraction, in the shape of the target schema; fields that it leaves out are unknown, not empty."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """`dataset` (its kind), `stem` (the sample's name there), `schema` where it is known, and what the kind adds."""


@dataclass(frozen=True)
class Skipped:
    """An annotation that gives no sample."""

    name: str
    reason: str
    """What was expected, what was got, what to do."""


def as_form(sample: Sample) -> dict[str, Any] | None:
    """Return what is expected in the `form` schema; None where it is another schema's, with fields of its own.

    Where the schema is not known, a mapping from keys to a text or a list of texts counts as pairs.
    """
    if sample.metadata.get("schema") == _FORM:
        return dict(sample.expected)
    if "schema" in sample.metadata:
        return None
    answers = {key: [value] if isinstance(value, str) else value for key, value in sample.expected.items()}
    if not all(isinstance(value, list) and all(isinstance(text, str) for text in value) for value in answers.values()):
        return None
    return {"pairs": [{"key": key, "values": values} for key, values in answers.items()]}
