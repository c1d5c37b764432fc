"""Systems side by side on the same documents: what sets each pair apart, and on which documents they disagree."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from evaluation.document import DocumentResult
from evaluation.experiment import Experiment
from evaluation.grid import System
from evaluation.metrics import (
    METRICS,
    Difference,
    DocumentScores,
    Figure,
    extraction_to_pairs,
    field_scores,
    is_form_gold,
    normalise,
    paired_difference,
)
from schemas.errors import UsageError

ALL_PAIRS_UP_TO = 6
"""So many systems make 15 pairs; more are each compared with the first, or the table is longer than anyone reads."""
TAKEN = ("cost_usd", "latency_s")
"""Compared beside the quality, whatever was asked for."""


class Evaluated(NamedTuple):
    """A system and what it came to."""

    system: System
    experiment: Experiment
    run_id: str | None


class SystemFigures(BaseModel):
    """One row of the table."""

    model_config = ConfigDict(frozen=True)

    letter: str
    chat_model: str
    prompt: str
    run_id: str | None
    """Of its evaluation in MLflow."""
    unanswered: int
    """Documents without any extraction; they count as empty."""
    figures: dict[str, Figure]


class Disagreement(BaseModel):
    """How often two systems gave different answers, and who was better where they did, by the headline metric."""

    model_config = ConfigDict(frozen=True)

    documents: int
    first_better: int
    second_better: int


class Contrast(BaseModel):
    """What sets two systems apart."""

    model_config = ConfigDict(frozen=True)

    first: str
    second: str
    differences: dict[str, Difference]
    """By metric, second - first; without those that have no value in both."""
    disagreement: Disagreement


class Comparison(BaseModel):
    """The whole of it; `comparison.json`."""

    model_config = ConfigDict(frozen=True)

    dataset: str
    documents: int
    seed: int
    metrics: list[str]
    """What is compared, the headline first."""
    systems: list[SystemFigures]
    contrasts: list[Contrast]

    @property
    def headline(self) -> str:
        """The metric that says who is better."""
        return self.metrics[0]


def compare(evaluated: Sequence[Evaluated], dataset: str, metrics: Sequence[str]) -> Comparison:
    """Compare systems that read the same documents: each pair of few, each with the first of many.

    Args:
        evaluated: at least two.
        dataset: its name.
        metrics: of METRICS, to compare beside the headline, cost and latency.
    """
    first = evaluated[0].experiment
    names = list(dict.fromkeys([first.headline, *metrics, *TAKEN]))
    pairs = combinations(evaluated, 2) if len(evaluated) <= ALL_PAIRS_UP_TO else product(evaluated[:1], evaluated[1:])
    return Comparison(
        dataset=dataset,
        documents=len(first.documents),
        seed=first.seed,
        metrics=names,
        systems=[_figures(one) for one in evaluated],
        contrasts=[_contrast(one, other, names) for one, other in pairs],
    )


def are_alike(expected: Mapping[str, Any], one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Tell whether two extractions say the same, as the headline metric reads them.

    Pairs of a form by their normalised text, in any order; named fields by their values, those too that the gold
    doesn't know. No answer at all is like no other answer.
    """
    if one is None or other is None:
        return one is other
    if is_form_gold(expected):
        return _pairs(one) == _pairs(other)
    return all(field_scores(one, other).values()) and all(field_scores(other, one).values())


def _figures(evaluated: Evaluated) -> SystemFigures:
    system, experiment, run_id = evaluated
    return SystemFigures(
        letter=system.letter,
        chat_model=system.chat_model,
        prompt=system.prompt,
        run_id=run_id,
        unanswered=sum(_extraction(document) is None for document in experiment.documents),
        figures=experiment.summary.figures,
    )


def _contrast(first: Evaluated, second: Evaluated, metrics: Sequence[str]) -> Contrast:
    differences = {name: _difference(first.experiment, second.experiment, name) for name in metrics}
    return Contrast(
        first=first.system.letter,
        second=second.system.letter,
        differences={name: difference for name, difference in differences.items() if difference},
        disagreement=_disagreement(first.experiment, second.experiment, metrics[0]),
    )


def _difference(first: Experiment, second: Experiment, metric: str) -> Difference | None:
    """Return None where the metric has no value in both, such as a cost whose price is unknown."""
    try:
        return paired_difference(first.scores, second.scores, metric, seed=first.seed)
    except UsageError:
        return None


def _disagreement(first: Experiment, second: Experiment, metric: str) -> Disagreement:
    both = list(zip(first.documents, second.documents, strict=True))
    apart = [(one, other) for one, other in both if not are_alike(one.expected, _extraction(one), _extraction(other))]
    gains = [_own(other.scores, metric) - _own(one.scores, metric) for one, other in apart]
    return Disagreement(
        documents=len(apart),
        first_better=sum(gain < 0 for gain in gains),
        second_better=sum(gain > 0 for gain in gains),
    )


def _own(scores: DocumentScores, metric: str) -> float:
    """Return a document's own figure; of nothing to read and nothing read, the metric's."""
    ratio = METRICS[metric].of(scores)
    value = ratio.value if ratio else None
    return METRICS[metric].of_nothing if value is None else value


def _extraction(document: DocumentResult) -> dict[str, Any] | None:
    return document.result["extraction"] if document.result else None


def _pairs(extraction: Mapping[str, Any]) -> Counter[tuple[str, str]]:
    return Counter((normalise(key), normalise(value)) for key, value in extraction_to_pairs(extraction))
