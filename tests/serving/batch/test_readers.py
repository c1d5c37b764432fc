"""Processes that read pages."""

import asyncio
import hashlib
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from documents.limits import Limits
from documents.prepare import Wanted, is_prepared
from documents.store import DocumentStore
from serving.batch.readers import ReaderEndedError, Readers

pytestmark = pytest.mark.slow

WANTED = Wanted(1000, 40, words=True)


@pytest.fixture
def scan(tmp_path: Path) -> str:
    """A page that takes a reader a second or so."""
    image = Image.new("RGB", (1000, 1400), "white")
    draw = ImageDraw.Draw(image)
    for row in range(40):
        draw.text((50, 30 + 33 * row), f"Line {row} of a page with many words to be read one by one", fill="black")
    image.save(tmp_path / "scan.png")
    return str(tmp_path / "scan.png")


def _ref(path: str) -> str:
    return f"sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()}"


def _children() -> list[int]:
    found = []
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        with suppress(OSError):  # the thread has ended
            found += [int(pid) for pid in (task / "children").read_text().split()]
    return found


def _spawned(before: set[int]) -> set[int]:
    found = set()
    for pid in set(_children()) - before:
        with suppress(OSError):  # the process has ended
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.add(pid)
    return found


async def test_page_is_read_elsewhere_once(tmp_path: Path, scan: str) -> None:
    """All that a run wants is in the store then, and the second time no process is asked."""
    store, before = DocumentStore(tmp_path / "store"), _children()
    readers = Readers(store, Limits())
    assert await readers.prepare(scan, _ref(scan), WANTED) == _ref(scan)
    assert is_prepared(_ref(scan), store, Limits(), WANTED)
    readers.close()
    others = Readers(store, Limits())
    known = set(_children()) - set(before)
    assert await others.prepare(scan, _ref(scan), WANTED) == _ref(scan)
    assert set(_children()) - set(before) <= known


@pytest.mark.parametrize("times", [1, 2])
async def test_process_that_ends_takes_only_its_document_along(tmp_path: Path, scan: str, times: int) -> None:
    """Ended once, the document is read by another process; ended again, it is that document's fault."""
    before = set(_children())
    readers = Readers(DocumentStore(tmp_path / "store"), Limits())
    killed = set[int]()

    def kill() -> None:
        end = time.monotonic() + 60
        while len(killed) < times and time.monotonic() < end:
            time.sleep(0.01)
            for pid in list(_spawned(before | killed))[:1]:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        if times == 1:
            assert await readers.prepare(scan, _ref(scan), WANTED) == _ref(scan)
        else:
            with pytest.raises(ReaderEndedError, match=r"reading 'scan\.png' ended the process that tried"):
                await readers.prepare(scan, _ref(scan), WANTED)
    finally:
        await asyncio.to_thread(killer.join)
        readers.close()
    assert len(killed) == times


async def test_documents_of_a_broken_pool_are_tried_one_after_another(tmp_path: Path, write_pdf: Any) -> None:
    """Each try is a process that loads a reader: as many at once as documents waited would take all the memory."""
    paths = [write_pdf(f"{number}.pdf", [f"Number {number}"]) for number in range(8)]
    before, most, done = set(_children()), 0, asyncio.Event()
    readers = Readers(DocumentStore(tmp_path / "store"), Limits())

    async def watch() -> None:
        nonlocal most
        while not (first := _spawned(before)):
            await asyncio.sleep(0.01)
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        while not done.is_set():
            most = max(most, len(_spawned(before | first)))
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    try:
        refs = await asyncio.gather(*(readers.prepare(path, _ref(path), WANTED) for path in paths))
    finally:
        done.set()
        readers.close()
    await watching
    assert refs == [_ref(path) for path in paths]
    assert 1 <= most <= 1 + 1 + readers.count  # one that tries, one that ends, and what the pool had begun
