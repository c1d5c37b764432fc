"""Values are boxed on the page in the colour of their grounding."""

from io import BytesIO

from PIL import Image

from documents.grounding import Spot
from documents.highlight import Mark, highlight

GREEN, ORANGE = (0, 158, 115), (230, 159, 0)


def make_png(width=400, height=300):
    """Make a blank page."""
    out = BytesIO()
    Image.new("RGB", (width, height), "white").save(out, "PNG")
    return out.getvalue()


def make_place(grounding, bbox):
    """Make a place of which only grounding and box matter."""
    return Spot(grounding=grounding, page_index=0, bbox=bbox)


def draw(*marks):
    """Highlight values on a blank page."""
    return Image.open(BytesIO(highlight(make_png(), [Mark(*mark) for mark in marks])))


def test_frame_has_the_colour_of_the_grounding():
    """Found and close values are told apart by colour."""
    picture = draw(("1", make_place("found", (0.25, 0.2, 0.5, 0.3))), ("2", make_place("close", (0.25, 0.6, 0.5, 0.7))))
    assert picture.getpixel((150, 58)) == GREEN  # the top edge: 0.2 of 300, less the margin of 2
    assert picture.getpixel((150, 178)) == ORANGE


def test_value_in_doubt_is_not_green_where_it_stands():
    """What speaks against it has the colour that doubt has on the page; one that is ambiguous too keeps its own."""
    boxes = (0.25, 0.2, 0.5, 0.3), (0.25, 0.6, 0.5, 0.7)
    picture = draw(("1", make_place("found", boxes[0]), True), ("2", make_place("ambiguous", boxes[1]), True))
    assert picture.getpixel((150, 58)) == ORANGE
    assert picture.getpixel((150, 178)) == (204, 121, 167)
    shared = draw(("1", make_place("found", boxes[0]), True), ("2", make_place("found", boxes[0])))
    assert shared.getpixel((150, 58)) == ORANGE


def test_fill_lets_the_print_through():
    """The box's inside is tinted, not covered."""
    pixel = draw(("1", make_place("found", (0.25, 0.2, 0.5, 0.3)))).getpixel((150, 75))
    assert pixel not in {GREEN, (255, 255, 255)}
    assert min(pixel) > 190


def test_label_stays_clear_of_the_values():
    """No label is written over a boxed value, however close its neighbours are."""
    boxes = [(0.3, 0.30 + 0.1 * row, 0.6, 0.36 + 0.1 * row) for row in range(4)]
    picture = draw(*((str(i), make_place("found", box)) for i, box in enumerate(boxes)))
    for x0, y0, x1, y1 in boxes:
        inside = picture.crop((round(400 * x0), round(300 * y0), round(400 * x1), round(300 * y1)))
        assert len(inside.getcolors()) == 1


def test_missing_value_is_counted_and_not_drawn():
    """A missing value leaves the page as it is; only the legend, under the page, changes."""
    bare, one = draw(), draw(("1", make_place("missing", None)))
    page = (0, 0, 400, 300)
    assert one.crop(page).tobytes() == bare.crop(page).tobytes()
    assert one.tobytes() != bare.tobytes()


def test_page_keeps_its_size_above_the_legend():
    """The picture is as wide as the page and a strip higher."""
    picture = draw()
    assert (picture.width, picture.mode) == (400, "RGB")
    assert 300 < picture.height < 340


def test_value_at_the_edge_of_the_page_is_drawn():
    """A box that fills the page leaves no room beside it and is drawn all the same."""
    assert draw(("1", make_place("ambiguous", (0.0, 0.0, 1.0, 1.0)))).getpixel((200, 0)) == (204, 121, 167)
