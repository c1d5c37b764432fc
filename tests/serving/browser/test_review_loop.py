"""From a scan to ground truth: read, look, correct, save, score."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

Read = Callable[..., Page]
Ask = Callable[[Page, str], Any]

pytestmark = pytest.mark.browser


def row(page: Page, name: str) -> Any:
    """The table's line of a question."""
    return page.locator("tr.row").filter(has=page.get_by_role("button", name=name, exact=True))


def extraction_id(page: Page) -> str:
    return page.url.rsplit("/", 1)[1]


def words_of(page: Page, ask: Ask) -> list[dict[str, Any]]:
    extraction = ask(page, f"/extractions/{extraction_id(page)}")
    return ask(page, f"/documents/{extraction['document']}/pages/0/words")["words"]


def save(page: Page) -> None:
    """Save, and say yes where doubtful values are left."""
    has_doubts = "still to check" in page.locator(".note").inner_text()
    page.keyboard.press("s")
    if has_doubts:
        page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()


def test_progress_arrives_node_by_node_and_attempt_by_attempt(read_example: Read) -> None:
    """Each step of the graph has a line, also for who comes late."""
    page = read_example()
    steps = page.evaluate(
        """async (id) => {
            const { events } = await import("/static/api.js");
            const steps = [];
            for await (const [event, { node, attempt }] of events(id))
                steps.push(event === "end" ? "end" : `${node} ${attempt}`);
            return steps;
        }""",
        extraction_id(page),
    )
    told = list(dict.fromkeys(steps))
    assert told == ["preprocess 0", "extract 1", "validate 1", "refine 1", "extract 2", "validate 2", "end"]


def test_steps_stand_on_the_page_while_it_is_read(open_running: Read, example: str) -> None:
    """The scan is in sight at once, and beside it what happens."""
    page = open_running()
    page.evaluate(
        """() => new MutationObserver(() => {
            const lines = [...document.querySelectorAll(".steps li")].map((line) => line.textContent);
            if (lines.length) window.steps = lines;
        }).observe(document.body, { childList: true, subtree: true })"""
    )
    page.get_by_label("Chat model").select_option("doubtful")
    page.locator("#file").set_input_files(example)
    page.locator("tr.row").first.wait_for()
    assert [line.split(" ")[0].rstrip(",") for line in page.evaluate("window.steps")][:2] == ["preprocess", "extract"]
    expect(page.locator(".stage img")).to_have_js_property("complete", True)


def test_boxes_lie_on_the_words_that_were_read(read_example: Read, ask: Ask) -> None:
    """A value's box covers the pixels of its word, also after zooming."""
    page = read_example()
    [word] = [word for word in words_of(page, ask) if word["text"] == "Okonkwo-Reyes"]
    box = page.get_by_role("button", name="Family name: Okonkwo-Reyes (found)")
    for _ in range(2):
        sheet, shown = page.locator(".stage img").bounding_box(), box.bounding_box()
        x0, y0, x1, y1 = word["bbox"]
        expected = [
            sheet["x"] + x0 * sheet["width"],
            sheet["y"] + y0 * sheet["height"],
            (x1 - x0) * sheet["width"],
            (y1 - y0) * sheet["height"],
        ]
        assert [shown["x"], shown["y"], shown["width"], shown["height"]] == pytest.approx(expected, abs=1.5)
        page.keyboard.press("+")


def test_doubtful_values_come_first_with_their_reasons(read_example: Read) -> None:
    """What the page does not say stands on top, and why."""
    page = read_example()
    names = page.locator("tr.row .name").all_inner_texts()
    assert names[:4] == ["Registration No", "Given name", "Mailing address", "Family name"]
    expect(row(page, "Registration No").locator(".tone")).to_have_text("missing")
    expect(row(page, "Mailing address").locator(".reason")).to_have_text(
        "the page reads 'Road', the answer says 'Street'"
    )


def test_reason_that_several_have_in_common_is_said_once(read_example: Read) -> None:
    """Above their rows, without the confidence that each has; who judges one of them takes it out."""
    page = read_example("local")
    said = page.get_by_text("it stands there, but perhaps as another question's answer, or misread")
    expect(said).to_have_text(
        ["Unless said otherwise: it stands there, but perhaps as another question's answer, or misread"]
    )
    doubtful = page.locator("tr.row.doubtful .name")
    assert doubtful.count() > 1
    described = [name.get_attribute("aria-describedby") for name in doubtful.all()]
    assert described == [page.locator(".common .reason").get_attribute("id")] * len(described)
    assert page.locator("tr.row .reason").count() == 0


def test_reason_of_a_rows_own_stands_in_it(read_example: Read) -> None:
    """Beside others that share one, and where only one value has it."""
    page = read_example()
    expect(page.locator("tr.row .reason").filter(has_text="Street")).to_have_count(1)
    page.keyboard.press("n")
    while page.locator("tr.row.doubtful").count() > 1:
        page.keyboard.press("c")
    expect(page.locator(".common")).to_have_count(0)
    expect(page.locator("tr.row .reason")).to_have_count(1)


