"""Whether a prompt version may take over: it was evaluated, and is not worse than the one in production."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from evaluation.metrics.comparison import paired_difference
from evaluation.metrics.document import DocumentScores
from prompts.connection import connect
from prompts.names import REFINE, parse_name
from schemas.errors import UsageError

_EXTRACT_TAG, _REFINE_TAG = "optophone.extract_prompt", "optophone.refine_prompt"
_DATASET_TAG = "optophone.dataset"
_CONDITIONS = (_DATASET_TAG, "optophone.schema", "optophone.chat_model", _EXTRACT_TAG, _REFINE_TAG)
"""What two runs must share but for the prompt that sets them apart."""
_SCORES = "per_document.jsonl"


class Verdict(NamedTuple):
    """Whether a version may take over, and why, as a clause with the figures."""

    is_allowed: bool
    reason: str


class Evaluation(NamedTuple):
    """A finished evaluation of one prompt version."""

    run_id: str
    dataset: str
    conditions: tuple[str | None, ...]
    """Under which it ran, the prompt itself left out; only runs of equal conditions are compared."""


def judge(candidate: Sequence[DocumentScores], production: Sequence[DocumentScores]) -> Verdict:
    """Compare two runs on the same documents; refuse what is significantly worse (95 %, paired bootstrap).

    The metric is `pair_f1` for forms and `field_accuracy` for schemas with named fields.

    Raises:
        UsageError: the runs are not of the same documents, or of none.
    """
    metric = "pair_f1" if any(scores.form for scores in candidate) else "field_accuracy"
    found = paired_difference(production, candidate, metric)
    is_worse = found.is_significant and not found.is_better
    reason = (
        f"its {metric} is {found.second:.3f} against {found.first:.3f} in production on {found.documents} documents, "
        f"a difference of {found} that is {'' if found.is_significant else 'not '}significant"
    )
    return Verdict(not is_worse, reason)


def check_promotion(
    candidate: str, production: str | None, tracking_uri: str, *, dataset: str | None = None, run_id: str | None = None
) -> tuple[Evaluation, str]:
    """Find the evaluation that speaks for a version: its newest with a counterpart of the one in production.

    Args:
        candidate: the version, as prompts:/name/2.
        production: the version to be replaced; None where there is none, and any evaluation will do.
        tracking_uri: MLflow's store.
        dataset: accept evaluations on this data set only: what their tag says, or its beginning, such as "funsd".
        run_id: accept this evaluation of the candidate only.

    Returns:
        The evaluation, and what it says.

    Raises:
        UsageError: there is none, nothing to compare it with, or it is significantly worse.
    """
    own = _wanted(find_evaluations(candidate, tracking_uri), candidate, dataset, run_id)
    if production is None:
        return own[0], "nothing was in production before"
    others = find_evaluations(production, tracking_uri)
    pair = next(((a, b) for a in own for b in others if a.conditions == b.conditions), None)
    if pair is None:
        raise UsageError(
            f"{candidate} is not promoted: {production}, which is in production, has no evaluation with the same chat "
            f"model and schema on {own[0].dataset}; evaluate it there too, or promote with --force"
        )
    verdict = judge(*(load_scores(run.run_id) for run in pair))
    if not verdict.is_allowed:
        raise UsageError(f"{candidate} is not promoted: {verdict.reason}; improve it, or promote with --force")
    return pair[0], verdict.reason


def find_evaluations(prompt: str, tracking_uri: str) -> list[Evaluation]:
    """Return the finished evaluations of a prompt version (prompts:/name/2), newest first."""
    connect(tracking_uri)
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    client = MlflowClient()
    tag = _REFINE_TAG if parse_name(prompt).name == REFINE else _EXTRACT_TAG
    runs = client.search_runs(
        [experiment.experiment_id for experiment in client.search_experiments()],
        f"tags.`optophone.kind` = 'evaluation' AND tags.`{tag}` = '{prompt}' AND attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
    )
    return [_evaluation(run, tag) for run in runs]


def load_scores(run_id: str) -> list[DocumentScores]:
    """Load what an evaluation measured on each document."""
    import mlflow.artifacts  # noqa: PLC0415 - takes seconds

    # Not splitlines(): JSON leaves some line separators of Unicode as they are.
    records = [json.loads(line) for line in mlflow.artifacts.load_text(f"runs:/{run_id}/{_SCORES}").split("\n") if line]
    # A line is the scores, or holds them beside the result that they judge.
    return [DocumentScores.model_validate(record.get("scores", record)) for record in records]


def _wanted(runs: Sequence[Evaluation], candidate: str, dataset: str | None, run_id: str | None) -> list[Evaluation]:
    if not runs:
        raise UsageError(
            f"{candidate} is not promoted: it has no evaluation; run `optophone evaluate` with it, "
            "or promote with --force"
        )
    wanted = [run for run in runs if run_id in (None, run.run_id) and run.dataset.startswith(dataset or "")]
    if not wanted:
        known = ", ".join(f"{run.run_id} on {run.dataset}" for run in runs)
        raise UsageError(f"{candidate} is not promoted: it has no such evaluation; its evaluations are {known}")
    return wanted


def _evaluation(run: Any, prompt_tag: str) -> Evaluation:
    conditions = tuple(run.data.tags.get(tag) for tag in _CONDITIONS if tag != prompt_tag)
    return Evaluation(run.info.run_id, run.data.tags.get(_DATASET_TAG, ""), conditions)
