"""Read the words of a page image with RapidOCR's bundled models: on the CPU, offline, deterministic."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from PIL import Image

from documents.page import Word
from documents.text_line import Quad, TextLine, line_to_words

if TYPE_CHECKING:
    from numpy import ndarray
    from rapidocr import RapidOCR

_OPTIONS: dict[str, Any] = {
    # The angle classifier turns some upright lines round.
    "Global.use_cls": False,
    # Lines are read here, on several threads.
    "Global.use_rec": False,
    # Makes the recogniser say where each character stood.
    "Global.return_word_box": True,
    # 2.0 finds no more: 87.0 against 87.4 % of the words of 15 FUNSD training forms at 89.1 % precision, and its boxes
    # are looser, 0.57 against 0.64 mean overlap (benchmarks/ocr_settings.py).
    "Det.unclip_ratio": 1.6,
    # Shorter lines are padded to this width, 320 px by default.
    "Rec.rec_img_shape": [3, 48, 96],
    # Lines are what runs in parallel.
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    # A page without text is no warning.
    "Global.log_level": "error",
}
READER = f"rapidocr {version('rapidocr')} {_OPTIONS} words 2"
"""Names the reader and all its options; part of every recipe that depends on what was read."""

# The detector scales the short side up to 736 px: without wider paper a strip would take any amount of time and memory;
# at 4 to 1 it takes 2 s. 2,000 and 32 px are about RapidOCR's own bounds, applied before it would apply them, because
# its scaling fails on strips and its padding is black.
_MAX_ASPECT, _MAX_SIDE_PX, _MIN_SIDE_PX = 4, 2000, 32
# A taller line was turned a quarter before it was read, so its text runs from the top down; RapidOCR's own value.
_UPRIGHT_ASPECT = 1.5

_engine_lock = threading.Lock()
_line_threads = os.cpu_count()


def read_words(image: Image.Image) -> list[Word]:
    """Return the words of an RGB page image, line by line; a blank page has none.

    Threads may call this at once: the engine keeps nothing of a page, and its sessions are thread-safe.
    What is read is the same on any number of cores.
    """
    with _engine_lock:
        engine = _make_engine()
    page = image.copy()
    page.thumbnail((_MAX_SIDE_PX, _MAX_SIDE_PX), Image.Resampling.LANCZOS)
    detected, _, _, crops = engine.run_ocr_steps(engine.load_img(_pad(page)), {})
    if detected.boxes is None:
        return []
    words = []
    quads = _to_quads(detected.boxes, *page.size)
    for quad, (text, score, info) in zip(quads, _read_lines(engine, crops), strict=True):
        if text.strip() and score >= engine.text_score:  # 0.5; below, it is mostly noise read as text
            columns = [column for word in info.word_cols for column in word]
            words += line_to_words(TextLine(quad, text, columns, info.line_txt_len, info.confs))
    return words


def _read_lines(engine: "RapidOCR", crops: "list[ndarray]") -> list[tuple[str, float, Any]]:
    """Return text, score and RapidOCR's `WordInfo` of each line.

    A line is read alone, at its own width: in RapidOCR's batches of 6, padded to the widest, a page takes 1.4 times the
    CPU time and reads no better. And a thread a line uses two cores better than two threads of ONNX Runtime, which
    wait busily for each other.
    """

    def read(crop: "ndarray") -> tuple[str, float, Any]:
        line: Any = engine.recognize_txt([crop])  # its declared types are not what it holds
        return line.txts[0], line.scores[0], line.word_results[0]

    with ThreadPoolExecutor(_line_threads) as pool:
        return list(pool.map(read, crops))


def use_one_thread() -> None:
    """Read on one core from now on, for one process of several; and load the models, so that no page waits for them."""
    import cv2  # noqa: PLC0415 - comes with RapidOCR

    global _line_threads  # noqa: PLW0603 - of the process, like OpenCV's own
    _line_threads = 1
    cv2.setNumThreads(1)
    with _engine_lock:
        _make_engine()


@cache
def _make_engine() -> "RapidOCR":
    from rapidocr import RapidOCR  # noqa: PLC0415

    return RapidOCR(params=_OPTIONS)


def _pad(page: Image.Image) -> Image.Image:
    """Put a narrow page on wider white paper, at the top left."""
    least = max(max(page.size) // _MAX_ASPECT, _MIN_SIDE_PX)
    paper = Image.new("RGB", (max(page.width, least), max(page.height, least)), "white")
    paper.paste(page)
    return paper


def _to_quads(boxes: "ndarray", width_px: int, height_px: int) -> list[Quad]:
    """Turn boxes, corners clockwise in pixels, into fractions of the page, corners in the order the text runs."""
    import numpy as np  # noqa: PLC0415

    sides = np.linalg.norm(boxes - np.roll(boxes, -1, axis=1), axis=2)
    upright = sides[:, [1, 3]].max(axis=1) < _UPRIGHT_ASPECT * sides[:, [0, 2]].max(axis=1)
    quads = boxes / (width_px, height_px)
    return [(quad if flat else np.roll(quad, -1, axis=0)).tolist() for quad, flat in zip(quads, upright, strict=True)]
