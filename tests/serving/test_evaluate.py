"""`optophone evaluate`: a provider that errs in known ways gets exactly the scores that its errors imply."""

import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import mlflow
import pytest
from openai_server import OpenAIServer, Reply, openai_server
from processes import own_environment

from graph.tracing.queue import flush_traces

FORMS, TOKENS = 12, 1100
BROKEN_ONCE, BROKEN = 3, 5
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class Planted:
    """A form, and what the provider makes of it."""

    expected: list[tuple[str, str]]
    answered: list[tuple[str, str]]
    dropped: int
    changed: int
    invented: int
    broken_answers: list[str] = field(default_factory=list)
    """Said first; the answer comes after them."""


def _plant(number: int, chance: random.Random) -> Planted:
    def text(length: int) -> str:
        return "".join(chance.choices(LETTERS, k=length))

    expected = [(f"{text(8)}:", f"{text(5)} {text(7)}") for _ in range(chance.randint(4, 7))]
    dropped, changed, invented = chance.randint(0, 2), chance.randint(0, 2), chance.randint(0, 2)
    kept = expected[dropped:]
    # A digit is none of the letters: one of 12 characters is wrong, and the value still similar (11/12 > 0.8).
    wrong = [(key, value[:3] + "7" + value[4:]) for key, value in kept[:changed]]
    made_up = [(text(9), text(12)) for _ in range(invented)]
    broken = {BROKEN_ONCE: ['{"pairs": oops'], BROKEN: ["I can't read it."] * 3}
    return Planted(expected, wrong + kept[changed:] + made_up, dropped, changed, invented, broken.get(number, []))


def _answer(pairs: list[tuple[str, str]], *, is_repair: bool = False) -> str:
    answer = [{"key": key, "values": [value]} for key, value in pairs]
    return json.dumps({"repairs": [{"path": "/pairs", "value": answer}]} if is_repair else {"pairs": answer})


@pytest.fixture
def planted() -> list[Planted]:
    """Forms with seeded errors."""
    chance = random.Random(1914)  # noqa: S311 - test data
    return [_plant(number, chance) for number in range(FORMS)]


@pytest.fixture
def folder(planted: list[Planted], write_pdf: Callable[..., str], tmp_path: Path) -> Path:
    """The forms as PDFs, each beside its gold."""
    for number, form in enumerate(planted):
        lines = [f"FORM {number:02}", *(f"{key} {value}" for key, value in form.expected)]
        write_pdf(f"forms/{number:02}.pdf", lines)
        (tmp_path / "forms" / f"{number:02}.json").write_text(_answer(form.expected))
    return tmp_path / "forms"


