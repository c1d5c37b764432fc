"""The local reader as a witness: it reads the same words again, without having seen the answer."""

from collections.abc import Sequence
from typing import Any

from chat_models.local.fields import fill_schema
from chat_models.local.names import label_likeness, property_names
from chat_models.local.pairs import PageWords
from chat_models.local.reader import read_pages
from schemas.references import JsonSchema


def read_again(json_schema: JsonSchema, pages: Sequence[PageWords]) -> dict[str, Any]:
    """Fill the schema by the rules alone: milliseconds, as the words are there already."""
    return fill_schema(json_schema, read_pages(pages))