def test_value_in_doubt_has_the_colour_of_doubt_on_the_scan(read_example: Read) -> None:
    """Though it stands there; judged, it has the colour of what was judged."""
    page = read_example("local")
    row(page, "Hotel").locator(".name").focus()
    box = page.get_by_role("button", name="Hotel: Breakwater Inn (found, in doubt)")
    expect(box).to_have_css("border-color", "rgb(230, 159, 0)")
    expect(page.locator(".legend")).to_contain_text(f"{page.locator('tr.row.doubtful').count()} doubtful")
    page.keyboard.press("n")
    page.keyboard.press("c")
    expect(page.get_by_role("button", name="Hotel: Breakwater Inn (correct)")).to_have_class("box reviewed")


def test_the_pages_own_reading_is_taken_by_one_click(read_example: Read) -> None:
    """What stands at a doubtful value's place is offered for it."""
    page = read_example()
    row(page, "Mailing address").click()
    page.get_by_role("button", name=re.compile("Take .*Lighthouse Road Building")).click()
    expect(row(page, "Mailing address").locator(".value")).to_contain_text("Lighthouse Road Building")
    expect(row(page, "Mailing address").locator(".tone")).to_have_text("corrected")
    expect(page.locator(".note")).to_have_text("2 still to check")


def test_pointing_at_a_row_or_a_box_lights_the_other(read_example: Read) -> None:
    """Row and box belong together both ways, by pointer and by focus."""
    page = read_example()
    box = page.get_by_role("button", name="Position: Field Engineer (found)")
    row(page, "Position").hover()
    assert "lit" in box.get_attribute("class")
    page.mouse.move(0, 0)
    box.hover()
    assert "lit" in row(page, "Position").get_attribute("class")
    page.mouse.move(0, 0)
    row(page, "Family name").locator(".name").focus()
    assert "lit" in page.get_by_role("button", name="Family name: Okonkwo-Reyes (found)").get_attribute("class")
    box.click()
    expect(row(page, "Position").locator(".name")).to_have_attribute("aria-expanded", "true")


def test_keys_go_through_the_doubtful_values_and_settle_them(read_example: Read) -> None:
    """n, n, p walk; c settles one and goes on; z takes it back."""
    page = read_example()
    selected = page.locator("tr.selected .name")
    for key, name in [("n", "Registration No"), ("n", "Given name"), ("p", "Registration No"), ("c", "Given name")]:
        page.keyboard.press(key)
        expect(selected).to_have_text(name)
    expect(page.locator(".note")).to_have_text("2 still to check")
    row(page, "Registration No").click()
    page.keyboard.press("z")
    expect(page.locator(".note")).to_have_text("3 still to check")


def test_a_correction_becomes_ground_truth(read_example: Read, ask: Ask, data_dir: Path, root: Path) -> None:
    """Edit, save, reload: reviewed; the trace holds the expectation and feedback, and evaluate scores against it."""
    import mlflow

    page = read_example("local")
    row(page, "Registration No").click()
    page.keyboard.press("e")
    page.get_by_label("Answer").fill("HC-99999")
    page.keyboard.press("Enter")
    expect(row(page, "Registration No").locator(".tone")).to_have_text("corrected")
    save(page)
    expect(page.locator(".notice.good")).to_contain_text("Reviewed by")
    page.reload()
    expect(page.locator(".chip")).to_have_text("reviewed")
    expect(row(page, "Registration No").locator(".value")).to_have_text("HC-99999")
    stored = ask(page, f"/extractions/{extraction_id(page)}")
    trace = mlflow.get_trace(stored["trace_id"])
    [expectation] = trace.search_assessments("extraction", type="expectation")
    pairs = {pair["key"]: pair["values"] for pair in expectation.value["pairs"]}
    assert (pairs["Registration No"], pairs["Family name"]) == (["HC-99999"], ["Okonkwo-Reyes"])
    assert any(found.source.source_type == "HUMAN" for found in trace.search_assessments(type="feedback"))
    values = sum(len(pair["values"]) for pair in expectation.value["pairs"])
    assert recall_of_reviewed(root, data_dir / "report") == pytest.approx((values - 1) / values, abs=5e-4)


def recall_of_reviewed(root: Path, report: Path) -> float:
    """Evaluate the local reader on what was reviewed: it reads the form as it did before the correction."""
    choice = ["--dataset", "reviewed", "--schema", "form", "--chat-model", "local", "--out", str(report)]
    command = [sys.executable, "-m", "serving.cli", "evaluate", *choice]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "read     1 documents: 1 valid" in done.stdout
    return float(re.findall(r"pair_recall +([\d.]+)", done.stdout)[0])


