"""FUNSD: noisy scanned forms with their questions, answers and links (Jaume et al. 2019, arXiv 1905.13538)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from evaluation.datasets.annotations import (
    Loaded,
    UnusableAnnotationError,
    check_document,
    read_object,
    read_samples,
)
from evaluation.datasets.sample import Sample
from schemas.errors import UsageError

LAYOUT = "annotations/<stem>.json beside images/<stem>.png"


class AnnotatedWord(TypedDict):
    """One word as it was typed off the page."""

    text: str
    box: tuple[float, float, float, float]
    """(x0, y0, x1, y1) in pixels, origin top left."""


class Item(TypedDict):
    """One annotated entity of a form."""

    id: int
    label: Literal["question", "answer", "header", "other"]
    words: list[AnnotatedWord]
    linking: list[tuple[int, int]]
    """(question, answer) by their ids, and links of other kinds."""


class _File(BaseModel):
    form: list[Item] | list[list[Item]]


_FILE = TypeAdapter(_File)


def load_funsd(folder: Path) -> Loaded:
    """Load a split laid out as `annotations/<stem>.json` beside `images/<stem>.png`, sorted by stem.

    `expected` fits the `form` schema. A question that no answer is linked to gives no pair. `metadata` names the
    annotation's path, where boxes and labels stand.

    Raises:
        UsageError: the folder holds no annotations.
    """
    annotations = list(folder.glob("annotations/*.json"))
    if not annotations:
        raise UsageError(f"expected a split of FUNSD in '{folder}', laid out as {LAYOUT}, found no annotation")
    return read_samples(annotations, _load_sample)


def _load_sample(annotation: Path) -> Sample:
    document = check_document(annotation.parent.parent / "images" / f"{annotation.stem}.png")
    metadata = {
        "dataset": "funsd",
        "schema": "form",
        "split": annotation.parent.parent.name,
        "stem": annotation.stem,
        "annotation": str(annotation),
    }
    return Sample(document, {"pairs": form_to_pairs(read_pages(annotation))}, metadata)


def read_pages(annotation: Path) -> list[list[Item]]:
    """Read the items of each page; `form` is a list of items, in some copies a list of pages of items.

    Raises:
        UnusableAnnotationError: the file is not laid out like that.
    """
    content = read_object(annotation)
    try:
        form = _FILE.validate_python(content).form
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in wrong["loc"])
        raise UnusableAnnotationError(
            f"expected FUNSD's items, got at {place}: {wrong['msg']}; correct the file"
        ) from error
    return as_pages(form)


def as_pages(form: Sequence[Any]) -> list[list[Item]]:
    """Return the pages of a form in either layout."""
    return [list(page) for page in form] if form and isinstance(form[0], list) else [list(form)]


def form_to_pairs(form: Sequence[Any]) -> list[dict[str, Any]]:
    """Turn annotated items (or pages of them) into `{"key", "values"}`, one for each answered question.

    A link [q, a] counts at the item whose id is q and only when a is an answer: the data also links headers to
    questions, and repeats each link at its other end. Items without text (the data has 80 such pairs, boxes drawn
    round nothing readable) give no pair.
    """
    return [pair for page in as_pages(form) for pair in _page_to_pairs(page)]


def _page_to_pairs(items: Sequence[Item]) -> list[dict[str, Any]]:
    by_id = {item["id"]: item for item in items}
    pairs = []
    for question in by_id.values():
        key = _text(question)
        if question["label"] != "question" or not key:
            continue
        targets = [target for source, target in question["linking"] if source == question["id"]]
        answers = [by_id[target] for target in targets if target in by_id and by_id[target]["label"] == "answer"]
        if values := [text for answer in answers if (text := _text(answer))]:
            pairs.append({"key": key, "values": values})
    return pairs


def _text(item: Item) -> str:
    return " ".join(word["text"] for word in item["words"]).strip()
