"""Run documents as a library: nothing is dropped, and nothing is raised that concerns one document alone."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from pdfs import text_pdf

from chat_models.scripted import Scripted
from evaluation.datasets.sample import Sample
from evaluation.document import DocumentResult
from evaluation.experiment import document_names, run_experiment
from graph.context import Context
from schemas.errors import ChatModelError, UsageError

GOLD = {"pairs": [{"key": "Name", "values": ["Ada"]}, {"key": "City", "values": ["London"]}]}
HALF = json.dumps({"pairs": [{"key": "Name", "values": ["Ada"]}]})
Script = Callable[..., tuple[str, Any]]


def _samples(*stems: str) -> list[Sample]:
    return [Sample(text_pdf(stem, "Name Ada", "City London"), GOLD, {"stem": stem}) for stem in stems]


def _answer(text: str, tokens: int) -> AIMessage:
    usage = {"input_tokens": tokens, "output_tokens": 0, "total_tokens": tokens}
    return AIMessage(text, usage_metadata=usage)


def _run(script: Script, answers: list[Scripted], *stems: str, **options: Any) -> list[DocumentResult]:
    name, _ = script(*answers)
    return run_experiment(_samples(*stems), Context(chat_model=name), concurrency=1, **options).documents


def test_document_that_fails_counts_as_an_empty_answer(script: Script) -> None:
    """It stays in the denominator, says why, and the others go on."""
    name, _ = script(HALF, ChatModelError("the script broke"), HALF)
    experiment = run_experiment(_samples("a", "b", "c"), Context(chat_model=name), concurrency=1)
    assert [one.scores.status for one in experiment.documents] == ["valid", "failed", "valid"]
    assert experiment.documents[1].failure == "the script broke"
    assert experiment.documents[1].result is None
    # One pair of two was right in two documents, none of two in the third.
    assert experiment.summary.figure("pair_recall").value == pytest.approx(2 / 6, abs=1e-9)
    assert experiment.summary.figure("failed_rate").value == pytest.approx(1 / 3, abs=1e-9)


def test_mistake_in_the_call_ends_at_the_first_document(script: Script) -> None:
    """What would fail every document alike is raised before a second one is asked."""
    name, chat_model = script(ChatModelError("no such account"), HALF)
    with pytest.raises(ChatModelError, match="no such account"):
        run_experiment(_samples("a", "b"), Context(chat_model=name))
    assert len(chat_model.requests) == 1


def test_unreadable_document_is_scored_as_empty(script: Script) -> None:
    """A broken file is a result with a reason, its pairs are missing."""
    name, _ = script(HALF)
    samples = [*_samples("a"), Sample("nowhere.png", GOLD, {"stem": "b"})]
    experiment = run_experiment(samples, Context(chat_model=name))
    assert experiment.documents[1].scores.status == "unreadable"
    assert experiment.documents[1].attempts == []
    assert experiment.summary.figure("pair_recall").value == pytest.approx(1 / 4, abs=1e-9)


def test_what_was_paid_before_a_failure_counts(script: Script) -> None:
    """Attempts and tokens of a document that fails at its second request are those of its first."""
    answers: list[Scripted] = [HALF, _answer("no JSON", 70), ChatModelError("the script broke")]
    failed = _run(script, answers, "a", "b")[1]
    assert (failed.scores.status, failed.scores.attempts, failed.scores.tokens) == ("failed", 1, 70)
    assert failed.scores.form is not None
    assert failed.scores.form.exact.predicted == 0


def test_figures_follow_each_request(script: Script) -> None:
    """A document that has ended keeps its answer; gains are of the request, per request and per 1,000 tokens."""
    full = json.dumps(GOLD)
    name, _ = script(_answer(full, 100), _answer("no JSON", 200), _answer(full, 300))
    first, second = run_experiment(_samples("a", "b"), Context(chat_model=name), concurrency=1).attempts
    assert (first.asked, second.asked, first.tokens, second.tokens) == (2, 1, 300, 300)
    assert first.summary.figure("pair_recall").value == pytest.approx(0.5, abs=1e-9)
    assert first.summary.statuses == {"valid": 1, "exhausted": 1}
    assert second.gains["pair_recall"] == pytest.approx(0.5, abs=1e-9)
    # 300 tokens over 2 documents are 0.15 thousand a document.
    assert second.gain_per_1k_tokens("pair_recall") == pytest.approx(0.5 / 0.15, abs=1e-9)
    assert first.gain_per_1k_tokens("pair_recall") is None


def test_results_stand_in_the_order_of_the_samples(script: Script) -> None:
    """Whatever ends first; each is told as soon as it is there."""
    stems, told = [f"{number:02}" for number in range(8)], []
    name, _ = script(*[HALF] * 8)
    experiment = run_experiment(
        _samples(*stems), Context(chat_model=name), concurrency=4, on_done=lambda one: told.append(one.scores.document)
    )
    assert [one.scores.document for one in experiment.documents] == stems
    assert sorted(told) == stems
    assert told[0] == "00"


def test_no_documents_is_the_callers_mistake() -> None:
    """There is nothing to average."""
    with pytest.raises(UsageError, match="expected documents to evaluate, got none"):
        run_experiment([], Context())


def test_documents_of_one_name_are_told_apart() -> None:
    """Two folders may hold the same stem: the address names them then."""
    samples = [Sample("x/a.png", {}, {}), Sample("y/a.png", {}, {}), Sample("y/b.png", {}, {"stem": "c"})]
    assert document_names(samples) == ["x/a.png", "y/a.png", "c"]


def test_record_gives_the_result_back(script: Script) -> None:
    """Boxes, scores and attempts are those that were written."""
    (document,) = _run(script, [HALF], "a")
    assert document.result is not None
    assert document.result["fields"][0]["bbox"] is not None
    assert DocumentResult.model_validate_json(document.to_line()) == document


def test_record_holds_what_no_utf8_can_carry(script: Script) -> None:
    """A chat model may escape half a character: the line is JSON all the same, and one line."""
    (document,) = _run(script, ['{"pairs": [{"key": "Name", "values": ["\\ud800\\u2028"]}]}'], "a")
    line = document.to_line()
    assert line.count(b"\n") == 1
    assert json.loads(line)["result"]["extraction"]["pairs"][0]["values"] == ["\ud800\u2028"]
