"""`optophone compare`: systems that are the same show no difference, one that drops pairs shows what it drops."""

import json
import random
import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import mlflow
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from PIL import Image

from chat_models.factory import register_chat_model
from evaluation.promotion import check_promotion
from graph.settings import get_settings
from prompts.connection import connect
from schemas.errors import ChatModelError

FORMS = 12
FULL, DROPPING, REFUSED = "openai:gpt-4o", "openai:gpt-4o-mini", "refused"
Pairs = list[tuple[str, str]]


class TellsTheTruth(BaseChatModel):
    """Answers each form with the pairs that it is given for it."""

    answers: dict[int, str]
    asked: int = 0

    @property
    def _llm_type(self) -> str:
        return "optophone-truth"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self.asked += 1
        number = int(re.search(r"FORM (\d\d)", str(messages)).group(1))
        usage = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self.answers[number], usage_metadata=usage))])


class Refuses(TellsTheTruth):
    """Has no account."""

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        raise ChatModelError("no such account")


def _answer(pairs: Pairs) -> str:
    return json.dumps({"pairs": [{"key": key, "values": [value]} for key, value in pairs]})


@pytest.fixture(scope="module")
def gold() -> list[Pairs]:
    """Forms of three to seven pairs."""
    chance = random.Random(1914)  # noqa: S311 - test data

    def word() -> str:
        return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=8))

    return [[(word(), word()) for _ in range(chance.randint(3, 7))] for _ in range(FORMS)]


@pytest.fixture(scope="module")
def kept(gold: list[Pairs]) -> list[Pairs]:
    """The same less every fifth pair, counted through all forms."""
    number = count(1)
    return [[pair for pair in pairs if next(number) % 5] for pairs in gold]


