"""Where an answer doesn't fit its JSON Schema, told at the place that is wrong and by what stands there."""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from jsonschema import ValidationError

from schemas.errors import FieldError
from schemas.pointers import join
from schemas.references import FORMATS, JsonSchema, make_validator

_UNIONS = ("anyOf", "oneOf")


def find_mismatches(json_schema: JsonSchema, candidate: Any) -> Iterator[FieldError]:
    """Yield what doesn't fit, in the order of the schema's keywords."""
    for whole in make_validator(json_schema).iter_errors(candidate):
        for error in _narrow(whole):
            for path in _paths(error):
                yield _field_error(error, path)


def _narrow(error: ValidationError) -> Iterator[ValidationError]:
    """Yield what is wrong inside the one branch of a union that takes such a value; else the error itself.

    Of an object that may be null just the property that is wrong is to be mended, not the object around it.
    """
    fitting = [branch for branch in union_branches(error) if not _is_other_type(branch)]
    if len(fitting) != 1 or _expected(error):
        yield error
        return
    for inner in fitting[0]:
        yield from _narrow(inner)


def union_branches(error: ValidationError) -> list[list[ValidationError]]:
    """Return for each branch of a union what is wrong there; [] where the error is about none, or several fit.

    The schema `false`, which takes nothing, is no branch.
    """
    if error.validator not in _UNIONS:
        return []
    told = [inner for inner in error.context if inner.validator is not None]
    return [list(group) for _, group in groupby(told, key=lambda inner: inner.schema_path[0])]


def _is_other_type(errors: list[ValidationError]) -> bool:
    """Tell whether a branch is for values of another type, or for one value that this isn't."""
    here = [error for error in errors if not error.path]
    return any(
        error.validator in ("type", "const") or ((inner := union_branches(error)) and all(map(_is_other_type, inner)))
        for error in here
    )


def _expected(error: Any) -> list[str]:
    """Return the types and formats that a place may hold; [] where another keyword is broken there."""
    if error.validator == "format":
        return [FORMATS[error.validator_value]]
    if error.validator == "type":
        declared = error.validator_value
        return [declared] if isinstance(declared, str) else list(declared)
    branches = [_expected_of_branch(errors) for errors in union_branches(error)]
    return list(dict.fromkeys(name for names in branches for name in names)) if all(branches) else []


def _expected_of_branch(errors: list[ValidationError]) -> list[str]:
    if any(error.path for error in errors):
        return []
    by_type = [error for error in errors if error.validator == "type"]
    (error, *others) = by_type or errors
    return [] if others else _expected(error)


def _paths(error: Any) -> list[str]:
    """Return the pointers an error is about: the absent property itself where one is required."""
    base = ""
    for part in error.absolute_path:
        base = join(base, part)
    if error.validator == "required":
        absent = [name for name in error.validator_value if name not in error.instance]
        # jsonschema reports each absent property in an error of its own, naming it only in the message.
        return [join(base, name) for name in absent if error.message.startswith(repr(name))]
    return [base]


def _field_error(error: ValidationError, path: str) -> FieldError:
    if error.validator == "required":
        return FieldError(path=path, kind="schema", message="a value is required here", value=None)
    if expected := _expected(error):
        message = f"expected {' or '.join(expected)}, got {json.dumps(error.instance, ensure_ascii=False)[:80]}"
    else:
        message = error.message[:200]
    return FieldError(path=path, kind="schema", message=message, value=error.instance)
