"""From a path, a data: URI or a stored reference to a document's pages, decoded once."""

import base64
import binascii
import json
import re
import stat
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import unquote_to_bytes

import PIL

from documents.images import read_pages, to_png
from documents.page import Document, Page
from documents.store import DocumentStore
from schemas.errors import UnreadableDocumentError

_DATA_URI = re.compile(r"data:([^,]*),(.*)", re.DOTALL)


@dataclass(frozen=True)
class Limits:
    """What one document may cost; anything beyond is refused before it is decoded."""

    max_bytes: int = 50_000_000
    """Size of the file: some 100 pages scanned in colour."""
    max_pixels: int = 50_000_000
    """Pixels of a page: A4 in 600 dpi has 35 million; 50 million take 150 MB of memory while decoded."""
    max_pages: int = 100
    """Pages of a document: beyond, it is rather a file of many forms, to be split first."""


def load_document(source: str, store: DocumentStore, limits: Limits, *, allow_paths: bool) -> Document:
    """Store the original, decode it unless that was done before, and return its pages.

    `source` is a path, a data: URI, or the reference (`sha256:<hex>`) of a stored original. Whoever passes on what
    came over the network sets `allow_paths` to False. Raises UnreadableDocumentError, which names the document and
    says what to do.
    """
    stored = store.get(source) if source.startswith("sha256:") else None
    try:
        data = _read_source(source, limits, allow_paths) if stored is None else stored
        _check_bytes(len(data), limits)
        ref = store.put(data)
        return Document(ref=ref, pages=_decode_once(ref, data, store, limits))
    except UnreadableDocumentError as error:
        raise UnreadableDocumentError(f"cannot read {_short_name(source)}: {error}") from error


def _short_name(source: str) -> str:
    if source.startswith("data:"):
        return "the uploaded document"
    return repr(source if source.startswith("sha256:") else Path(source).name)[:80]


def _read_source(source: str, limits: Limits, allow_paths: bool) -> bytes:
    if source.startswith("data:"):
        return _read_data_uri(source, limits)
    if not allow_paths:
        raise UnreadableDocumentError("paths are not accepted here; send a data: URI or a stored reference")
    return _read_file(Path(source), limits)


def _read_data_uri(uri: str, limits: Limits) -> bytes:
    # Three bytes are four characters in base64; checked before the copy is made.
    _check_bytes(len(uri) // 4 * 3 - 1000, limits)
    match = _DATA_URI.fullmatch(uri)
    try:
        if not match:
            raise ValueError("no comma")
        payload = unquote_to_bytes(match[2])
        return base64.b64decode(payload, validate=True) if match[1].endswith(";base64") else payload
    except (ValueError, binascii.Error) as error:
        raise UnreadableDocumentError("its data: URI is malformed; send data:<type>;base64,<data>") from error


def _read_file(path: Path, limits: Limits) -> bytes:
    try:
        status = path.stat()
        # A pipe or a device would block or never end.
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise UnreadableDocumentError(f"it is {kind}; give the path of a file")
        _check_bytes(status.st_size, limits)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UnreadableDocumentError("there is no such file; check the path") from error
    except PermissionError as error:
        raise UnreadableDocumentError("permission denied; make the file readable for this process") from error
    except (OSError, ValueError) as error:  # a name that is too long, or holds a NUL
        raise UnreadableDocumentError(f"the path can't be opened ({error}); check the path") from error


def _check_bytes(size: int, limits: Limits) -> None:
    if size == 0:
        raise UnreadableDocumentError("the file is 0 bytes; export the scan again")
    if size > limits.max_bytes:
        raise UnreadableDocumentError(
            f"the file has {size:,} bytes, more than the allowed {limits.max_bytes:,}; split or compress it"
        )


def _decode_once(ref: str, data: bytes, store: DocumentStore, limits: Limits) -> list[Page]:
    def decode() -> bytes:
        return json.dumps(_decode(data, store, limits)).encode()

    recipe = f"pages 1, pillow {PIL.__version__}, {limits}"
    pages: list[Page] = json.loads(store.get(store.derive(ref, recipe, decode)))
    if not all(page["image"] in store for page in pages):
        decode()  # the same content again, so the same references
    return pages


def _decode(data: bytes, store: DocumentStore, limits: Limits) -> list[Page]:
    pages: list[Page] = []
    for image in islice(read_pages(data, limits.max_pixels), limits.max_pages + 1):
        if len(pages) == limits.max_pages:
            raise UnreadableDocumentError(f"it has more than the allowed {limits.max_pages} pages; split it")
        pages.append(
            Page(image=store.put(to_png(image)), width_px=image.width, height_px=image.height, text_layer=None)
        )
    return pages
