"""Which evaluation speaks for a system."""

from itertools import count
from pathlib import Path

import pytest

from evaluation.datasets.load import load_dataset
from evaluation.evidence import Evidence, find_evidence
from evaluation.system import pin
from evaluation.tracking import evaluation_run
from graph.context import Context
from graph.settings import get_settings

_numbers = count()
FIGURES = [("pair_f1", 0.5, 1), ("pair_f1.low", 0.4, 1), ("pair_f1.high", 0.625, 1)]


@pytest.fixture
def context() -> Context:
    """A system that no other test evaluates."""
    rules = f"Rules of test {next(_numbers)}."
    return pin(Context(chat_model="local", additional_rules=rules), get_settings())


def _evaluate(context: Context, root: Path) -> str:
    dataset = load_dataset(f"folder:{root / 'examples'}", get_settings().tracking_uri)
    with evaluation_run(dataset, context, get_settings()) as run:
        assert run is not None
        run.log([], FIGURES)
    return run.run_id


def test_newest_evaluation_of_the_same_system_is_found(context: Context, root: Path) -> None:
    """With its data set and its headline."""
    assert find_evidence(context, get_settings()) is None
    _evaluate(context, root)
    newest = _evaluate(context, root)
    found = find_evidence(context, get_settings())
    assert found is not None
    assert found == Evidence(newest, found.dataset, "pair_f1 0.500 (0.400 to 0.625)")
    assert found.dataset.startswith("folder ")


@pytest.mark.parametrize(
    "other", [{"max_attempts": 1}, {"target_schema": "receipt"}, {"extract_prompt": "prompts:/optophone-extract/1"}]
)
def test_another_system_is_no_evidence(context: Context, root: Path, other: dict[str, str]) -> None:
    """One choice apart is another system."""
    _evaluate(context, root)
    changed = Context(**{**context.model_dump(), **other})
    assert find_evidence(changed, get_settings()) is None


def test_evaluation_that_did_not_finish_is_no_evidence(context: Context, root: Path) -> None:
    """Figures of a part of the documents would be no figures."""
    dataset = load_dataset(f"folder:{root / 'examples'}", get_settings().tracking_uri)
    with pytest.raises(RuntimeError), evaluation_run(dataset, context, get_settings()):
        raise RuntimeError("stopped")
    assert find_evidence(context, get_settings()) is None
