"""JSON as the wire carries it; Python's own takes more."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what JSON over the wire can't carry, although Python's parser takes it: NaN and half a sign."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError(
            "expected JSON that can be stored (RFC 8259), got NaN, half a sign or too deep a tree"
        ) from error
    return value


JsonObject = Annotated[dict[str, Any], AfterValidator(_storable)]


def sendable(value: Any) -> Any:
    """Put a question mark for half a sign (a lone surrogate), which JSON can name and UTF-8 can't carry."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
