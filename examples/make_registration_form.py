"""Draw `registration_form.png`, a filled-in form as a fax machine hands it over, and write what it says beside it.

    python examples/make_registration_form.py [folder]

Person, conference and numbers are made up. The same data draw the picture and make the expected answer, so the two
can't disagree; the noise is seeded, so every run gives the same picture.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

DPI = 100  # the finer mode of a fax is 98 lines to the inch
SIZE = (850, 1100)  # US letter at that
_SCALE = 3  # drawn this much larger and reduced, as a scanner sees more than it keeps
_TILT_DEGREES = 0.4  # a sheet that went in slightly askew
_SEED = 1914  # any number does; it is the year of the first optophone

TITLE = "Harbor Conference on Coastal Engineering"
SUBTITLE = "REGISTRATION FORM  -  please type or print"
BESIDE = (  # label, value, x of the label, x of the value, y: all in pixels of the finished page
    ("Registration No.:", "HC-20417", 60, 200, 168),
    ("Date received:", "March 4, 1996", 480, 600, 168),
    ("Family name:", "Okonkwo-Reyes", 60, 200, 210),
    ("Given name:", "Marisol", 480, 600, 210),
    ("Organization:", "Tidewater Survey Office", 60, 200, 252),
    ("Position:", "Field Engineer", 480, 600, 252),
    ("Telephone:", "(555) 014-7732", 60, 200, 390),
    ("Fax:", "(555) 014-7740", 480, 600, 390),
)
ADDRESS = ("Mailing address:", ("1280 Lighthouse Road", "Building C, Room 17", "Port Allard, ME 04999"))
BELOW = (  # boxes that carry their label in the corner: label, value, x of both edges
    ("Arrival", "06/11/1996", 60, 250),
    ("Departure", "06/15/1996", 250, 440),
    ("Nights", "4", 440, 550),
    ("Hotel", "Breakwater Inn", 550, 790),
)
BOXES = (
    ("Membership:", (("Member", True), ("Non-member", False), ("Student", False))),
    ("Meals:", (("Standard", False), ("Vegetarian", True), ("None", False))),
)
TABLE_HEAD = ("Item", "Quantity", "Amount")
TABLE = (
    ("Full registration", "1", "$ 385.00"),
    ("Workshop, June 12", "1", "$ 120.00"),
    ("Banquet ticket", "2", "$ 96.50"),
)
TOTAL = ("Total due:", "$ 601.50")
SIGNED = (("Signature:", None), ("Date:", "Feb. 27, 1996"))


def expected() -> dict[str, list[dict[str, str | list[str]]]]:
    """Give the pairs a reader should find, in reading order; a signature can't be read and is no pair."""
    pairs: list[tuple[str, list[str]]] = [(key, [value]) for key, value, *_ in BESIDE[:6]]
    pairs.append((ADDRESS[0], [" ".join(ADDRESS[1])]))
    pairs += [(key, [value]) for key, value, *_ in (*BESIDE[6:], *BELOW)]
    pairs += [(key, [label for label, ticked in choices if ticked]) for key, choices in BOXES]
    pairs += [(head, [row[column] for row in TABLE]) for column, head in enumerate(TABLE_HEAD)]
    pairs += [(TOTAL[0], [TOTAL[1]]), (SIGNED[1][0], [SIGNED[1][1] or ""])]
    return {"pairs": [{"key": key, "values": values} for key, values in pairs]}


def draw_form() -> Image.Image:
    """Draw the clean form, grey, `_SCALE` times the finished size."""
    sheet = Sheet()
    sheet.text(SIZE[0] / 2, 62, TITLE, 27, anchor="mm")
    sheet.text(SIZE[0] / 2, 98, SUBTITLE, 15, anchor="mm")
    sheet.line(60, 124, 790, 124, width=2)
    for label, value, x, value_x, y in BESIDE:
        sheet.text(x, y, label, 15)
        sheet.text(value_x, y - 2, value, 17)
        sheet.line(value_x - 4, y + 5, 460 if x < 400 else 790, y + 5)
    sheet.text(60, 294, ADDRESS[0], 15)
    for row, line in enumerate(ADDRESS[1]):
        sheet.text(200, 292 + 26 * row, line, 17)
        sheet.line(196, 299 + 26 * row, 790, 299 + 26 * row)
    _draw_stay(sheet, top=424)
    for row, (label, choices) in enumerate(BOXES):
        _draw_choices(sheet, label, choices, y=524 + 40 * row)
    _draw_table(sheet, top=602)
    _draw_signature(sheet, y=880)
    sheet.text(
        60, 960, "Send this form with a check to the address on the back before May 1. Fees are not refunded", 13
    )
    sheet.text(60, 980, "after that date. Places in the workshops are given in the order in which forms arrive.", 13)
    return sheet.image


