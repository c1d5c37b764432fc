"""A folder of one's own documents, each beside a JSON file with what should be read from it."""

from pathlib import Path
from typing import Any

from evaluation.datasets.annotations import (
    Loaded,
    UnusableAnnotationError,
    check_shape,
    read_object,
    read_samples,
)
from evaluation.datasets.sample import Sample
from schemas.errors import UsageError

LAYOUT = "<stem>.json beside <stem>.png (or .jpg, .jpeg, .webp, .bmp, .tif, .tiff, .pdf)"
_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".pdf")


def load_folder(folder: Path) -> Loaded:
    """Load `<stem>.json` with the image or PDF of the same stem, sorted by stem; other files are not looked at.

    The JSON is an extraction, or a whole result as `optophone extract --out` writes it, corrected. One with a list
    `pairs` and nothing else is of the `form` schema; any other may be of any schema, or plain keys with their answers:
    see `as_form`.

    Raises:
        UsageError: the folder holds no annotations.
    """
    annotations = list(folder.glob("*.json"))
    if not annotations:
        raise UsageError(f"expected annotated documents in '{folder}', laid out as {LAYOUT}, found no annotation")
    return read_samples(annotations, _load_sample)


def _load_sample(annotation: Path) -> Sample:
    metadata = {"dataset": "folder", "stem": annotation.stem}
    expected = _extraction(read_object(annotation))
    # A schema of the user's own may have a list of that name, too: beside other fields.
    if expected.keys() == {"pairs"} and isinstance(expected["pairs"], list):
        metadata["schema"] = "form"
        check_shape(expected, "form")
    return Sample(_document(annotation), expected, metadata)


def _extraction(content: dict[str, Any]) -> dict[str, Any]:
    extraction = content["extraction"] if {"extraction", "status"} <= content.keys() else content
    if not isinstance(extraction, dict) or not extraction:
        raise UnusableAnnotationError("expected an extraction, got nothing; fill in what stands on the page")
    return extraction


def _document(annotation: Path) -> str:
    found = sorted(
        path
        for path in annotation.parent.glob("*")
        if path.stem == annotation.stem and path.suffix.lower() in _SUFFIXES and path.is_file()
    )
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise UnusableAnnotationError(f"expected one image or PDF of the same name, found {names}; leave just one")
    return str(found[0])
