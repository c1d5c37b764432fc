"""From a chat model's text to JSON, with what went wrong as data."""

import json
import re
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.errors import FieldError
from schemas.pointers import join

_FENCED = re.compile(r"```[a-zA-Z]*\s*\n?(.*?)(?:\n?\s*```|\Z)", re.DOTALL)
_NAME = re.compile(r'\s*("(?:[^"\\]|\\.)*")\s*:')
_OPENERS = {"{": "}", "[": "]"}


class ParsedAnswer(NamedTuple):
    """What could be read of an answer."""

    value: Any
    """The JSON object; None where there is none. Fractions are Decimals, so that no digit is lost."""
    errors: list[FieldError]


def parse_answer(text: str) -> ParsedAnswer:
    """Read the JSON object that an answer holds, in a code fence, after a preface or bare.

    A cut-off object keeps what is complete; the error stands at the top-level property that the cut is in, the
    value that was being written when it came is dropped.
    """
    body = _body(text)
    if not body:
        return _failed("expected a JSON object, got an empty answer" if not text.strip() else _not_json(text))
    try:
        value, _ = json.JSONDecoder(parse_float=Decimal).raw_decode(body)
    except ValueError as error:
        return _cut_off(body) if _open_containers(body) else _failed(f"{_not_json(text)}: {error}")
    return ParsedAnswer(value, [])


def _body(text: str) -> str:
    """Return the answer from its first brace on, without fence and preface."""
    fenced = _FENCED.search(text)
    body = fenced.group(1) if fenced and "{" in fenced.group(1) else text
    start = body.find("{")
    return body[start:] if start >= 0 else ""


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
        value = json.loads(kept + closing, parse_float=Decimal)
    except ValueError as error:
        return _failed(f"{_not_json(body)}: {error}")
    name = _NAME.match(body, root_separator + 1)
    path = join("", json.loads(name.group(1))) if name else ""
    message = f"the answer was cut off here, after {len(body)} characters"
    return ParsedAnswer(value, [FieldError(path=path, kind="parse", message=message, value=None)])
