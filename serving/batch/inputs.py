"""Find the documents of a run, one after another: folders, files, patterns and manifests."""

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from schemas.errors import UsageError
from serving.batch.manifests import is_manifest, read_manifest

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".pdf"})


@dataclass(frozen=True, slots=True)
class Item:
    """One document of a run, with what its line of the manifest chooses differently."""

    index: int
    """Its place among the inputs, from 0."""
    source: str
    """Its path."""
    id: str | None = None
    """The caller's own name of it."""
    schema: str | None = None
    chat_model: str | None = None
    rules: str | None = None


def find_items(inputs: Iterable[str]) -> Iterator[Item]:
    """Yield each document, in the same order each time: folders by name, recursively, manifests by line.

    Raises:
        UsageError: an input is none, holds no document, or is a manifest that can't be read.
    """
    numbers = count()
    for given in inputs:
        found = False
        for item in _items(given):
            found = True
            yield replace(item, index=next(numbers))
        if not found:
            raise UsageError(f"no document in '{given}'; expected files that end in {', '.join(sorted(SUFFIXES))}")


def check_items(inputs: Iterable[str]) -> Iterator[Item]:
    """Yield each document too, and tell at the end which of a manifest's files aren't there."""
    missing: list[str] = []
    for item in find_items(inputs):
        if Path(item.source).is_file():
            yield item
        else:
            missing.append(item.source)
    if missing:
        names = ", ".join(f"'{source}'" for source in missing[:3])
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise UsageError(f"no such file: {names}{more}; correct the manifest, or put the files there")


def _items(given: str) -> Iterator[Item]:
    path = Path(given)
    if path.is_dir():
        return (Item(0, source) for source in _walk(given))
    if is_manifest(path) and path.is_file():
        return (Item(0, **line) for line in read_manifest(path))
    if path.exists():
        return iter([Item(0, given)])
    if glob.has_magic(given):
        found = sorted(glob.iglob(given, recursive=True))  # noqa: PTH207 - pathlib takes no absolute pattern
        return (Item(0, source) for source in found if _is_document(source))
    raise UsageError(f"'{given}' is not there; give files, folders, patterns, or a manifest (.csv or .jsonl)")


def _walk(folder: str) -> Iterator[str]:
    """Yield documents by name; what begins with a dot is somebody's own business."""
    try:
        with os.scandir(folder) as entries:
            found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError as error:
        raise UsageError(f"cannot read the folder '{folder}': {error.strerror}; make it readable") from error
    for name, is_folder in found:
        path = str(Path(folder, name))
        if name.startswith("."):
            continue
        if is_folder:
            yield from _walk(path)
        elif _is_document(path):
            yield path


def _is_document(path: str) -> bool:
    return Path(path).suffix.lower() in SUFFIXES and Path(path).is_file()
