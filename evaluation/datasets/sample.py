"""One document and what should be read from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sample:
    """What an evaluation runs on, once per document."""

    document: str
    """Path of the document."""
    expected: Mapping[str, Any]
    """The gold extraction, in the shape of the target schema."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What tells this sample from the others: data set, split, stem."""
