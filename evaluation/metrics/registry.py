"""The names that figures, thresholds and comparisons go by."""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan

from evaluation.metrics.document import DocumentScores, FormScores
from evaluation.metrics.pairs import PairCounts
from evaluation.metrics.ratio import Ratio
from schemas.errors import UsageError


@dataclass(frozen=True)
class Metric:
    """A figure that is a ratio of two sums over documents; a mean is one whose denominators are 1."""

    definition: str
    """One line, without a point."""
    of: Callable[[DocumentScores], Ratio | None]
    """One document's share of both sums; None where the metric doesn't apply to it."""
    higher_is_better: bool = True
    of_nothing: float = nan
    """The figure where there is nothing to divide by; NaN where there is none."""


def find_metric(name: str) -> Metric:
    """Look a metric up.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in METRICS:
        raise UsageError(f"expected a metric, got '{name}'; use one of {', '.join(METRICS)}")
    return METRICS[name]


def _of_form(part: Callable[[FormScores], Ratio]) -> Callable[[DocumentScores], Ratio | None]:
    return lambda scores: part(scores.form) if scores.form else None


def _f1(counts: PairCounts) -> Ratio:
    return Ratio(2 * counts.matched, counts.predicted + counts.expected)


def _mean(value: float | None) -> Ratio | None:
    return None if value is None else Ratio(value, 1)


def _right_fields(scores: DocumentScores) -> Ratio | None:
    return None if scores.fields is None else Ratio(sum(scores.fields.values()), len(scores.fields))


METRICS = {
    "pair_f1": Metric(
        "F1 of pairs whose normalised key and value equal, one to one",
        _of_form(lambda form: _f1(form.exact)),
        of_nothing=1,
    ),
    "pair_precision": Metric(
        "share of predicted pairs that are right, as for pair_f1",
        _of_form(lambda form: Ratio(form.exact.matched, form.exact.predicted)),
    ),
    "pair_recall": Metric(
        "share of expected pairs that were found, as for pair_f1",
        _of_form(lambda form: Ratio(form.exact.matched, form.exact.expected)),
    ),
    "pair_f1_raw": Metric(
        "F1 of pairs whose key and value equal as they are", _of_form(lambda form: _f1(form.raw)), of_nothing=1
    ),
    "pair_f1_fuzzy": Metric(
        "F1 of pairs whose normalised key and value are each at least 0.8 similar",
        _of_form(lambda form: _f1(form.fuzzy)),
        of_nothing=1,
    ),
    "key_f1": Metric("F1 of normalised keys, whatever the value", _of_form(lambda form: _f1(form.keys)), of_nothing=1),
    "value_given_key": Metric(
        "share of pairs with a right key whose value is right too",
        _of_form(lambda form: Ratio(form.exact.matched, form.keys.matched)),
    ),
    "key_value_accuracy": Metric(
        "MLflow's article: share of expected values exactly equal under the same cleaned key, mean over documents",
        _of_form(lambda form: Ratio(form.key_value_accuracy, 1)),
    ),
    "one_minus_ned": Metric(
        "1 - normalised edit distance of key and value together, as for GPT-4V",
        _of_form(lambda form: form.one_minus_ned),
        of_nothing=1,
    ),
    "anls_star": Metric(
        "ANLS* of the extraction, of a form by cleaned key, mean over documents",
        lambda scores: Ratio(scores.anls_star, 1),
    ),
    "field_accuracy": Metric("share of expected fields whose value is right", _right_fields),
    "schema_valid_rate": Metric(
        "share of documents that ended with a valid extraction", lambda scores: Ratio(scores.status == "valid", 1)
    ),
    "failed_rate": Metric(
        "share of documents without a result",
        lambda scores: Ratio(scores.status == "failed", 1),
        higher_is_better=False,
    ),
    "grounded_rate": Metric("share of values that stand on the page", lambda scores: scores.grounded),
    "invented_rate": Metric(
        "share of predicted pairs that the gold knows nothing of; of named fields, of empty places given a value",
        lambda scores: scores.invented,
        higher_is_better=False,
    ),
    "attempts": Metric(
        "chat-model requests a document", lambda scores: Ratio(scores.attempts, 1), higher_is_better=False
    ),
    "tokens": Metric("tokens a document", lambda scores: Ratio(scores.tokens, 1), higher_is_better=False),
    "cost_usd": Metric(
        "US dollars a document whose price is known", lambda scores: _mean(scores.cost_usd), higher_is_better=False
    ),
    "latency_s": Metric("seconds a document", lambda scores: _mean(scores.latency_s), higher_is_better=False),
}
"""By name, the headline first."""
