"""`optophone monitor` on traces of the real graph: it sees what is lost, and nothing else."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import mlflow
import pytest
from langchain_core.messages import AIMessage
from pdfs import text_pdf

from chat_models.factory import register_chat_model
from chat_models.scripted import ScriptedChatModel
from documents.check_boxes import FINDER
from documents.load import load_document
from documents.ocr import READER
from evaluation.datasets.generated.dataset import load_generated
from evaluation.monitoring.monitor import find_windows, monitor
from evaluation.monitoring.query import RunQuery
from evaluation.monitoring.windows import parse_size
from graph.app import graph
from graph.context import Context
from graph.settings import get_settings, get_store
from graph.tracing.experiment import use_experiment
from graph.tracing.queue import flush_traces
from graph.tracing.tracers import last_trace_id
from serving.monitoring import Options, run_monitoring

CHAT_MODEL, LOST, SEEDS = "watched", 0.2, 20
START_MS = 1_780_000_000_000
KEYS = ["Name:", "Date:", "City:", "Order No:", "Total:", "Phone:", "Street:", "Brand:"]


@dataclass(frozen=True)
class Form:
    """A document with what a chat model answers that reads everything."""

    document: str
    pairs: list[dict[str, Any]]


@pytest.fixture
def experiment(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Traces of this test alone, its files apart from those that other tests count."""
    before, name = os.environ.get("MLFLOW_EXPERIMENT_NAME"), f"monitored {request.node.name}"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
    mlflow.create_experiment(name, artifact_location=tmp_path_factory.mktemp("artifacts").as_uri())
    use_experiment(get_settings())
    yield
    monkeypatch.undo()
    assert os.environ.get("MLFLOW_EXPERIMENT_NAME") == before
    use_experiment(get_settings())


def lose(pairs: list[dict[str, Any]], share: float, chance: Random) -> list[dict[str, Any]]:
    return [pair for pair in pairs if chance.random() >= share]


def extract(forms: Sequence[Form], answers: Sequence[list[dict[str, Any]]]) -> list[str]:
    """Let the chat model answer so, one form after another; return the ids of the traces."""
    texts = [json.dumps({"pairs": pairs}) for pairs in answers]
    messages = [
        AIMessage(text, usage_metadata={"input_tokens": 1000, "output_tokens": len(text), "total_tokens": 0})
        for text in texts
    ]
    chat_model = ScriptedChatModel(answers=messages)
    register_chat_model(CHAT_MODEL, lambda: chat_model)
    ids = []
    for form in forms:
        result = graph.invoke({"document": form.document}, context=Context(chat_model=CHAT_MODEL))
        assert result["status"] == "valid"
        ids.append(last_trace_id())
    flush_traces()
    return ids


def in_order(data_dir: Path, trace_ids: Sequence[str]) -> None:
    """Date these traces one after another, and all others of the experiment before them."""
    experiment_id = mlflow.get_experiment_by_name(os.environ["MLFLOW_EXPERIMENT_NAME"]).experiment_id
    with closing(sqlite3.connect(data_dir / "mlflow.db")) as database, database:
        database.execute("UPDATE trace_info SET timestamp_ms = 0 WHERE experiment_id = ?", (experiment_id,))
        database.executemany(
            "UPDATE trace_info SET timestamp_ms = ? WHERE request_id = ?",
            [(START_MS + 60_000 * number, trace_id) for number, trace_id in enumerate(trace_ids)],
        )


def small_form(number: int) -> Form:
    """A PDF of eight lines, each a question with its answer."""
    pairs = [{"key": key, "values": [f"{Random(f'{number} {key}').randrange(10**6)}"]} for key in KEYS]
    return Form(text_pdf(*(f"{pair['key']} {pair['values'][0]}" for pair in pairs)), pairs)


def monitored(window: int, out: Path, capsys: pytest.CaptureFixture[str]) -> tuple[bool, dict[str, Any]]:
    """Call the command's function; return whether it is content, and what it printed as JSON."""
    capsys.readouterr()
    is_fine = run_monitoring(Options(str(window), 0, out, as_json=True), RunQuery())
    return is_fine, json.loads(capsys.readouterr().out)


