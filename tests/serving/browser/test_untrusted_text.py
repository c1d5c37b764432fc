"""What comes from documents, file names and chat models is text, whatever it looks like."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

NAME = "<img src=x onerror=document.title='run'>.png"
VALUE = "<img src=x onerror=document.title='run'>"


def test_html_in_values_and_names_is_shown_as_text(read_example: Callable[..., Page]) -> None:
    """Tags of a value and of a file name stand there as typed, and run nowhere: result, editor, list, question."""
    page = read_example(name=NAME)
    expect(page.locator(".value .text", has_text="onerror")).to_have_text(VALUE)
    expect(page.locator("#review h1")).to_have_text(NAME)
    page.keyboard.press("n")
    page.keyboard.press("n")
    page.keyboard.press("e")
    expect(page.get_by_label("Answer")).to_have_value(VALUE)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Optophone", exact=True).click()
    expect(page.locator("#rows th").first).to_have_text(NAME)
    page.get_by_role("button", name=f"Delete {NAME}").first.click()
    expect(page.locator("#confirm-title")).to_have_text(f"Delete {NAME}?")
    assert page.locator("img").count() == 0
    assert "run" not in page.title()


def test_no_script_reads_html(open_page: Callable[..., Page]) -> None:
    """The policy of the service lets nothing inline run, whatever a script would put into the page."""
    page = open_page()
    policy = page.request.get(page.url).headers["content-security-policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["script-src"] == directives["style-src"] == "'self'"
