"""Read files of annotations: one that is broken is named and left out, and the others go on."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from evaluation.datasets.sample import Sample, Skipped
from schemas.target import load_schema

Loaded = tuple[list[Sample], list[Skipped]]


class UnusableAnnotationError(Exception):
    """An annotation gives no sample; the message is the reason that is told."""


def read_samples(annotations: Iterable[Path], read: Callable[[Path], Sample]) -> Loaded:
    """Make a sample of each file, in the order of their names; what `read` finds unusable is skipped."""
    samples, skipped = [], []
    for path in sorted(annotations):
        try:
            samples.append(read(path))
        except UnusableAnnotationError as error:
            skipped.append(Skipped(path.name, str(error)))
    return samples, skipped


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        UnusableAnnotationError: the file can't be read, is no JSON, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))  # some editors put a byte order mark in front
    except OSError as error:
        raise UnusableAnnotationError(f"it can't be read ({error.strerror}); make it readable") from error
    except (ValueError, RecursionError) as error:
        raise UnusableAnnotationError(f"expected JSON, got an error: {error}; correct the file") from error
    if not isinstance(content, dict):
        raise UnusableAnnotationError(f"expected a JSON object, got {type(content).__name__}; correct the file")
    return content


def check_document(path: Path) -> str:
    """Return the path of an annotated document as text.

    Raises:
        UnusableAnnotationError: there is no such file.
    """
    if not path.is_file():
        raise UnusableAnnotationError(f"expected its document at '{path}', found none; restore it or drop this file")
    return str(path)


def check_shape(expected: dict[str, Any], schema: str) -> dict[str, Any]:
    """Return an expected extraction that has the types of a registered schema; its rules are not asked.

    Raises:
        UnusableAnnotationError: it doesn't fit.
    """
    misfits = [error for error in load_schema(schema, allow_paths=False).errors(expected) if error["kind"] == "schema"]
    if misfits:
        place = misfits[0]["path"] or "its root"
        raise UnusableAnnotationError(
            f"it doesn't fit the schema '{schema}': at {place}, {misfits[0]['message']}; correct the annotation"
        )
    return expected
