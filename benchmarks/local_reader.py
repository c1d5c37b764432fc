"""Time the local reader beside bare OCR engines on the same pages, each in a process of its own.

    python -m benchmarks.local_reader FUNSD/training_data [--pages 20]

The local reader goes the whole way from the file to key-value pairs, with an empty store; RapidOCR runs with its stock
settings, and Tesseract where it is installed. Word recall is the share of the annotated words that are found: equal but
for case and punctuation, the centre of one box within the other, each word used once. A made-up page of 2,000 words
shows how the reader takes a full one.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from documents.page import BBox, Word

# A sheet of A4 at 200 dpi, about.
_FULL_PAGE_PX = (1700, 2400)
ENGINES = ("local reader", "rapidocr, stock", "tesseract")


def main() -> None:
    """Print one row an engine, and what the reader takes besides OCR."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a split of FUNSD, with annotations/ and images/")
    parser.add_argument("--pages", type=int, default=20, help="the first ones by name")
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.engine:
        print(json.dumps(measure(arguments.engine, arguments.folder, arguments.pages)))
        return
    print(f"{'':18}  s a page  CPU s a page  peak MB  word recall")
    for engine in ENGINES:
        if engine == "tesseract" and shutil.which("tesseract") is None:
            print(f"{engine:18}  not installed")
            continue
        row = _in_own_process(engine, arguments.folder, arguments.pages)
        print(f"{engine:18}  {row['wall_s']:8.2f}  {row['cpu_s']:12.2f}  {row['peak_mb']:7.0f}  {row['recall']:11.3f}")
        if "besides_ocr_cpu_s" in row:
            print(f"  besides OCR: {row['besides_ocr_cpu_s']:.3f} CPU s a page")
    print(f"  a page of 2,000 words, besides OCR: {full_page_cpu_s():.2f} CPU s")


def full_page_cpu_s() -> float:
    """Return what the reader takes for a table of 100 rows and 20 columns in print, words and pixels at hand."""
    from chat_models.local.learned.weights import load_models  # noqa: PLC0415 - each engine loads only what it needs
    from chat_models.local.pairs import PageWords  # noqa: PLC0415
    from chat_models.local.reader import read_pages  # noqa: PLC0415

    page = PageWords(list(_full_page_words()), *_FULL_PAGE_PX, _full_page_png())
    models = load_models()
    read_pages([page], models=models)
    start = time.process_time()
    read_pages([page], models=models)
    return time.process_time() - start


def _full_page_words() -> Iterator[Word]:
    for row, column in product(range(100), range(20)):
        x, y = column / 20, row / 100
        text = f"{row}.{column}" if column % 2 else f"item{row}:"
        yield Word(text, (x, y, x + 0.04, y + 0.007), 0.95)


def _full_page_png() -> bytes:
    from PIL import Image, ImageDraw  # noqa: PLC0415

    image = Image.new("RGB", _FULL_PAGE_PX, "white")
    draw = ImageDraw.Draw(image)
    for word in _full_page_words():
        draw.text((word.bbox[0] * _FULL_PAGE_PX[0], word.bbox[1] * _FULL_PAGE_PX[1]), word.text, "black")
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _in_own_process(engine: str, folder: Path, pages: int) -> dict[str, float]:
    command = [sys.executable, __file__, str(folder), "--pages", str(pages), "--engine", engine]
    run = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - this file itself
    return dict(json.loads(run.stdout.splitlines()[-1]))


