"""One extraction of several, each from a part of the document, and the schema that a part is asked to fill."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas.coerce import nullable
from schemas.pointers import join
from schemas.references import JsonSchema, resolve


class Source(NamedTuple):
    """Where a value comes from."""

    part: int
    """Number of the part, from 0."""
    pointer: str
    """JSON pointer into the part's extraction."""


class Contradiction(NamedTuple):
    """A later value for a place that has one."""

    path: str
    """JSON pointer into the whole."""
    source: Source
    value: Any


class Whole(NamedTuple):
    """What the parts say together."""

    value: Any
    """None where no part says anything."""
    sources: dict[str, Source]
    """For each scalar and each item of a list, by its JSON pointer into the whole."""
    contradictions: list[Contradiction]

    def source(self, pointer: str) -> Source | None:
        """Return where a place comes from; None for one that no part has, or that is made of several parts."""
        outer, rest = pointer, ""
        while outer and outer not in self.sources:
            outer, _, last = outer.rpartition("/")
            rest = f"/{last}{rest}"
        found = self.sources.get(outer)
        return found and Source(found.part, found.pointer + rest)


class _Claim(NamedTuple):
    source: Source
    value: Any


def merge_parts(parts: Sequence[Any]) -> Whole:
    """Merge extractions in the order of their parts.

    Objects are merged property by property, lists are joined, and of single values the first that says something
    stands; a later one that says something else contradicts it. Case and blanks make no difference.
    """
    whole = Whole(None, {}, [])
    claims = [_Claim(Source(number, ""), part) for number, part in enumerate(parts)]
    return whole._replace(value=_merge(claims, "", whole))


def part_schema(json_schema: JsonSchema) -> JsonSchema:
    """Return the schema with null allowed for each single value, and no list too short: another part may have it.

    What stands in a list's items stays as it is: an item is read from one part.
    """
    return _relaxed(json_schema, json_schema, ())


def _merge(claims: Sequence[_Claim], path: str, whole: Whole) -> Any:
    said = [claim for claim in claims if _says_something(claim.value)]
    if not said:
        return next((claim.value for claim in claims if claim.value is not None), None)
    first = said[0]
    alike = [claim for claim in said if isinstance(claim.value, _kind(first.value))]
    for claim in said:
        if claim not in alike:
            whole.contradictions.append(Contradiction(path, claim.source, claim.value))
    if isinstance(first.value, dict):
        names = dict.fromkeys(name for claim in alike for name in claim.value)
        return {name: _merge(_inner(alike, name), join(path, name), whole) for name in names}
    if isinstance(first.value, list):
        return _joined(alike, path, whole)
    if path:
        whole.sources[path] = first.source
    different = [claim for claim in alike if _gist(claim.value) != _gist(first.value)]
    whole.contradictions.extend(Contradiction(path, claim.source, claim.value) for claim in different)
    return first.value


def _joined(claims: Sequence[_Claim], path: str, whole: Whole) -> list[Any]:
    items = [
        (Source(claim.source.part, join(claim.source.pointer, index)), item)
        for claim in claims
        for index, item in enumerate(claim.value)
    ]
    whole.sources.update({join(path, index): source for index, (source, _) in enumerate(items)})
    return [item for _, item in items]


def _inner(claims: Sequence[_Claim], name: str) -> list[_Claim]:
    return [
        _Claim(Source(claim.source.part, join(claim.source.pointer, name)), claim.value[name])
        for claim in claims
        if name in claim.value
    ]


def _says_something(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())


def _kind(value: Any) -> Any:
    return dict if isinstance(value, dict) else list if isinstance(value, list) else str | int | float | bool


def _gist(value: Any) -> str:
    return " ".join(str(value).split()).casefold()


def _relaxed(node: JsonSchema, root: JsonSchema, above: tuple[str, ...]) -> JsonSchema:
    reference = node.get("$ref")
    if reference in above:  # an object within itself
        return node
    said = resolve(node, root)
    if "properties" in said:
        inside = (*above, reference) if reference else above
        properties = {name: _relaxed(inner, root, inside) for name, inner in said["properties"].items()}
        return {**said, "properties": properties} if properties != said["properties"] else node
    if said.get("type") == "array":
        return {key: value for key, value in said.items() if key != "minItems"} if "minItems" in said else node
    return node if nullable(node, root) else {"anyOf": [node, {"type": "null"}]}
