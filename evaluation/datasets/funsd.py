"""FUNSD: noisy scanned forms with their questions, answers and links (Jaume et al. 2019, arXiv 1905.13538)."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evaluation.datasets.sample import Sample
from schemas.errors import UsageError


def load_funsd(folder: Path) -> list[Sample]:
    """Load a split laid out as `annotations/<stem>.json` beside `images/<stem>.png`, sorted by stem.

    `expected` fits the `form` schema. A question that no answer is linked to gives no pair.

    Raises:
        UsageError: the folder holds no annotations, or an annotated form has no image.
    """
    annotations = sorted(folder.glob("annotations/*.json"))
    if not annotations:
        raise UsageError(f"expected FUNSD's annotations/*.json in '{folder}', found none; name the folder of one split")
    return [_load_sample(path, folder / "images" / f"{path.stem}.png") for path in annotations]


def _load_sample(annotation: Path, image: Path) -> Sample:
    if not image.is_file():
        raise UsageError(f"expected the form's image at '{image}', found none; restore it or drop '{annotation.name}'")
    form = json.loads(annotation.read_text(encoding="utf-8"))["form"]
    metadata = {"dataset": "funsd", "split": annotation.parent.parent.name, "stem": annotation.stem}
    return Sample(str(image), {"pairs": form_to_pairs(form)}, metadata)


def form_to_pairs(form: list[Any]) -> list[dict[str, Any]]:
    """Turn annotated items (or pages of them) into `{"key", "values"}`, one for each answered question.

    A link [q, a] counts at the item whose id is q and only when a is an answer: the data also links headers to
    questions, and repeats each link at its other end. Items without text (the data has 80 such pairs, boxes drawn
    round nothing readable) give no pair.
    """
    pages = form if form and isinstance(form[0], list) else [form]
    return [pair for page in pages for pair in _page_to_pairs(page)]


def _page_to_pairs(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    by_id = {item["id"]: item for item in items}
    pairs = []
    for question in by_id.values():
        key = _text(question)
        if question["label"] != "question" or not key:
            continue
        targets = [target for source, target in question["linking"] if source == question["id"]]
        answers = [by_id[target] for target in targets if by_id.get(target, {}).get("label") == "answer"]
        if values := [text for answer in answers if (text := _text(answer))]:
            pairs.append({"key": key, "values": values})
    return pairs


def _text(item: dict[str, Any]) -> str:
    return " ".join(word["text"] for word in item["words"]).strip()
