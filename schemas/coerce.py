"""Fit an answer to its schema where only its notation is off, never its content."""

from decimal import Decimal
from math import isfinite
from typing import Any

from schemas.numbers import parse_number
from schemas.references import JsonSchema, make_validator, resolve, with_definitions

# What a checkpoint's integers (MessagePack's) can be.
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def coerce(value: Any, json_schema: JsonSchema) -> Any:
    """Return the value in the schema's types; what can't be converted stays, for validation to report.

    Numbers written as text become numbers and the reverse, a lone item becomes a list of one, properties that a
    closed object doesn't know go, and so does a null where an optional property allows none. A Decimal (the JSON
    parser keeps "193.00" as such) becomes a float, or text with its digits as they were.
    """
    return _coerce(value, json_schema, json_schema)


def _coerce(value: Any, json_schema: JsonSchema, root: JsonSchema) -> Any:
    json_schema = resolve(json_schema, root)
    if branches := json_schema.get("anyOf") or json_schema.get("oneOf"):
        return _first_fitting(value, branches, root)
    allowed = _types(json_schema)
    if allowed == ["array"] and value is not None and not isinstance(value, list):
        value = [value]
    if isinstance(value, list):
        return [_coerce(item, json_schema.get("items") or {}, root) for item in value]
    if isinstance(value, dict):
        return _object(value, json_schema, root)
    return _scalar(value, allowed)


def _first_fitting(value: Any, branches: list[JsonSchema], root: JsonSchema) -> Any:
    """Try the value as it is on every branch before converting it for one."""
    fits = [make_validator(with_definitions(resolve(branch, root), root)) for branch in branches]
    plain = _plain(value)
    for branch, validator in zip(branches, fits, strict=True):
        if validator.is_valid(plain):
            return _coerce(value, branch, root)
    for branch, validator in zip(branches, fits, strict=True):
        converted = _coerce(value, branch, root)
        if validator.is_valid(converted):
            return converted
    # No branch fits: convert for the first one that isn't null, so that errors point at the deepest place.
    nearest = next((branch for branch in branches if branch != {"type": "null"}), branches[0])
    return _coerce(value, nearest, root)


def _object(value: dict[str, Any], json_schema: JsonSchema, root: JsonSchema) -> dict[str, Any]:
    properties = json_schema.get("properties", {})
    closed = json_schema.get("additionalProperties") is False
    required = json_schema.get("required", [])
    result = {}
    for key, item in value.items():
        if key not in properties:
            if not closed:
                result[key] = _plain(item)
            continue
        converted = _coerce(item, properties[key], root)
        if converted is None and key not in required and not nullable(properties[key], root):
            continue
        result[key] = converted
    return result


def nullable(json_schema: JsonSchema, root: JsonSchema) -> bool:
    """Tell whether a schema within `root` names null as a type of its values."""
    json_schema = resolve(json_schema, root)
    branches = json_schema.get("anyOf") or json_schema.get("oneOf") or []
    return "null" in _types(json_schema) or any(nullable(branch, root) for branch in branches)


def _types(json_schema: JsonSchema) -> list[str]:
    declared = json_schema.get("type", [])
    return [declared] if isinstance(declared, str) else list(declared)


def _scalar(value: Any, allowed: list[str]) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return _text(value, allowed)
    if "number" in allowed or "integer" in allowed or "string" not in allowed:
        return _number(value, allowed)
    return str(value)


def _text(value: str, allowed: list[str]) -> Any:
    if "string" in allowed or not allowed:
        return value
    if "boolean" in allowed and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    if "number" in allowed or "integer" in allowed:
        number = parse_number(value)
        return value if number is None else _number(number, allowed)
    return value


def _number(value: Any, allowed: list[str]) -> Any:
    """Keep every digit of an integer; a fraction of zero is dropped only where an integer is wanted."""
    if isinstance(value, Decimal) and "integer" in allowed and value == value.to_integral_value():
        return _plain(int(value))
    return _plain(value)


def _plain(value: Any) -> Any:
    """Turn the parser's Decimals into JSON numbers; one that is too large stays text, for validation to report."""
    if isinstance(value, Decimal):
        if value == value.to_integral_value() and value.as_tuple().exponent == 0:
            return _plain(int(value))
        return float(value) if isfinite(float(value)) else str(value)
    if isinstance(value, int) and not _SMALLEST <= value <= _LARGEST:
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
