"""Figures over documents, their intervals, and what sets two systems apart."""

import random
import resource
from typing import Any

import numpy as np
import pytest
from scipy import stats

from evaluation.datasets.funsd import load_funsd
from evaluation.metrics import METRICS, DocumentScores, Ratio, Summary, paired_difference, score_document, summarise
from schemas.errors import UsageError


def score(
    name: str, expected: dict[str, Any], extraction: dict[str, Any] | None, cost_usd: float | None = None
) -> DocumentScores:
    usage = {"total_tokens": 100, "cost_usd": cost_usd}
    result = {"extraction": extraction, "fields": [], "status": "valid", "attempts": 1, "usage": usage}
    return score_document(name, expected, result, latency_s=1.0)  # type: ignore[arg-type]


def make_form(pairs: int, first: int = 0) -> dict[str, Any]:
    return {"pairs": [{"key": f"question {n}", "values": [f"answer {n}"]} for n in range(first, first + pairs)]}


def system(drop: float, documents: int = 40, seed: int = 0) -> list[DocumentScores]:
    """Read forms of 5 to 30 pairs, each pair wrong with a chance of 0.3, then drop some."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    scores = []
    for number in range(documents):
        gold = make_form(chance.randint(5, 30))
        found = []
        for pair in gold["pairs"]:
            is_wrong, is_dropped = chance.random() < 0.3, chance.random() < drop
            if not is_dropped:
                found.append({"key": pair["key"], "values": ["wrong"] if is_wrong else pair["values"]})
        scores.append(score(f"{number}.png", gold, {"pairs": found}))
    return scores


def test_micro_and_macro_worked_by_hand():
    """3 of 3 and 0 of 1 pairs: 2 * 3 / (3 + 4) pooled, 0.5 by document; the failed one counts in both."""
    summary = summarise([score("a", make_form(3), make_form(3)), score_document("b", make_form(1), None)])
    figure = summary.figure("pair_f1")
    assert figure.value == pytest.approx(6 / 7)
    assert (figure.macro, figure.p90, figure.documents) == (0.5, 1.0, 2)
    assert summary.figure("pair_recall").value == 0.75
    assert summary.figure("pair_precision").value == 1.0
    assert summary.figure("schema_valid_rate").value == summary.figure("failed_rate").value == 0.5
    assert (summary.documents, summary.statuses) == (2, {"valid": 1, "failed": 1})


def test_identical_system_has_perfect_figures():
    """Every share is 1, with an interval of no width."""
    summary = summarise([score(str(number), make_form(number), make_form(number)) for number in range(1, 6)])
    for name in ("pair_f1", "pair_f1_raw", "pair_f1_fuzzy", "key_f1", "value_given_key", "one_minus_ned", "anls_star"):
        figure = summary.figure(name)
        assert (figure.value, figure.low, figure.high, figure.macro) == (1.0, 1.0, 1.0, 1.0), name
    assert summary.figure("invented_rate").value == 0.0


def test_disjoint_system_has_none():
    """Every share is 0, and everything is invented."""
    summary = summarise([score("a", make_form(3), {"pairs": [{"key": "xxx", "values": ["yyy"]}]})])
    for name in ("pair_f1", "pair_precision", "pair_recall", "key_f1", "key_value_accuracy", "anls_star"):
        assert summary.figure(name).value == 0.0, name
    assert summary.figure("invented_rate").value == 1.0


def test_nothing_of_nothing():
    """Empty forms read as empty: F1 is 1, and shares of nothing are left out."""
    summary = summarise([score("a", make_form(0), make_form(0))])
    assert summary.figure("pair_f1").value == 1.0
    assert (
        not {"pair_precision", "value_given_key", "invented_rate", "grounded_rate", "cost_usd"} & summary.figures.keys()
    )


def test_fields_add_up_by_name():
    """Items of lists are one field, whatever their place."""
    gold = {"total": 1.0, "items": [{"price": 1.0}, {"price": 2.0}]}
    summary = summarise([score("a", gold, gold), score("b", gold, {"total": 2.0, "items": [{"price": 1.0}]})])
    assert summary.fields == {"/total": Ratio(1, 2), "/items/*/price": Ratio(3, 4)}
    assert summary.figure("field_accuracy").value == pytest.approx(4 / 6)
    assert "pair_f1" not in summary.figures


def test_unknown_costs_are_left_out_of_the_mean():
    """A document without a price is no document for nothing."""
    figure = summarise([score("a", make_form(1), None, 0.5), score("b", make_form(1), None)]).figure("cost_usd")
    assert (figure.value, figure.documents) == (0.5, 1)


def test_interval_is_scipys():
    """The same percentile interval of a ratio of sums, but for the noise of resampling."""
    scores = system(0.2)
    counts = np.array([(one.form.exact.matched, one.form.exact.predicted, one.form.exact.expected) for one in scores])

    def f1(matched: Any, predicted: Any, expected: Any, axis: int) -> Any:
        return 2 * matched.sum(axis) / (predicted.sum(axis) + expected.sum(axis))

    theirs = stats.bootstrap(
        tuple(counts.T), f1, paired=True, vectorized=True, n_resamples=2000, method="percentile", rng=1
    ).confidence_interval
    figure = summarise(scores).figure("pair_f1")
    assert figure.low < figure.value < figure.high
    assert (figure.low, figure.high) == pytest.approx(tuple(theirs), abs=0.005)


def test_seed_decides_the_interval():
    """The same seed gives the same summary; another one moves the interval and no figure."""
    scores = system(0.2)
    first, same, other = summarise(scores), summarise(scores), summarise(scores, seed=1)
    assert first == same
    assert first.figure("pair_f1").value == other.figure("pair_f1").value
    assert first.figure("pair_f1").low != other.figure("pair_f1").low


def test_summary_survives_json():
    """No figure is NaN."""
    summary = summarise(system(0.2))
    assert Summary.model_validate_json(summary.model_dump_json()) == summary


@pytest.mark.parametrize("metric", ["pair_f1", "key_value_accuracy", "one_minus_ned", "anls_star"])
def test_system_does_not_differ_from_itself(metric):
    """The difference is 0 on every resample."""
    scores = system(0.2)
    difference = paired_difference(scores, scores[::-1], metric)
    assert (difference.difference, difference.low, difference.high) == (0, 0, 0)
    assert not difference.is_significant
    assert not difference.is_better


def test_dropped_pairs_are_significantly_worse():
    """A fifth fewer pairs is found on 40 documents, in either order; the interval holds the difference."""
    full, dropped = system(0), system(0.2)
    worse, better = paired_difference(full, dropped, "pair_recall"), paired_difference(dropped, full, "pair_recall")
    assert worse.is_significant
    assert not worse.is_better
    assert better.is_better
    assert worse.low < worse.difference < worse.high < 0 < better.low
    assert worse.difference == pytest.approx(-0.2 * worse.first, abs=0.04)
    assert str(worse) == f"{worse.difference:+.3f} [{worse.low:+.3f}, {worse.high:+.3f}]"


def test_more_inventions_are_no_improvement():
    """A metric whose good direction is down."""
    found = [make_form(4) for _ in range(20)]
    clean = [score(str(n), make_form(4), one) for n, one in enumerate(found)]
    invented = {"key": "zzz", "values": ["yyy"]}
    noisy = [score(str(n), make_form(4), {"pairs": [*one["pairs"], invented]}) for n, one in enumerate(found)]
    assert paired_difference(clean, noisy, "invented_rate").difference == pytest.approx(0.2)
    assert not paired_difference(clean, noisy, "invented_rate").is_better
    assert paired_difference(noisy, clean, "invented_rate").is_better


def test_pairing_is_narrower_than_two_intervals():
    """Documents that are hard for both systems don't blur their difference."""
    full, dropped = system(0), system(0.05)
    figures = [summarise(scores).figure("pair_f1") for scores in (full, dropped)]
    apart = sum((figure.high - figure.low) / 2 for figure in figures)
    paired = paired_difference(full, dropped, "pair_f1")
    assert (paired.high - paired.low) / 2 < apart


