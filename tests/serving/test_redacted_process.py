"""What a process with redaction on leaves behind: database, artifacts, log; looked at from outside."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from leaks import find_leaks, find_leaks_in_pictures, read_picture
from processes import own_environment
from redacted_runs import FIRST, LINES

FIELDS = "/company,/date,/total,/line_items/*/description,key:Family name,key:Mailing address,key:Hotel"
# They hold values by necessity: see docs/security.md.
KEPT = ("documents", "service.db", "service.db-wal", "service.db-shm")
VALUES = {
    *("Quibblethorpe Zantrade", "Zarfnop widget", "Glimmer sprocket", "2018-12-25", "25/12/2018", "19.75"),
    *("nineteen dot 75", "DE89 3704 0044 0532 0130 00"),
    *("Okonkwo-Reyes", "Vandersnoot", "Breakwater Inn", "(555) 014-7732", "(555) 014-7740"),
    "1280 Lighthouse Road Building C, Room 17 Port Allard, ME 04999",
}


def _run(root: Path, folder: Path, **settings: str) -> str:
    environment = {**own_environment(folder / "data"), **settings, "PYTHONPATH": f"{root}:{root / 'tests/support'}"}
    script, form = root / "tests/support/redacted_runs.py", root / "examples/registration_form.png"
    command = [sys.executable, str(script), str(form)]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (folder / "data" / "log").write_text(done.stdout + done.stderr)
    return done.stderr


@pytest.mark.slow
def test_masked_values_are_nowhere(root: Path, tmp_path: Path) -> None:
    """Two schemas, wrong answers, failures, the service with its request log and corrections: no value, no word of one.

    What isn't to be hidden is still there, in pictures too: else nothing at all would pass.
    """
    log = _run(root, tmp_path, OPTOPHONE_REDACT_FIELDS=FIELDS, OPTOPHONE_REDACT_PATTERNS="iban,phone")
    data = tmp_path / "data"
    # "… with room for rules of the caller's own", says a prompt.
    assert [leak for leak in find_leaks(data, VALUES, KEPT) if not re.fullmatch(r"mlflow\.db(-wal)?: Room", leak)] == []
    assert find_leaks_in_pictures(data, VALUES, KEPT) == []
    assert "IBAN [redacted] failed" in log
    pictures = [text for path in (data / "artifacts").rglob("*") if (text := _read(path))]
    assert sum("Marrowfield" in text for text in pictures) >= 5
    assert sum("Marisol" in text for text in pictures) == 3
    assert any(leak.startswith("mlflow.db") for leak in find_leaks(data, ["Marrowfield"], KEPT))


@pytest.mark.slow
def test_search_finds_what_is_not_masked(root: Path, tmp_path: Path) -> None:
    """The same runs without redaction: the search finds values in the database, in pictures and in the log."""
    _run(root, tmp_path)
    leaks = find_leaks(tmp_path / "data", VALUES, KEPT)
    assert any(re.fullmatch(r"mlflow\.db(-wal)?: Okonkwo-Reyes", leak) for leak in leaks)
    assert "log: DE89 3704 0044 0532 0130 00" in leaks
    read = find_leaks_in_pictures(tmp_path / "data" / "artifacts", VALUES)
    assert {leak.rpartition(": ")[2] for leak in read} >= {"Quibblethorpe Zantrade", "Okonkwo-Reyes", "19.75"}


def _read(path: Path) -> str:
    return read_picture(path.read_bytes()) if path.is_file() else ""


def test_values_looked_for_are_the_documents(root: Path) -> None:
    """Each value stands in what the runs read or answer."""
    told = json.dumps(FIRST) + "\n".join(LINES) + (root / "examples/registration_form.json").read_text()
    told = told.lower() + "vandersnoot"
    assert [value for value in VALUES if value.lower() not in told] == []


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("OPTOPHONE_REDACT_FIELDS", "company", "expected a JSON pointer"),
        ("OPTOPHONE_REDACT_PATTERNS", "iban,ibann", "expected iban, card,"),
    ],
)
def test_broken_setting_ends_the_command(root: Path, tmp_path: Path, name: str, value: str, message: str) -> None:
    """One sentence and exit code 2 before anything is read; never redaction that is silently off."""
    environment = {**own_environment(tmp_path / "data"), name: value, "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "serving.cli", "extract", str(root / "examples/registration_form.png")]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
