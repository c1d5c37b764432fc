"""Look for what should not be there: byte by byte in files, by the project's own reader in pictures."""

import re
import subprocess
from collections.abc import Collection
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from documents.ocr import read_words

_PART = re.compile(r"[^\W_]+")


def secrets_of(values: Collection[str]) -> set[str]:
    """The values, and each word of four characters and more; four digits alone stand in times and keys by chance."""
    words = {word for value in values for word in value.split() if not word.isdigit()}
    return {text for text in {*values, *words} if len(_letters(text)) >= 4}


def find_leaks(folder: Path, values: Collection[str], kept: Collection[str] = ()) -> list[str]:
    """Name each file below the folder that holds one of the values, and which; `kept` are top-level names left out."""
    return [f"{path.relative_to(folder)}: {leak}" for path in _files(folder, kept) for leak in _leaks(path, values)]


def find_leaks_in_pictures(folder: Path, values: Collection[str], kept: Collection[str] = ()) -> list[str]:
    """Do the same with what can be read in pictures; a second each."""
    return [
        f"{path.relative_to(folder)}: {secret}"
        for path in _files(folder, kept)
        if (read := _letters(read_picture(path.read_bytes())))
        for secret in sorted(secrets_of(values))
        if _letters(secret) in read
    ]


def _files(folder: Path, kept: Collection[str]) -> list[Path]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path for path in files if path.relative_to(folder).parts[0] not in kept]


def read_apart(path: Path) -> bytes:
    """Read a file in another process.

    To close a SQLite database's file, or one beside it, frees all locks of this process on it (fcntl's way): another
    process that ends then takes itself for the last one, and removes the log that is still in use here.
    """
    return subprocess.run(["/bin/cat", path], capture_output=True, check=True).stdout


def _leaks(path: Path, values: Collection[str]) -> list[str]:
    data = (read_apart(path) if ".db" in path.name else path.read_bytes()).lower()
    return [secret for secret in sorted(secrets_of(values)) if re.search(_whole(secret.lower()), data)]


def _whole(secret: str) -> bytes:
    """Find no "port" in "import"."""
    return b"(?<![a-z0-9])" + re.escape(secret.encode()) + b"(?![a-z0-9])"


def _letters(text: str) -> str:
    return "".join(_PART.findall(text)).lower()


def read_picture(data: bytes) -> str:
    """Read a picture; "" for what is none."""
    try:
        picture = Image.open(BytesIO(data)).convert("RGB")
    except UnidentifiedImageError:
        return ""
    return " ".join(word.text for word in read_words(picture))
