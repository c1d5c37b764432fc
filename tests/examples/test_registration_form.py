"""The example form is what its script draws, and can be read."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from documents.grounding import ground_all
from documents.page import Word
from documents.word_index import PageIndex

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def script():
    """Import the script from its file; `examples` is no package."""
    spec = importlib.util.spec_from_file_location("make_registration_form", EXAMPLES / "make_registration_form.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_script_reproduces_the_committed_files(script, tmp_path):
    """A fresh run gives the committed answer exactly, and the committed picture but for how a font is drawn."""
    script.main(tmp_path)
    name = "registration_form"
    assert (tmp_path / f"{name}.json").read_bytes() == (EXAMPLES / f"{name}.json").read_bytes()
    fresh, committed = (np.asarray(Image.open(folder / f"{name}.png"), dtype=float) for folder in (tmp_path, EXAMPLES))
    assert fresh.shape == committed.shape == (1100, 850)
    assert np.abs(fresh - committed).mean() < 2  # of 255; other FreeType versions move strokes by less than a pixel


def test_picture_is_small_and_states_its_resolution():
    """The committed picture stays a light file of fax resolution."""
    path = EXAMPLES / "registration_form.png"
    assert path.stat().st_size < 200_000
    with Image.open(path) as picture:
        assert [round(dpi) for dpi in picture.info["dpi"]] == [100, 100]


def test_expected_amounts_add_up(script):
    """The form is consistent, so that a rule about totals holds on it."""
    amounts = {
        pair["key"]: [float(v.strip("$ ")) for v in pair["values"]] for pair in script.expected()["pairs"][-3:-1]
    }
    assert sum(amounts["Amount"]) == amounts["Total due:"][0] == 601.5


@pytest.mark.slow
def test_ocr_finds_the_expected_values_on_the_form():
    """At least nine of ten keys and values are on the page as OCR reads it."""
    from rapidocr import RapidOCR

    image = np.asarray(Image.open(EXAMPLES / "registration_form.png").convert("RGB"))
    height, width, _ = image.shape
    engine = RapidOCR(params={"Global.log_level": "error"})
    lines = engine(image[:, :, ::-1], use_cls=False, return_word_box=True).word_results
    words = [Word(text, _bbox(corners, width, height), score) for line in lines for text, score, corners in line]
    pairs = json.loads((EXAMPLES / "registration_form.json").read_text(encoding="utf-8"))["pairs"]
    values = [text for pair in pairs for text in (pair["key"], *pair["values"])]
    groups = [i for i, pair in enumerate(pairs) for _ in range(1 + len(pair["values"]))]
    placed = [place["grounding"] for place in ground_all(values, [PageIndex(words)], groups)]
    assert sum(status != "missing" for status in placed) >= 0.9 * len(values)


def _bbox(corners, width, height):
    xs, ys = zip(*corners, strict=True)
    return min(xs) / width, min(ys) / height, max(xs) / width, max(ys) / height
