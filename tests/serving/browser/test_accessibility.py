"""axe-core finds nothing serious, in any state, light or dark."""

from collections.abc import Callable
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


def assert_accessible(page: Page, state: str) -> None:
    """Run axe-core and fail with what it found."""
    found = Axe().run(page).response["violations"]
    serious = [
        f"{state}: {rule['id']}: {rule['help']}: {[node['html'][:120] for node in rule['nodes'][:3]]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_first_page_is_accessible(open_page: Callable[..., Page], scheme: Scheme) -> None:
    """Empty, with an error, with the help open."""
    page = open_page(color_scheme=scheme)
    expect(page.locator("#prompt option").first).to_be_attached()
    page.get_by_placeholder("Search").fill("no such document")
    expect(page.locator("#no-documents")).to_be_visible()
    assert_accessible(page, "empty")
    page.locator("#file").set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"})
    expect(page.get_by_role("alert")).to_be_visible()
    assert_accessible(page, "error")
    page.get_by_role("button", name="Keys").click()
    assert_accessible(page, "help")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_result_is_accessible(read_example: Callable[..., Page], scheme: Scheme) -> None:
    """Result, a value chosen, edited, placed; reviewed; and the list with it."""
    page = read_example(color_scheme=scheme)
    assert_accessible(page, "result")
    page.keyboard.press("n")
    assert_accessible(page, "chosen")
    page.keyboard.press("e")
    assert_accessible(page, "editing")
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    expect(page.locator(".draft")).to_be_visible()
    assert_accessible(page, "placing")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    assert_accessible(page, "asking")
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".notice.good")).to_be_visible()
    assert_accessible(page, "reviewed")
    page.get_by_role("link", name="Optophone", exact=True).click()
    page.locator("#rows tr").first.wait_for()
    assert_accessible(page, "list")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_questions_are_accessible(ask_example: Callable[..., Page], scheme: Scheme) -> None:
    """Asked, one confirmed, one typed; asked again; and the list of what waits."""
    page = ask_example("mistyped", "receipt", color_scheme=scheme)
    assert_accessible(page, "asked")
    page.keyboard.press("n")
    page.keyboard.press("c")
    assert_accessible(page, "confirmed")
    page.get_by_role("button", name="Send the answer").click()
    expect(page.locator(".notice.bad")).to_be_visible()
    assert_accessible(page, "again")
    page.get_by_role("link", name="to review").click()
    page.locator("#questions li").first.wait_for()
    assert_accessible(page, "waiting")


def test_progress_is_accessible(open_running: Callable[..., Page], example: str) -> None:
    """While a document is read; its events are held back to look at it."""
    page = open_running()
    page.route("**/events", lambda route: None)
    page.locator("#file").set_input_files(example)
    page.get_by_role("heading", name="Reading").wait_for()
    assert_accessible(page, "progress")
    page.unroute_all(behavior="ignoreErrors")


def test_a_document_without_values_is_accessible(open_page: Callable[..., Page], example: str) -> None:
    """The reason is said as an alert."""
    page = open_page()
    page.route("**/api/v1/extractions/*", _failed)
    page.locator("#file").set_input_files(example)
    expect(page.get_by_role("alert").filter(has_text="no values")).to_contain_text("the page is torn")
    assert_accessible(page, "failed")


def _failed(route: object) -> None:
    """Let a real answer say that the extraction failed."""
    response = route.fetch()  # type: ignore[attr-defined]
    error = {"code": "document", "message": "the page is torn"}
    body = {**response.json(), "status": "failed", "error": error, "result": None}
    route.fulfill(response=response, json=body)  # type: ignore[attr-defined]
