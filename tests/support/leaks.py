"""Look for what should not be there: byte by byte in files, by the project's own reader in pictures."""

import re
from collections.abc import Collection, Iterable, Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from documents.ocr import read_words

_PART = re.compile(r"[^\W_]+")


def secrets_of(values: Collection[str]) -> set[str]:
    """The values, and each word of four characters and more; four digits alone stand in times and keys by chance."""
    words = {word for value in values for word in value.split() if not word.isdigit()}
    return {text for text in {*values, *words} if len("".join(_PART.findall(text))) >= 4}


def find_leaks(folder: Path, values: Collection[str], kept: Iterable[str] = ()) -> list[str]:
    """Name each file below the folder that holds one of the values, and which; `kept` are top-level names left out."""
    secrets, left_out = secrets_of(values), set(kept)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [
        f"{path.relative_to(folder)}: {leak}"
        for path in files
        if path.relative_to(folder).parts[0] not in left_out
        for leak in _leaks(path.read_bytes(), secrets)
    ]


def _leaks(data: bytes, secrets: set[str]) -> Iterator[str]:
    folded = data.lower()
    yield from (secret for secret in sorted(secrets) if secret.lower().encode() in folded)
    read = "".join(_PART.findall(read_picture(data))).lower()
    yield from (
        f"{secret} in the picture" for secret in sorted(secrets) if "".join(_PART.findall(secret)).lower() in read
    )


def read_picture(data: bytes) -> str:
    """Read a picture; "" for what is none."""
    try:
        picture = Image.open(BytesIO(data)).convert("RGB")
    except UnidentifiedImageError:
        return ""
    return " ".join(word.text for word in read_words(picture))
