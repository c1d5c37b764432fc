"""The metrics inside `mlflow.genai.evaluate`, with the graph as `predict_fn`."""

import json
from collections.abc import Callable
from typing import Any

import mlflow
import pytest
from pdfs import text_pdf

from evaluation.datasets.sample import Sample
from evaluation.scorers import extraction_scores, make_predict, to_rows
from graph.context import Context

GOLD = {"pairs": [{"key": "Name", "values": ["Ada"]}, {"key": "City", "values": ["London"]}]}


def test_mlflow_evaluates_the_graph(
    script: Callable[..., tuple[str, Any]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One trace a document with the graph's spans, each score on it, and the mean over documents."""
    monkeypatch.setenv("MLFLOW_GENAI_EVAL_SKIP_TRACE_VALIDATION", "true")
    monkeypatch.setenv("MLFLOW_GENAI_EVAL_MAX_WORKERS", "1")
    answers = [json.dumps({"pairs": GOLD["pairs"][:count]}) for count in (1, 2)]
    name, _ = script(*answers)
    samples = [Sample(text_pdf(f"Name Ada {number}"), GOLD) for number in range(2)]
    result = mlflow.genai.evaluate(
        data=to_rows(samples), predict_fn=make_predict(Context(chat_model=name)), scorers=[extraction_scores]
    )
    assert result.metrics["pair_recall/mean"] == pytest.approx(0.75, abs=1e-9)
    assert result.metrics["pair_f1/mean"] == pytest.approx((2 / 3 + 1) / 2, abs=1e-9)
    (first, _) = mlflow.search_traces(run_id=result.run_id, return_type="list")
    assert {"optophone", "preprocess", "extract", "validate"} <= {span.name for span in first.data.spans}


def test_document_that_failed_is_scored_as_empty() -> None:
    """MLflow would leave out what has no score, and the mean would look better for it."""
    feedbacks = extraction_scores.run(inputs={"document": "a"}, outputs=None, expectations={"expected": GOLD})
    scores = {one.name: one.value for one in feedbacks}
    assert (scores["pair_f1"], scores["pair_recall"]) == (0, 0)
    assert feedbacks[0].rationale == "missing  Name: Ada\nmissing  City: London"
