"""What monitoring decides, without a store: windows, queries, and the test behind the verdict."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pytest
from pdfs import text_pdf

from evaluation.metrics import Ratio
from evaluation.monitoring.change import Change, compare_windows
from evaluation.monitoring.figures import WATCHED, Observation
from evaluation.monitoring.page import page_figures
from evaluation.monitoring.permutation import holm, p_value
from evaluation.monitoring.query import RunQuery, parse_since, to_filter
from evaluation.monitoring.runs import TracedRun
from evaluation.monitoring.windows import choose_windows, most_common_schema, parse_size
from graph.builder import make_graph
from graph.context import Context
from graph.tracing.tags import Figures
from prompts.names import parse_name
from schemas.errors import UsageError

NOW = datetime(2026, 11, 21, tzinfo=UTC)
FIGURES = Figures(
    values=8, placed=16, doubtful=0, fields=16, attempts=1, input_tokens=1000, output_tokens=200, cost_usd=0.001
)


def run(number: int = 0, **changed: object) -> TracedRun:
    """A run that went well, so many hours ago."""
    plain = TracedRun(
        trace_id=f"tr-{number}",
        at=NOW - timedelta(hours=number),
        seconds=2.0,
        document=f"sha256:{number:064x}",
        name="",
        schema="form",
        status="valid",
        chat_model="local",
        prompts=("optophone-extract/3",),
        figures=FIGURES,
        reviewers=(),
        kind="",
        session="",
    )
    return replace(plain, **changed)


def means(*values: float) -> list[Ratio]:
    return [Ratio(value, 1) for value in values]


def test_p_value_of_the_most_extreme_labels_is_their_share() -> None:
    """Three and three have 20 labellings, four pairs 16; the other direction is no evidence."""
    low, high = means(1, 2, 3), means(7, 8, 9)
    assert p_value(high, low, higher_is_better=True, paired=False, seed=0) == pytest.approx(1 / 20, abs=0.01)
    assert p_value(low, high, higher_is_better=True, paired=False, seed=0) == 1
    assert p_value(low, high, higher_is_better=False, paired=False, seed=0) == pytest.approx(1 / 20, abs=0.01)
    before, last = means(1, 5, 9, 20), means(0, 4, 8, 19)
    assert p_value(before, last, higher_is_better=True, paired=True, seed=0) == pytest.approx(1 / 16, abs=0.01)


def test_p_value_without_any_difference_is_one() -> None:
    """All alike on both sides, also where nothing varies."""
    assert p_value(means(*[1.0] * 20), means(*[1.0] * 20), higher_is_better=True, paired=False, seed=0) == 1


def test_p_value_agrees_with_scipy() -> None:
    """Of means it is Welch's t by permutation."""
    from scipy import stats

    rng = np.random.default_rng(0)
    before, last = rng.lognormal(1, 1, 30), rng.lognormal(0, 1, 30)

    def welch(one: np.ndarray, other: np.ndarray, axis: int) -> np.ndarray:
        error = np.sqrt(one.var(axis) / one.shape[axis] + other.var(axis) / other.shape[axis])
        return (one.mean(axis) - other.mean(axis)) / error

    expected = stats.permutation_test((last, before), welch, vectorized=True, alternative="less", rng=0).pvalue
    own = p_value(means(*before), means(*last), higher_is_better=True, paired=False, seed=0)
    assert 0.001 < own < 0.5
    assert own == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("sizes", "spreads"), [((30, 30), (1, 1)), ((60, 20), (1, 4))])
def test_p_value_keeps_its_level(sizes: tuple[int, int], spreads: tuple[float, float]) -> None:
    """Where the share is the same, one p-value in twenty is below 0.05, whatever the spread and the sizes."""
    rng = np.random.default_rng(1)
    below = 0
    for trial in range(200):
        before, last = (
            [
                Ratio(0.5 * n + spread * noise, n)
                for n, noise in zip(rng.integers(5, 50, size), rng.normal(size=size), strict=True)
            ]
            for size, spread in zip(sizes, spreads, strict=True)
        )
        below += p_value(before, last, higher_is_better=True, paired=False, seed=trial) <= 0.05
    assert 3 <= below <= 20  # of 10 expected; beyond either end by chance in less than one case of a hundred


def test_holm_by_hand() -> None:
    """0.01 x 3, 0.03 x 2, and 0.04 no smaller than the one before."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


def changes_of(before: list[TracedRun], last: list[TracedRun]) -> dict[str, Change]:
    found = compare_windows([Observation(one) for one in before], [Observation(one) for one in last])
    return {change.figure: change for change in found}


def test_effort_must_rise_by_a_fifth_to_be_worse() -> None:
    """A tenth more seconds is as significant as half more, and no regression."""
    chance = Random(0)  # noqa: S311 - seconds by chance
    before = [run(number, seconds=2 + chance.random() / 100) for number in range(30)]
    for factor, is_worse in ((1.1, False), (1.5, True)):
        last = [run(100 + number, seconds=factor * (2 + chance.random() / 100)) for number in range(30)]
        latency = changes_of(before, last)["latency_s"]
        assert latency.adjusted_p_value < 0.01
        assert latency.change == pytest.approx(factor - 1, abs=0.01)
        assert latency.is_worse == is_worse


def test_failures_are_seen_and_do_not_pass_for_fast() -> None:
    """Runs without a result count as failed and as not valid; their seconds and values are nobody's."""
    before = [run(number) for number in range(40)]
    failed = [run(100 + number, status="failed", figures=None, seconds=0.1) for number in range(15)]
    found = changes_of(before, [*failed, *(run(200 + number) for number in range(25))])
    assert {name for name, change in found.items() if change.is_worse} == {"failed_rate", "schema_valid_rate"}
    assert found["failed_rate"].last == 15 / 40
    assert (found["latency_s"].last, found["latency_s"].documents_last) == (pytest.approx(2), 25)


