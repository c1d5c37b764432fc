"""What is right on a page, in terms of its OCR words: from annotated words, or from texts found on the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from chat_models.local.learned.geometry import Array, overlap
from chat_models.local.learned.page import PageArrays
from documents.page import BBox
from evaluation.datasets.funsd import Item
from evaluation.training.placement import Question, Spot

LABELS = ("question", "answer", "header", "other")
QUESTION, ANSWER, OTHER = (LABELS.index(label) for label in ("question", "answer", "other"))
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


def align(page: PageArrays, items: Sequence[Item]) -> Gold:
    """Find for each word the annotated word that it overlaps and reads like most."""
    found = [(word, item) for item in items for word in item["words"] if word["text"].strip()]
    boxes = np.array([word["box"] for word, _ in found], np.float32).reshape(-1, 4)
    item_label = {item["id"]: LABELS.index(item["label"]) for item in items}
    owner = np.array([_owner(word.text, word.bbox, boxes, found) for word in page.words], np.int32)
    label = np.array([item_label.get(item, OTHER) for item in owner.tolist()], np.int32)
    links = {
        (source, target)
        for item in items
        for source, target in item["linking"]
        if item_label.get(source) == QUESTION and item_label.get(target) == ANSWER
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


def gold_of_questions(page: PageArrays, page_index: int, questions: Sequence[Question]) -> Gold:
    """Turn the questions that stand on a page, as `place_pairs` found them, into what is right on it.

    `texts` holds those without a spot too: what OCR misreads here it may read elsewhere.
    """
    numbers = count()
    item_label: dict[int, int] = {}
    texts: dict[int, list[str]] = {}
    spots: list[tuple[int, Spot]] = []
    links = set()

    def add(label: int, text: str, spot: Spot | None) -> int:
        item = next(numbers)
        item_label[item] = label
        if words := text.split():
            texts[item] = words
        if spot and spot.page_index == page_index:
            spots.append((item, spot))
        return item

    for each in (question for question in questions if question.page_index == page_index):
        key = add(QUESTION, each.key, each.key_spot)
        for value, spot in zip(each.values, each.value_spots, strict=True):
            links.add((key, add(ANSWER, value, spot)))
    owner = np.array([_covering(word.bbox, spots) for word in page.words], np.int32)
    label = np.array([item_label.get(item, OTHER) for item in owner.tolist()], np.int32)
    return Gold(owner, label, frozenset(links), item_label, texts)


def _covering(bbox: BBox, spots: Sequence[tuple[int, Spot]]) -> int:
    """Return the item that covers most of a word: OCR may have glued the end of a key to its value."""
    best, found = 0.0, -1
    for item, spot in spots:
        for box in spot.span.boxes:
            # A part of a word has its word's height.
            across = min(bbox[2], box[2]) - max(bbox[0], box[0])
            if box[1] == bbox[1] and box[3] == bbox[3] and across > best:
                best, found = across, item
    return found
