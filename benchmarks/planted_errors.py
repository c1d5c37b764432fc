"""Plant mistakes in the annotations of SROIE's receipts, and see which of them grounding and confidence flag.

    python -m benchmarks.planted_errors SROIE    (a folder with key/<stem>.json and img/<stem>.jpg)

The annotations themselves are the right answers. Planted are one digit changed, one letter changed, and in place of the
total up to three other amounts of the page. Seeded; OCR words are cached in the document store.
"""

import argparse
import json
import random
import re
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from chat_models.local.pairs import PageWords
from documents.confidence import DOUBTFUL
from documents.load import load_document
from documents.words import page_words
from evaluation.recorded import SCHEMA
from graph.settings import get_settings, get_store
from nodes.locate import locate
from schemas.numbers import parse_number

AMOUNT = re.compile(r"(?<![\d.,])\d+\.\d\d(?!\d)")
OTHER_AMOUNTS = 3
# Rounding to 5 cents is no other amount.
APART = 0.05


def main() -> None:
    """Print for each kind of answer and field how many values are flagged."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    rng = random.Random(0)  # noqa: S311 - nothing secret
    flagged: Counter[tuple[str, str]] = Counter()
    told: Counter[tuple[str, str]] = Counter()
    for key in sorted(folder.glob("key/*.json")):
        pages = read(folder / "img" / f"{key.stem}.jpg")
        for kind, name, value in answers(json.loads(key.read_text()), pages, rng):
            (field,) = locate({name: value}, pages, SCHEMA, {}, read_again=True)
            told[kind, name] += 1
            flagged[kind, name] += field["confidence"] < DOUBTFUL
    for (kind, name), count in sorted(told.items()):
        print(f"{kind:13} {name:8} {flagged[kind, name]:4} of {count} flagged")


def read(image: Path) -> list[PageWords]:
    """Read the words of a receipt."""
    store = get_store()
    pages = load_document(str(image), store, get_settings().limits, allow_paths=True)["pages"]
    return [PageWords(page_words(page, store), page["width_px"], page["height_px"]) for page in pages]


def answers(
    annotation: dict[str, str], pages: list[PageWords], rng: random.Random
) -> Iterator[tuple[str, str, str | float]]:
    """Yield the kind of each answer, its field and its value."""
    texts = {name: annotation[key] for name, key in (("vendor", "company"), ("date", "date"), ("address", "address"))}
    for name, text in texts.items():
        if text:
            yield "right", name, text
            yield from changed(name, text, rng)
    total = parse_number(annotation["total"])
    if total is None:
        return
    yield "right", "total", float(total)
    yield "other digit", "total", float(other(f"{total:.2f}", string.digits, rng))
    printed = {float(text) for page in pages for word in page.words for text in AMOUNT.findall(word.text)}
    others = sorted(amount for amount in printed if amount and abs(amount - float(total)) > APART)
    for amount in rng.sample(others, min(OTHER_AMOUNTS, len(others))):
        yield "other amount", "total", amount


def changed(name: str, text: str, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """Yield the text with one digit changed, and one that isn't a date with one letter changed."""
    if any(char.isdigit() for char in text):
        yield "other digit", name, other(text, string.digits, rng)
    if name != "date":
        yield "other letter", name, other(text, string.ascii_uppercase, rng)


def other(text: str, characters: str, rng: random.Random) -> str:
    """Exchange one of the text's characters of a kind for another of it."""
    position = rng.choice([index for index, char in enumerate(text) if char.upper() in characters])
    char = rng.choice([char for char in characters if char != text[position].upper()])
    return text[:position] + char + text[position + 1 :]


if __name__ == "__main__":
    main()
