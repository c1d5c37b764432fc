"""SROIE: scanned receipts with company, date, address and total (Huang et al. 2019, ICDAR)."""

from pathlib import Path

from evaluation.datasets.annotations import (
    Loaded,
    UnusableAnnotationError,
    check_document,
    check_shape,
    read_object,
    read_samples,
)
from evaluation.datasets.sample import Sample
from schemas.coerce import coerce
from schemas.errors import UsageError
from schemas.receipt import Receipt

LAYOUT = "key/<stem>.json beside img/<stem>.jpg"
FIELDS = ("company", "date", "address", "total")


def load_sroie(folder: Path) -> Loaded:
    """Load receipts laid out as `key/<stem>.json` beside `img/<stem>.jpg`, sorted by stem.

    `expected` holds those of the `receipt` schema's fields that the annotators filled, at most FIELDS: the others are
    unknown and not to be scored. Dates stay as printed, totals become numbers.

    Raises:
        UsageError: the folder holds no annotations.
    """
    annotations = list(folder.glob("key/*.json"))
    if not annotations:
        raise UsageError(f"expected receipts of SROIE in '{folder}', laid out as {LAYOUT}, found no annotation")
    return read_samples(annotations, _load_sample)


def _load_sample(annotation: Path) -> Sample:
    document = check_document(annotation.parent.parent / "img" / f"{annotation.stem}.jpg")
    content = read_object(annotation)
    known = {name: content[name] for name in FIELDS if content.get(name) not in (None, "")}
    if not known:
        raise UnusableAnnotationError(f"expected some of {', '.join(FIELDS)}, got none; fill one in or drop this file")
    expected = check_shape(coerce(known, Receipt.model_json_schema()), "receipt")
    return Sample(document, expected, {"dataset": "sroie", "schema": "receipt", "stem": annotation.stem})
