"""Read the words of a page image with RapidOCR's bundled models: on the CPU, offline, deterministic."""

import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from PIL import Image

from documents.page import Word
from documents.text_line import TextLine, line_to_words

if TYPE_CHECKING:
    from numpy import ndarray
    from rapidocr import RapidOCR

# Of the recogniser's input.
_LINE_HEIGHT_PX = 48
_OPTIONS: dict[str, Any] = {
    # The angle classifier turns some upright lines round.
    "Global.use_cls": False,
    # Lines are cut out and read here, on several threads.
    "Global.use_rec": False,
    # Makes the recogniser say where each character stood.
    "Global.return_word_box": True,
    # 2.0 finds no more: 87.0 against 87.4 % of the words of 15 FUNSD training forms at 89.1 % precision, and its boxes
    # are looser, 0.57 against 0.64 mean overlap (benchmarks/ocr_settings.py).
    "Det.unclip_ratio": 1.6,
    # A line is read alone, as wide as it is: in batches of 6, padded to the widest and to 320 px at least, a page takes
    # 1.7 times the CPU time and reads no better. Nor does what is read depend on the lines beside it.
    "Rec.rec_batch_num": 1,
    "Rec.rec_img_shape": [3, _LINE_HEIGHT_PX, 96],
    # Two threads of Python with a line each use two cores better than two of ONNX Runtime, which wait busily.
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
# RapidOCR's own `text_score`.
_MIN_SCORE = 0.5
# A taller line was turned a quarter before it was read, so its text runs from the top down; RapidOCR's own value.
_UPRIGHT_ASPECT = 1.5

_engine_lock = threading.Lock()


def read_words(image: Image.Image) -> list[Word]:
    """Return the words of an RGB page image, line by line; a blank page has none.

    Threads may call this at once: the engine keeps nothing of a page, and its sessions are thread-safe.
    What is read is the same on any number of cores.
    """
    with _engine_lock:
        engine = _make_engine()
    page = image.copy()
    page.thumbnail((_MAX_SIDE_PX, _MAX_SIDE_PX), Image.Resampling.LANCZOS)
    pixels = engine.load_img(_pad(page))
    detected, *_ = engine.run_ocr_steps(pixels, {})
    if detected.boxes is None:
        return []
    quads = [_to_quad(box) for box in detected.boxes]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        readings = pool.map(lambda quad: engine.recognize_txt([_cut_out(pixels, quad)]), quads)
        lines = [_to_line(quad / page.size, reading) for quad, reading in zip(quads, readings, strict=True)]
    return [word for line in lines if line for word in line_to_words(line)]


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


def _to_quad(box: "ndarray") -> "ndarray":
    """Order the corners, clockwise from the top left, as the text runs."""
    import numpy as np  # noqa: PLC0415

    width, height = _extent(box)
    return box if height < _UPRIGHT_ASPECT * width else np.roll(box, -1, axis=0)


def _extent(quad: "ndarray") -> tuple[float, float]:
    """Return the lengths along the first side and across it, the longer one of opposite sides."""
    import numpy as np  # noqa: PLC0415

    sides = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    return sides[[0, 2]].max(), sides[[1, 3]].max()


def _cut_out(pixels: "ndarray", quad: "ndarray") -> "ndarray":
    """Return the line upright, as high as the recogniser wants it.

    RapidOCR scales twice, the second time linearly; once and by cubic interpolation reads 0.4 % more of the words.
    """
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    length, height = _extent(quad)
    width_px = max(math.ceil(_LINE_HEIGHT_PX * length / height), 1)
    corners = np.array([(0, 0), (width_px, 0), (width_px, _LINE_HEIGHT_PX), (0, _LINE_HEIGHT_PX)], np.float32)
    warp = cv2.getPerspectiveTransform(quad.astype(np.float32), corners)
    size = (width_px, _LINE_HEIGHT_PX)
    return cv2.warpPerspective(pixels, warp, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _to_line(quad: "ndarray", reading: Any) -> TextLine | None:
    """Turn the reading of one line into the line, or into None where it is blank or mostly noise read as text."""
    [text], [score], [info] = reading.txts, reading.scores, reading.word_results
    if not text.strip() or score < _MIN_SCORE:
        return None
    columns = [column for word in info.word_cols for column in word]
    return TextLine(quad.tolist(), text, columns, info.line_txt_len, info.confs)
