"""Read the words of a page image with RapidOCR's bundled models: on the CPU, offline, deterministic."""

import threading
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
    # Makes the recogniser say where each character stood.
    "Global.return_word_box": True,
    # A page without text is no warning.
    "Global.log_level": "error",
}
READER = f"rapidocr {version('rapidocr')} {_OPTIONS} words 1"
"""Names the reader and all its options; part of every recipe that depends on what was read."""

# A taller line was turned a quarter before it was read, so its text runs from the top down; RapidOCR's own value.
_UPRIGHT_ASPECT = 1.5

_engine_lock = threading.Lock()


def read_words(image: Image.Image) -> list[Word]:
    """Return the words of an RGB page image, line by line; a blank page has none.

    Threads may call this at once: the engine keeps nothing of a page, and its sessions are thread-safe.
    """
    with _engine_lock:
        engine = _make_engine()
    prepared, record = engine.preprocess_img(engine.load_img(image))
    detected, _, recognised, _ = engine.run_ocr_steps(prepared, record)
    if detected.boxes is None or recognised.txts is None:
        return []
    quads = _to_quads(detected.boxes, record, image.size)
    results = zip(quads, recognised.txts, recognised.scores, recognised.word_results, strict=True)
    lines = [
        TextLine(quad, text, [column for word in info.word_cols for column in word], info.line_txt_len, info.confs)
        for quad, text, score, info in results
        if text.strip() and score >= engine.text_score  # 0.5; below, it is mostly noise read as text
    ]
    return [word for line in lines for word in line_to_words(line)]


@cache
def _make_engine() -> "RapidOCR":
    from rapidocr import RapidOCR  # noqa: PLC0415

    return RapidOCR(params=_OPTIONS)


def _to_quads(boxes: "ndarray", record: dict[str, Any], size: tuple[int, int]) -> list[Quad]:
    """Map the boxes, corners clockwise in pixels of the prepared image, to fractions of the page, as the text runs."""
    import numpy as np  # noqa: PLC0415
    from rapidocr.utils.process_img import map_boxes_to_original  # noqa: PLC0415

    sides = np.linalg.norm(boxes - np.roll(boxes, -1, axis=1), axis=2)
    upright = sides[:, [1, 3]].max(axis=1) < _UPRIGHT_ASPECT * sides[:, [0, 2]].max(axis=1)
    quads = map_boxes_to_original(boxes, record, size[1], size[0]) / size
    return [(quad if flat else np.roll(quad, -1, axis=0)).tolist() for quad, flat in zip(quads, upright, strict=True)]
