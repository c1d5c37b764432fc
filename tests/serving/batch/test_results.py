"""The file of results: what survives, what is repaired, what is known again."""

import contextlib
import json
import resource
from pathlib import Path

import pytest

from schemas.errors import UsageError
from serving.batch.inputs import Item
from serving.batch.record import from_line, to_line
from serving.batch.results import Results, finish_setting_aside, read_records, set_failed_aside


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def _open(path: Path) -> tuple[Results, list[str]]:
    noted: list[str] = []
    return Results(path, lambda record: noted.append(record["source"])), noted


def test_line_keeps_any_text(make_record) -> None:
    """Half a sign of a file name, a line break and other scripts come back as they were."""
    record = make_record(source="scan\udcff\n发.png")
    line = to_line(record)
    assert line.count(b"\n") == 1
    assert "发".encode() in line
    assert from_line(line) == record


def test_records_are_known_again(path: Path, make_record) -> None:
    """A second start finds what the first wrote, and where the result of a content stands."""
    results, _ = _open(path)
    for name in ("a", "b"):
        results.append(make_record(source=name, unit=f"{name * 2}"))
    results.close()
    results, noted = _open(path)
    assert noted == ["a", "b"]
    found = results.find("bb")
    assert (found["source"] if found else None, results.find("cc")) == ("b", None)
    assert [results.take(Item(0, name), unit) for name, unit in [("a", "aa"), ("b", "aa"), ("c", "aa")]] == [
        True,
        False,
        False,
    ]
    results.close()


def test_each_record_answers_for_one_input(path: Path, make_record) -> None:
    """The same line twice in a manifest needs two records; an id of one's own tells them apart."""
    results, _ = _open(path)
    results.append(make_record(source="a", unit="aa"))
    results.append(make_record(source="a", unit="aa", id="7"))
    results.close()
    results, _ = _open(path)
    assert [results.take(Item(0, "a"), "aa") for _ in range(2)] == [True, False]
    assert [results.take(Item(0, "a", id="7"), "aa") for _ in range(2)] == [True, False]
    results.close()


def test_record_without_content_answers_for_its_name(path: Path, make_record) -> None:
    """What could not be opened has its record; it is asked when failures are asked again."""
    results, _ = _open(path)
    results.append(make_record(source="a", unit="", document=None))
    results.close()
    results, _ = _open(path)
    assert results.find("") is None
    assert results.take(Item(0, "a"), "aa")
    results.close()


@pytest.mark.parametrize(
    "torn", [b'{"index": 1, "unit', b"\0\0\0\0", b"\0\0\0\0\n", b'{"index": 1}\n{"x', b"\xff\xfe\n"]
)
def test_torn_end_is_cut_off(path: Path, make_record, torn: bytes) -> None:
    """Half a line, zeros of a power cut: what was whole stays, and the next record follows it."""
    whole = to_line(make_record(source="a"))
    path.write_bytes(whole + torn)
    results, noted = _open(path)
    results.append(make_record(source="b", unit="u2"))
    found = results.find("u2")
    results.close()
    assert noted == ["a"]
    assert found is not None
    assert [record["source"] for record in read_records(path)] == ["a", "b"]
    assert path.read_bytes().startswith(whole)


def test_every_cut_leaves_whole_records(path: Path, make_record) -> None:
    """Wherever a write ended, the file opens with the records before it."""
    first, second = to_line(make_record(source="a")), to_line(make_record(source="b"))
    for end in range(len(second)):
        path.write_bytes(first + second[:end])
        results, noted = _open(path)
        results.close()
        assert (noted, path.read_bytes()) == (["a"], first)


def test_damage_in_the_middle_is_told(path: Path, make_record) -> None:
    """Nothing that was paid for is cut off in silence."""
    path.write_bytes(to_line(make_record()) + b"damaged\n" + to_line(make_record()))
    with pytest.raises(UsageError, match=r"line 2 of '.*' is no record"):
        _open(path)


def test_full_disk_leaves_no_part(path: Path, make_record) -> None:
    """A write that fails half-way is taken back; with room again, the record is written."""
    results, _ = _open(path)
    results.append(make_record(source="a"))
    size = path.stat().st_size
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            results.append(make_record(source="b"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert path.stat().st_size == size
    results.append(make_record(source="c"))
    results.close()
    assert [record["source"] for record in read_records(path)] == ["a", "c"]


def test_failed_are_set_aside(path: Path, make_record) -> None:
    """What ended exhausted, in an error or wasn't there goes, to be asked again, and stays readable elsewhere."""
    records = [make_record(source=state, status=state) for state in ("valid", "exhausted", "unreadable", "error")]
    records.append(make_record(source="gone", status="unreadable", document=None, unit=""))
    path.write_bytes(b"".join(map(to_line, records)))
    retried = path.with_name("retried.jsonl")
    for _ in range(2):  # the second finds nothing to do
        set_failed_aside(path, retried)
        assert [record["source"] for record in read_records(path)] == ["valid", "unreadable"]
        assert [record["source"] for record in read_records(retried)] == ["exhausted", "error", "gone"]
    assert {json.dumps(file.stat().st_mode & 0o777) for file in (path, retried)} == {str(0o600)}


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_setting_aside_is_whole_wherever_it_ends(
    path: Path, make_record, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    """Killed before either file has its new name, between the two, or after: each record stands in one of them."""
    path.write_bytes(b"".join(to_line(make_record(source=state, status=state)) for state in ("valid", "error")))
    retried, left, rename = path.with_name("retried.jsonl"), [renames], Path.replace

    def replace(source: Path, target: Path) -> Path:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return rename(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    with contextlib.suppress(KeyboardInterrupt):
        set_failed_aside(path, retried)
    monkeypatch.undo()
    finish_setting_aside(path, retried)
    names = [[record["source"] for record in read_records(file)] for file in (path, retried)]
    assert names == ([["valid", "error"], []] if renames == 0 else [["valid"], ["error"]])
    set_failed_aside(path, retried)
    assert [[record["source"] for record in read_records(file)] for file in (path, retried)] == [["valid"], ["error"]]
