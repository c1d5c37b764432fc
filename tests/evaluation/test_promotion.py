"""Whether a version may take over, from evaluations as they are kept in MLflow."""

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from evaluation.metrics.document import DocumentScores, score_document
from evaluation.promotion import check_promotion, find_evaluations, judge, load_scores
from graph.settings import get_settings
from prompts.connection import connect
from schemas.errors import UsageError

URI = get_settings().tracking_uri
PAIRS = [{"key": f"Question {number}", "values": [f"answer {number}"]} for number in range(4)]
_numbers = count()

Log = Callable[..., str]


def _form(document: str, right: int) -> DocumentScores:
    result = {
        "extraction": {"pairs": PAIRS[:right]}, "fields": [], "status": "valid", "attempts": 1,
        "usage": {"total_tokens": 0, "cost_usd": 0.0},
    }  # fmt: skip
    return score_document(document, {"pairs": PAIRS}, result)  # type: ignore[arg-type]


def _forms(*right: int) -> list[DocumentScores]:
    """One form with four pairs for each number of pairs that were found in it."""
    return [_form(f"{index}.png", number) for index, number in enumerate(right)]


def _receipts(*right: bool) -> list[DocumentScores]:
    expected = {"total": 8.0}
    extractions = [expected if is_right else {"total": 9.0} for is_right in right]
    return [
        score_document(
            str(index), expected,
            {"extraction": extraction, "fields": [], "status": "valid", "attempts": 1,
             "usage": {"total_tokens": 0, "cost_usd": 0.0}},  # type: ignore[typeddict-item]
        )
        for index, extraction in enumerate(extractions)
    ]  # fmt: skip


@pytest.fixture
def names() -> tuple[str, str]:
    """Candidate and production: two versions of a prompt that no other test evaluates."""
    name = f"judged-{next(_numbers)}"
    return f"prompts:/{name}/2", f"prompts:/{name}/3"


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """Keep scores as `optophone evaluate` does: tags and per_document.jsonl; gives the run's id."""
    connect(URI)
    client = MlflowClient()
    experiment = mlflow.get_experiment_by_name("evaluations")
    experiment_id = (
        experiment.experiment_id if experiment else client.create_experiment("evaluations", tmp_path.as_uri())
    )

    def keep(prompt: str, scores: Sequence[DocumentScores], status: str = "FINISHED", **tags: str) -> str:
        told = {"kind": "evaluation", "dataset": "funsd 0123", "schema": "form", "chat_model": "openai:gpt-4o-mini"}
        told |= {"extract_prompt": prompt, "refine_prompt": "prompts:/optophone-refine/1", **tags}
        run = client.create_run(experiment_id, tags={f"optophone.{tag}": value for tag, value in told.items()})
        lines = "".join(f"{one.model_dump_json()}\n" for one in scores)
        client.log_text(run.info.run_id, lines, "per_document.jsonl")
        client.set_terminated(run.info.run_id, status)
        return str(run.info.run_id)

    return keep


def test_significantly_worse_is_refused_with_the_figures() -> None:
    """Every form lost a pair of four: F1 2·3/(3+4) = 6/7 against 1."""
    verdict = judge(_forms(*[3] * 20), _forms(*[4] * 20))
    assert not verdict.is_allowed
    assert verdict.reason == (
        "its pair_f1 is 0.857 against 1.000 in production on 20 documents, "
        "a difference of -0.143 [-0.143, -0.143] that is significant"
    )


def test_no_worse_is_allowed() -> None:
    """Better, equal, and worse by what chance explains."""
    assert judge(_forms(*[4] * 20), _forms(*[3] * 20)).is_allowed
    assert judge(_forms(*[3] * 20), _forms(*[3] * 20)).is_allowed
    by_chance = judge(_forms(*[4, 3] * 10, 3), _forms(*[3, 4] * 10, 4))
    assert by_chance.is_allowed
    assert "-0.007" in by_chance.reason
    assert "not significant" in by_chance.reason


def test_named_fields_are_judged_by_the_share_that_is_right() -> None:
    """pair_f1 does not apply to a receipt."""
    verdict = judge(_receipts(*[False] * 20), _receipts(*[True] * 20))
    assert not verdict.is_allowed
    assert verdict.reason.startswith("its field_accuracy is 0.000 against 1.000 in production on 20 documents")


def test_version_without_an_evaluation_is_refused(names: tuple[str, str], log: Log) -> None:
    """One that failed, and one of something else, are none."""
    candidate, production = names
    log(production, _forms(4))
    log(candidate, _forms(4), status="FAILED")
    log(candidate, _forms(4), kind="training")
    with pytest.raises(
        UsageError, match=f"{candidate} is not promoted: it has no evaluation; run `optophone evaluate`"
    ):
        check_promotion(candidate, production, URI)