@pytest.fixture
def provider(planted: list[Planted], monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    """Answers each form as planted, whatever the order in which they come."""
    asked: Counter[int] = Counter()

    def reply(body: dict[str, Any]) -> Reply:
        number = int(re.search(r"FORM (\d\d)", json.dumps(body["messages"])).group(1))
        asked[number] += 1
        is_repair = "repairs" in body["response_format"]["json_schema"]["schema"]["properties"]
        script = [*planted[number].broken_answers, _answer(planted[number].answered, is_repair=is_repair)]
        return Reply(script[asked[number] - 1])

    with openai_server(reply) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-evaluate")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


def _implied(forms: list[Planted]) -> dict[str, float]:
    """Work the figures out from the counts of errors."""
    expected = sum(len(form.expected) for form in forms)
    read = [form for form in forms if form is not forms[BROKEN]]
    keys = sum(len(form.expected) - form.dropped for form in read)
    invented = sum(form.invented for form in read)
    right = keys - sum(form.changed for form in read)
    predicted = keys + invented
    shares = [(len(form.expected) - form.dropped - form.changed) / len(form.expected) for form in read]
    return {
        "pair_f1": 2 * right / (predicted + expected),
        "pair_precision": right / predicted,
        "pair_recall": right / expected,
        "pair_f1_raw": 2 * right / (predicted + expected),
        "pair_f1_fuzzy": 2 * keys / (predicted + expected),
        "key_f1": 2 * keys / (predicted + expected),
        "value_given_key": right / keys,
        "key_value_accuracy": sum(shares) / len(forms),
        "invented_rate": invented / predicted,
        "schema_valid_rate": (FORMS - 1) / FORMS,
        "failed_rate": 0,
        "attempts": (FORMS + 2) / FORMS,  # two were asked again; a second answer that is no better ends the run
        "tokens": TOKENS * (FORMS + 2) / FORMS,
    }


def _pairs(extraction: dict[str, Any] | None) -> Counter[tuple[str, str]]:
    """Flatten and fold a form, without the project's own code."""

    def folded(text: str) -> str:
        return re.sub(r"[\W_]", "", text.casefold())

    pairs = (extraction or {}).get("pairs", [])
    return Counter((folded(pair["key"]), folded(value)) for pair in pairs for value in pair["values"])


def recomputed(records: list[dict[str, Any]]) -> dict[str, float]:
    """Work the figures out again from what was expected and extracted."""
    found = [_pairs(record["result"] and record["result"]["extraction"]) for record in records]
    gold = [_pairs(record["expected"]) for record in records]
    matched = [sum(count for pair, count in (a & b).items() if all(pair)) for a, b in zip(gold, found, strict=True)]
    sizes = [(found[n].total(), gold[n].total()) for n in range(len(records))]
    predicted, expected = (sum(side) for side in zip(*sizes, strict=True))
    return {
        "pair_f1": 2 * sum(matched) / (predicted + expected),
        "pair_f1.macro": fmean(2 * m / (p + e) if p + e else 1.0 for m, (p, e) in zip(matched, sizes, strict=True)),
        "pair_precision": sum(matched) / predicted,
        "pair_recall": sum(matched) / expected,
        "schema_valid_rate": fmean(record["result"]["status"] == "valid" for record in records),
        "tokens": fmean(record["result"]["usage"]["total_tokens"] for record in records),
    }


def _records(out: Path) -> list[dict[str, Any]]:
    with (out / "per_document.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _run_id(output: str) -> str:
    return re.search(r"^run +(\w{32})$", output, re.M).group(1)


def test_planted_errors_give_the_scores_that_they_imply(
    planted: list[Planted], folder: Path, provider: OpenAIServer, optophone: Callable[..., Any], tmp_path: Path
) -> None:
    """Dropped, changed and invented pairs and broken JSON count as what they are, in MLflow and in the file alike."""
    out = tmp_path / "out"
    done = optophone(
        "evaluate", "--dataset", f"folder:{folder}", "--chat-model", "openai:planted", "--out", out,
        "--fail-under", "pair_f1=0.4", "--fail-under", "invented_rate=0.5",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert len(provider.requests) == FORMS + 2
    implied = _implied(planted)
    metrics = mlflow.MlflowClient().get_run(_run_id(done.out)).data.metrics
    assert {name: metrics[name] for name in implied} == pytest.approx(implied, abs=1e-9)
    again = recomputed(_records(out))
    assert {name: metrics[name] for name in again} == pytest.approx(again, abs=1e-9)
    assert f"pair_f1 {implied['pair_f1']:.4f}, bar 0.4: passed" in done.out
    assert "read     12 documents: 11 valid, 1 exhausted (no_progress)" in done.out
    assert "empty    05: " in done.out
    assert f"{FORMS}/{FORMS}" in done.err


def test_attempts_say_what_asking_again_bought(
    planted: list[Planted], folder: Path, provider: OpenAIServer, optophone: Callable[..., Any], tmp_path: Path
) -> None:
    """A form whose first answer was broken counts as empty after attempt 1; the gain is per request and per token."""
    done = optophone("evaluate", "--dataset", f"folder:{folder}", "--chat-model", "openai:planted", "--out", tmp_path)
    run = _run_id(done.out)
    repaired = planted[BROKEN_ONCE]
    right = len(repaired.expected) - repaired.dropped - repaired.changed
    final = _implied(planted)
    expected = sum(len(form.expected) for form in planted)
    read = [form for number, form in enumerate(planted) if number != BROKEN]
    both = expected + sum(len(form.answered) for form in read)
    first = 2 * (final["pair_f1"] * both / 2 - right) / (both - len(repaired.answered))
    gain = final["pair_f1"] - first
    history = {
        name: {point.step: point.value for point in mlflow.MlflowClient().get_metric_history(run, name)}
        for name in ("pair_f1", "pair_f1.gain", "pair_f1.gain_per_1k_tokens")
    }
    assert gain > 0.01
    assert history["pair_f1"] == pytest.approx({1: first, 2: final["pair_f1"]}, abs=1e-9)
    assert history["pair_f1.gain"] == pytest.approx({2: gain}, abs=1e-9)
    # Two forms were asked again: 2,200 tokens over 12 documents.
    assert history["pair_f1.gain_per_1k_tokens"] == pytest.approx({2: gain / (2200 / FORMS / 1000)}, abs=1e-9)
    assert re.search(rf"pair_f1 gained +{gain:+.4f}".replace("+0", r"\+0"), done.out)
    assert re.search(r"documents asked +12 +2\n", done.out)


def test_run_holds_traces_scores_tags_and_files(
    folder: Path, provider: OpenAIServer, optophone: Callable[..., Any], tmp_path: Path
) -> None:
    """Each document is one trace of the run, the graph's spans in it and its own scores on it."""
    done = optophone(
        "evaluate", "--dataset", f"folder:{folder}", "--chat-model", "openai:planted", "--limit", "2", "--out", tmp_path
    )
    flush_traces()
    run = mlflow.MlflowClient().get_run(_run_id(done.out))
    tags = {name: value for name, value in run.data.tags.items() if name.startswith("optophone.")}
    assert re.fullmatch(r"folder [0-9a-f]{16}", tags.pop("optophone.dataset"))
    assert re.fullmatch(r"prompts:/optophone-extract/\d+", tags.pop("optophone.extract_prompt"))
    assert re.fullmatch(r"prompts:/optophone-refine/\d+", tags.pop("optophone.refine_prompt"))
    assert tags == {
        "optophone.kind": "evaluation",
        "optophone.schema": "form",
        "optophone.chat_model": "openai:planted",
    }
    assert run.info.status == "FINISHED"
    artifacts = mlflow.MlflowClient().list_artifacts(run.info.run_id)
    assert {artifact.path for artifact in artifacts} == {"per_document.jsonl", "report.html"}
    traces = mlflow.search_traces(
        locations=[run.info.experiment_id], run_id=run.info.run_id, return_type="list", include_spans=True
    )
    records = {record["trace_id"]: record for record in _records(tmp_path)}
    assert {trace.info.trace_id for trace in traces} == set(records)
    for trace in traces:
        names = [span.name for span in trace.data.spans]
        assert {"evaluate", "optophone", "preprocess", "extract", "validate"} <= set(names)
        scores = {one.name: one for one in trace.info.assessments}
        exact = records[trace.info.trace_id]["scores"]["form"]["exact"]
        assert scores["pair_recall"].value == pytest.approx(exact["matched"] / exact["expected"], abs=1e-9)
        assert scores["pair_recall"].metadata["mlflow.assessment.sourceRunId"] == run.info.run_id
        assert scores["expected"].value == records[trace.info.trace_id]["expected"]


def test_figure_below_its_bar_exits_with_1(
    folder: Path, provider: OpenAIServer, optophone: Callable[..., Any], tmp_path: Path
) -> None:
    """A team's CI stops here; of what should be low, too much is below the bar."""
    done = optophone(
        "evaluate", "--dataset", f"folder:{folder}", "--chat-model", "openai:planted", "--limit", "2",
        "--out", tmp_path, "--fail-under", "pair_f1=1.01", "--fail-under", "tokens=1e6",
    )  # fmt: skip
    assert done.code == 1
    assert "bar 1.01: below the bar" in done.out
    assert "bar 1e+06: passed" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fail-under", "pair_f2=0.5"], "expected a metric, got 'pair_f2'; use one of pair_f1, "),
        (["--fail-under", "pair_f1=high"], "expected a bar as pair_f1=0.45, got 'pair_f1=high'"),
        (["--fail-under", "field_accuracy=1"], "'field_accuracy' doesn't apply to this dataset; use one of pair_f1"),
        (["--prompt", "optophone-extract@977"], "the versions of 'optophone-extract' are "),
        (["--chat-model", "nobody"], "unknown chat model 'nobody'; use local"),
        (["--schema", "receipt"], "expected documents annotated for 'receipt', got form"),
        (["--dataset", "folder:nowhere"], "laid out as <stem>.json beside <stem>.png"),
    ],
)
def test_wrong_call_is_told_before_anything_is_read(
    arguments: list[str], message: str, folder: Path, provider: OpenAIServer, optophone: Callable[..., Any]
) -> None:
    """The message lists what is known; no request is made and no run is left."""
    before = len(mlflow.search_runs(search_all_experiments=True))
    given = {"--dataset": f"folder:{folder}", "--chat-model": "openai:planted"}
    given |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    done = optophone("evaluate", *(part for option in given.items() for part in option))
    assert done.code == 2
    assert message in done.err
    assert provider.requests == []
    assert len(mlflow.search_runs(search_all_experiments=True)) == before


def test_broken_annotation_is_named_and_the_rest_is_measured(
    folder: Path, provider: OpenAIServer, optophone: Callable[..., Any], tmp_path: Path
) -> None:
    """It stands in the output and in the report, and is in no denominator."""
    (folder / "04.json").write_text('{"pairs": [')
    for path in folder.glob("0[5-9].*"):
        path.unlink()
    done = optophone("evaluate", "--dataset", f"folder:{folder}", "--chat-model", "openai:planted", "--out", tmp_path)
    assert done.code == 0
    assert "skipped  04.json: expected JSON" in done.out
    assert len(_records(tmp_path)) == FORMS - 6
    assert "1 annotations were broken" in (tmp_path / "report.html").read_text()


@pytest.mark.slow
def test_all_of_funsd_is_evaluated_in_one_command(shared_data: Path, root: Path, tmp_path: Path) -> None:
    """149 forms by the local reader, a bar on the way, and figures that the file gives again."""
    stored = root / ".optophone" / "documents"
    if stored.is_dir():  # words that were read before; without them this takes a quarter of an hour
        shutil.copytree(stored, tmp_path / "documents", copy_function=os.link)
    command = [
        sys.executable, "-m", "serving.cli", "evaluate", "--dataset", f"funsd:{shared_data / 'funsd/training_data'}",
        "--schema", "form", "--chat-model", "local", "--out", str(tmp_path / "out"),
    ]  # fmt: skip
    environment = own_environment(tmp_path, PYTHONPATH=str(root))
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "149/149" in done.stderr
    assert "149 documents: 149 valid" in done.stdout
    again = recomputed(_records(tmp_path / "out"))
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        logged = dict(database.execute("SELECT key, value FROM latest_metrics").fetchall())
    assert {name: logged[name] for name in again} == pytest.approx(again, abs=1e-9)