@pytest.fixture
def chat_models(gold: list[Pairs], kept: list[Pairs], monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """One that reads all, one that drops pairs, both of a known price, and one that refuses."""
    full, dropping = (dict(enumerate(map(_answer, pairs))) for pairs in (gold, kept))
    made = {
        FULL: TellsTheTruth(answers=full),
        DROPPING: TellsTheTruth(answers=dropping),
        REFUSED: Refuses(answers={}),
        "unpriced": TellsTheTruth(answers=full),
    }
    monkeypatch.setattr("chat_models.factory._registered", {})
    for name, chat_model in made.items():
        register_chat_model(name, lambda chat_model=chat_model: chat_model)
    return made


@pytest.fixture
def folder(gold: list[Pairs], write_pdf: Callable[..., str], tmp_path: Path) -> Path:
    """The forms as PDFs, each beside its gold."""
    for number, pairs in enumerate(gold):
        write_pdf(f"forms/{number:02}.pdf", [f"FORM {number:02}", *(f"{key} {value}" for key, value in pairs)])
        (tmp_path / "forms" / f"{number:02}.json").write_text(_answer(pairs))
    return tmp_path / "forms"


@pytest.fixture(autouse=True)
def _forget_runs() -> Iterator[None]:
    """Other tests promote versions that nobody has evaluated."""
    connect(get_settings().tracking_uri)  # else the first test here would look into MLflow's own default store
    before = _run_ids()
    yield
    for run_id in _run_ids() - before:
        mlflow.MlflowClient().delete_run(run_id)


def _run_ids() -> set[str]:
    return {run.info.run_id for run in mlflow.search_runs(search_all_experiments=True, output_format="list")}


def _children(parent: str) -> list[Any]:
    query = f"tags.`mlflow.parentRunId` = '{parent}'"
    runs = mlflow.search_runs(search_all_experiments=True, filter_string=query, output_format="list")
    return sorted(runs, key=lambda run: run.info.start_time)


def test_two_prompts_and_two_chat_models_side_by_side(
    gold: list[Pairs], kept: list[Pairs], folder: Path, chat_models: dict[str, Any], optophone: Callable[..., Any]
) -> None:  # fmt: skip
    """Four child runs, the table, the picture; a difference between the chat models and none between the prompts."""
    out = folder.parent / "out"
    done = optophone(
        "compare", "--dataset", f"folder:{folder}", "--chat-model", FULL, "--chat-model", DROPPING,
        "--prompt", "extract@1", "--prompt", "2", "--metric", "pair_recall", "--out", out,
    )  # fmt: skip
    assert done.code == 0, done.err
    table = json.loads((out / "comparison.json").read_text())
    assert [(one["letter"], one["chat_model"], one["prompt"]) for one in table["systems"]] == [
        ("A", FULL, "extract@1"), ("B", FULL, "extract@2"), ("C", DROPPING, "extract@1"), ("D", DROPPING, "extract@2"),
    ]  # fmt: skip
    # Each system read each form once, and all but the first one form more.
    assert (chat_models[FULL].asked, chat_models[DROPPING].asked) == (2 * FORMS + 1, 2 * FORMS + 2)
    contrasts = {f"{one['second']} - {one['first']}": one for one in table["contrasts"]}
    assert list(contrasts) == ["B - A", "C - A", "D - A", "C - B", "D - B", "D - C"]
    expected, found = (sum(map(len, pairs)) for pairs in (gold, kept))
    fewer = sum(len(a) != len(b) for a, b in zip(gold, kept, strict=True))
    assert 0 < fewer < FORMS
    for name, contrast in contrasts.items():
        f1, recall = (contrast["differences"][metric] for metric in ("pair_f1", "pair_recall"))
        apart = contrast["disagreement"]
        if name in ("B - A", "D - C"):
            assert (f1["difference"], f1["low"], f1["high"], f1["is_significant"]) == (0, 0, 0, False)
            assert apart == {"documents": 0, "first_better": 0, "second_better": 0}
        else:
            assert f1["difference"] == pytest.approx(2 * found / (expected + found) - 1, abs=1e-9)
            assert recall["difference"] == pytest.approx(found / expected - 1, abs=1e-9)
            assert f1["low"] < f1["difference"] < f1["high"] < 0
            assert apart == {"documents": fewer, "first_better": fewer, "second_better": 0}
        assert contrast["differences"]["cost_usd"]["is_significant"] == (name not in ("B - A", "D - C"))
    assert re.search(r"B - A +pair_f1 +\+0.000 +\[\+0.000, \+0.000\] +no difference shown", done.out)
    assert re.search(r"C - A +pair_f1 +-0\.\d+ +\[-0\.\d+, -0\.\d+\] +A better", done.out)
    assert re.search(r"cost_usd +-0\.00\d+ +\[-0\.\d+, -0\.\d+\] +C cheaper", done.out)
    assert "B and A disagree on 0 of 12 documents\n" in done.out
    assert f"C and A disagree on {fewer} of 12 documents: C is better on 0 of them, A on {fewer}, and 0 " in done.out
    with Image.open(out / "comparison.png") as picture:
        assert picture.width == 1050
        assert len(picture.convert("RGB").getcolors(maxcolors=picture.width * picture.height)) > 20
    assert {path.name for path in out.iterdir()} == {"comparison.json", "comparison.png", "A", "B", "C", "D"}
    lines = (out / "C" / "per_document.jsonl").read_text().splitlines()
    assert len(lines) == FORMS


def test_runs_hold_what_comparisons_and_promotions_rest_on(
    folder: Path, chat_models: dict[str, Any], optophone: Callable[..., Any], tmp_path: Path
) -> None:
    """The parent describes the comparison; its children are evaluations like any other."""
    done = optophone(
        "compare", "--dataset", f"folder:{folder}", "--chat-model", "unpriced", "--prompt", "1", "--prompt", "3",
        "--limit", "3", "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.code == 0, done.err
    parent = mlflow.MlflowClient().get_run(re.search(r"^run +(\w{32})$", done.out, re.M).group(1))
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["optophone.kind"] == "comparison"
    assert parent.data.params["systems"] == "2"
    note = parent.data.tags["mlflow.note.content"]
    assert "| A | unpriced | extract@1 | 1.000 | 1.000 to 1.000 | unknown |" in note
    assert "| B - A | pair_f1 | +0.000 | [+0.000, +0.000] | no difference shown |" in note
    artifacts = {artifact.path for artifact in mlflow.MlflowClient().list_artifacts(parent.info.run_id)}
    assert artifacts == {"comparison.json", "comparison.png"}
    children = _children(parent.info.run_id)
    assert [run.data.tags["optophone.extract_prompt"] for run in children] == [
        "prompts:/optophone-extract/1", "prompts:/optophone-extract/3",
    ]  # fmt: skip
    assert {run.data.tags["optophone.kind"] for run in children} == {"evaluation"}
    assert len({run.data.tags["optophone.dataset"] for run in (parent, *children)}) == 1
    evaluation, reason = check_promotion(
        "prompts:/optophone-extract/1", "prompts:/optophone-extract/3", get_settings().tracking_uri,
        run_id=children[0].info.run_id,
    )  # fmt: skip
    assert evaluation.run_id == children[0].info.run_id
    assert "pair_f1 is 1.000 against 1.000 in production on 3 documents" in reason


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--chat-model", FULL], "expected 2 to 26 systems to compare, got 1"),
        (["--chat-model", FULL, "--chat-model", "nobody"], "unknown chat model 'nobody'; use local, openai:gpt-4o"),
        (["--chat-model", FULL, "--prompt", "1", "--prompt", "977"], "the versions of 'optophone-extract' are "),
        (["--chat-model", FULL, "--prompt", "1", "--prompt", "x y"], "'x y' names no prompt version"),
        (["--chat-model", FULL, "--prompt", "1", "--prompt", "2", "--metric", "f2"], "got 'f2'; use one of pair_f1, "),
        (["--chat-model", FULL, "--chat-model", DROPPING, "--metric", "field_accuracy"], "doesn't apply to this"),
        (["--chat-model", FULL, "--chat-model", REFUSED], "no such account"),
    ],
)
def test_wrong_call_is_told_before_anything_is_paid(
    arguments: list[str], message: str, folder: Path, chat_models: dict[str, Any], optophone: Callable[..., Any]
) -> None:  # fmt: skip
    """What a later system's provider refuses too; no request is made and no run is left."""
    before = _run_ids()
    done = optophone("compare", "--dataset", f"folder:{folder}", "--out", folder.parent / "out", *arguments)
    assert done.code == 2
    assert message in done.err
    assert chat_models[FULL].asked == 0
    assert _run_ids() == before
