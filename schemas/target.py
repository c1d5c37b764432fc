"""The schema that an answer must fit: registered by name, a JSON Schema, or a pydantic class."""

import importlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError as InvalidJsonSchema
from pydantic import BaseModel, PydanticUserError, ValidationError

from schemas.errors import FieldError, SchemaError
from schemas.form import Form
from schemas.invoice import Invoice
from schemas.mismatches import find_mismatches
from schemas.pointers import document_order, get, join
from schemas.receipt import Receipt
from schemas.references import JsonSchema, check_references, subschemas

REGISTERED: dict[str, type[BaseModel]] = {"form": Form, "receipt": Receipt, "invoice": Invoice}


@dataclass(frozen=True)
class TargetSchema:
    """A JSON Schema of an object, with the rules of a pydantic class where it came from one."""

    name: str
    json_schema: JsonSchema
    rules: type[BaseModel] | None = None

    def errors(self, candidate: Any) -> list[FieldError]:
        """Return what doesn't fit, in document order; the rules are asked only when the types are right."""
        found = list(find_mismatches(self.json_schema, candidate))
        if found or self.rules is None:
            return sorted(found, key=lambda error: document_order(error["path"]))
        try:
            self.rules.model_validate(candidate)
        except ValidationError as error:
            details = error.errors(include_url=False)
            return [found for detail in details for found in _rule_errors(detail, candidate)]
        except Exception as error:  # a validator's own mistake is told like a broken rule, and ends nothing
            message = f"the schema's own rule failed: {type(error).__name__}: {error}"
            return [FieldError(path="", kind="rule", message=message, value=None)]
        return []


def load_schema(spec: str, *, allow_paths: bool = True) -> TargetSchema:
    """Make the target schema from a registered name, a `.json` file, or `module:Class`.

    Args:
        spec: the name, file or import path.
        allow_paths: without it only registered names count: a file or an import runs or reads what it names.

    Raises:
        SchemaError: nothing stands behind the name, or it is no JSON Schema of an object.
    """
    if spec in REGISTERED:
        return _from_class(REGISTERED[spec], spec)
    if allow_paths and spec.endswith(".json"):
        return _from_file(Path(spec))
    if allow_paths and ":" in spec:
        return _from_import(spec)
    others = "a JSON Schema file or module:Class" if allow_paths else "or send the schema itself as json_schema"
    raise SchemaError(f"unknown schema '{spec}'; use one of {', '.join(sorted(REGISTERED))}, {others}")


def make_schema(json_schema: JsonSchema, name: str | None = None, *, allow_patterns: bool = True) -> TargetSchema:
    """Make the target schema from a JSON Schema.

    Args:
        json_schema: a JSON Schema (2020-12) of an object.
        name: what prompts and results call it; its title otherwise.
        allow_patterns: without it regular expressions are refused: one that a stranger wrote can run for ever.

    Raises:
        SchemaError: it is no JSON Schema, none of an object, or holds what isn't allowed.
    """
    try:
        Draft202012Validator.check_schema(json_schema)
        check_references(json_schema)
        nodes = list(subschemas(json_schema))
    except InvalidJsonSchema as error:
        where = "/".join(str(part) for part in error.absolute_path) or "its root"
        raise SchemaError(f"broken JSON Schema at {where}: {error.message[:200]}; correct the schema") from error
    except RecursionError as error:
        raise SchemaError("the JSON Schema is nested too deeply; flatten it") from error
    if json_schema.get("type") != "object" or not isinstance(json_schema.get("properties"), dict):
        raise SchemaError("the JSON Schema must describe an object: give it 'type': 'object' and 'properties'")
    if not allow_patterns and any({"pattern", "patternProperties"} & node.keys() for node in nodes):
        raise SchemaError("regular expressions are not accepted here; remove 'pattern' from the JSON Schema")
    return TargetSchema(name or str(json_schema.get("title") or "inline"), json_schema)


@cache
def _from_class(cls: type[BaseModel], name: str) -> TargetSchema:
    try:
        json_schema = cls.model_json_schema()
    except (PydanticUserError, AttributeError) as error:  # AttributeError: BaseModel itself
        raise SchemaError(f"the class '{name}' has no JSON Schema: {error}; change the class") from error
    return replace(make_schema(json_schema, name), rules=cls)


def _from_file(path: Path) -> TargetSchema:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SchemaError(f"cannot read the schema '{path}': {error.strerror}; check the path") from error
    except ValueError as error:
        raise SchemaError(f"the schema '{path}' is not JSON: {error}; correct the file") from error
    try:
        return make_schema(content, path.stem)
    except SchemaError as error:
        raise SchemaError(f"'{path}': {error}") from error


def _from_import(spec: str) -> TargetSchema:
    module_name, _, class_name = spec.partition(":")
    try:
        cls = getattr(importlib.import_module(module_name), class_name)
    except Exception as error:  # importing runs the module, which may fail in any way
        raise SchemaError(f"cannot import the schema '{spec}': {error}; check the module and the class") from error
    if not (isinstance(cls, type) and issubclass(cls, BaseModel)):
        raise SchemaError(f"the schema '{spec}' is not a pydantic class; derive it from pydantic.BaseModel")
    return _from_class(cls, class_name)


def _rule_errors(detail: Any, candidate: Any) -> list[FieldError]:
    """A rule over several fields may name them in its context ("fields"): each is then a place to look at."""
    base = _existing(detail["loc"], candidate, is_missing=detail["type"] == "missing")
    message = detail["msg"].removeprefix("Value error, ")
    fields = detail.get("ctx", {}).get("fields", [])
    paths = [join(base, name) for name in fields] or [base]
    return [FieldError(path=path, kind="rule", message=message, value=_scalar_at(candidate, path)) for path in paths]


def _existing(parts: Sequence[str | int], candidate: Any, *, is_missing: bool) -> str:
    """Point to where an error stands; pydantic's location names a union's branch too, which the answer doesn't have."""
    pointer = ""
    for position, part in enumerate(parts):
        inner = get(candidate, join(pointer, part))
        if inner is not None or (is_missing and position == len(parts) - 1):
            pointer = join(pointer, part)
    return pointer


def _scalar_at(candidate: Any, path: str) -> Any:
    value = get(candidate, path)
    return None if isinstance(value, dict | list) else value
