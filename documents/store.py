"""Keep originals, page images and words by the hash of their content, and remember what was derived from what.

    <root>/blobs/ab/abcd…       the bytes whose SHA-256 is abcd…
    <root>/derived/12/1234…     the reference that came of (source, recipe), whose SHA-256 is 1234…
    <root>/sources/56/5678…/    empty files, one for each derivation from the source whose SHA-256 is 5678…

This is the project's one cache: what is derived through it is computed once, in this process or the next.
"""

import hashlib
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from weakref import WeakValueDictionary

from schemas.errors import UnreadableDocumentError

_REFERENCE = re.compile(r"sha256:([0-9a-f]{64})")


class DocumentStore:
    """Content-addressed bytes below one folder; safe for several threads and several processes.

    Scans hold personal data: folders are made with mode 0700 and files with 0600. Nothing is deleted by itself; to
    forget everything, remove the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._locks: WeakValueDictionary[Path, threading.Lock] = WeakValueDictionary()
        self._locks_guard = threading.Lock()

    def put(self, data: bytes) -> str:
        """Store the bytes, unless they are there already, and return their reference, `sha256:<hex>`."""
        digest = hashlib.sha256(data).hexdigest()
        path = self._path("blobs", digest)
        if not path.exists():
            _write_atomically(path, data)
        return f"sha256:{digest}"

    def get(self, ref: str) -> bytes:
        """Return the bytes of a reference; raise UnreadableDocumentError for one that is malformed or unknown."""
        try:
            return self._blob(ref).read_bytes()
        except FileNotFoundError as error:
            raise UnreadableDocumentError(
                f"cannot read {ref!r}: nothing is stored under this reference; send the document again"
            ) from error

    def __contains__(self, ref: str) -> bool:
        return self._blob(ref).exists()

    def derive(self, source: str, recipe: str, make: Callable[[], bytes]) -> str:
        """Return the reference of what `make` returns, calling it only where (source, recipe) was never derived.

        `recipe` names everything the result depends on beside the source: the step, its versions, its options.
        Threads that ask for the same at the same time wait for one of them; two processes may both compute it, and
        store the same content. What `make` raises passes through, and nothing is remembered.
        """
        path = self._path("derived", hashlib.sha256(f"{source}\n{recipe}".encode()).hexdigest())
        mark = self._derivations(source) / path.name
        with self._lock(path):
            if not mark.exists():
                _write_atomically(mark, b"")
            ref = path.read_text() if path.exists() else ""
            if not ref or ref not in self:
                ref = self.put(make())
                _write_atomically(path, ref.encode())
            return ref

    def derived_from(self, source: str) -> list[str]:
        """Return the references of what was derived from a source."""
        marks = self._derivations(source)
        paths = [self._path("derived", mark.name) for mark in marks.iterdir()] if marks.exists() else []
        return [path.read_text() for path in paths if path.exists()]

    def forget(self, ref: str) -> None:
        """Remove the bytes of a reference and all that was derived from them.

        What was derived from other bytes too and happens to be the same is derived anew where it is wanted again.
        """
        for derived in self.derived_from(ref):
            self.forget(derived)
        marks = self._derivations(ref)
        for mark in marks.iterdir() if marks.exists() else ():
            self._path("derived", mark.name).unlink(missing_ok=True)
        shutil.rmtree(marks, ignore_errors=True)
        self._blob(ref).unlink(missing_ok=True)

    def _derivations(self, source: str) -> Path:
        return self._path("sources", hashlib.sha256(source.encode()).hexdigest())

    def _lock(self, path: Path) -> threading.Lock:
        with self._locks_guard:
            return self._locks.setdefault(path, threading.Lock())

    def _blob(self, ref: str) -> Path:
        match = _REFERENCE.fullmatch(ref)
        if not match:
            raise UnreadableDocumentError(
                f"cannot read {ref[:80]!r}: a stored reference is sha256: and 64 hex digits; use one as it was returned"
            )
        return self._path("blobs", match[1])

    def _path(self, kind: str, digest: str) -> Path:
        # 256 folders, so that none grows too long to list.
        return self.root / kind / digest[:2] / digest


def _write_atomically(path: Path, data: bytes) -> None:
    for folder in reversed(path.parents[:4]):  # the root, the kind, the first two digits, below sources one more
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes files of mode 0600; on the same file system, so that the replacement is one step.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