def test_runs_of_one_document_count_once() -> None:
    """Twenty runs of one document are one document: too few to compare."""
    before = [run(number) for number in range(20)]
    assert changes_of(before, [run(100, trace_id=f"tr-{number}") for number in range(20)]) == {}


def test_windows_of_runs_are_the_newest() -> None:
    """Newest first go in; each window comes out oldest first, and others are counted by why they don't count."""
    runs = [run(number) for number in range(50)]
    runs[3] = run(3, reviewers=("ada",))
    runs[30] = run(30, kind="evaluation")
    runs[31] = run(31, status="", figures=None)
    windows = choose_windows("form", runs, 20, NOW)
    assert [one.trace_id for one in windows.last] == [f"tr-{n}" for n in range(20, -1, -1) if n != 3]
    assert [one.trace_id for one in windows.before] == [f"tr-{n}" for n in range(42, 20, -1) if n not in (30, 31)]
    assert len(windows.history) == 47
    assert windows.left_out == {"labelled": 1, "evaluation": 1, "without figures": 1}
    assert choose_windows("form", runs[:39], 20, NOW).last == []


def test_windows_of_time_hold_what_there_is() -> None:
    """A run an hour, windows of a day, six of them in the history."""
    windows = choose_windows("form", (run(number) for number in range(1000)), timedelta(days=1), NOW)
    assert [len(side) for side in (windows.last, windows.before, windows.history)] == [25, 24, 145]
    assert windows.before[-1].at < NOW - timedelta(days=1) <= windows.last[0].at


def test_sizes_and_times_as_people_write_them() -> None:
    """Runs, hours, days, weeks; dates."""
    assert (parse_size("100"), parse_size("36h"), parse_size("2w")) == (100, timedelta(hours=36), timedelta(weeks=2))
    assert parse_since("2026-11-21T08:00+01:00") == datetime(2026, 11, 21, 7, tzinfo=UTC)
    assert abs(datetime.now(UTC) - timedelta(days=7) - parse_since("7d")) < timedelta(minutes=1)
    with pytest.raises(UsageError, match="expected a time"):
        parse_since("99999999999")


def test_the_schema_that_is_filled_most_is_watched() -> None:
    """None where nothing was filled."""
    assert most_common_schema([run(1), run(2, schema="receipt"), run(3)]) == "form"
    assert most_common_schema([run(1, schema="")]) is None


def test_query_in_mlflows_language() -> None:
    """Texts can't leave their quotation marks."""
    query = RunQuery(document="sha256:abcd", prompt=parse_name("extract@2", "optophone-extract"), since=NOW)
    assert to_filter(query) == (
        "tags.`optophone.document` LIKE 'sha256:abcd%' AND prompt = 'optophone-extract/2' "
        f"AND timestamp_ms >= {int(NOW.timestamp() * 1000)}"
    )
    assert to_filter(RunQuery(document="it's.png")) == 'tags.`optophone.name` = "it\'s.png"'
    assert to_filter(RunQuery()) == ""
    for text in ("a'b\"c", "a\\"):
        with pytest.raises(UsageError, match="quotation marks"):
            to_filter(RunQuery(schema=text))
    with pytest.raises(UsageError, match="hex digits"):
        to_filter(RunQuery(document="sha256:%"))


def test_page_figures_by_hand() -> None:
    """Two lines of two words: the answer has one of the two pairs that the second reader is sure of."""
    document = text_pdf("Name: Lovelace", "City: London")
    result = make_graph().invoke({"document": document}, context=Context(chat_model="local"))
    assert [pair["key"] for pair in result["extraction"]["pairs"]] == ["Name", "City"]
    one_pair = [field for field in result["fields"] if field["path"].startswith("/pairs/0/")]
    found = page_figures(one_pair, result["document"], "form")
    assert found is not None
    assert found.coverage == Ratio(2, 4)
    assert found.agreement == Ratio(2, 4)
    nothing = page_figures([], result["document"], "form")
    assert nothing is not None
    assert nothing.coverage == Ratio(0, 4)


def test_page_figures_need_the_document_and_a_schema_that_is_known() -> None:
    """A document of another machine has no page here; a schema of a file's is not the second reader's."""
    assert page_figures([], "sha256:" + "0" * 64, "form") is None
    result = make_graph().invoke({"document": text_pdf("Name: Ada")}, context=Context(chat_model="local"))
    found = page_figures(result["fields"], result["document"], "no such schema")
    assert found is not None
    assert found.agreement is None


def test_a_traces_schema_is_never_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client names its inline schema as it likes: `module:Class` and a file's name are names here."""
    (tmp_path / "planted.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    document = make_graph().invoke({"document": text_pdf("Name: Ada")}, context=Context(chat_model="local"))["document"]
    for name in ("planted:Class", str(tmp_path / "planted.json")):
        found = page_figures([], document, name)
        assert found is not None
        assert found.agreement is None


def test_every_figure_of_an_empty_run_has_no_value() -> None:
    """What took no tokens and found no values divides by nothing."""
    empty = run(figures=Figures(**dict.fromkeys(FIGURES, 0)), status="unreadable", seconds=None)
    values = {name: figure.of(Observation(empty)) for name, figure in WATCHED.items()}
    assert {name: ratio.value for name, ratio in values.items() if ratio} == {
        "values": 0, "grounded_rate": None, "doubtful_rate": None, "failed_rate": 0, "attempts": 0
    }  # fmt: skip
