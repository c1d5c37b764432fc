"""The report: the worst first, nothing that a document says is markup, nothing is loaded from elsewhere."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from pdfs import text_pdf

from evaluation.datasets.sample import Sample, Skipped
from evaluation.experiment import Experiment, run_experiment
from evaluation.report import SHOWN_DOCUMENTS, Piece, cut, make_report, worst_first
from graph.context import Context

EVIL = "<script>alert(1)</script>"
GOLD = {"pairs": [{"key": "Name", "values": ["Ada"]}, {"key": "City", "values": [EVIL]}]}
FACTS = {"dataset": "folder:x", "chat_model": "m", "note": None}


def _answer(*values: str) -> str:
    return json.dumps({"pairs": [{"key": "Name", "values": list(values)}]})


@pytest.fixture
def experiment(script: Callable[..., tuple[str, Any]]) -> Experiment:
    """Three documents: one pair of two right, nothing read, both right."""
    name, _ = script(_answer("Ada", EVIL), "no JSON", "no JSON", json.dumps(GOLD))
    samples = [Sample(text_pdf(stem, "Name Ada"), GOLD, {"stem": stem}) for stem in ("half", "none", "all")]
    return run_experiment(samples, Context(chat_model=name), concurrency=1)


def test_worst_document_comes_first(experiment: Experiment) -> None:
    """By its own figure of the headline metric."""
    assert [one.scores.document for one in worst_first(experiment)] == ["none", "half", "all"]
    report = make_report(experiment, FACTS, [])
    assert re.findall(r"<h3>(\w+)", report) == ["none", "half", "all"]


def test_what_documents_and_models_say_is_no_markup(experiment: Experiment) -> None:
    """It is escaped, in rows, boxes' titles and reasons alike; only data: images can be loaded."""
    facts = {**FACTS, "dataset": f"folder:{EVIL}"}
    report = make_report(experiment, facts, [Skipped(f"{EVIL}.json", EVIL)])
    assert "<script" not in report
    assert report.count("&lt;script&gt;") >= 4
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in report
    assert not re.search(r"""(?:src|href)=["'](?!data:image/jpeg;base64,|#d\d)""", report)


def test_report_shows_page_places_and_figures(experiment: Experiment) -> None:
    """The picture of each page, a box where a value was found, the attempts, and the figures of the summary."""
    report = make_report(experiment, FACTS, [])
    assert report.count("data:image/jpeg;base64,/9j/") == 3
    assert '<rect class="right"' in report
    assert f'<span class="big">{experiment.summary.figure("pair_f1").value:.3f}</span>' in report
    assert "What asking again bought" in report
    assert report.count('<td class="verdict missing">missing</td>') >= 2


def test_only_the_worst_documents_have_pictures(experiment: Experiment) -> None:
    """So that the file can be sent around; the rest stand in the list."""
    count, one = SHOWN_DOCUMENTS + 2, experiment.documents[0]
    many = [
        one.model_copy(update={"scores": one.scores.model_copy(update={"document": f"d{number:02}"})})
        for number in range(count)
    ]
    report = make_report(Experiment(many, 0), FACTS, [])
    assert report.count("<article") == SHOWN_DOCUMENTS
    assert all(f"d{number:02}" in report for number in range(count))


def test_text_is_cut_where_the_other_differs() -> None:
    """Adjacent differences are one piece."""
    assert cut("Total 9.00", "Total 8.10") == [
        Piece("Total ", True),
        Piece("9", False),
        Piece(".", True),
        Piece("0", False),
        Piece("0", True),
    ]
    assert cut("", "x") == []
    assert cut("same", "same") == [Piece("same", True)]
