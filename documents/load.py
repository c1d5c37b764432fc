"""From a path, a data: URI or a stored reference to a document's pages, decoded once."""

import base64
import binascii
import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

import PIL
from PIL import Image

from documents.images import read_images, to_png
from documents.limits import Limits
from documents.page import Document, Page, is_readable
from documents.pdf import RENDERER, PageOrProblem, is_pdf, read_pdf
from documents.store import DocumentStore
from documents.words import in_reading_order, words_to_json
from schemas.errors import UnreadableDocumentError

_DATA_URI = re.compile(r"data:([^,]*),(.*)", re.DOTALL)
# Of a page that can't be read nobody knows the size: A4 at a dot a point.
_BLANK_PX = (595, 842)
_MALFORMED_URI = "its data: URI is malformed; send data:<type>;base64,<data>"


def load_document(source: str, store: DocumentStore, limits: Limits, *, allow_paths: bool) -> Document:
    """Store the original, decode it unless that was done before, and return its pages.

    `source` is a path, a data: URI, or the reference (`sha256:<hex>`) of a stored original. Whoever passes on what
    came over the network sets `allow_paths` to False. Of several pages one that can't be read is blank and says why.
    Raises UnreadableDocumentError, which names the document and says what to do, where none can be read.
    """
    stored = store.get(source) if source.startswith("sha256:") else None
    try:
        data = _read_source(source, limits, allow_paths) if stored is None else stored
        limits.check_bytes(len(data))
        ref = store.put(data)
        return Document(ref=ref, pages=_decode_once(ref, data, store, limits))
    except UnreadableDocumentError as error:
        raise UnreadableDocumentError(f"cannot read {_short_name(source)}: {error}") from error


def _short_name(source: str) -> str:
    if source.startswith("data:"):
        return "the uploaded document"
    # A name may be anything that was passed by mistake, so it is cut.
    return repr((source if source.startswith("sha256:") else Path(source).name)[:80])


def _read_source(source: str, limits: Limits, allow_paths: bool) -> bytes:
    if source.startswith("data:"):
        return _read_data_uri(source)
    if not allow_paths:
        raise UnreadableDocumentError("paths are not accepted here; send a data: URI or a stored reference")
    return _read_file(Path(source), limits)


def _read_data_uri(uri: str) -> bytes:
    match = _DATA_URI.fullmatch(uri)
    if not match:
        raise UnreadableDocumentError(_MALFORMED_URI)
    payload = unquote_to_bytes(match[2])
    if not match[1].endswith(";base64"):
        return payload
    try:
        return base64.b64decode(b"".join(payload.split()), validate=True)
    except binascii.Error as error:
        raise UnreadableDocumentError(_MALFORMED_URI) from error


def _read_file(path: Path, limits: Limits) -> bytes:
    try:
        status = path.stat()
        # A pipe or a device would block or never end.
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise UnreadableDocumentError(f"it is {kind}; give the path of a file")
        limits.check_bytes(status.st_size)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UnreadableDocumentError("there is no such file; check the path") from error
    except PermissionError as error:
        raise UnreadableDocumentError("permission denied; make the file readable for this process") from error
    except (OSError, ValueError) as error:  # a name that is too long, or holds a NUL
        raise UnreadableDocumentError("the path can't be opened; check it") from error


def _decode_once(ref: str, data: bytes, store: DocumentStore, limits: Limits) -> list[Page]:
    def decode() -> bytes:
        pages = [_store_page(page, store) for page in _read(data, limits)]
        if not any(is_readable(page) for page in pages):
            raise UnreadableDocumentError(pages[0]["problem"])
        return json.dumps(pages).encode()

    recipe = f"pages 1, pillow {PIL.__version__}, {RENDERER}, {limits}"
    pages: list[Page] = json.loads(store.get(store.derive(ref, recipe, decode)))
    if not all(ref in store for page in pages for ref in (page["image"], page["text_layer"]) if ref):
        decode()  # the same content again, so the same references
    return pages


def _read(data: bytes, limits: Limits) -> Iterator[PageOrProblem]:
    if is_pdf(data):
        return read_pdf(data, limits)
    return (page if isinstance(page, UnreadableDocumentError) else (page, None) for page in read_images(data, limits))


def _store_page(page: PageOrProblem, store: DocumentStore) -> Page:
    if isinstance(page, UnreadableDocumentError):
        blank = Image.new("RGB", _BLANK_PX, "white")
        return {**_store_page((blank, []), store), "problem": str(page)}
    image, words = page
    return Page(
        image=store.put(to_png(image)),
        width_px=image.width,
        height_px=image.height,
        text_layer=None if words is None else store.put(words_to_json(in_reading_order(words))),
    )
