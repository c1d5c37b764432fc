"""The results of a run on disk: appended whole, and known again after whatever ended the process."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from schemas.errors import UsageError
from serving.batch.inputs import Item
from serving.batch.record import Record, from_line, state_of, to_line


class Results:
    """`results.jsonl`: each input once, in order of completion; one process at a time writes it, in one thread.

    In memory stand some hundred bytes for each record, not the records.
    """

    def __init__(self, path: Path, note: Callable[[Record], None]) -> None:
        """Open the file, made where it isn't there; cut off a last line that was torn, and give each record to `note`.

        Raises:
            UsageError: a line in the middle is no record.
        """
        self._path = path
        self._written: Counter[bytes] = Counter()
        self._places: dict[bytes, int] = {}
        self._end = 0
        self._file = _private(str(path), os.O_RDWR | os.O_CREAT | os.O_APPEND)
        for offset, length, record in _read(path):
            self._remember(record, offset, length)
            note(record)
        os.ftruncate(self._file, self._end)

    def take(self, item: Item, unit: str) -> bool:
        """Tell whether an input's record is there; each record answers for one input.

        Args:
            item: the input.
            unit: names its content and what is asked of it; a record without a content answers for any.
        """
        for key in (input_key(item.id, item.source, unit), input_key(item.id, item.source, "")):
            if self._written[key]:
                self._written[key] -= 1
                return True
        return False

    def find(self, unit: str) -> Record | None:
        """Return the record of the same content and the same request, from whichever input."""
        place = self._places.get(_digest(unit))
        if place is None:
            return None
        with self._path.open("rb") as file:
            file.seek(place)
            return from_line(file.readline())

    def append(self, record: Record) -> None:
        """Write a record, whole or not at all; `sync` makes it survive a power cut.

        Raises:
            OSError: it can't be written.
        """
        line = to_line(record)
        rest = memoryview(line)
        try:
            while rest:  # once, but for a disk that is nearly full
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            os.ftruncate(self._file, self._end)
            raise
        self._places.setdefault(_digest(record["unit"]), self._end)
        self._end += len(line)

    def sync(self) -> None:
        """Wait until all that was appended is on the disk."""
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _remember(self, record: Record, offset: int, length: int) -> None:
        self._written[input_key(record["id"], record["source"], record["unit"])] += 1
        if record["unit"]:
            self._places.setdefault(_digest(record["unit"]), offset)
        self._end = offset + length


def read_records(path: Path) -> Iterator[Record]:
    """Yield the records of a file, which may not be there; a torn last line is left out."""
    return (record for _, _, record in _read(path))


def set_failed_aside(results: Path, retried: Path) -> None:
    """Move the records of what failed into another file, so that their documents are asked again.

    Wherever this ends, `finish_setting_aside` makes it whole: each record stands in one of the files.
    """
    if not any(_has_failed(record) for record in read_records(results)):
        return
    with open(_part(retried), "wb", opener=_private) as fail, open(_part(results), "wb", opener=_private) as keep:
        for record in read_records(retried):
            fail.write(to_line(record))
        for record in read_records(results):
            (fail if _has_failed(record) else keep).write(to_line(record))
        for file in (fail, keep):
            file.flush()
            os.fsync(file.fileno())
    _part(retried).replace(retried)
    _part(results).replace(results)


def finish_setting_aside(results: Path, retried: Path) -> None:
    """Take the last step where only that was left; before it, nothing had changed."""
    if _part(results).exists() and not _part(retried).exists():
        _part(results).replace(results)


def _has_failed(record: Record) -> bool:
    """Tell what may end otherwise another time: a file that wasn't there may be, one that can't be decoded stays so."""
    return state_of(record) in ("exhausted", "error") or record["document"] is None


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read(path: Path) -> Iterator[tuple[int, int, Record]]:
    """Yield offset, length and record of each line; what follows the last record and is none was torn."""
    offset, torn = 0, 0
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                record = from_line(line)
            except ValueError:
                torn = torn or number
            else:
                if torn:
                    raise UsageError(f"line {torn} of '{path}' is no record; mend it, or give another --out")
                yield offset, len(line), record
            offset += len(line)


def input_key(id: str | None, source: str, unit: str) -> bytes:
    """Name an input by what its record must agree with, to be its record."""
    return _digest(f"{id or ''}\0{source}\0{unit}")


def _digest(text: str) -> bytes:
    return sha256(text.encode(errors="surrogatepass")).digest()[:16]
