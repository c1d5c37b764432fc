"""Compare settings of the OCR on FUNSD forms or SROIE receipts: which words are read, how tightly, at which cost.

    python -m benchmarks.ocr_settings ../shared/data/funsd/training_data --pages 15
    python -m benchmarks.ocr_settings ../shared/data/sroie --setting kept --setting "RapidOCR's way"

A word counts as read where its letters and digits, case aside, are those of a read word that overlaps it; each read
word counts once. Recall is of the annotated words, precision of the read ones, overlap the mean intersection over
union of the pairs (of SROIE's words only the lines have places: its overlap says nothing). Each page is read with one
setting after the other, so that a busy machine is as busy for all; compare times within one run only.
"""

import argparse
import csv
import json
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from PIL import Image

from documents import ocr
from documents.images import normalise
from documents.page import BBox, Word


@dataclass
class Setting:
    """What differs from the OCR as it is, and what came of it."""

    options: dict[str, object] = field(default_factory=dict)
    """RapidOCR's."""
    replaced: dict[str, Any] = field(default_factory=dict)
    """Names of `documents.ocr`."""
    engine: Any = None
    overlaps: list[float] = field(default_factory=list)
    found: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0


def read_in_batches(engine: Any, crops: list[Any]) -> list[tuple[str, float, Any]]:
    """Read lines as RapidOCR does: six at once, padded to the widest."""
    lines = engine.recognize_txt(crops)
    return list(zip(lines.txts, lines.scores, lines.word_results, strict=True))


SETTINGS: dict[str, Setting] = {
    "kept": Setting(),
    "RapidOCR's way": Setting(
        {"Rec.rec_img_shape": [3, 48, 320], "EngineConfig.onnxruntime.intra_op_num_threads": -1},
        {"_read_lines": read_in_batches},
    ),
    "batches of 6, one thread": Setting({"Rec.rec_img_shape": [3, 48, 320]}, {"_read_lines": read_in_batches}),
    "lines from 48 px": Setting({"Rec.rec_img_shape": [3, 48, 48]}),
    "lines from 320 px": Setting({"Rec.rec_img_shape": [3, 48, 320]}),
    "lines 0.6 sure": Setting({"Global.text_score": 0.6}),
    "lines 0.7 sure": Setting({"Global.text_score": 0.7}),
    "unclip 1.4": Setting({"Det.unclip_ratio": 1.4}),
    "unclip 1.8": Setting({"Det.unclip_ratio": 1.8}),
    "unclip 2.0": Setting({"Det.unclip_ratio": 2.0}),
    "no dilation": Setting({"Det.use_dilation": False}),
    "detect at 1,024 px": Setting({"Det.limit_side_len": 1024}),
    "detect at 864 px at most": Setting({"Det.limit_side_len": 864, "Det.limit_type": "max"}),
    "box threshold 0.4": Setting({"Det.box_thresh": 0.4}),
    "box threshold 0.6": Setting({"Det.box_thresh": 0.6}),
    "pixel threshold 0.2": Setting({"Det.thresh": 0.2}),
    "pixel threshold 0.4": Setting({"Det.thresh": 0.4}),
}


def main() -> None:
    """Print a line for each setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="holds images/ and annotations/, or img/ and box/")
    parser.add_argument("--pages", type=int, default=15)
    parser.add_argument("--setting", action="append", choices=SETTINGS, help="only these; the first is compared with")
    options = parser.parse_args()
    pages = sorted([*options.folder.glob("images/*.png"), *options.folder.glob("img/*.jpg")])
    random.Random(0).shuffle(pages)  # noqa: S311
    pages = pages[: options.pages]
    settings = {name: SETTINGS[name] for name in options.setting or SETTINGS}
    first = next(iter(settings.values()))
    annotated = sum(read_page(page, settings) for page in pages)
    for name, setting in settings.items():
        print(f"{name:25}", summarise(setting, annotated, first))
    print(f"times are shares of the first row's; its CPU s a page: {first.cpu_s / len(pages):.2f}")


def read_page(path: Path, settings: dict[str, Setting]) -> int:
    """Read a page with each setting, add up what is found, and return how many words are annotated."""
    image = normalise(Image.open(path))
    expected = load_words(path, image.size)
    for setting in settings.values():
        with patch.multiple(ocr, _make_engine=lambda setting=setting: make_engine(setting), **setting.replaced):
            if setting.engine is None:
                ocr.read_words(image)  # loads the models
            cpu_start, start = time.process_time(), time.perf_counter()
            words = [word for word in ocr.read_words(image) if letters(word)]
            setting.cpu_s += time.process_time() - cpu_start
            setting.wall_s += time.perf_counter() - start
        setting.found += len(words)
        setting.overlaps += match(expected, words)
    return len(expected)


def make_engine(setting: Setting) -> Any:
    """Return the setting's engine, made once."""
    from rapidocr import RapidOCR  # noqa: PLC0415

    if setting.engine is None:
        setting.engine = RapidOCR(params={**ocr._OPTIONS, **setting.options})
    return setting.engine


def summarise(setting: Setting, annotated: int, first: Setting) -> str:
    """Say what share was found, and the times as shares of the first setting's."""
    hits = len(setting.overlaps)
    return (
        f"recall {hits / annotated:.3f}  precision {hits / setting.found:.3f}  "
        f"overlap {sum(setting.overlaps) / hits:.2f}  "
        f"CPU {setting.cpu_s / first.cpu_s:.2f}  wall {setting.wall_s / first.wall_s:.2f}"
    )


def load_words(page: Path, size: tuple[int, int]) -> list[Word]:
    """Return the page's annotated words that have letters or digits."""
    if page.parent.name == "img":
        words = _read_receipt(page.parent.parent / "box" / f"{page.stem}.csv")
    else:
        words = _read_form(page.parent.parent / "annotations" / f"{page.stem}.json")
    width, height = size
    placed = [Word(text, (x0 / width, y0 / height, x1 / width, y1 / height), 1.0) for text, (x0, y0, x1, y1) in words]
    return [word for word in placed if letters(word)]


def _read_form(path: Path) -> list[tuple[str, list[int]]]:
    return [(word["text"], word["box"]) for item in json.loads(path.read_text())["form"] for word in item["words"]]


def _read_receipt(path: Path) -> list[tuple[str, list[int]]]:
    """Give each word the box of its line, whose corners go before its text."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        lines = [
            (",".join(row[8:]), [int(row[i]) for i in (0, 1, 4, 5)])
            for row in csv.reader(file, quoting=csv.QUOTE_NONE)
            if row
        ]
    return [(word, box) for text, box in lines for word in text.split()]


def letters(word: Word) -> str:
    """Return what two readings must share."""
    return "".join(char for char in word.text.lower() if char.isalnum())


def match(expected: list[Word], words: list[Word]) -> list[float]:
    """Return the overlaps of annotated words with the read words they are paired with."""
    free = list(words)
    overlaps = []
    for target in expected:
        same = [word for word in free if letters(word) == letters(target) and overlap(word.bbox, target.bbox) > 0]
        if same:
            best = max(same, key=lambda word: overlap(word.bbox, target.bbox))
            free.remove(best)
            overlaps.append(overlap(best.bbox, target.bbox))
    return overlaps


def overlap(a: BBox, b: BBox) -> float:
    """Return intersection over union."""
    shared = max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union else 0.0


if __name__ == "__main__":
    main()
