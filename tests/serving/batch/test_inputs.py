"""Which documents a call means, and what it is told where it means none."""

import json
from pathlib import Path

import pytest

from schemas.errors import UsageError
from serving.batch.inputs import Item, check_items, find_items


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder with documents at two depths, and other files."""
    for name in ("b.PNG", "a.pdf", "deep/c.jpeg", "notes.txt", ".d.png", ".git/e.png"):
        path = tmp_path / "scans" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "scans"


def _sources(*inputs: str | Path) -> list[str]:
    return [item.source for item in find_items(map(str, inputs))]


def test_folder_gives_its_documents_by_name_at_every_depth(scans: Path) -> None:
    """Other kinds of file and what begins with a dot stay out; the order is the same each time."""
    assert _sources(scans) == [str(scans / name) for name in ("a.pdf", "b.PNG", "deep/c.jpeg")]


def test_pattern_and_files_follow_each_other(scans: Path) -> None:
    """Indices run through; a file that is named is taken whatever its name ends in."""
    items = list(find_items([f"{scans}/**/*.jpeg", str(scans / "notes.txt")]))
    assert items == [Item(0, str(scans / "deep/c.jpeg")), Item(1, str(scans / "notes.txt"))]


def test_folder_is_read_as_it_is_walked(scans: Path) -> None:
    """Nothing is collected: the first document comes before the second input is looked at."""
    items = find_items([str(scans), "nowhere"])
    assert next(items).source == str(scans / "a.pdf")


def test_csv_manifest_chooses_for_each_line(scans: Path) -> None:
    """Paths are relative to the manifest; an empty cell chooses nothing; a spreadsheet's byte-order mark is no name."""
    manifest = scans / "list.csv"
    manifest.write_text('\ufeffdocument,schema,rules,id\na.pdf,receipt,,7\nb.PNG,,"Dates, ISO",\n', encoding="utf-8")
    assert list(check_items([str(manifest)])) == [
        Item(0, str(scans / "a.pdf"), id="7", schema="receipt"),
        Item(1, str(scans / "b.PNG"), rules="Dates, ISO"),
    ]


def test_jsonl_manifest_chooses_for_each_line(scans: Path) -> None:
    """An absolute path stays; null chooses nothing; empty lines are none."""
    lines = [{"document": str(scans / "a.pdf"), "chat_model": "local", "schema": None}, {"document": "b.PNG"}]
    manifest = scans / "list.jsonl"
    manifest.write_text("\n\n".join(map(json.dumps, lines)))
    assert list(find_items([str(manifest)])) == [
        Item(0, str(scans / "a.pdf"), chat_model="local"),
        Item(1, str(scans / "b.PNG")),
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("m.csv", "document,langage\na.pdf,de\n", "line 1 of '.*' has unknown columns 'langage'; known are document"),
        ("m.csv", "a.pdf\n", "unknown columns 'a.pdf'"),
        ("m.csv", "schema\nform\n", "has no column 'document'"),
        ("m.csv", "", "has no column 'document'"),
        ("m.csv", "document,rules\na.pdf,Dates, ISO\n", "line 2 of '.*' has more cells than columns"),
        ("m.csv", "document,id\n,7\n", "line 2 of '.*' names no document"),
        ("m.csv", "document\n", "no document in '.*m.csv'"),
        ("m.jsonl", '{"document": "a.pdf"}\n{"docu', "line 2 of '.*' is not JSON"),
        ("m.jsonl", '["a.pdf"]\n', "line 1 of '.*' must be an object whose values are text"),
        ("m.jsonl", '{"document": "a.pdf", "pages": "1"}\n', "line 1 of '.*' has unknown columns 'pages'"),
    ],
)
def test_broken_manifest_is_told_by_line(scans: Path, name: str, content: str, said: str) -> None:
    """What is wrong, where, and what is expected instead."""
    (scans / name).write_text(content)
    with pytest.raises(UsageError, match=said):
        list(find_items([str(scans / name)]))


def test_manifest_that_is_no_text_is_told(scans: Path) -> None:
    """A spreadsheet's own format is no CSV."""
    (scans / "m.csv").write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(UsageError, match="cannot read the manifest"):
        list(find_items([str(scans / "m.csv")]))


def test_missing_files_of_a_manifest_are_named(scans: Path) -> None:
    """The first three, and how many more."""
    manifest = scans / "m.csv"
    manifest.write_text("document\na.pdf\n" + "".join(f"gone{number}.pdf\n" for number in range(5)))
    with pytest.raises(UsageError, match=r"no such file: '.*gone0.pdf', '.*gone1.pdf', '.*gone2.pdf' and 2 more"):
        list(check_items([str(manifest)]))


def test_input_without_documents_is_an_error(scans: Path) -> None:
    """An empty folder, a pattern that matches nothing, a name that isn't there."""
    (scans / "empty").mkdir()
    for given in (scans / "empty", scans / "*.tiff"):
        with pytest.raises(UsageError, match=r"no document in '.*'; expected files that end in \.bmp, "):
            _sources(given)
    with pytest.raises(UsageError, match="'nowhere' is not there; give files, folders, patterns, or a manifest"):
        _sources("nowhere")