@pytest.mark.parametrize(
    "tags",
    [{"dataset": "funsd 4567"}, {"schema": "receipt"}, {"chat_model": "local"}, {"refine_prompt": "prompts:/other/1"}],
)
def test_only_runs_under_the_same_conditions_are_compared(
    names: tuple[str, str], log: Log, tags: dict[str, str]
) -> None:
    """Another data set, schema, chat model or refine prompt says nothing about this prompt."""
    candidate, production = names
    log(candidate, _forms(4))
    log(production, _forms(3), **tags)
    with pytest.raises(UsageError, match=f"{production}, which is in production, has no evaluation with the same"):
        check_promotion(candidate, production, URI)


def test_newest_evaluation_counts(names: tuple[str, str], log: Log) -> None:
    """A version is what it measures today; the run is named for the record."""
    candidate, production = names
    log(production, _forms(*[3] * 6))
    old = log(candidate, _forms(*[1] * 6))
    with pytest.raises(UsageError, match=r"its pair_f1 is 0\.400 against 0\.857 in production on 6 documents"):
        check_promotion(candidate, production, URI)
    new = log(candidate, _forms(*[4] * 6))
    evaluation, verdict = check_promotion(candidate, production, URI)
    assert [run.run_id for run in find_evaluations(candidate, URI)] == [new, old]
    assert evaluation.run_id == new
    assert verdict.startswith("its pair_f1 is 1.000 against 0.857")
    with pytest.raises(UsageError, match=r"0\.400"):
        check_promotion(candidate, production, URI, run_id=old)


def test_data_set_can_be_chosen_and_unknown_ones_list_the_known(names: tuple[str, str], log: Log) -> None:
    """By its kind alone, or with its digest."""
    candidate, production = names
    for prompt, right in ((candidate, 4), (production, 3)):
        log(prompt, _forms(*[right] * 5), dataset="funsd 0123")
        newer = log(prompt, _forms(*[4] * 6), dataset="sroie 89ab")
    assert check_promotion(candidate, production, URI, dataset="funsd")[0].dataset == "funsd 0123"
    assert check_promotion(candidate, production, URI)[0].dataset == "sroie 89ab"
    for wrong in ({"dataset": "cord"}, {"run_id": newer}):
        with pytest.raises(UsageError, match=r"no such evaluation; its evaluations are \w+ on sroie 89ab, \w+ on fun"):
            check_promotion(candidate, production, URI, **wrong)


def test_refine_prompt_is_judged_by_its_own_evaluations(log: Log) -> None:
    """There the extract prompt is what must be the same."""
    log("prompts:/judged-extract/3", _forms(*[3] * 6), refine_prompt="prompts:/optophone-refine/1")
    log("prompts:/judged-extract/2", _forms(*[4] * 6), refine_prompt="prompts:/optophone-refine/7")
    with pytest.raises(UsageError, match="has no evaluation with the same"):
        check_promotion("prompts:/optophone-refine/7", "prompts:/optophone-refine/1", URI)
    run_id = log("prompts:/judged-extract/3", _forms(*[4] * 6), refine_prompt="prompts:/optophone-refine/7")
    evaluation, _ = check_promotion("prompts:/optophone-refine/7", "prompts:/optophone-refine/1", URI)
    assert evaluation.run_id == run_id


def test_first_of_its_name_needs_an_evaluation_only(names: tuple[str, str], log: Log) -> None:
    """There is nothing that it could be worse than."""
    candidate, _ = names
    run_id = log(candidate, _forms(0))
    assert check_promotion(candidate, None, URI)[0].run_id == run_id


def test_different_documents_are_told(names: tuple[str, str], log: Log) -> None:
    """Runs that broke off cannot be compared document by document."""
    candidate, production = names
    log(candidate, _forms(4, 4))
    log(production, _forms(4, 4, 4))
    with pytest.raises(UsageError, match="two runs on the same documents"):
        check_promotion(candidate, production, URI)


def test_scores_are_found_beside_the_result_that_they_judge(names: tuple[str, str], log: Log) -> None:
    """A line may hold the whole document's record."""
    scores = _forms(4, 3)
    run_id = log(names[0], [])
    lines = "".join(f'{{"scores": {one.model_dump_json()}, "trace_id": null}}\n' for one in scores)
    MlflowClient().log_text(run_id, lines, "per_document.jsonl")
    assert load_scores(run_id) == scores
