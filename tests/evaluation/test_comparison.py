"""Side by side as data: which pairs are compared, what counts as a disagreement, what the picture bears."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from pdfs import text_pdf
from PIL import Image

from chat_models.scripted import Scripted
from evaluation.comparison import Comparison, Evaluated, are_alike, compare
from evaluation.datasets.sample import Sample
from evaluation.experiment import run_experiment
from evaluation.grid import System, make_grid
from evaluation.plot import draw_comparison
from evaluation.reading import read_ahead
from graph.context import Context
from schemas.errors import ChatModelError, UsageError

GOLD = {"pairs": [{"key": "Name", "values": ["Ada"]}, {"key": "City", "values": ["London"]}]}
FULL = json.dumps(GOLD)
HALF = json.dumps({"pairs": [{"key": "name:", "values": ["ADA"]}]})
OTHER_HALF = json.dumps({"pairs": [{"key": "City", "values": ["London"]}]})
Script = Callable[..., tuple[str, Any]]


def _evaluated(script: Script, letter: str, *answers: Scripted) -> Evaluated:
    name, _ = script(*answers)
    context = Context(chat_model=name, extract_prompt="prompts:/optophone-extract/1")
    samples = [Sample(text_pdf(f"{n}", "Name Ada", "City London"), GOLD, {"stem": f"{n}"}) for n in range(len(answers))]
    return Evaluated(System(letter, context), run_experiment(samples, context, concurrency=1), None)


def test_document_that_fails_counts_as_empty(script: Script) -> None:
    """It stays in both sums of the difference, disagrees with any answer and is worse than a right one."""
    whole = _evaluated(script, "A", FULL, FULL, FULL)
    broken = _evaluated(script, "B", FULL, ChatModelError("the script broke"), HALF)
    (contrast,) = compare([whole, broken], "forms", []).contrasts
    # 6 pairs were right of 6 before; now 3 of 3 predicted.
    assert contrast.differences["pair_f1"].difference == pytest.approx(2 * 3 / (3 + 6) - 1, abs=1e-9)
    assert contrast.differences["pair_f1"].documents == 3
    assert contrast.disagreement.model_dump() == {"documents": 2, "first_better": 2, "second_better": 0}


def test_different_answers_may_be_equally_good(script: Script) -> None:
    """To disagree is one thing, to be better another."""
    one, other = _evaluated(script, "A", HALF, FULL), _evaluated(script, "B", OTHER_HALF, FULL)
    (contrast,) = compare([one, other], "forms", []).contrasts
    assert contrast.disagreement.model_dump() == {"documents": 1, "first_better": 0, "second_better": 0}
    assert contrast.differences["pair_f1"].difference == 0


def test_metric_without_a_value_is_left_out(script: Script) -> None:
    """A script has no price, and of nothing predicted no share is right: neither ends a comparison that is paid."""
    nothing = json.dumps({"pairs": []})
    systems = [_evaluated(script, letter, nothing) for letter in "AB"]
    comparison = compare(systems, "forms", ["pair_precision", "pair_recall"])
    assert comparison.metrics == ["pair_f1", "pair_precision", "pair_recall", "cost_usd", "latency_s"]
    assert set(comparison.contrasts[0].differences) == {"pair_f1", "pair_recall", "latency_s"}


def test_many_systems_are_each_compared_with_the_first(script: Script) -> None:
    """Six give all 15 pairs, seven give six."""
    systems = [_evaluated(script, letter, HALF) for letter in "ABCDEFG"]
    assert len(compare(systems[:6], "forms", []).contrasts) == 15
    contrasts = compare(systems, "forms", []).contrasts
    assert [(one.first, one.second) for one in contrasts] == [("A", letter) for letter in "BCDEFG"]


@pytest.mark.parametrize(
    ("expected", "one", "other", "alike"),
    [
        (GOLD, GOLD, {"pairs": GOLD["pairs"][::-1]}, True),
        (GOLD, json.loads(HALF), {"pairs": GOLD["pairs"][:1]}, True),
        (GOLD, GOLD, {"pairs": [*GOLD["pairs"], *GOLD["pairs"]]}, False),
        (GOLD, {"pairs": []}, None, False),
        (GOLD, None, None, True),
        ({"total": 9}, {"total": "RM 9.00", "date": None}, {"total": 9}, True),
        ({"total": 9}, {"total": 9, "date": "2026-01-02"}, {"total": 9}, False),
        ({"total": 9}, {"total": 9}, {"total": 9, "date": "2026-01-02"}, False),
    ],
)
def test_alike_is_what_the_metrics_take_for_the_same(expected: Any, one: Any, other: Any, alike: bool) -> None:
    """Order, case, signs and the form of a number don't matter; a pair more does, and so does silence."""
    assert are_alike(expected, one, other) is alike


