"""Uploads: what is taken, what is refused before it is decoded, and what is shown."""

import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from graph.settings import get_settings, get_store
from serving.web.tables import StoredDocument

Upload = Callable[..., str]
DOCUMENTS = "/api/v1/documents"


def _stored(data_dir: Path) -> set[Path]:
    return {path for path in (data_dir / "documents").rglob("*") if path.is_file()}


def test_form_and_raw_body_are_the_same_upload(client: TestClient, pdf: bytes) -> None:
    """The reference is the content's hash, whatever way it came; the newest name stands."""
    as_form = client.post(DOCUMENTS, files={"file": ("a.pdf", pdf)})
    as_body = client.post(f"{DOCUMENTS}?name=b.pdf", content=pdf)
    assert (as_form.status_code, as_body.status_code) == (201, 201)
    assert as_form.json()["document"] == as_body.json()["document"]
    assert as_form.json()["name"] == "a.pdf"
    assert client.get(f"{DOCUMENTS}/{as_form.json()['document']}").json() == as_body.json()
    assert as_body.json()["pages"] == [{"width_px": 1112, "height_px": 556}]


def test_page_is_a_png_that_browsers_keep(client: TestClient, upload: Upload) -> None:
    """As decoded, or smaller; private, because it is somebody's document."""
    page = f"{DOCUMENTS}/{upload(client)}/pages/0.png"
    whole, small = client.get(page), client.get(f"{page}?max_side=100")
    assert Image.open(BytesIO(whole.content)).size == (1112, 556)
    assert Image.open(BytesIO(small.content)).size == (100, 50)
    assert whole.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert whole.headers["content-type"] == "image/png"


def test_page_that_is_not_there_is_not_found(client: TestClient, upload: Upload) -> None:
    """Pages count from 0."""
    answer = client.get(f"{DOCUMENTS}/{upload(client)}/pages/1.png")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "ref",
    [
        "..%2f..%2fetc%2fpasswd",
        "sha256:..%2f..%2f..%2fetc%2fpasswd",
        "%2fetc%2fpasswd",
        "sha256:" + "0" * 63 + "%00",
        "sha256:" + "0" * 64 + "%0a",
        "data:text%2fplain,hello",
        "sha256:" + "A" * 64,
    ],
)
def test_reference_is_a_hash_and_nothing_else(client: TestClient, ref: str) -> None:
    """No path of this machine, no data: URI, no other spelling."""
    for path in (ref, f"{ref}/pages/0.png"):
        answer = client.get(f"{DOCUMENTS}/{path}")
        assert answer.status_code in (404, 422)
        assert "root:" not in answer.text


def test_what_was_derived_is_no_upload(client: TestClient, upload: Upload) -> None:
    """A page image or a word list lies in the same store, but nobody uploaded it."""
    ref = upload(client)
    (pages,) = get_store().derived_from(ref)
    for foreign in (pages, "sha256:" + "0" * 64):
        assert client.get(f"{DOCUMENTS}/{foreign}").status_code == 404
        assert client.get(f"{DOCUMENTS}/{foreign}/pages/0.png").status_code == 404
        assert client.delete(f"{DOCUMENTS}/{foreign}").status_code == 404
        assert client.post("/api/v1/extractions", json={"document": foreign}).status_code == 404
    assert pages in get_store()


def _bomb() -> bytes:
    """A PNG of 60,000 x 60,000 pixels in 100 bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _many_pages() -> bytes:
    out = BytesIO()
    page = Image.new("1", (1, 1))
    page.save(out, "TIFF", save_all=True, append_images=[page] * 100)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "status", "said"),
    [
        ("page.png", b"<html><script>alert(1)</script></html>", 415, "expected a PNG, JPEG, WebP, BMP, TIFF or PDF"),
        ("form.pdf", b"MZ\x90\x00 a program", 415, "expected a PNG"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415, "expected a PNG"),
        ("archive.png", b"PK\x03\x04", 415, "expected a PNG"),
        ("bomb.png", _bomb(), 422, "beyond the allowed 50,000,000 pixels"),
        ("many.tiff", _many_pages(), 422, "101 pages, more than the allowed 100"),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0", 422, "damaged or cut off"),
        ("empty.png", b"", 422, "0 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_refused_upload_leaves_nothing(
    client: TestClient, data_dir: Path, *, name: str, data: bytes, status: int, said: str
) -> None:
    """Told by content, whatever the name says, before pixels are decoded; nothing of it is kept."""
    before = _stored(data_dir)
    answer = client.post(DOCUMENTS, files={"file": (name, data)})
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]
    assert _stored(data_dir) == before


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Accept 1,000 bytes a document."""
    monkeypatch.setenv("OPTOPHONE_MAX_DOCUMENT_BYTES", "1000")
    get_settings.cache_clear()
    yield 1000
    get_settings.cache_clear()


def test_oversized_upload_is_refused(small_limit: int, serve: Callable[[], TestClient], data_dir: Path) -> None:
    """As a form, as a raw body, and as a body whose length nobody announced."""
    client, before = serve(), _stored(data_dir)
    large = b"%PDF-1.7" + b" " * small_limit
    unannounced = (b"%PDF-1.7" for _ in range(10_000))
    answers = [
        client.post(DOCUMENTS, files={"file": ("a.pdf", large)}),
        client.post(DOCUMENTS, content=large),
        client.post(DOCUMENTS, files={"file": ("a.pdf", large * 100)}),
        client.post(DOCUMENTS, content=unannounced),
    ]
    assert [answer.status_code for answer in answers] == [413] * 4
    assert {answer.json()["error"]["code"] for answer in answers} == {"too_large"}
    assert _stored(data_dir) == before


def test_form_without_a_file_is_told_so(client: TestClient) -> None:
    """A text in the field is no file."""
    for form in ({"files": {"other": ("a.pdf", b"x")}}, {"data": {"file": "x"}, "files": {"b": ("b", b"")}}):
        answer = client.post(DOCUMENTS, **form)
        assert answer.status_code in (400, 422)
        assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\scans\\form.pdf", "form.pdf"),
        ("<img src=x onerror=alert(1)>.pdf", "<img src=x onerror=alert(1)>.pdf"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("..", ".."),
        ("x" * 500, "x" * 200),
    ],
)
def test_name_is_a_label(client: TestClient, pdf: bytes, sent: str, shown: str) -> None:
    """It names no file here, holds nothing invisible, and goes out as JSON that no browser takes for a page."""
    answer = client.post(DOCUMENTS, files={"file": (sent, pdf)})
    assert answer.json()["name"] == shown
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_stored_documents_are_typed(client: TestClient, upload: Upload) -> None:
    """The ledger gives back what was put in."""
    stored = client.app.state.service.ledger.document(upload(client))  # type: ignore[attr-defined]
    assert isinstance(stored, StoredDocument)
    assert (stored.name, len(stored.pages)) == ("form.pdf", 1)