def worse_figures(window: int) -> list[str]:
    """Judge as the command does, without drawing what it found."""
    monitoring = monitor(find_windows(RunQuery(), parse_size(str(window))))
    assert monitoring.verdict == ("worse" if monitoring.worse else "no worse")
    return [change.figure for change in monitoring.worse]


@pytest.fixture(scope="module")
def small_forms() -> list[Form]:
    return [small_form(number) for number in range(20)]


@pytest.mark.slow
@pytest.mark.usefixtures("experiment")
def test_lost_values_are_seen_and_reported(
    optophone: Callable[..., Any], small_forms: list[Form], tmp_path: Path
) -> None:
    """Exit code 1, the figures that show it, a picture, a page without outside parts, and a run in MLflow."""
    whole, half = [form.pairs for form in small_forms], [form.pairs[:4] for form in small_forms]
    extract(small_forms, whole)
    others = [small_form(number) for number in range(100, 120)]
    assert extract(others, [form.pairs for form in others])
    outcome = optophone("monitor", "--window", "20", "--out", tmp_path / "fine")
    assert outcome.code == 0
    assert "no figure is significantly worse" in outcome.out
    lossy = extract(small_forms, half)
    outcome = optophone("monitor", "--window", "20", "--out", tmp_path / "out", "--json")
    found = json.loads(outcome.out)
    worse = {change["figure"] for change in found["figures"] if change["is_worse"]}
    assert outcome.code == 1
    assert worse == {"agreement", "coverage", "values"}
    assert found["trace_ids"]["last"] == lossy
    changes = {change["figure"]: change for change in found["figures"]}
    assert (changes["values"]["before"], changes["values"]["last"]) == (8, 4)
    assert (changes["coverage"]["before"], changes["coverage"]["last"]) == (1, pytest.approx(0.5, abs=0.05))
    assert (tmp_path / "out" / "monitoring.png").read_bytes().startswith(b"\x89PNG")
    html = (tmp_path / "out" / "monitoring.html").read_text()
    assert "worse" in html
    assert "http://" not in html
    run = mlflow.get_run(found["run_id"])
    assert run.data.tags["optophone.verdict"] == "worse"
    assert run.data.metrics["values.change"] == -4