def test_a_missing_pair_is_added_where_it_stands(read_example: Read, ask: Ask) -> None:
    """Dragging over words gives an added answer its place and, where it is empty, its text."""
    page = read_example()
    page.get_by_role("button", name="Add a missing pair").click()
    page.get_by_label("Question", exact=True).fill("Hotel")
    page.get_by_role("button", name="Place", exact=True).click()
    words = [word for word in words_of(page, ask) if word["text"] in ("Breakwater", "Inn")]
    drag_over(page, around(words))
    expect(page.get_by_label("Question", exact=True)).to_have_value("Hotel")
    expect(page.get_by_label("Answer")).to_have_value("Breakwater Inn")
    page.get_by_role("button", name="Keep").click()
    save(page)
    expect(page.locator(".notice.good")).to_be_visible()
    review = ask(page, f"/extractions/{extraction_id(page)}")["review"]
    assert review["extraction"]["pairs"][-1] == {"key": "Hotel", "values": ["Breakwater Inn"]}
    [field] = [field for field in review["fields"] if field["path"] == "/pairs/6/values/0"]
    assert (field["state"], field["page_index"]) == ("added", 0)
    assert field["bbox"] == pytest.approx(around(words), abs=1e-6)


def test_absent_and_unreadable_are_kept_apart(read_example: Read) -> None:
    """Both have no value, and say why also after a reload."""
    page = read_example()
    for name, key in [("Position", "a"), ("Telephone", "u")]:
        row(page, name).click()
        page.keyboard.press(key)
    save(page)
    expect(page.locator(".notice.good")).to_be_visible()
    page.reload()
    expect(row(page, "Position").locator(".tone")).to_have_text("absent")
    expect(row(page, "Telephone").locator(".tone")).to_have_text("unreadable")


def test_one_answer_of_several_is_added_and_removed(read_example: Read, ask: Ask) -> None:
    """The question and its other answers stay; leaving an empty new answer leaves nothing behind."""
    page = read_example()
    row(page, "Position").click()
    for leave in ("Cancel", "Keep"):
        page.keyboard.press("e")
        page.get_by_role("button", name="One more answer").click()
        if leave == "Keep":
            page.get_by_label("Answer").fill("Diver")
        page.get_by_role("button", name=leave).click()
        expect(row(page, "Position")).to_have_count(1 if leave == "Cancel" else 2)
        row(page, "Position").first.click()
    page.get_by_role("button", name="Remove", exact=True).click()
    save(page)
    expect(page.locator(".notice.good")).to_be_visible()
    pairs = ask(page, f"/extractions/{extraction_id(page)}")["review"]["extraction"]["pairs"]
    assert {"key": "Position", "values": ["Diver"]} in pairs


def test_what_the_schema_refuses_is_said_and_nothing_is_lost(read_example: Read) -> None:
    """An empty question is refused; the other changes stay."""
    page = read_example()
    row(page, "Family name").click()
    page.keyboard.press("e")
    page.get_by_label("Question", exact=True).fill("")
    page.get_by_label("Answer").fill("Kept")
    page.get_by_role("button", name="Keep").click()
    save(page)
    expect(page.get_by_role("alert")).to_contain_text("Not saved")
    expect(page.locator(".value .text", has_text="Kept")).to_be_visible()


def test_what_nobody_looked_at_is_saved_only_after_asking(read_example: Read) -> None:
    """Doubtful values don't become ground truth by a slip."""
    page = read_example()
    page.keyboard.press("s")
    expect(page.get_by_role("dialog")).to_contain_text("3 doubtful values")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator(".chip")).to_have_text("valid")


def test_a_lost_connection_is_taken_up_again(open_running: Read, example: str) -> None:
    """Progress goes on where the stream of events broke off."""
    page = open_running()
    page.route("**/events", lambda route: route.abort(), times=1)
    page.get_by_label("Chat model").select_option("doubtful")
    page.locator("#file").set_input_files(example)
    expect(page.get_by_role("alert")).to_contain_text("trying again")
    page.locator("tr.row").first.wait_for()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_leaving_with_changes_asks_first(read_example: Read) -> None:
    """Work is not lost by a click."""
    page = read_example()
    page.keyboard.press("n")
    page.keyboard.press("c")
    page.get_by_role("link", name="Optophone", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(row(page, "Registration No").locator(".tone")).to_have_text("correct")


def around(words: list[dict[str, Any]]) -> list[float]:
    """The bbox of words."""
    boxes = [word["bbox"] for word in words]
    return [*(min(box[i] for box in boxes) for i in (0, 1)), *(max(box[i] for box in boxes) for i in (2, 3))]


def drag_over(page: Page, bbox: list[float]) -> None:
    """Drag the mouse roughly over a bbox of the page in sight."""
    layer = page.locator(".draw-layer")
    layer.wait_for()
    page.locator(".viewport").evaluate("(view, y) => view.scrollTo(0, y * view.scrollHeight - 200)", bbox[1])
    sheet = layer.bounding_box()
    x, y = (
        [sheet["x"] + bbox[i] * sheet["width"] for i in (0, 2)],
        [sheet["y"] + bbox[i] * sheet["height"] for i in (1, 3)],
    )
    page.mouse.move(x[0] - 3, y[0] - 3)
    page.mouse.down()
    page.mouse.move(x[1] + 3, y[1] + 3, steps=4)
    page.mouse.up()
