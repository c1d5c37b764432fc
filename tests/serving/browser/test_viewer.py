"""The scan: zoom, pages, and a phone's small window."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

Read = Callable[..., Page]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def test_the_wheel_zooms_where_the_pointer_is(read_example: Read) -> None:
    """What is under the pointer stays there."""
    page = read_example()
    box = page.get_by_role("button", name="Position: Field Engineer (found)")
    before = box.bounding_box()
    x, y = before["x"] + before["width"] / 2, before["y"] + before["height"] / 2
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    page.wait_for_function("document.querySelector('.stage').style.width !== ''")
    after = box.bounding_box()
    assert after["width"] == pytest.approx(before["width"] * 2.718, rel=0.02)
    assert (after["x"] + after["width"] / 2, after["y"] + after["height"] / 2) == pytest.approx((x, y), abs=2)


def test_the_mouse_drags_the_page(read_example: Read) -> None:
    """A drag scrolls by as much as the hand moved."""
    page = read_example()
    view = page.locator(".viewport")
    area = view.bounding_box()
    x, y = area["x"] + 5, area["y"] + 300
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 120, steps=3)
    page.mouse.up()
    assert view.evaluate("(view) => view.scrollTop") == pytest.approx(120, abs=2)


def test_a_value_on_another_page_turns_to_it(open_page: Read, write_pdf: Callable[..., str]) -> None:
    """Choosing a value shows its page; the keys turn pages too."""
    page = open_page()
    page.locator("#file").set_input_files(write_pdf("two.pdf", ["Name: Frida"], ["City: Aarhus"]))
    page.locator("tr.row").first.wait_for()
    expect(page.locator(".page-text")).to_have_text("Page 1 of 2")
    page.get_by_role("button", name="City", exact=True).click()
    expect(page.locator(".page-text")).to_have_text("Page 2 of 2")
    expect(page.locator(".box.selected")).not_to_have_count(0)
    page.keyboard.press("[")
    expect(page.locator(".page-text")).to_have_text("Page 1 of 2")


def test_a_phone_shows_a_tapped_value_large_enough_to_read(read_example: Read) -> None:
    """The scan stands above the table, zoomed until the value's line is legible; nothing overflows sideways."""
    page = read_example(**PHONE)
    page.locator("tr.row", has_text="Field Engineer").tap()
    box = page.get_by_role("button", name="Position: Field Engineer (found)")
    view = page.locator(".viewport").bounding_box()
    page.wait_for_timeout(600)  # smooth scrolling
    shown = box.bounding_box()
    assert shown["height"] >= 14
    assert view["x"] <= shown["x"]
    assert shown["y"] >= view["y"]
    assert shown["y"] + shown["height"] <= view["y"] + view["height"]
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["viewport"]["width"]


def test_two_fingers_zoom(read_example: Read) -> None:
    """A pinch that doubles the distance doubles the page."""
    page = read_example(**PHONE)
    width = page.locator(".stage").bounding_box()["width"]
    session = page.context.new_cdp_session(page)
    for kind, gap in [("touchStart", 40), ("touchMove", 41), ("touchMove", 80), ("touchEnd", None)]:
        points = [{"x": 200 - gap, "y": 200}, {"x": 200 + gap, "y": 200}] if gap else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert page.locator(".stage").bounding_box()["width"] == pytest.approx(width * 80 / 41, rel=0.05)


def test_a_place_is_set_with_the_keyboard_alone(read_example: Read) -> None:
    """Arrow keys move the box, Enter keeps it, and focus comes back to the row."""
    page = read_example()
    page.get_by_role("button", name="Position", exact=True).click()
    page.keyboard.press("b")
    expect(page.locator(".draft")).to_be_focused()
    for key in ("ArrowRight", "Shift+ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("tr.selected .tone")).to_have_text("corrected")
    expect(page.locator("tr.selected .name")).to_be_focused()
