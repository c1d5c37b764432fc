"""What `--engine ray` refuses before a cluster is started."""

from pathlib import Path

import pytest

from graph.context import Context
from schemas.errors import OptophoneError, UsageError
from serving.batch.folder import describe, find_plan, understand
from serving.batch.inputs import Item
from serving.batch.plan import make_plan
from serving.batch.results import input_key
from serving.commands.batch import batch
from serving.distributed import run as run_module
from serving.distributed.cluster import check_installed
from serving.distributed.left import Known, parts_left
from serving.distributed.worker import note_try


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence instead of a traceback."""
    monkeypatch.setattr("serving.distributed.cluster.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install -e '\.\[ray\]'"):
        check_installed()


def test_workers_do_not_trace_into_one_sqlite_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to set."""
    monkeypatch.setattr("serving.distributed.run.check_installed", lambda: None)
    with pytest.raises(UsageError, match="MLFLOW_TRACKING_URI"):
        run_module.run_on_ray([], Context(), None)


def test_options_of_one_machine_are_refused(tmp_path: Path) -> None:
    """A budget that nobody keeps would be worse than none; so would a URI that is taken for a folder."""
    with pytest.raises(UsageError, match="--max-cost, --restart does not go with --engine ray"):
        batch(["x"], out=str(tmp_path), engine="ray", max_cost=1.0, restart=True)
    with pytest.raises(UsageError, match="'s3://b/x' is a URI"):
        batch(["x"], out="s3://b/x")


def test_folder_of_the_other_engine_is_refused(tmp_path: Path) -> None:
    """Each keeps its results in its own way and would ask everything again."""
    context = Context(chat_model="local")
    run = describe(context, make_plan(context), "ray")
    assert understand(run, tmp_path, "ray")["engine"] == "ray"
    (tmp_path / "run.json").write_bytes(run)
    with pytest.raises(UsageError, match="holds a run of --engine ray"):
        find_plan(tmp_path, context, restart=False, keeps_answers=True)


def test_only_what_has_no_record_is_asked() -> None:
    """Twins are together, known contents are copied, what can't be read stands alone."""
    items = [Item(index, f"{index}.pdf") for index in range(6)]
    known = Known(places={"u0": "p"})
    known.written[input_key(None, "0.pdf", "u0")] = 1
    parts, copies = parts_left(list(zip(items, ["u0", "u1", "", "u1", "u0", ""], strict=True)), known)
    assert [part.items for part in parts] == [[items[1], items[3]], [items[2]], [items[5]]]
    assert copies == [(items[4], "u0")]


def test_part_that_ends_each_worker_ends_the_run(tmp_path: Path) -> None:
    """Five tries without a further record are enough, until the run is started again; with one they are not."""
    for _ in range(4):
        note_try(tmp_path)
    (tmp_path / "results.jsonl").write_text("{}\n")
    for _ in range(5):
        note_try(tmp_path)
    with pytest.raises(OptophoneError, match="ended its worker 5 times"):
        note_try(tmp_path)
    note_try(tmp_path)


def test_another_start_makes_the_same_parts_of_what_is_left() -> None:
    """So a worker finds what was done of a part that was cut off."""
    named = [(Item(index, f"{index}.pdf"), f"u{index}") for index in range(300)]
    parts, _ = parts_left(named, Known())
    assert [len(part.items) for part in parts] == [3] * 100
    known = Known(places={"u0": "p", "u1": "p", "u2": "p", "u3": "q"})
    known.written.update(input_key(None, f"{index}.pdf", f"u{index}") for index in range(4))
    left, _ = parts_left(named, known)
    assert left[1:] == parts[2:]
    assert left[0].items == parts[1].items[1:]
