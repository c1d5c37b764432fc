"""A page image with the values of an answer boxed where they stand, coloured by how surely they stand there."""

from collections import Counter
from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from documents.grounding import GroundingStatus, Place
from documents.page import BBox

# Okabe and Ito's palette, told apart with every colour blindness: bluish green, orange, reddish purple, vermilion.
_COLOURS: dict[GroundingStatus, tuple[int, int, int]] = {
    "found": (0, 158, 115),
    "close": (230, 159, 0),
    "ambiguous": (204, 121, 167),
    "missing": (213, 94, 0),
}
_INK = (40, 40, 40)
_FILL_ALPHA = 56  # of 255: dark print stays black under it
_LEGEND_LINES = 2.4  # the legend strip's height in lines of its text

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def highlight(png: bytes, places: Sequence[tuple[str, Place]]) -> bytes:
    """Draw each labelled place on the page and a legend under it; give the picture as PNG.

    A missing value has no box; the legend counts it. All places are taken to be on this page.
    """
    page = Image.open(BytesIO(png)).convert("RGB")
    size = max(11, round(min(page.size) / 70))  # of a label, in pixels: that of a page's own small print
    boxed = [(label, place["grounding"], place["bbox"]) for label, place in places if place["bbox"] is not None]
    for _, grounding, bbox in boxed:
        _shade(page, _pixels(bbox, page.size), _COLOURS[grounding])
    taken = [_pixels(bbox, page.size) for _, _, bbox in boxed]
    for label, grounding, bbox in boxed:
        taken.append(_tag(page, label, _pixels(bbox, page.size), _COLOURS[grounding], size, taken))
    picture = _with_legend(page, Counter(place["grounding"] for _, place in places), size)
    out = BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


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


def _shade(page: Image.Image, box: BBox, colour: tuple[int, int, int]) -> None:
    draw = ImageDraw.Draw(page, "RGBA")
    draw.rounded_rectangle(box, radius=3, fill=(*colour, _FILL_ALPHA), outline=(*colour, 255), width=2)


def _tag(
    page: Image.Image, label: str, box: BBox, colour: tuple[int, int, int], size: int, taken: Sequence[BBox]
) -> BBox:
    """Write the label beside its box, on the first side where it covers no box and no other label."""
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(size)
    width, height = draw.textlength(label, font) + 6, size + 3
    x0, y0, x1, y1 = box
    corners = [(x0, y0 - height), (x1 - width, y0 - height), (x1, y0), (x0 - width, y0), (x0, y1), (x1 - width, y1)]
    tags = [(x, y, x + width, y + height) for x, y in corners if _inside((x, y, x + width, y + height), page.size)]
    free = [tag for tag in tags if not any(_overlap(tag, other) for other in taken)]
    tag = (free or tags or [(x0, y0, x0 + width, y0 + height)])[0]
    draw.rounded_rectangle(tag, radius=2, fill=colour)
    draw.text(((tag[0] + tag[2]) / 2, (tag[1] + tag[3]) / 2), label, fill="white", font=font, anchor="mm")
    return tag


def _with_legend(page: Image.Image, counts: Counter[GroundingStatus], size: int) -> Image.Image:
    """Add a strip under the page that names each colour and counts its values."""
    font = ImageFont.load_default(size * 1.2)
    strip = round(size * 1.2 * _LEGEND_LINES)
    picture = Image.new("RGB", (page.width, page.height + strip), "white")
    picture.paste(page)
    draw = ImageDraw.Draw(picture)
    draw.line((0, page.height, page.width, page.height), fill=_INK)
    x, y = float(size), page.height + strip / 2
    for grounding, colour in _COLOURS.items():
        swatch = (x, y - size / 2, x + size * 1.4, y + size / 2)
        if grounding == "missing":
            draw.rounded_rectangle(swatch, radius=3, outline=colour, width=2)
        else:
            _shade(picture, swatch, colour)
        text = f"{grounding}: {counts[grounding]}"
        draw.text((x + size * 1.9, y), text, fill=_INK, font=font, anchor="lm")
        x += size * 1.9 + draw.textlength(text, font) + size * 2
    return picture


def _inside(box: BBox, size: tuple[int, int]) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]


def _overlap(one: BBox, two: BBox) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
