"""The metrics for `mlflow.genai.evaluate`, and the graph as its `predict_fn`.

    mlflow.genai.evaluate(data=to_rows(samples), predict_fn=make_predict(context), scorers=[extraction_scores])

`optophone evaluate` gives the same scores and more (intervals, micro averages, attempts) at a fraction of the time:
docs/decisions/0010-evaluation-loop.md. MLflow's own averages are over documents (macro).
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

from mlflow.entities import Feedback
from mlflow.genai.scorers import scorer

from evaluation.datasets.sample import Sample
from evaluation.differences import explain, side_by_side
from evaluation.metrics import score_document
from evaluation.spans import own_figures
from graph.app import graph
from graph.context import Context
from graph.state import OutputState
from graph.tracing.tags import EVALUATION, KIND_TAG
from graph.tracing.tracers import tagged_traces


def to_rows(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Return the samples as MLflow's rows: `inputs` for `make_predict`, and what is expected of them."""
    return [
        {"inputs": {"document": sample.document}, "expectations": {"expected": dict(sample.expected)}}
        for sample in samples
    ]


def make_predict(context: Context) -> Callable[[str], OutputState]:
    """Return the graph with its context, for `predict_fn`.

    It is synchronous: MLflow runs each call of an asynchronous one in an event loop of its own, which providers'
    clients don't survive.
    """

    def predict(document: str) -> OutputState:
        with tagged_traces({KIND_TAG: EVALUATION}):
            return cast("OutputState", graph.invoke({"document": document}, context=context))

    return predict


@scorer(name="extraction_scores")
def extraction_scores(
    inputs: dict[str, Any], outputs: OutputState | None, expectations: dict[str, Any]
) -> list[Feedback]:
    """Score one document by each metric that applies.

    Without outputs (the run failed) as an empty answer: MLflow leaves what has no score out of the mean.
    """
    expected = expectations["expected"]
    scores = score_document(str(inputs["document"]), expected, outputs)
    said = explain(side_by_side(expected, outputs["extraction"] if outputs else None))
    return [Feedback(name=name, value=value, rationale=said) for name, value in own_figures(scores).items()]
