"""The document store: content addresses, memo of derived content, privacy of what is kept."""

import hashlib
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from documents.store import DocumentStore
from schemas.errors import UnreadableDocumentError


def test_put_addresses_by_content(store):
    """The reference is the SHA-256 of the bytes, whoever stores them and however often."""
    ref = store.put(b"form")
    assert ref == "sha256:" + hashlib.sha256(b"form").hexdigest()
    assert store.put(b"form") == ref
    assert store.get(ref) == b"form"
    assert DocumentStore(store.root).get(ref) == b"form"


@pytest.mark.parametrize(
    "ref", ["", "form.png", "sha256:", "sha256:../../etc/passwd", "sha256:" + "A" * 64, "sha256:" + "a" * 64 + "\n"]
)
def test_malformed_references_are_refused(store, ref):
    """Only sha256: and 64 lower-case hex digits name something, so no reference leaves the store's folder."""
    with pytest.raises(UnreadableDocumentError, match="a stored reference is sha256: and 64 hex digits"):
        store.get(ref)


def test_unknown_reference_says_what_to_do(store):
    """A reference from elsewhere asks for the document."""
    with pytest.raises(UnreadableDocumentError, match="nothing is stored under this reference; send the document ag"):
        store.get("sha256:" + "0" * 64)


def test_derive_makes_once_for_source_and_recipe(store):
    """A second store over the same folder makes nothing again; another source or recipe does."""
    made = []

    def make() -> bytes:
        made.append(1)
        return b"words"

    ref = store.derive("a", "ocr 1", make)
    assert DocumentStore(store.root).derive("a", "ocr 1", make) == ref
    assert len(made) == 1
    assert store.derive("a", "ocr 2", make) == store.derive("b", "ocr 1", make) == ref
    assert len(made) == 3


def test_derive_makes_again_what_was_lost(store):
    """A record whose content has gone is no answer."""
    ref = store.derive("a", "ocr", lambda: b"words")
    [path] = (store.root / "blobs").glob("*/*")
    path.unlink()
    assert store.derive("a", "ocr", lambda: b"words") == ref
    assert store.get(ref) == b"words"


def test_derive_remembers_no_failure(store):
    """What make raises passes through, and the next call tries again."""

    def fail() -> bytes:
        raise ValueError("engine")

    with pytest.raises(ValueError, match="engine"):
        store.derive("a", "ocr", fail)
    assert store.get(store.derive("a", "ocr", lambda: b"words")) == b"words"


def test_threads_that_ask_at_once_make_once(store):
    """Eight threads, one make; and another key does not wait for it."""
    made = []
    other_done = threading.Event()

    def make() -> bytes:
        made.append(1)
        assert other_done.wait(5)
        return b"words"

    def make_other() -> bytes:
        other_done.set()
        return b"other"

    with ThreadPoolExecutor(9) as pool:
        same = [pool.submit(store.derive, "a", "ocr", make) for _ in range(8)]
        while not made:
            time.sleep(0.001)
        other = pool.submit(store.derive, "b", "ocr", make_other)
        assert len({future.result() for future in same}) == 1
        assert store.get(other.result()) == b"other"
    assert len(made) == 1


def test_only_the_owner_may_read(store):
    """Folders 0700, files 0600, and no temporary file is left behind."""
    store.derive("a", "ocr", lambda: b"words")
    paths = [store.root, *store.root.rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()} == {0o600}
    assert sum(path.is_file() for path in paths) == 3


def test_forgetting_takes_what_was_derived_along(store: DocumentStore) -> None:
    """From step to step; what came of other bytes stays."""
    original, other = store.put(b"scan"), store.put(b"other scan")
    page = store.derive(original, "decode", lambda: b"page")
    words = store.derive(page, "ocr", lambda: b"words")
    kept = store.derive(other, "decode", lambda: b"other page")
    assert store.derived_from(original) == [page]
    store.forget(original)
    assert [ref in store for ref in (original, page, words, other, kept)] == [False, False, False, True, True]
    assert store.derived_from(original) == []
    assert len([path for path in store.root.rglob("*") if path.is_file()]) == 4


def test_what_two_sources_share_is_derived_anew(store: DocumentStore) -> None:
    """Two pages can hold the same words: forgetting one costs the other a second reading, and no more."""
    first, second = store.put(b"a"), store.put(b"b")
    words = store.derive(first, "ocr", lambda: b"words")
    assert store.derive(second, "ocr", lambda: b"words") == words
    store.forget(first)
    assert words not in store
    assert store.get(store.derive(second, "ocr", lambda: b"words")) == b"words"
