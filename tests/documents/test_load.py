"""From a path, a data: URI or a reference to pages; each way to fail says what and what to do."""

import base64
import os

import pytest
from pdfs import long_pdf
from PIL import Image

from documents import load
from documents.images import from_png
from documents.load import Limits, load_document
from documents.store import DocumentStore
from documents.words import page_words
from schemas.errors import UnreadableDocumentError

DEFAULT = Limits()


def read(source, store, limits=DEFAULT, allow_paths=True):
    """Load with the usual settings."""
    return load_document(str(source), store, limits, allow_paths=allow_paths)


def refuse(source, store, message, limits=DEFAULT, allow_paths=True):
    """Expect exactly this message."""
    with pytest.raises(UnreadableDocumentError) as caught:
        read(source, store, limits, allow_paths)
    assert str(caught.value) == message


def to_uri(data, head="data:image/png;base64,"):
    """Write a data: URI."""
    return head + base64.b64encode(data).decode()


@pytest.fixture
def scan(tmp_path, draw_text, encode):
    """A scan of one line as a PNG file."""
    path = tmp_path / "scan.png"
    path.write_bytes(encode(draw_text((40, 40, "Total"), size=(300, 100))))
    return path


def test_path_uri_and_reference_give_the_same_document(store, scan):
    """The original is stored under its hash, and its page under the page's."""
    document = read(scan, store)
    assert store.get(document["ref"]) == scan.read_bytes()
    [page] = document["pages"]
    assert (page["width_px"], page["height_px"], page["text_layer"]) == (300, 100, None)
    assert from_png(store.get(page["image"])).tobytes() == Image.open(scan).tobytes()
    assert read(to_uri(scan.read_bytes()), store, allow_paths=False) == document
    assert read(document["ref"], store, allow_paths=False) == document


def test_uri_variants_are_read(store, scan):
    """Without a type, with parameters, percent-encoded, wrapped at 76 characters: all are the same document."""
    data = scan.read_bytes()
    ref = read(scan, store)["ref"]
    wrapped = "data:;base64," + base64.encodebytes(data).decode()
    escaped = to_uri(data).replace("+", "%2B").replace("=", "%3D")
    parameters = to_uri(data, "data:image/png;name=scan.png;base64,")
    plain = "data:image/png," + "".join(f"%{byte:02X}" for byte in data)
    assert {read(uri, store)["ref"] for uri in (wrapped, escaped, parameters, plain)} == {ref}


def test_document_is_decoded_once(store, scan, monkeypatch):
    """Another process over the same store decodes nothing."""
    document = read(scan, store)
    monkeypatch.setattr(load, "read_images", None)
    assert read(scan, DocumentStore(store.root)) == document


def test_lost_pages_are_decoded_again(store, scan):
    """A page image that was removed from the store comes back."""
    document = read(scan, store)
    digest = document["pages"][0]["image"].removeprefix("sha256:")
    (store.root / "blobs" / digest[:2] / digest).unlink()
    assert read(scan, store) == document
    assert document["pages"][0]["image"] in store


def test_pdf_pages_keep_their_words(store, tmp_path, make_pdf):
    """A PDF's text layer is stored in reading order beside its image."""
    path = tmp_path / "invoice.pdf"
    path.write_bytes(make_pdf("BT /F1 20 Tf 40 60 Td (Total) Tj 0 100 Td (Invoice 4711) Tj ET"))
    [page] = read(path, store)["pages"]
    assert [word.text for word in page_words(page, store)] == ["Invoice", "4711", "Total"]
    assert from_png(store.get(page["image"])).size == (page["width_px"], page["height_px"]) == (1112, 556)


def test_blank_page_is_readable(store, encode):
    """Nothing on the page is no error."""
    [page] = read(to_uri(encode(Image.new("1", (60, 60), 1))), store)["pages"]
    assert page_words(page, store) == []


def test_tiff_pages_are_pages(store, encode):
    """Each page of a TIFF is one, in order."""
    tiff = encode(Image.new("L", (8, 8)), "TIFF", save_all=True, append_images=[Image.new("L", (9, 5))])
    assert [(page["width_px"], page["height_px"]) for page in read(to_uri(tiff), store)["pages"]] == [(8, 8), (9, 5)]
    refuse(
        to_uri(tiff),
        store,
        "cannot read the uploaded document: it has 2 pages, more than the allowed 1; split it",
        Limits(max_pages=1),
    )


def test_content_decides_not_the_name(store, tmp_path, encode):
    """A PNG named .pdf is read; text named .png is refused."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(encode(Image.new("L", (8, 8))))
    assert len(read(path, store)["pages"]) == 1
    path = tmp_path / "scan.png"
    path.write_text("Dear Sir or Madam")
    refuse(
        path, store, "cannot read 'scan.png': it is no PNG, JPEG, WebP, BMP, TIFF or PDF; convert it to one of these"
    )


def test_missing_files_and_folders(store, tmp_path):
    """A path must name a file."""
    refuse(tmp_path / "no.png", store, "cannot read 'no.png': there is no such file; check the path")
    refuse(tmp_path, store, f"cannot read '{tmp_path.name}': it is a folder; give the path of a file")
    refuse(tmp_path / "a\0b", store, r"cannot read 'a\x00b': the path can't be opened; check it")
    with pytest.raises(UnreadableDocumentError, match=r"cannot read 'x{80}': the path can't be opened; check it"):
        read("x" * 5000, store)
    refuse("", store, "cannot read '': it is a folder; give the path of a file")


def test_empty_file(store, tmp_path):
    """0 bytes are named."""
    (tmp_path / "scan.tiff").touch()
    refuse(tmp_path / "scan.tiff", store, "cannot read 'scan.tiff': the file is 0 bytes; export the scan again")
    refuse("data:,", store, "cannot read the uploaded document: the file is 0 bytes; export the scan again")


def test_cut_off_jpeg(store, tmp_path, encode):
    """Half a photo is an error and stores no page."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode(Image.effect_noise((200, 200), 80), "JPEG")[:9000])
    with pytest.raises(UnreadableDocumentError, match=r"cannot read 'photo\.jpg': the image is damaged or cut off \("):
        read(path, store)