def test_grid_combines_each_chat_model_with_each_prompt() -> None:
    """In the order given; what is not given is the base's own."""
    base = Context(chat_model="local", max_attempts=1)
    prompts = ["prompts:/optophone-extract/1", "prompts:/mine@best"]
    grid = make_grid(["x", "y"], prompts, base)
    assert [(one.letter, one.chat_model, one.prompt) for one in grid] == [
        ("A", "x", "extract@1"), ("B", "x", "mine@best"), ("C", "y", "extract@1"), ("D", "y", "mine@best"),
    ]  # fmt: skip
    assert {one.context.max_attempts for one in grid} == {1}
    assert [(one.chat_model, one.prompt) for one in make_grid(["x", "x"], [], base)] == [
        ("x", "extract@production")
    ] * 2
    with pytest.raises(UsageError, match="got 1; give --chat-model"):
        make_grid([], prompts[:1], base)
    with pytest.raises(UsageError, match="expected 2 to 26 systems to compare, got 27"):
        make_grid(["x"] * 27, [], base)


def test_what_is_read_ahead_is_read_once(script: Script, data_dir: Path) -> None:
    """Pages, pictures and words are all there when a system is measured; what can't be read is left to its result."""

    def stored() -> set[Path]:
        return {path for path in (data_dir / "documents").rglob("*") if path.is_file()}

    document, before = text_pdf("read", "ahead"), stored()
    read_ahead(document, Context())
    ahead = stored()
    name, _ = script(FULL)
    run_experiment([Sample(document, GOLD, {"stem": "ahead"})], Context(chat_model=name))
    assert before < ahead
    assert stored() == ahead
    read_ahead("nowhere.png", Context())


def _with_costs(script: Script, costs: list[float | None], names: str = "abcdefg") -> Comparison:
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    evaluated = [_evaluated(script, "AB"[number % 2], AIMessage(HALF, usage_metadata=usage)) for number in range(2)]
    found = compare(evaluated, "folder:$x^", [])
    figure = found.systems[0].figures["pair_f1"]
    systems = []
    for number, cost in enumerate(costs):
        figures = {"pair_f1": figure}
        if cost is not None:
            figures["cost_usd"] = figure.model_copy(update={"value": cost})
        update = {"letter": "ABCDEFG"[number], "chat_model": names[number], "figures": figures}
        systems.append(found.systems[0].model_copy(update=update))
    return found.model_copy(update={"systems": systems})


@pytest.mark.parametrize("costs", [[0.1, 0.2], [None, None], [0.0, 0.0], [0.1, None, 0.3]])
def test_picture_shows_systems_with_and_without_a_price(script: Script, costs: list[float | None]) -> None:
    """It can be drawn of any costs, as wide as ever, a line of explanation for each system."""
    with Image.open(io.BytesIO(draw_comparison(_with_costs(script, costs)))) as picture:
        assert picture.size == (1050, pytest.approx(150 * (4.2 + 0.22 * len(costs)), abs=1))


def test_names_are_no_formulas(script: Script) -> None:
    """Between dollars matplotlib would set LaTeX, and fail on what is none."""
    comparison = _with_costs(script, [0.1, 0.2], names="$^")
    named = [one.model_copy(update={"chat_model": r"$\frac$"}) for one in comparison.systems]
    assert draw_comparison(comparison.model_copy(update={"systems": named})).startswith(b"\x89PNG")