@pytest.mark.usefixtures("experiment")
def test_same_documents_are_compared_each_with_itself(
    small_forms: list[Form], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One pair in eight shows on twenty documents, where both windows hold the same ones."""
    extract(small_forms, [form.pairs for form in small_forms])
    extract(small_forms[::-1], [form.pairs[:7] for form in small_forms[::-1]])
    is_fine, found = monitored(20, tmp_path, capsys)
    assert not is_fine
    assert all(change["is_paired"] for change in found["figures"])


@pytest.mark.usefixtures("experiment")
def test_too_few_runs_are_not_judged(optophone: Callable[..., Any], small_forms: list[Form], tmp_path: Path) -> None:
    """It says how many there are and how many it takes, and exits with 0; an empty store too."""
    empty = optophone("monitor", "--out", tmp_path)
    assert (empty.code, "not enough: no run counts in this store; extract" in empty.out) == (0, True)
    extract(small_forms, [form.pairs for form in small_forms])
    outcome = optophone("monitor", "--window", "20", "--out", tmp_path)
    assert outcome.code == 0
    assert "not enough: 20 runs count and it takes 40, two windows of 20; wait for more\n" in outcome.out
    larger = optophone("monitor", "--out", tmp_path)
    said = "20 runs count and it takes 200, two windows of 100; wait for more, or give --window 20, which takes 40\n"
    assert said in larger.out
    by_time = optophone("monitor", "--window", "1h", "--out", tmp_path)
    assert "0 different documents before and 20 last, and it takes 20 in each window; wait for more" in by_time.out
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("experiment")
def test_labelled_and_evaluated_runs_are_left_out(
    small_forms: list[Form], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What humans judged, and what an evaluation read, is counted and not compared."""
    from mlflow.entities import AssessmentSource, AssessmentSourceType

    from evaluation.spans import document_span

    forms = small_forms[:3]
    ids = extract(forms, [form.pairs for form in forms])
    human = AssessmentSource(AssessmentSourceType.HUMAN, "ada")
    mlflow.log_feedback(trace_id=ids[0], name="is_correct", value=True, source=human)
    with document_span("x", None):
        extract(forms[:1], [forms[0].pairs])
    _, found = monitored(20, tmp_path, capsys)
    assert found["left_out"] == {"evaluation": 1, "labelled": 1}
    assert found["summary"] == "not enough: 2 runs count and it takes 40, two windows of 20; wait for more"


@pytest.mark.usefixtures("experiment")
def test_runs_inside_an_agents_span_are_looked_at(
    small_forms: list[Form], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A registered model encloses the graph's span in its own; what the graph placed counts all the same."""
    for answers in ([form.pairs for form in small_forms], [form.pairs[:4] for form in small_forms]):
        for form, pairs in zip(small_forms, answers, strict=True):
            chat_model = ScriptedChatModel(answers=[json.dumps({"pairs": pairs})])
            register_chat_model(CHAT_MODEL, lambda chat_model=chat_model: chat_model)
            with mlflow.start_span("predict"):
                graph.invoke({"document": form.document}, context=Context(chat_model=CHAT_MODEL))
    flush_traces()
    is_fine, found = monitored(20, tmp_path, capsys)
    agreement = {change["figure"]: change for change in found["figures"]}["agreement"]
    assert not is_fine
    assert (agreement["before"], agreement["last"]) == (pytest.approx(1, abs=0.05), pytest.approx(0.5, abs=0.05))


@pytest.mark.parametrize("window", ["5", "x", "3m", "99999"])
def test_wrong_windows_are_told(optophone: Callable[..., Any], window: str) -> None:
    """Too small, too large, or nonsense: exit code 2 and one line."""
    outcome = optophone("monitor", "--window", window)
    assert outcome.code == 2
    assert "expected a window" in outcome.err


@pytest.fixture(scope="module")
def drawn_forms(tmp_path_factory: pytest.TempPathFactory) -> list[Form]:
    """200 business forms drawn by chance, their words as OCR would read them in the store already."""
    samples, _ = load_generated("200", tmp_path_factory.mktemp("generated"))
    store, limits = get_store(), get_settings().limits
    forms = []
    for sample in samples:
        words = Path(sample.metadata["words"]).read_bytes()
        for page in load_document(sample.document, store, limits, allow_paths=True)["pages"]:
            for recipe in (READER, f"{READER} {FINDER}"):  # without and with boxes to tick
                store.derive(page["image"], recipe, lambda words=words: words)
        forms.append(Form(sample.document, sample.expected["pairs"]))
    return forms


@pytest.mark.slow
@pytest.mark.usefixtures("experiment")
def test_a_fifth_of_the_pairs_lost_is_flagged_and_nothing_else(
    drawn_forms: list[Form], data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over 20 seeds each, windows of 100 different documents: every regression is flagged, and no window without."""
    whole = extract(drawn_forms, [form.pairs for form in drawn_forms])
    chance = Random(0)
    lossy = extract(drawn_forms, [lose(form.pairs, LOST, chance) for form in drawn_forms])
    flagged, cried_wolf = [], []
    for seed in range(SEEDS):
        order = Random(seed).sample(range(200), 200)
        for last, outcomes in ((lossy, flagged), (whole, cried_wolf)):
            in_order(data_dir, [whole[index] for index in order[:100]] + [last[index] for index in order[100:]])
            outcomes.append(worse_figures(100))
    assert sum(map(bool, flagged)) == SEEDS
    assert cried_wolf == [[]] * SEEDS
    is_fine, found = monitored(100, tmp_path, capsys)
    assert (is_fine, found["verdict"]) == (True, "no worse")
