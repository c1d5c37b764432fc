"""The command in this process, and documents that carry their own text, so that no page reader is needed."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from batches import Start, started_batches
from pdfs import assemble_pdf

from serving.batch.record import Record


class Outcome(NamedTuple):
    """What a call gave back."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]
WritePdf = Callable[..., str]


@pytest.fixture
def optophone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process."""
    from serving.cli import main

    def run(*args: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["optophone", *map(str, args)])
        monkeypatch.setattr(sys, "path", [*sys.path])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        return Outcome(int(end.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def start_batch(root: Path, tmp_path: Path) -> Iterator[Start]:
    """Start `optophone batch` on the folder `scans` as a process of its own; see `started_batches`."""
    with started_batches(root, tmp_path) as start:
        yield start


@pytest.fixture
def write_pdf(tmp_path: Path) -> WritePdf:
    """Write a PDF with these lines on each of its pages of 400 x 200 points; gives its path."""

    def write(name: str, *pages: Sequence[str]) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_pdf(pages))
        return str(path)

    return write


def _pdf(pages: Sequence[Sequence[str]]) -> bytes:
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    for index, lines in enumerate(pages):
        shown = "".join(f"BT /F1 12 Tf 20 {170 - 20 * number} Td ({line}) Tj ET\n" for number, line in enumerate(lines))
        page = f"/MediaBox[0 0 400 200]/Contents {5 + 2 * index} 0 R/Resources<</Font<</F1 3 0 R>>>>"
        objects += [f"<</Type/Page/Parent 2 0 R{page}>>", f"<</Length {len(shown)}>>\nstream\n{shown}\nendstream"]
    return assemble_pdf(objects)


@pytest.fixture
def make_record() -> Callable[..., Record]:
    """Make a record; whatever isn't given is plain."""

    def make(source: str = "a.pdf", status: str = "valid", unit: str = "u1", **changes: Any) -> Record:
        result = {
            "document": "sha256:1",
            "target_schema": "form",
            "extraction": {"pairs": []},
            "fields": [],
            "status": status,
            "stop_reason": status,
            "validation_errors": [],
            "attempts": 1,
            "prompts": ["prompts:/optophone-extract/3"],
            "chat_model": "m",
            "usage": {"input_tokens": 90, "output_tokens": 10, "total_tokens": 100, "cost_usd": 0.5},
        }
        plain = {
            "index": 0,
            "id": None,
            "source": source,
            "document": "sha256:1",
            "unit": unit,
            "duplicate_of": None,
            "seconds": 1.5,
            "trace_id": "tr-1",
            "cost_usd": 0.5,
            "tokens": 100,
            "cached_requests": 0,
            "result": None if status == "error" else result,
            "error": {"type": "E", "message": "m"} if status == "error" else None,
        }
        return {**plain, **changes}

    return make
