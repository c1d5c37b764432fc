"""Align the words that OCR read with annotated words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from chat_models.local.learned.geometry import Array, overlap
from chat_models.local.learned.page import PageArrays

LABELS = ("question", "answer", "header", "other")
OTHER = LABELS.index("other")
# A word of OCR belongs to an annotated word that covers at least this share of the smaller of the two.
_LEAST_COVER = 0.3


@dataclass(frozen=True)
class Gold:
    """What is right on a page, in terms of its OCR words."""

    item: Array
    """(n,) which annotated item each word belongs to, -1 where to none."""
    label: Array
    """(n,) index into LABELS."""
    links: frozenset[tuple[int, int]]
    """Question item and answer item."""
    item_label: dict[int, int]
    texts: dict[int, list[str]]
    """The annotated words of each item that has any."""


def align(page: PageArrays, annotation: Path) -> Gold:
    """Find for each word the annotated word that it overlaps and reads like most."""
    items: Sequence[dict[str, Any]] = json.loads(annotation.read_text(encoding="utf-8"))["form"]
    found = [(word, item) for item in items for word in item["words"] if word["text"].strip()]
    boxes = np.array([word["box"] for word, _ in found], np.float32).reshape(-1, 4)
    item_label = {item["id"]: LABELS.index(item["label"]) for item in items}
    owner = np.array([_owner(word.text, word.bbox, boxes, found) for word in page.words], np.int32)
    label = np.array([item_label.get(item, OTHER) for item in owner.tolist()], np.int32)
    links = {
        (source, target)
        for item in items
        for source, target in item["linking"]
        if item_label.get(source) == 0 and item_label.get(target) == 1
    }
    texts: dict[int, list[str]] = {}
    for word, item in found:
        texts.setdefault(item["id"], []).append(word["text"].strip())
    return Gold(owner, label, frozenset(links), item_label, texts)


def _owner(text: str, bbox: Sequence[float], boxes: Array, found: Sequence[tuple[Any, Any]]) -> int:
    across = overlap(boxes[:, 0], boxes[:, 2], bbox[0], bbox[2])
    down = overlap(boxes[:, 1], boxes[:, 3], bbox[1], bbox[3])
    area = np.where((across > 0) & (down > 0), across * down, 0)
    own = (bbox[2] - bbox[0]) * (bbox[3] - bbox[1])
    smaller = np.minimum(own, (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    cover = area / np.maximum(smaller, 1e-3)
    best, item = 0.0, -1
    for index in np.flatnonzero(cover >= _LEAST_COVER).tolist():
        # How it reads decides between words that overlap about as much, as boxes of neighbouring lines do.
        likeness = Levenshtein.normalized_similarity(text.casefold(), found[index][0]["text"].casefold())
        score = float(area[index]) / own + likeness
        if score > best:
            best, item = score, int(found[index][1]["id"])
    return item


def majority(values: Array, members: Sequence[Array], default: int = -1) -> Array:
    """Return the most frequent value (m,) among each group's words."""
    return np.array([_most_frequent(values[member], default) for member in members], np.int32)


def _most_frequent(values: Array, default: int) -> int:
    known, counts = np.unique(values, return_counts=True)
    return int(known[counts.argmax()]) if len(known) else default
