"""A page image with the values of an answer boxed where they stand, coloured by how surely they stand there."""

from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from typing import Literal, NamedTuple

from PIL import Image, ImageDraw, ImageFont, ImageStat

from documents.grounding import GroundingStatus, Spot
from documents.page import BBox

Colour = tuple[int, int, int]

_Kind = Literal["found", "close or doubtful", "ambiguous", "missing"]
# Okabe and Ito's palette, told apart with every colour blindness: bluish green, orange, reddish purple, vermilion.
_COLOURS: dict[_Kind, Colour] = {
    "found": (0, 158, 115),
    "close or doubtful": (230, 159, 0),
    "ambiguous": (204, 121, 167),
    "missing": (213, 94, 0),
}
_INK = (40, 40, 40)
_FILL_ALPHA = 56  # of 255: dark print stays black under it
_LEGEND_LINES = 2.4  # the legend strip's height in lines of its text


class Mark(NamedTuple):
    """A value to box."""

    label: str
    place: Spot
    is_doubtful: bool = False
    """Whether something speaks against it, however exactly it stands there."""

    @property
    def kind(self) -> _Kind:
        """The legend's word for it."""
        grounding: GroundingStatus = self.place["grounding"]
        if grounding == "close" or (grounding == "found" and self.is_doubtful):
            return "close or doubtful"
        return grounding


def highlight(png: bytes, marks: Sequence[Mark]) -> bytes:
    """Draw each value's place on the page and a legend under it; give the picture as PNG.

    A missing value has no box; the legend counts it. All places are taken to be on this page.
    """
    page = Image.open(BytesIO(png)).convert("RGB")
    size = max(9, round(min(page.size) / 80))  # of a label, in pixels: that of a page's own small print
    boxes = _label_boxes(page.size, marks)
    tags: list[BBox] = []
    sheet = page.convert("L")  # the bare page: a tag looks for blank paper
    for box, (_, colour) in boxes.items():
        _shade(page, box, colour)
    for box, (label, colour) in boxes.items():
        tags.append(_place_tag(sheet, box, _tag_size(label, size), [*boxes, *tags]))
        _write_tag(page, tags[-1], label, colour, size)
    picture = _with_legend(page, Counter(mark.kind for mark in marks), size)
    out = BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _label_boxes(size: tuple[int, int], marks: Sequence[Mark]) -> dict[BBox, tuple[str, Colour]]:
    """Give each box in pixels its label and colour; labels of one and the same box are joined, and doubt shows."""
    boxes: dict[BBox, tuple[str, Colour]] = {}
    for mark in marks:
        if mark.place["bbox"] is not None:
            box = _pixels(mark.place["bbox"], size)
            labels = [boxes[box][0]] if box in boxes and boxes[box][0] != mark.label else []
            colour = boxes[box][1] if box in boxes and mark.kind == "found" else _COLOURS[mark.kind]
            boxes[box] = ", ".join([*labels, mark.label]), colour
    return boxes


def _pixels(bbox: BBox, size: tuple[int, int]) -> BBox:
    width, height = size
    margin = 2  # so that the frame doesn't touch the print
    x0, y0, x1, y1 = bbox
    return (
        max(x0 * width - margin, 0),
        max(y0 * height - margin, 0),
        min(x1 * width + margin, width - 1),
        min(y1 * height + margin, height - 1),
    )


def _shade(page: Image.Image, box: BBox, colour: Colour) -> None:
    draw = ImageDraw.Draw(page, "RGBA")
    draw.rounded_rectangle(box, radius=3, fill=(*colour, _FILL_ALPHA), outline=(*colour, 255), width=2)


def _tag_size(label: str, size: int) -> tuple[float, float]:
    return ImageFont.load_default(size).getlength(label) + 6, size + 2


def _place_tag(sheet: Image.Image, box: BBox, tag_size: tuple[float, float], taken: Sequence[BBox]) -> BBox:
    """Find the side of the box where its tag covers the fewest boxes and tags, and of those the least print."""
    width, height = tag_size
    x0, y0, x1, y1 = box
    corners = [(x0, y0 - height), (x1 - width, y0 - height), (x1, y0), (x0 - width, y0), (x0, y1), (x1 - width, y1)]
    tags = [(x, y, x + width, y + height) for x, y in corners]
    inside = [tag for tag in tags if _inside(tag, sheet.size)] or [(x0, y0, x0 + width, y0 + height)]
    return min(inside, key=lambda tag: (sum(_overlap(tag, other) for other in taken), _ink(sheet, tag)))


def _ink(sheet: Image.Image, box: BBox) -> float:
    return 255 - ImageStat.Stat(sheet.crop((round(box[0]), round(box[1]), round(box[2]), round(box[3])))).mean[0]


def _write_tag(page: Image.Image, tag: BBox, label: str, colour: Colour, size: int) -> None:
    draw = ImageDraw.Draw(page)
    draw.rounded_rectangle(tag, radius=2, fill=colour)
    middle = (tag[0] + tag[2]) / 2, (tag[1] + tag[3]) / 2
    draw.text(middle, label, fill="white", font=ImageFont.load_default(size), anchor="mm")


def _with_legend(page: Image.Image, counts: Counter[_Kind], size: int) -> Image.Image:
    """Add a strip under the page that names each colour that occurs and counts its values."""
    font = ImageFont.load_default(size * 1.3)
    strip = round(size * 1.3 * _LEGEND_LINES)
    picture = Image.new("RGB", (page.width, page.height + strip), "white")
    picture.paste(page)
    draw = ImageDraw.Draw(picture)
    draw.line((0, page.height, page.width, page.height), fill=_INK)
    x, y = float(size), page.height + strip / 2
    for kind, colour in _COLOURS.items():
        if not counts[kind]:  # of a small page the strip is just wide enough for what there is
            continue
        swatch = (x, y - size / 2, x + size * 1.4, y + size / 2)
        if kind == "missing":
            draw.rounded_rectangle(swatch, radius=3, outline=colour, width=2)
        else:
            _shade(picture, swatch, colour)
        text = f"{kind}: {counts[kind]}"
        draw.text((x + size * 1.9, y), text, fill=_INK, font=font, anchor="lm")
        x += size * 1.9 + draw.textlength(text, font) + size * 2
    return picture


def _inside(box: BBox, size: tuple[int, int]) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]


def _overlap(one: BBox, two: BBox) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
