"""What is told on stderr."""

import re
from collections.abc import Callable

import pytest

from serving.batch.progress import Display
from serving.batch.record import Record
from serving.batch.tally import Tally


def _show(tally: Tally, *, quiet: bool = False) -> None:
    with Display(tally, quiet=quiet) as display:
        display.update()
    display.summarise("interrupted" if tally.left else None)


def test_bar_and_counts_fit_a_terminal_of_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The counts stand below the bar, whole."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "80")
    _show(
        Tally(documents=10000, before=1, valid=1300, exhausted=60, retries=9, failures=3, tokens=134760, cost_usd=0.6)
    )
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capsys.readouterr().err).splitlines()
    assert any(re.search(r"━{10,}.* 1360/10000 .*/s", line) for line in lines)
    counts = "1300 valid, 60 exhausted, 0 unreadable, 0 failed, 12 asked again, 134760 tokens"
    assert any(line.startswith(counts) and len(line) <= 80 for line in lines)


def test_table_says_what_is_left_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    """Redirected, there is no bar."""
    _show(Tally(documents=10, before=2, valid=4, error=1, duplicates=1, cached=2, cost_usd=None, traced=3))
    lines = [re.split(r"\s{2,}", line.strip()) for line in capsys.readouterr().err.splitlines()]
    assert lines[:5] == [
        ["documents", "5 of 10 done, 2 of them before"],
        ["valid", "4"],
        ["exhausted", "0"],
        ["unreadable", "0"],
        ["failed", "1"],
    ]
    assert ["not asked", "1 duplicates, 2 from cache"] in lines
    assert ["paid", "0 tokens, cost unknown"] in lines
    assert lines[-1] == ["interrupted: run the same command again for the rest; 5 documents are left"]


def test_lost_traces_are_told_also_to_who_wants_quiet(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The table counts them; a warning says so where there is none."""
    _show(Tally(documents=9, valid=9, traced=5, not_sampled=3, untraced=1, traces_lost=2))
    assert "5, 2 of them lost, 3 not sampled, 1 untraced" in capsys.readouterr().err
    _show(Tally(documents=9, valid=9, traced=5, traces_lost=2), quiet=True)
    said = "2 of this start's traces are lost: MLflow did not take them whole; no result is"
    assert [record.message for record in caplog.records] == [said] * 2


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """For cron, which mails what it hears."""
    _show(Tally(documents=1), quiet=True)
    assert capsys.readouterr() == ("", "")


def test_parts_of_a_document_are_not_counted_as_asked_again(make_record: Callable[..., Record]) -> None:
    """Three requests with one prompt are three parts; the refine prompt is what asks again."""
    tally = Tally()
    record = make_record()
    assert record["result"] is not None
    asked = {**record["result"], "attempts": 3}
    tally.note({**record, "result": {**asked, "prompts": ["prompts:/optophone-extract/3"]}})
    assert tally.retries == 0
    tally.note(
        {**record, "result": {**asked, "prompts": ["prompts:/optophone-extract/3", "prompts:/optophone-refine/1"]}}
    )
    assert tally.retries == 1