@pytest.mark.parametrize("change", [lambda scores: scores[1:], lambda scores: [*scores[1:], scores[1]]])
def test_different_documents_are_refused(change):
    """A comparison needs the same documents, each once."""
    scores = system(0, documents=3)
    with pytest.raises(
        UsageError, match=r"same documents, each once, got 3 and \d documents, 1 of them in one run only"
    ):
        paired_difference(scores, change(scores), "pair_f1")


def test_metric_that_was_not_measured_is_refused():
    """A threshold on it must not pass in silence."""
    scores = system(0, documents=3)
    with pytest.raises(
        UsageError, match="expected a metric that was measured, got 'field_accuracy'; use one of pair_f1"
    ):
        summarise(scores).figure("field_accuracy")
    with pytest.raises(UsageError, match="expected documents with a field_accuracy in both runs"):
        paired_difference(scores, scores, "field_accuracy")


def test_comparison_of_what_neither_measured_is_refused():
    """Receipts have no pairs, and two empty runs no documents."""
    receipt = [score("a", {"total": 1.0}, {"total": 1.0})]
    for runs in ((receipt, receipt), ([], [])):
        with pytest.raises(UsageError, match="expected documents with a pair_f1 in both runs"):
            paired_difference(*runs, "pair_f1")


def test_gold_of_funsd_against_itself(shared_data):
    """The ceiling of pair F1: answers of symbols alone match nothing; raw texts do."""
    samples, _ = load_funsd(shared_data / "funsd/training_data")
    summary = summarise([score(sample.document, dict(sample.expected), dict(sample.expected)) for sample in samples])
    assert summary.figure("pair_f1").value == pytest.approx(0.979, abs=0.0005)
    assert summary.figure("pair_f1_raw").value == summary.figure("one_minus_ned").value == 1.0


def test_unknown_metric_names_the_known_ones():
    """Who mistypes a threshold sees what there is."""
    scores = system(0, documents=3)
    for ask in (summarise(scores).figure, lambda name: paired_difference(scores, scores, name)):
        with pytest.raises(UsageError, match=r"got 'f1'; use one of pair_f1, .*latency_s"):
            ask("f1")


def test_no_documents_is_refused():
    """No figure can be made of nothing."""
    with pytest.raises(UsageError, match="at least one document"):
        summarise([])


def test_metrics_are_defined_in_one_line():
    """They are shown in lists and errors; direction by what costs or fails."""
    assert all(metric.definition and "\n" not in metric.definition for metric in METRICS.values())
    lower = {name for name, metric in METRICS.items() if not metric.higher_is_better}
    assert lower == {"failed_rate", "invented_rate", "attempts", "tokens", "cost_usd", "latency_s"}


def test_summary_of_many_documents_is_fast():
    """149 documents and 2,000 resamples take a small part of 2 CPU seconds."""
    scores = system(0.2, documents=149)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    summarise(scores, resamples=2000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 2
