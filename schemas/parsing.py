"""From a chat model's text to JSON, with what went wrong as data."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.errors import FieldError
from schemas.pointers import join

_NAME = re.compile(r'\s*("(?:[^"\\]|\\.)*")\s*:')
# Forms are shallow; a chat model that has lost itself opens bracket after bracket.
_MAX_DEPTH = 50
_OPENERS = {"{": "}", "[": "]"}


class ParsedAnswer(NamedTuple):
    """What could be read of an answer."""

    value: Any
    """The JSON object; None where there is none. Fractions are Decimals, so that no digit is lost."""
    errors: list[FieldError]


def parse_answer(text: str) -> ParsedAnswer:
    """Read the JSON object that an answer holds: bare, after a preface, or in a code fence.

    A cut-off object keeps what is complete; the error stands at the top-level property that the cut is in, the
    value that was being written when it came is dropped.
    """
    if not text.strip():
        return _failed("expected a JSON object, got an empty answer")
    reasons = []
    bodies = list(_bodies(text))
    for body in bodies:
        try:
            value, _ = _DECODER.raw_decode(body)
        except (ValueError, RecursionError) as error:
            reasons.append(str(error))
            continue
        if _is_deeper(value, _MAX_DEPTH):
            return _failed(f"expected a JSON object of at most {_MAX_DEPTH} levels, got one nested deeper")
        return ParsedAnswer(value, [])
    cut_off = [body for body in bodies if _open_containers(body)]
    return _cut_off(cut_off[-1]) if cut_off else _failed(": ".join([_not_json(text), *reasons[-1:]]))


def _bodies(text: str) -> Iterator[str]:
    """Yield where an object may begin: at the first brace, then at the first within a code fence.

    A list at the top is no object; its first item would be only a part of the answer.
    """
    after_fence = text.partition("```")[2]
    for candidate in (text, after_fence):
        start = candidate.find("{")
        if start >= 0 and "[" not in candidate[:start]:
            yield candidate[start:]


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    items = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in items)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _not_json(text: str) -> str:
    start = " ".join(text.split())[:80]
    return f"expected a JSON object, got {start!r}"


def _failed(message: str) -> ParsedAnswer:
    return ParsedAnswer(None, [FieldError(path="", kind="parse", message=message, value=None)])


def _open_containers(body: str) -> list[tuple[str, int]]:
    """Return the braces and brackets still open at the end, each with the position of its last separator."""
    stack: list[tuple[str, int]] = []
    in_string = escaped = False
    for position, char in enumerate(body):
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in _OPENERS:
            stack.append((char, position))
        elif char in "}]" and stack:
            stack.pop()
        elif char == "," and stack:
            stack[-1] = (stack[-1][0], position)
    return stack


def _cut_off(body: str) -> ParsedAnswer:
    """Keep each open container up to its last complete item, and say which property the cut is in."""
    stack = _open_containers(body)
    root_separator = stack[0][1]
    while len(stack) > 1 and body[stack[-1][1]] != ",":
        stack.pop()  # nothing in it is complete
    end = stack[-1][1]
    kept = body[:end] if body[end] == "," else body[: end + 1]
    closing = "".join(_OPENERS[opener] for opener, _ in reversed(stack))
    try:
        value, _ = _DECODER.raw_decode(kept + closing)
    except (ValueError, RecursionError) as error:
        return _failed(f"{_not_json(body)}: {error}")
    if _is_deeper(value, _MAX_DEPTH):
        return _failed(f"expected a JSON object of at most {_MAX_DEPTH} levels, got one nested deeper")
    name = _NAME.match(body, root_separator + 1)
    path = join("", json.loads(name.group(1))) if name else ""
    message = f"the answer was cut off here, after {len(body)} characters"
    return ParsedAnswer(value, [FieldError(path=path, kind="parse", message=message, value=None)])


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)
