"""The list of documents: what came in, found again, downloaded, deleted."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
WritePdf = Callable[..., str]


def lines(page: Page, *names: str) -> None:
    """Wait until the list shows exactly these documents."""
    expect(page.locator("#rows th")).to_have_text(list(names))


def test_several_files_are_read_and_searched(open_page: Open, write_pdf: WritePdf) -> None:
    """Each file gets a line that ends valid; the search narrows them."""
    page = open_page()
    paths = [write_pdf("search-anna.pdf", ["Name: Anna"]), write_pdf("search-bert.pdf", ["Name: Bert"])]
    page.locator("#file").set_input_files(paths)
    page.get_by_placeholder("Search").fill("search-")
    lines(page, "search-bert.pdf", "search-anna.pdf")
    expect(page.locator("#rows .tone.valid")).to_have_count(2)
    page.get_by_placeholder("Search").fill("anna")
    lines(page, "search-anna.pdf")


def test_traces_have_a_column_where_there_is_one(open_page: Open, write_pdf: WritePdf) -> None:
    """Without an MLflow server there is no page of a trace, and no column of blanks."""
    page = open_page()
    page.locator("#file").set_input_files(write_pdf("traced.pdf", ["Name: Dora"]))
    page.locator("tr.row").first.wait_for()

    def with_traces(route: Route) -> None:
        response = route.fetch()
        found = response.json()
        items = [{**item, "trace_url": "http://mlflow.example/t"} for item in found["items"]]
        route.fulfill(response=response, json={**found, "items": items})

    page.goto(page.url.partition("#")[0] + "#/")
    expect(page.locator("#rows tr").first).to_be_visible()
    expect(page.get_by_role("columnheader", name="MLflow")).to_have_count(0)
    cells = page.locator("#rows tr").first.locator("th, td")
    expect(cells).to_have_count(page.locator("thead th:visible").count())
    page.route("**/api/v1/extractions?*", with_traces)
    page.get_by_placeholder("Search").fill("traced")
    expect(page.get_by_role("columnheader", name="MLflow")).to_be_visible()
    expect(page.get_by_role("link", name="Trace of traced.pdf")).to_have_attribute("href", "http://mlflow.example/t")
    expect(cells).to_have_count(page.locator("thead th:visible").count())


def test_dropped_and_pasted_files_are_taken(open_page: Open, write_pdf: WritePdf) -> None:
    """A drop and a paste do what choosing does."""
    content = list(Path(write_pdf("x.pdf", ["Name: Carla"])).read_bytes())
    for kind, name in [("drop", "dropped.pdf"), ("paste", "pasted.pdf")]:
        page = open_page()
        expect(page.locator("#prompt option").first).to_be_attached()
        page.evaluate(
            """([kind, name, content]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(content)], name, { type: "application/pdf" }));
                const event = kind === "drop"
                    ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
                    : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
                document.body.dispatchEvent(event);
            }""",
            [kind, name, content],
        )
        expect(page.locator("#review h1")).to_have_text(name)


def test_a_file_that_is_no_document_is_refused_in_words(open_page: Open) -> None:
    """The error names the file and stays until it is dismissed."""
    page = open_page()
    page.locator("#file").set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"})
    expect(page.get_by_role("alert")).to_contain_text("notes.txt: expected a PNG")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_results_are_downloaded(read_example: Open) -> None:
    """JSON, CSV and the picture hold what the page shows."""
    page = read_example()
    contents = {}
    for kind in ("JSON", "CSV", "PNG"):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind, exact=True).click()
        assert download.value.suggested_filename == f"registration_form.{kind.lower()}"
        contents[kind] = Path(download.value.path()).read_bytes()
    assert json.loads(contents["JSON"])["pairs"][0] == {"key": "Family name", "values": ["Okonkwo-Reyes"]}
    table = list(csv.DictReader(io.StringIO(contents["CSV"].decode())))
    assert "Field Engineer" in [line["value"] for line in table]
    assert Image.open(io.BytesIO(contents["PNG"])).width > 800


def test_delete_asks_and_then_forgets(open_page: Open, write_pdf: WritePdf) -> None:
    """Cancel keeps it; delete takes the document, its pages and its extractions."""
    page = open_page()
    page.locator("#file").set_input_files(write_pdf("forget-me.pdf", ["Name: Dora"]))
    page.locator("tr.row").first.wait_for()
    address = page.url
    page.get_by_role("link", name="Optophone", exact=True).click()
    for choice in ("Cancel", "Delete"):
        page.get_by_role("button", name="Delete forget-me.pdf").click()
        page.get_by_role("dialog").get_by_role("button", name=choice, exact=True).click()
    page.get_by_placeholder("Search").fill("forget-me")
    expect(page.locator("#no-documents")).to_be_visible()
    page.goto(address)
    expect(page.get_by_role("alert")).to_contain_text("there is no extraction")


def test_a_schema_of_ones_own_is_filled(open_page: Open, write_pdf: WritePdf) -> None:
    """A JSON Schema typed in names the fields of the table; what is no JSON is said."""
    page = open_page()
    page.get_by_label("Schema", exact=True).select_option(label="A JSON Schema of your own")
    path = write_pdf("person.pdf", ["Name: Emil Hansen", "City: Odense"])
    page.get_by_label("JSON Schema of an object").fill("{")
    page.locator("#file").set_input_files(path)
    expect(page.get_by_role("alert")).to_contain_text("is not JSON")
    schema = {
        "title": "person",
        "type": "object",
        "properties": {"name": {"type": "string"}, "city": {"type": "string"}},
    }
    page.get_by_label("JSON Schema of an object").fill(json.dumps(schema))
    page.locator("#file").set_input_files(path)
    expect(page.locator("tr.row .name")).to_have_text(["Name", "City"])
    expect(page.locator("tr.row .value")).to_have_text(["Emil Hansen", "Odense"])
    page.locator("tr.row").last.click()
    page.keyboard.press("a")
    page.keyboard.press("s")
    expect(page.locator(".notice.good")).to_be_visible()
    expect(page.locator("tr.row .tone")).to_have_text(["correct", "absent"])
