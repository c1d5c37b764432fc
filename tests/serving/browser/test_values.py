"""The tree of values behind the table: what goes in untouched comes out as it was."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from schemas.target import load_schema

pytestmark = pytest.mark.browser

Run = Callable[..., Any]

EXTRACTIONS = {
    "form": {"pairs": [{"key": "Item", "values": ["a", "b"]}, {"key": "Fax", "values": []}]},
    "invoice": {"invoice_number": "7", "total": 12.5, "buyer": None, "line_items": [{"description": "x", "price": 1}]},
    "unknown": {"a/b~c": {"deep": [1, [True, None]], "empty": {}}, "none": None},
}


@pytest.fixture
def run(open_page: Callable[..., Page]) -> Run:
    """Run a function body with the page's module of values, as `values`."""
    page = open_page()

    def evaluate(body: str, *args: Any) -> Any:
        return page.evaluate(f"async (args) => {{ const values = await import('/static/values.js'); {body} }}", args)

    return evaluate


@pytest.mark.parametrize("schema", EXTRACTIONS)
def test_an_untouched_extraction_is_saved_as_it_was(run: Run, schema: str) -> None:
    """Every value is kept; a schema's own fields that were left out are null."""
    json_schema = None if schema == "unknown" else load_schema(schema).json_schema
    expected = EXTRACTIONS[schema]
    saved = run("return values.toCorrection(values.makeTree(...args)).extraction", json_schema, expected)
    if schema == "invoice":
        nulls = dict.fromkeys(json_schema["properties"] if json_schema else ())
        item = {"description": "x", "quantity": None, "price": 1}
        expected = {**nulls, **expected, "line_items": [item]}
    assert saved == expected


def test_paths_follow_a_removed_pair(run: Run) -> None:
    """Fields point into the extraction that is saved, not into the one that was read."""
    form = {"pairs": [{"key": "A", "values": ["1"]}, {"key": "B", "values": ["2"]}]}
    fields = run(
        """const tree = values.makeTree(...args);
        tree.entries[0][1].items.shift();
        return values.toCorrection(tree).fields.map(({ path, state }) => [path, state]);""",
        load_schema("form").json_schema,
        form,
    )
    assert fields == [["/pairs/0/key", "correct"], ["/pairs/0/values/0", "correct"]]


def test_a_value_without_an_answer_points_to_its_list(run: Run) -> None:
    """An absent answer leaves the list, and is said of the list; a nullable field stays and is null."""
    form = run(
        """const tree = values.makeTree(...args);
        const [, leaf] = values.leavesOf(tree);
        Object.assign(leaf, { value: null, state: "absent" });
        return values.toCorrection(tree);""",
        load_schema("form").json_schema,
        {"pairs": [{"key": "A", "values": ["1"]}]},
    )
    assert form["extraction"] == {"pairs": [{"key": "A", "values": []}]}
    assert form["fields"][1] == {"path": "/pairs/0/values", "state": "absent", "page_index": None, "bbox": None}


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        (" 12.50 ", "number", 12.5),
        ("12,50 EUR", "number", "12,50 EUR"),
        ("", "string", None),
        ("true", "boolean", True),
    ],
)
def test_typed_text_becomes_what_the_schema_wants(run: Run, text: str, kind: str, expected: Any) -> None:
    """A text that is no number stays one, so that the service says what is wrong with it."""
    assert run("return values.parseValue(args[0], { type: args[1] })", text, kind) == expected
