"""JSON pointers (RFC 6901) over answers; resolving and setting is the jsonpointer library's work."""

from collections.abc import Iterator
from typing import Any

from jsonpointer import JsonPointer

Scalar = str | int | float | bool


def join(pointer: str, key: str | int) -> str:
    """Extend a pointer by one property or index."""
    return pointer + "/" + str(key).replace("~", "~0").replace("/", "~1")


def record_of(pointer: str) -> str:
    """Return the item of a list that the place belongs to (a pair, a line item): its values stand near each other.

    A value outside any list is a record of its own.
    """
    parts = pointer.split("/")
    items = [end for end in range(2, len(parts)) if parts[end - 1].isdigit()]
    return "/".join(parts[: items[0]]) if items else pointer


def name_of(pointer: str) -> str:
    """Return the last part of a pointer: a property's name or an item's number."""
    return pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def contains(outer: str, inner: str) -> bool:
    """Tell whether `inner` is `outer` or lies inside it."""
    return inner == outer or inner.startswith(outer + "/")


def document_order(pointer: str) -> list[tuple[int, int, str]]:
    """Return a sort key: items of a list by their number, not as text."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in pointer.split("/")[1:]]


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Scalar | None]]:
    """Yield each scalar with its pointer, in document order."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, join(pointer, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, join(pointer, index))
    else:
        yield pointer, value


def populated(value: Any) -> Iterator[tuple[str, Scalar]]:
    """Yield the leaves that say something: neither null nor blank."""
    return ((pointer, leaf) for pointer, leaf in leaves(value) if leaf is not None and str(leaf).strip())


def get(value: Any, pointer: str) -> Any:
    """Return what stands at the pointer, None where nothing does."""
    return JsonPointer(pointer).resolve(value, None)


def put(value: Any, pointer: str, new: Any) -> Any:
    """Return a copy with `new` at the pointer; missing objects on the way are made.

    Raises:
        JsonPointerException: the pointer leads into a scalar or outside an array.
    """
    return JsonPointer(pointer).set(value, new, inplace=False, create=True)
