"""Fill a JSON Schema from what was read. What was not found is null or left out, never invented."""

from collections.abc import Iterator
from typing import Any

from jsonschema import ValidationError

from chat_models.local.line_items import find_items
from chat_models.local.names import best_choice, best_pair, property_names
from chat_models.local.pairs import Reading
from chat_models.local.unkeyed import find_unkeyed
from chat_models.local.values import to_member, to_type
from schemas.mismatches import union_branches
from schemas.references import FORMATS, JsonSchema, make_validator, resolve, with_definitions


def fill_schema(json_schema: JsonSchema, reading: Reading) -> dict[str, Any]:
    """Return an object that fits the schema, but for required properties that can't be null, and for formats.

    Such a property is left out where nothing was found; where its text is none of the schema's values the text itself
    stands there, so that validation says what was read ("expected number, got "twelve""). So do items of a list that
    break its format, and what is read around such a text, in objects and lists of any depth, stays.
    """
    return _Filler(json_schema, reading).object(json_schema)


class _Told(str):
    """What the page reads where no value of the schema can be made of it."""

    __slots__ = ()


class _Filler:
    def __init__(self, root: JsonSchema, reading: Reading) -> None:
        self._root = root
        self._reading = reading
        self._open: list[JsonSchema] = []

    def object(self, json_schema: JsonSchema) -> dict[str, Any]:
        resolved = resolve(json_schema, self._root)
        filled: dict[str, Any] = {}
        self._open.append(resolved)
        for name, declared in resolved.get("properties", {}).items():
            if isinstance(declared, bool):
                continue  # anything or nothing is allowed: no type to look for
            value = self._property(name, declared)
            is_required = name in resolved.get("required", [])
            if value is None and self._is_told(declared, is_required=is_required):
                value = self._text(name, declared)
            if value is not None or self._fits(value, declared):
                filled[name] = value
        self._open.pop()
        return filled

    def _property(self, name: str, declared: JsonSchema) -> Any:
        """Return the first branch that fits, else the first that only told texts keep from it, else None."""
        told = None
        for branch in self._branches(declared):
            value = self._branch(name, {**declared, **branch}, branch)
            if value is None:
                continue
            errors = list(self._errors(value, declared))
            if not errors:
                return value
            if told is None and all(map(_is_of_told, errors)):
                told = value
        return told

    def _is_told(self, declared: JsonSchema, *, is_required: bool) -> bool:
        """Tell whether a text that does not fit says more than null: null fits no better, or the format is wrong."""
        return self._has_format(declared) or (is_required and not self._fits(None, declared))

    def _has_format(self, declared: JsonSchema) -> bool:
        return any(branch.get("format") in FORMATS for branch in self._branches(declared))

    def _text(self, name: str, declared: JsonSchema) -> _Told | None:
        """Return what the page reads for a property with a single value, whatever its type; None for nothing."""
        for branch in self._branches(declared):
            if _main_type(branch) not in ("object", "array"):
                text = " ".join(self._texts(property_names(name, {**declared, **branch}))).strip()
                return _Told(text) if text else None
        return None

    def _branch(self, name: str, described: JsonSchema, branch: JsonSchema) -> Any:
        """Fill one branch; `described` has the property's own title, description and aliases too."""
        json_type = _main_type(branch)
        if json_type == "object":
            return None if branch in self._open else self.object(branch)  # a tree of objects ends at its root
        if json_type == "array":
            return self._array(name, described, branch)
        return self._scalar(name, described, branch, json_type)

    def _array(self, name: str, described: JsonSchema, branch: JsonSchema) -> list[Any]:
        items = resolve(branch.get("items") or {}, self._root)
        if _is_pair(items, self._root):
            return [{"key": pair.key_text, "values": pair.value_texts} for pair in self._reading.pairs]
        if _main_type(items) == "object":
            return self._items(items)
        pair = best_pair(property_names(name, described), self._reading.pairs)
        values = [self._item(text, items) for text in (pair.value_texts if pair else [])]
        return [value for value in values if value is not None]

    def _item(self, text: str, items: JsonSchema) -> Any:
        values = [self._read([text], branch) for branch in self._branches(items)]
        fitting = (value for value in values if value is not None and self._fits(value, items))
        return next(fitting, _Told(text) if self._has_format(items) else None)

    def _items(self, items: JsonSchema) -> list[Any]:
        """Fill a list of things bought; other tables are not read."""
        if not {"description", "price"} <= items.get("properties", {}).keys():
            return []
        lines = [" ".join(segment.text for segment in row) for row in self._reading.rows]
        read = [
            {
                "description": bought.description,
                "quantity": None if bought.quantity is None else float(bought.quantity),
                "price": float(bought.price),
            }
            for bought in find_items(lines)
        ]
        filled = [{name: value for name, value in item.items() if name in items["properties"]} for item in read]
        return [item for item in filled if self._fits(item, items)]

    def _scalar(self, name: str, described: JsonSchema, branch: JsonSchema, json_type: str) -> Any:
        names = property_names(name, described)
        value = self._read(self._texts(names), branch, json_type)
        return self._choice(names, branch, json_type) if value is None else value

    def _texts(self, names: list[str]) -> list[str]:
        pair = best_pair(names, self._reading.pairs)
        unkeyed = find_unkeyed(names, pair, self._reading.rows)
        if unkeyed is None:
            return pair.value_texts if pair else []
        return unkeyed

    def _choice(self, names: list[str], branch: JsonSchema, json_type: str) -> Any:
        """Read a field from the boxes to tick: yes or no by a box of its name, an enum by the one member ticked."""
        if json_type == "boolean" and (choice := best_choice(names, self._reading.choices)):
            return choice.is_ticked
        ticked = [choice.wording for choice in self._reading.choices if choice.is_ticked]
        members = [member for text in ticked if (member := self._read([text], branch)) is not None]
        return members[0] if "enum" in branch and len(members) == 1 else None

    def _read(self, texts: list[str], branch: JsonSchema, json_type: str | None = None) -> Any:
        if texts and "enum" in branch:
            return to_member(" ".join(texts), branch["enum"])
        return to_type(texts, json_type or _main_type(branch), branch.get("format"))

    def _branches(self, declared: JsonSchema) -> list[JsonSchema]:
        resolved = resolve(declared, self._root)
        branches = resolved.get("anyOf") or resolved.get("oneOf")
        return [resolve(branch, self._root) for branch in branches] if branches else [resolved]

    def _fits(self, value: Any, declared: JsonSchema) -> bool:
        return not any(self._errors(value, declared))

    def _errors(self, value: Any, declared: JsonSchema) -> Iterator[ValidationError]:
        return make_validator(with_definitions(declared, self._root)).iter_errors(value)


def _is_of_told(error: ValidationError) -> bool:
    """Tell whether nothing but a told text is wrong, here or, of several branches, within one of them."""
    within = any(all(map(_is_of_told, errors)) for errors in union_branches(error))
    return isinstance(error.instance, _Told) or within


def _main_type(json_schema: JsonSchema) -> str:
    """Return the type to fill; a schema that names none is one of text, or of what its keywords imply."""
    declared = json_schema.get("type")
    types = [declared] if isinstance(declared, str) else [name for name in declared or [] if name != "null"]
    if types:
        return types[0]
    return "object" if "properties" in json_schema else "array" if "items" in json_schema else "string"


def _is_pair(items: JsonSchema, root: JsonSchema) -> bool:
    """Tell whether the items are the `form` schema's: a key and its values."""
    properties = items.get("properties", {})
    if not {"key", "values"} <= properties.keys():
        return False
    key, values = resolve(properties["key"], root), resolve(properties["values"], root)
    return _main_type(key) == "string" and _main_type(values) == "array"
