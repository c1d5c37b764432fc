"""Annotated forms made in code: labels with colons, values on their right or below."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from chat_models.local.learned.page import make_page
from documents.page import Word
from evaluation.datasets.funsd import form_to_pairs
from evaluation.metrics import extraction_to_pairs
from evaluation.training.forms import Form
from evaluation.training.gold import align

WIDTH_PX, HEIGHT_PX, CHAR_PX, LINE_PX = 800, 1000, 8, 16
KEYS = ["Name:", "Date:", "Brand", "Order No.", "Total amount:", "City:", "Sent to:", "Approved by"]
VALUES = ["Ada Lovelace", "March 27", "Phoenix Lights", "1815-44", "$ 12.50", "Port Allard", "R. Smith", "yes"]


def _item(number: int, text: str, label: str, x: int, y: int) -> dict[str, object]:
    words = []
    for word in text.split(" "):
        words.append({"text": word, "box": [x, y, x + len(word) * CHAR_PX, y + LINE_PX]})
        x += (len(word) + 1) * CHAR_PX
    return {"id": number, "text": text, "label": label, "words": words, "linking": [], "box": words[0]["box"]}


def make_items(seed: int) -> list[dict[str, object]]:
    """Lay out eight pairs in two columns below a header."""
    chance = random.Random(seed)  # noqa: S311 - a layout, no secret
    items = [_item(0, "ORDER FORM", "header", 300, 20)]
    for row, key in enumerate(chance.sample(KEYS, len(KEYS))):
        x, y = (40, 100 + row * 50) if row % 2 else (420, 100 + row * 50)
        question = _item(len(items), key, "question", x, y)
        answer = _item(len(items) + 1, chance.choice(VALUES), "answer", x + (len(key) + 3) * CHAR_PX, y)
        question["linking"] = answer["linking"] = [[question["id"], answer["id"]]]
        items += [question, answer]
    return items


def write_split(folder: Path, count: int) -> Path:
    """Write forms as FUNSD lays them out; returns the folder."""
    for name in ("annotations", "images"):
        (folder / name).mkdir(parents=True)
    for seed in range(count):
        items = make_items(seed)
        (folder / "annotations" / f"form{seed}.json").write_text(json.dumps({"form": items}))
        image = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), "white")
        draw = ImageDraw.Draw(image)
        for item in items:
            for word in item["words"]:
                draw.text(word["box"][:2], word["text"], fill="black")
        image.save(folder / "images" / f"form{seed}.png")
    return folder


@pytest.fixture(scope="session")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve annotated forms."""
    return write_split(tmp_path_factory.mktemp("funsd"), 12)


@pytest.fixture(scope="session")
def forms(split: Path) -> list[Form]:
    """The same, read without OCR: their words are the annotated ones."""
    return [_to_form(path) for path in sorted(split.glob("annotations/*.json"))]


def _to_form(annotation: Path) -> Form:
    items = json.loads(annotation.read_text())["form"]
    words = [
        Word(
            word["text"],
            tuple(edge / side for edge, side in zip(word["box"], (WIDTH_PX, HEIGHT_PX) * 2, strict=True)),
            1.0,
        )
        for item in items
        for word in item["words"]
    ]
    page = make_page(words, WIDTH_PX, HEIGHT_PX)
    return Form(page, align(page, items), extraction_to_pairs({"pairs": form_to_pairs(items)}), annotation.stem)


@pytest.fixture
def make_split() -> Callable[[Path, int], Path]:
    """Write a split of one's own."""
    return write_split