def degrade(clean: Image.Image) -> Image.Image:
    """Do to a clean sheet what a fax does: askew, coarse, speckled, and nearly black and white."""
    noise = np.random.default_rng(_SEED)
    tilted = clean.rotate(_TILT_DEGREES, Image.Resampling.BICUBIC, fillcolor=255)
    coarse = tilted.filter(ImageFilter.GaussianBlur(_SCALE / 4)).resize(SIZE, Image.Resampling.BOX)
    grey = np.asarray(coarse, dtype=np.float64) + noise.normal(0, 14, SIZE[::-1])
    hard = np.clip((grey - 150) * 3 + 128, 0, 255)  # steep around the threshold: strokes break and blot a little
    hard[noise.random(hard.shape) < 0.0012] = 0  # dust: about a thousand specks
    levels = np.round(hard / 85) * 85  # four greys keep the file small
    return Image.fromarray(levels.astype(np.uint8))


class Sheet:
    """A blank page that takes coordinates in pixels of the finished page."""

    def __init__(self) -> None:
        self.image = Image.new("L", (SIZE[0] * _SCALE, SIZE[1] * _SCALE), 255)
        self._draw = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, size: int, anchor: str = "ls") -> None:
        """Write a line of text on the baseline `y`; `size` is in pixels of the finished page."""
        self._draw.text((x * _SCALE, y * _SCALE), text, 0, ImageFont.load_default(size * _SCALE), anchor)

    def line(self, x0: float, y0: float, x1: float, y1: float, width: float = 1) -> None:
        """Rule a line."""
        ends = (x0 * _SCALE, y0 * _SCALE, x1 * _SCALE, y1 * _SCALE)
        self._draw.line(ends, fill=0, width=round(width * _SCALE))

    def box(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Rule a box."""
        self._draw.rectangle((x0 * _SCALE, y0 * _SCALE, x1 * _SCALE, y1 * _SCALE), outline=0, width=_SCALE)

    def curve(self, points: np.ndarray) -> None:
        """Draw a pen stroke through points, one (x, y) a row."""
        self._draw.line([(x * _SCALE, y * _SCALE) for x, y in points], fill=0, width=2 * _SCALE, joint="curve")


def _draw_stay(sheet: Sheet, top: int) -> None:
    for label, value, left, right in BELOW:
        sheet.box(left, top, right, top + 60)
        sheet.text(left + 8, top + 20, label, 14)
        sheet.text(left + 16, top + 48, value, 17)


def _draw_choices(sheet: Sheet, label: str, choices: tuple[tuple[str, bool], ...], y: int) -> None:
    sheet.text(60, y, label, 15)
    for column, (choice, ticked) in enumerate(choices):
        x = 200 + 170 * column
        sheet.box(x, y - 13, x + 14, y + 1)
        if ticked:
            sheet.line(x - 2, y - 15, x + 16, y + 3, width=2)
            sheet.line(x - 2, y + 3, x + 16, y - 15, width=2)
        sheet.text(x + 24, y, choice, 15)


def _draw_table(sheet: Sheet, top: int) -> None:
    columns = (60, 420, 580, 790)
    height = 36
    for row, cells in enumerate((TABLE_HEAD, *TABLE)):
        y = top + height * row
        for left, right, cell in zip(columns, columns[1:], cells, strict=False):
            sheet.box(left, y, right, y + height)
            sheet.text(left + 12, y + 24, cell, 15 if row == 0 else 17)
    y = top + height * (len(TABLE) + 1)
    sheet.text(columns[1] + 12, y + 30, TOTAL[0], 15)
    sheet.text(columns[2] + 12, y + 30, TOTAL[1], 18)
    sheet.line(columns[2], y + 38, columns[3], y + 38, width=2)


def _draw_signature(sheet: Sheet, y: int) -> None:
    (signature, _), (label, value) = SIGNED
    sheet.text(60, y, signature, 15)
    sheet.line(156, y + 5, 460, y + 5)
    t = np.linspace(0, 1, 160)
    loops = 16 * np.sin(t * 44) * (1 - 0.7 * t) - 10 * np.sin(t * 5)
    sheet.curve(np.column_stack((180 + 200 * t + 9 * np.cos(t * 44), y - 14 + loops)))
    sheet.text(480, y, label, 15)
    sheet.text(600, y - 2, value or "", 17)
    sheet.line(596, y + 5, 790, y + 5)


def main(folder: Path) -> None:
    """Write the picture and the expected answer into a folder."""
    degrade(draw_form()).save(folder / "registration_form.png", optimize=True, dpi=(DPI, DPI))
    text = json.dumps(expected(), indent=2, ensure_ascii=False)
    (folder / "registration_form.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