def test_pdfs_that_cannot_be_read(store, empty_pdf, encrypted_pdf):
    """Encrypted and empty PDFs say so."""
    refuse(
        to_uri(encrypted_pdf),
        store,
        "cannot read the uploaded document: the PDF is encrypted; save it without a password",
    )
    refuse(to_uri(empty_pdf), store, "cannot read the uploaded document: it has no pages; export it again")


def test_pixel_limit(store, scan):
    """A limit that was lowered holds for what was decoded before, too."""
    read(scan, store)
    refuse(
        scan,
        store,
        "cannot read 'scan.png': a page of 300 x 100 pixels is beyond the allowed 20,000 pixels; "
        "scan it at a lower resolution",
        Limits(max_pixels=20_000),
    )


def test_byte_limit_holds_before_reading(store, tmp_path):
    """A file far beyond memory is refused by its size alone, and an upload by its length."""
    path = tmp_path / "huge.tiff"
    with path.open("wb") as file:
        file.truncate(10**12)
    message = "the file has {}, more than the allowed 50,000,000; split or compress it"
    refuse(path, store, f"cannot read 'huge.tiff': {message.format('1,000,000,000,000 bytes')}")
    for uri in (to_uri(b"x" * 2001), "data:," + "x" * 2001):
        refuse(
            uri,
            store,
            "cannot read the uploaded document: the file has 2,001 bytes, more than the allowed 2,000; "
            "split or compress it",
            Limits(max_bytes=2000),
        )
    assert len(store.get(store.put(b"x" * 2001))) == 2001


@pytest.mark.parametrize("uri", ["data:image/png;base64", "data:;base64,a", "data:;base64,????", "data:;base64,AA=A"])
def test_malformed_uri_is_not_echoed(store, uri):
    """The message never repeats what was uploaded."""
    refuse(
        uri,
        store,
        "cannot read the uploaded document: its data: URI is malformed; send data:<type>;base64,<data>",
    )


def test_unknown_reference(store):
    """A reference names what is in this store, or nothing."""
    ref = "sha256:" + "0" * 64
    refuse(ref, store, f"cannot read '{ref}': nothing is stored under this reference; send the document again")


def test_paths_can_be_forbidden(store, scan):
    """What came over the network names no file, whether or not it is there."""
    for path in (scan, "/etc/passwd", "file:///etc/passwd"):
        refuse(
            path,
            store,
            f"cannot read '{str(path).rpartition('/')[2]}': paths are not accepted here; "
            "send a data: URI or a stored reference",
            allow_paths=False,
        )


def test_pipes_and_devices_never_block(store, tmp_path):
    """Only regular files are opened."""
    os.mkfifo(tmp_path / "pipe.png")
    refuse(tmp_path / "pipe.png", store, "cannot read 'pipe.png': it is no regular file; give the path of a file")
    refuse("/dev/zero", store, "cannot read 'zero': it is no regular file; give the path of a file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission_denied(store, scan):
    """A file that this process may not read is named."""
    scan.chmod(0)
    refuse(scan, store, "cannot read 'scan.png': permission denied; make the file readable for this process")


def test_page_that_cannot_be_read_costs_that_page(store):
    """A blank page stands in its place and says why, so that the others keep their numbers; OCR isn't asked."""
    broken, page = read(to_uri(long_pdf([None, ["Name: Ann"]]), "data:application/pdf;base64,"), store)["pages"]
    assert broken["problem"] == "page 1 of the PDF is damaged (Failed to load page.); export it again"
    assert page_words(broken, store) == []
    assert from_png(store.get(broken["image"])).getextrema() == ((255, 255),) * 3
    assert "problem" not in page
    assert [word.text for word in page_words(page, store)] == ["Name:", "Ann"]


def test_frame_beyond_the_pixel_limit_costs_that_frame(store, encode):
    """So with a TIFF."""
    tiff = encode(Image.new("L", (8, 8)), "TIFF", save_all=True, append_images=[Image.new("L", (20, 20))])
    small, large = read(to_uri(tiff), store, Limits(max_pixels=100))["pages"]
    assert (small["width_px"], "problem" in small) == (8, False)
    assert large["problem"].startswith("page 2: a page of 20 x 20 pixels is beyond the allowed 100 pixels")


def test_document_without_a_readable_page_is_unreadable(store):
    """It says why by its first page."""
    refuse(
        to_uri(long_pdf([None, None]), "data:application/pdf;base64,"),
        store,
        "cannot read the uploaded document: page 1 of the PDF is damaged (Failed to load page.); export it again",
    )
