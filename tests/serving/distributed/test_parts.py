"""Parts of a run, and where they are kept."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import UsageError
from serving.batch.inputs import Item
from serving.distributed.cluster import worker_counts
from serving.distributed.parts import (
    cut,
    done_parts,
    is_done,
    make_part,
    part_of,
    read_part,
    remove_unfinished,
    write_part,
)

pytest.importorskip("fsspec", reason="the extra 'ray' is not installed")

from serving.distributed.output import Output

MakeRecord = Callable[..., Any]
_numbers = count()


@pytest.fixture(params=["folder", "object store"])
def output(request: pytest.FixtureRequest, tmp_path: Path) -> Output:
    """A place for results: a folder, or fsspec's store in memory."""
    return Output(str(tmp_path) if request.param == "folder" else f"memory://bucket-{next(_numbers)}/run")


def test_part_is_read_as_it_was_written(output: Output, make_record: MakeRecord) -> None:
    """Half a sign of a file name survives; a part is done when it is written."""
    records = [make_record("a\udcff.pdf"), make_record(status="error", index=1)]
    assert not is_done(output, "p1")
    write_part(output, "p1", records)
    assert read_part(output, "p1") == records
    assert is_done(output, "p1")
    assert done_parts(output) == {"p1"}


def test_tables_of_a_part_that_was_cut_off_are_removed(output: Output, make_record: MakeRecord) -> None:
    """Without its records it isn't done, and its rows would stand there twice."""
    for name in ("p1", "p2"):
        write_part(output, name, [make_record()])
    output.remove("records/p2.parquet")
    remove_unfinished(output)
    assert output.names("documents") == output.names("fields") == {"p1.parquet"}


def test_place_without_its_package_is_a_usage_error() -> None:
    """Before anything is paid."""
    with pytest.raises(UsageError, match="cannot write to 'nowhere://x'"):
        Output("nowhere://x")


def test_same_inputs_make_the_same_part() -> None:
    """Twins stay together, and a name tells parts apart."""
    a, b, twin = Item(0, "a\udcff.pdf"), Item(1, "b.pdf", rules="r"), Item(2, "c.pdf")
    first, second = cut([[a, twin], [b]], 1)
    assert first.items == [a, twin]
    assert first == make_part([a, twin]) == part_of(first.as_json())
    assert second.items == [b]
    assert first.name != second.name


@pytest.mark.parametrize(("text", "counts"), [("2:16", (2, 16)), ("3:", (3, None)), ("4", (4, 4))])
def test_worker_counts_are_read(text: str, counts: tuple[int, int | None]) -> None:
    """MIN:MAX, without MAX, or one number for both."""
    assert worker_counts(text) == counts


@pytest.mark.parametrize("text", ["", "a:b", "0:2", "3:2"])
def test_other_worker_counts_are_refused(text: str) -> None:
    """The message says what to give."""
    with pytest.raises(UsageError, match="--ray-workers"):
        worker_counts(text)
