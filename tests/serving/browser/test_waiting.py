"""Asked where in doubt: from the switch of the upload to the answer that ends the run."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

Asked = Callable[..., Page]
Ask = Callable[[Page, str], Any]

pytestmark = pytest.mark.browser


def card(page: Page, label: str) -> Any:
    """One question."""
    return page.locator(".asked").filter(has=page.get_by_label(label, exact=True))


def extraction(page: Page, ask: Ask) -> Any:
    return ask(page, f"/extractions/{page.url.rsplit('/', 1)[1]}")


def send(page: Page) -> None:
    page.get_by_role("button", name="Send the answer").click()


def test_just_what_is_in_doubt_is_asked(ask_example: Asked) -> None:
    """Each with its question, the value, what is wrong; where it belongs is boxed, other values are not."""
    page = ask_example()
    assert page.locator(".asked textarea").count() == 3
    expect(card(page, "Registration No").get_by_role("textbox")).to_have_value("HC-20411")
    wrong = card(page, "Registration No").locator(".reason:visible")
    expect(wrong).to_have_text("does not stand on the page")
    labels = page.locator(".box[aria-label]").evaluate_all(
        "boxes => boxes.map((box) => box.getAttribute('aria-label'))"
    )
    questions = ["Question Registration No", "Question Given name", "Question Mailing address"]
    assert labels == ["Mailing address", *questions]  # all but a word of the address stands there
    expect(page.locator(".chip")).to_have_text("waiting")
    page.get_by_role("button", name="Question Given name").click()
    expect(card(page, "Given name").get_by_role("button")).to_be_focused()


def test_answer_ends_the_run(ask_example: Asked, ask: Ask) -> None:
    """One is corrected, two confirmed; the result shows, reviewed, and the count in the head is one less."""
    page = ask_example()
    waiting = ask(page, "/reviews")["total"]  # the head may not have heard of this one yet
    expect(page.locator("#waiting-count")).to_have_text(f"{waiting} to review")
    card(page, "Registration No").get_by_role("textbox").fill("HC-20417")
    expect(page.locator(".note")).to_have_text("2 still to decide")
    card(page, "Mailing address").get_by_role("button", name="Right as it is").click()
    card(page, "Given name").get_by_role("button", name="Right as it is").click()
    expect(page.locator(".note")).to_have_text("All decided")
    page.get_by_label("Comment").fill("by hand")
    send(page)
    expect(page.locator(".notice.good")).to_contain_text("Reviewed by local")
    expect(page.locator("tr.row").filter(has_text="HC-20417").locator(".tone")).to_have_text("corrected")
    ended = extraction(page, ask)
    assert (ended["status"], ended["review"]["comment"]) == ("valid", "by hand")
    assert [pair["values"] for pair in ended["result"]["extraction"]["pairs"][1:3]] == [
        ["HC-20417"], ["<img src=x onerror=document.title='run'>"],
    ]  # fmt: skip
    left = "" if waiting == 1 else f"{waiting - 1} to review"
    expect(page.locator("#waiting-count")).to_have_text(left or re.compile("^0 "))
    expect(page.locator("#waiting-link")).to_be_visible(visible=bool(left))


def test_what_is_wrong_with_the_whole_answer_stands_above_the_questions(ask_example: Asked) -> None:
    """The person who answers them sees it, too."""
    page = ask_example("rambling", "receipt")
    expect(page.locator(".asking .notice.bad")).to_have_text("expected a JSON object, got 'I see a form.'")
    expect(page.locator(".asked")).to_have_count(1)
    page.get_by_label("Total", exact=True).fill("8")
    send(page)
    page.locator("tr.row").first.wait_for()


def test_what_is_still_wrong_is_asked_again(ask_example: Asked, ask: Ask) -> None:
    """The answer is kept, with what is wrong with it; an empty one takes the value away."""
    page = ask_example("mistyped", "receipt")
    page.get_by_label("Total", exact=True).fill("nine")
    send(page)
    expect(page.locator(".notice.bad")).to_have_text("1 value is still wrong.")
    expect(page.get_by_label("Total", exact=True)).to_have_value("nine")
    expect(page.locator(".reason:visible")).to_have_text(['expected number or null, got "nine"'])
    page.get_by_label("Total", exact=True).fill("")
    send(page)
    page.locator("tr.row").first.wait_for()
    assert extraction(page, ask)["result"]["extraction"]["total"] is None


def test_keys_answer_without_a_mouse(ask_example: Asked) -> None:
    """n walks, c confirms, e edits, Enter goes on, s sends."""
    page = ask_example()
    for key in ("n", "c", "n", "e"):
        page.keyboard.press(key)
    expect(card(page, "Registration No").get_by_role("button")).to_have_attribute("aria-pressed", "true")
    expect(card(page, "Given name").get_by_role("textbox")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Marisol")
    page.keyboard.press("Enter")
    expect(card(page, "Mailing address").get_by_role("button")).to_be_focused()
    page.keyboard.press("c")
    page.keyboard.press("n")
    expect(page.get_by_label("Comment")).to_be_focused()
    card(page, "Given name").get_by_role("button").focus()
    page.keyboard.press("s")
    expect(page.locator(".chip")).to_have_text("reviewed")


def test_what_nobody_decided_is_sent_only_after_asking(ask_example: Asked) -> None:
    """Doubtful values don't become right by a slip; nor is an answer lost by one."""
    page = ask_example()
    send(page)
    expect(page.get_by_role("dialog")).to_contain_text("3 values undecided")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator(".chip")).to_have_text("waiting")
    card(page, "Given name").get_by_role("button").click()
    page.get_by_role("link", name="Optophone", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Leave without saving?")


def test_what_waits_is_listed_and_found(ask_example: Asked) -> None:
    """By the count in the head, and by the status in the list of documents."""
    page = ask_example()
    here = page.url
    page.get_by_role("link", name=re.compile("to review")).click()
    newest = page.locator("#questions li").first
    expect(newest).to_contain_text("“HC-20411”: does not stand on the page, and 2 more")
    newest.get_by_role("link").click()
    expect(page).to_have_url(here)
    page.get_by_role("link", name="Optophone", exact=True).click()
    page.locator("#status-filter").select_option("waiting")
    expect(page.locator("#rows tr").first).to_contain_text("waiting")


def test_without_the_switch_nobody_is_asked(read_example: Asked, ask: Ask) -> None:
    """As ever: doubtful values are shown in the result."""
    page = read_example()
    assert extraction(page, ask)["status"] == "valid"
