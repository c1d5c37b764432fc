"""Compose a page of blocks, scan it, and write it down as FUNSD does."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from PIL import Image

from documents.words import words_to_json
from evaluation.datasets.generated.blanks import captioned_fields, sentence_with_blanks
from evaluation.datasets.generated.choices import choices
from evaluation.datasets.generated.fields import field_rows, stacked_fields
from evaluation.datasets.generated.margins import margins
from evaluation.datasets.generated.pen import Pen
from evaluation.datasets.generated.prose import contacts, letterhead, message, note, section, title
from evaluation.datasets.generated.reading import read_as_ocr
from evaluation.datasets.generated.remarks import name_list, remarks
from evaluation.datasets.generated.scan import scan
from evaluation.datasets.generated.sheet import HEIGHT, Item, Sheet, annotation
from evaluation.datasets.generated.style import make_style
from evaluation.datasets.generated.tables import boxed_cells, sign_off, table

Block = Callable[[Pen, float, float, float, float], float]
# Weights by how often such blocks are seen on business forms.
_BLOCKS: dict[Block, int] = {
    field_rows: 36, table: 13, stacked_fields: 6, boxed_cells: 7, captioned_fields: 6, remarks: 13, name_list: 5,
    choices: 8, note: 8, message: 2, contacts: 3, sign_off: 5, sentence_with_blanks: 3,
}  # fmt: skip


@dataclass(frozen=True)
class GeneratedForm:
    """A page image, grey, 1,000 px high, and what is written on it."""

    image: Image.Image
    items: list[Item]
    """Boxes in pixels of the image."""


def generate_form(seed: int) -> GeneratedForm:
    """Draw a form by chance; the same seed gives the same form, with the same releases of Pillow and PDFium."""
    chance = Random(seed)  # noqa: S311 - a drawing, no secret
    sheet = Sheet(chance.randint(754, 863), chance)  # as wide as FUNSD's are
    pen = Pen(sheet, make_style(chance), chance)
    _compose(pen)
    margins(pen)
    image, items = scan(sheet.image, sheet.items, chance)
    return GeneratedForm(image, items)


def write_forms(folder: Path, count: int, seed: int = 0) -> None:
    """Write forms of consecutive seeds as a split of FUNSD: `annotations/<stem>.json` beside `images/<stem>.png`.

    `words/<stem>.json` is what OCR would make of each, in the form of `documents.words.words_to_json`.
    """
    for name in ("annotations", "images", "words"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(seed, seed + count):
        form, stem = generate_form(number), f"generated-{number:06}"
        form.image.save(folder / "images" / f"{stem}.png")
        text = json.dumps(annotation(form.items))
        (folder / "annotations" / f"{stem}.json").write_text(text, encoding="utf-8")
        words = read_as_ocr(form.items, *form.image.size, Random(number))  # noqa: S311 - as above
        (folder / "words" / f"{stem}.json").write_bytes(words_to_json(words))


def _compose(pen: Pen) -> None:
    chance = pen.chance
    left, right = chance.uniform(35, 120), pen.sheet.width - chance.uniform(50, 130)
    y, bottom = chance.uniform(30, 110), HEIGHT - chance.uniform(60, 160)
    if pen.odds(0.45):
        y = letterhead(pen, left, right, y)
    if pen.odds(0.85):
        y = title(pen, left, right, y)
    if pen.odds(0.2):
        pen.sheet.frame((left - 12, y - 12, right + 12, bottom + 12), chance.choice([1, 2]))
    # Short forms leave most of the page empty.
    end = chance.choice([bottom, bottom, bottom, chance.uniform(y + 150, bottom)])
    while y < end - 40:
        y = _section(pen, left, right, y, end)


def _section(pen: Pen, left: float, right: float, y: float, bottom: float) -> float:
    """Draw one block, or two side by side, with a heading now and then."""
    chance = pen.chance
    heading = None
    if pen.odds(0.3):
        y, heading = section(pen, left, right, y)
        if pen.odds(0.2) and heading.box[2] < left + 0.3 * (right - left):  # what follows stands beside it
            y, left = heading.box[1], heading.box[2] + chance.uniform(12, 60)
    before = len(pen.sheet.items)
    if pen.odds(0.15):
        middle = left + (right - left) * chance.uniform(0.4, 0.6)
        y = max(_block(pen, left, middle - 12, y, bottom), _block(pen, middle + 12, right, y, bottom))
    else:
        indent = chance.choice([0, 0, 0, 0, 25])
        y = _block(pen, left + indent, right, y, bottom)
    if heading is not None and pen.odds(0.5):
        for item in pen.sheet.items[before:]:
            if item.label == "question":
                pen.sheet.link(heading, item)
    if pen.odds(0.2):
        pen.sheet.rule(left, y, right, y, chance.choice([1, 1.5, 2.5]))
    return y + chance.choice([6, 12, 20, 35])


def _block(pen: Pen, left: float, right: float, y: float, bottom: float) -> float:
    block = pen.chance.choices(list(_BLOCKS), list(_BLOCKS.values()))[0]
    # What is printed elsewhere on the page may have another pitch.
    pitch = pen.style.pitch * pen.chance.choice([0.9, 1, 1, 1.15])
    own = Pen(pen.sheet, replace(pen.style, pitch=pitch), pen.chance, pen.number)
    return block(own, left, right, y, bottom)
