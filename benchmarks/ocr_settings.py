"""Compare settings of the OCR on FUNSD forms: which share of the annotated words is read, and how tightly.

    python -m benchmarks.ocr_settings ../shared/data/funsd/training_data --forms 15

A word counts as read where its letters and digits, case aside, are those of a read word that overlaps it; each read
word counts once. Recall is of the annotated words, precision of the read ones, overlap the mean intersection over
union of the pairs. Takes about two CPU seconds a form and setting.
"""

import argparse
import json
import random
import time
from pathlib import Path

from PIL import Image

from documents import ocr
from documents.images import normalise
from documents.page import BBox, Word

SETTINGS: dict[str, dict[str, object]] = {
    "unclip 1.6": {"Det.unclip_ratio": 1.6},
    "unclip 1.8": {"Det.unclip_ratio": 1.8},
    "unclip 2.0": {"Det.unclip_ratio": 2.0},
    "detect at 1,024 px": {"Det.limit_side_len": 1024},
    "no dilation": {"Det.use_dilation": False},
}


def main() -> None:
    """Print a line for each setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="holds images/ and annotations/")
    parser.add_argument("--forms", type=int, default=15)
    options = parser.parse_args()
    stems = sorted(path.stem for path in (options.folder / "annotations").glob("*.json"))
    random.Random(0).shuffle(stems)  # noqa: S311
    for name, setting in SETTINGS.items():
        print(f"{name:20}", measure(options.folder, stems[: options.forms], setting), flush=True)


def measure(folder: Path, stems: list[str], setting: dict[str, object]) -> str:
    """Read the forms with one setting and sum up."""
    from rapidocr import RapidOCR  # noqa: PLC0415

    engine = RapidOCR(params={**ocr._OPTIONS, **setting})
    ocr._make_engine = lambda: engine
    overlaps: list[float] = []
    annotated = found = 0
    start = time.process_time()
    for stem in stems:
        image = normalise(Image.open(folder / "images" / f"{stem}.png"))
        expected = load_words(folder / "annotations" / f"{stem}.json", image.size)
        words = [word for word in ocr.read_words(image) if letters(word)]
        overlaps += match(expected, words)
        annotated, found = annotated + len(expected), found + len(words)
    seconds = (time.process_time() - start) / len(stems)
    return (
        f"recall {len(overlaps) / annotated:.3f}  precision {len(overlaps) / found:.3f}  "
        f"overlap {sum(overlaps) / len(overlaps):.2f}  {seconds:.1f} CPU s a form"
    )


def load_words(path: Path, size: tuple[int, int]) -> list[Word]:
    """Return the annotated words that have letters or digits."""
    form = json.loads(path.read_text())["form"]
    words = [
        Word(word["text"], tuple(edge / size[i % 2] for i, edge in enumerate(word["box"])), 1.0)
        for item in form
        for word in item["words"]
    ]
    return [word for word in words if letters(word)]


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