def measure(engine: str, folder: Path, pages: int) -> dict[str, float]:
    """Read the pages with one engine; loading it is not counted."""
    images = sorted((folder / "images").iterdir())[:pages]
    with tempfile.TemporaryDirectory() as store:
        read = {"local reader": _local, "rapidocr, stock": _rapidocr, "tesseract": _tesseract}[engine](Path(store))
        read(images[0])
        shutil.rmtree(store)
        start, cpu_start = time.perf_counter(), _cpu_s()
        words = [read(image) for image in images]
        wall_s, cpu_s = time.perf_counter() - start, _cpu_s() - cpu_start
        found = [_found(folder, image, page) for image, page in zip(images, words, strict=True)]
        row = {
            "wall_s": wall_s / len(images),
            "cpu_s": cpu_s / len(images),
            "peak_mb": _peak_mb(),
            "recall": sum(hits for hits, _ in found) / sum(total for _, total in found),
        }
        if engine == "local reader":
            # Once more with the words in the store: what is left is everything but OCR.
            cpu_start = _cpu_s()
            for image in images:
                read(image)
            row["besides_ocr_cpu_s"] = (_cpu_s() - cpu_start) / len(images)
    return row


def _local(folder: Path) -> Callable[[Path], list[Word]]:
    from langchain_core.messages import HumanMessage  # noqa: PLC0415 - each engine loads only what it needs

    from chat_models.local.chat_model import LocalChatModel  # noqa: PLC0415
    from documents.limits import Limits  # noqa: PLC0415
    from documents.load import load_document  # noqa: PLC0415
    from documents.store import DocumentStore  # noqa: PLC0415
    from documents.words import page_words  # noqa: PLC0415

    def read(image: Path) -> list[Word]:
        store = DocumentStore(folder)
        pages = load_document(str(image), store, Limits(), allow_paths=True)["pages"]
        LocalChatModel(store=store).invoke([HumanMessage("", additional_kwargs={"pages": pages})])
        return page_words(pages[0], store)

    return read


def _rapidocr(_: Path) -> Callable[[Path], list[Word]]:
    from PIL import Image  # noqa: PLC0415
    from rapidocr import RapidOCR  # noqa: PLC0415

    engine = RapidOCR(params={"Global.log_level": "error"})

    def read(image: Path) -> list[Word]:
        width, height = Image.open(image).size
        result = engine(str(image), return_word_box=True)
        return [
            Word(text, _box([x for x, _ in corners], [y for _, y in corners], width, height), score)
            for line in result.word_results or []
            for text, score, corners in line
        ]

    return read


def _tesseract(_: Path) -> Callable[[Path], list[Word]]:
    from PIL import Image  # noqa: PLC0415

    def read(image: Path) -> list[Word]:
        width, height = Image.open(image).size
        command = ["tesseract", str(image), "-", "tsv"]
        rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[1:]  # noqa: S603
        words = []
        for row in rows:
            *_, left, top, wide, high, confidence, text = row.split("\t")
            if text.strip():
                x, y = float(left), float(top)
                box = _box([x, x + float(wide)], [y, y + float(high)], width, height)
                words.append(Word(text, box, float(confidence) / 100))
        return words

    return read


def _box(xs: Iterable[float], ys: Iterable[float], width: int, height: int) -> BBox:
    xs, ys = list(xs), list(ys)
    return min(xs) / width, min(ys) / height, max(xs) / width, max(ys) / height


def _found(folder: Path, image: Path, words: list[Word]) -> tuple[int, int]:
    from PIL import Image  # noqa: PLC0415

    width, height = Image.open(image).size
    form = json.loads((folder / "annotations" / f"{image.stem}.json").read_text())["form"]
    gold = [(word["text"], word["box"]) for entity in form for word in entity["words"] if _plain(word["text"])]
    free = list(words)
    hits = 0
    for text, (x0, y0, x1, y1) in gold:
        box = (x0 / width, y0 / height, x1 / width, y1 / height)
        match = next((word for word in free if _plain(word.text) == _plain(text) and _meet(word.bbox, box)), None)
        if match:
            free.remove(match)
            hits += 1
    return hits, len(gold)


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _meet(one: BBox, other: BBox) -> bool:
    return any(
        inner[0] <= (outer[0] + outer[2]) / 2 <= inner[2] and inner[1] <= (outer[1] + outer[3]) / 2 <= inner[3]
        for inner, outer in ((one, other), (other, one))
    )


def _cpu_s() -> float:
    usages = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _peak_mb() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024


if __name__ == "__main__":
    main()
