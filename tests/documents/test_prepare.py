"""Documents made ready ahead of a run."""

import pytest

from documents.images import to_png
from documents.limits import Limits
from documents.prepare import Wanted, is_prepared, prepare
from schemas.errors import UnreadableDocumentError

WORDS, NO_WORDS = Wanted(1000, 40, words=True), Wanted(1000, 40, words=False)


def test_prepared_is_what_a_run_finds(store, draw_text, tmp_path, monkeypatch):
    """Words only where they are wanted; another image size is another payload; looking makes nothing."""
    path = tmp_path / "a.png"
    path.write_bytes(to_png(draw_text((40, 40, "Total"), size=(300, 100))))
    ref = prepare(str(path), store, Limits(), NO_WORDS)
    assert is_prepared(ref, store, Limits(), NO_WORDS)
    assert not is_prepared(ref, store, Limits(), WORDS)
    assert not is_prepared(ref, store, Limits(), NO_WORDS._replace(max_side_px=500))
    files = {path for path in store.root.rglob("*") if path.is_file() and "sources" not in path.parts}
    assert prepare(str(path), store, Limits(), WORDS) == ref
    assert is_prepared(ref, store, Limits(), WORDS)
    assert files < {path for path in store.root.rglob("*") if path.is_file()}


def test_unknown_content_is_not_prepared(store):
    """It isn't decoded to find out."""
    assert not is_prepared("sha256:" + "0" * 64, store, Limits(), WORDS)


def test_unreadable_is_told(store, tmp_path):
    """By name, as a run tells it."""
    path = tmp_path / "a.png"
    path.write_bytes(b"no image")
    with pytest.raises(UnreadableDocumentError, match=r"cannot read 'a\.png': "):
        prepare(str(path), store, Limits(), WORDS)
