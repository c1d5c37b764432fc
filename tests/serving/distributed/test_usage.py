"""What `--engine ray` refuses before a cluster is started."""

from pathlib import Path

import pytest

from graph.context import Context
from schemas.errors import UsageError
from serving.batch.folder import describe, find_plan, understand
from serving.batch.inputs import Item
from serving.batch.plan import make_plan
from serving.batch.results import input_key
from serving.commands.batch import batch
from serving.distributed import run as run_module
from serving.distributed.cluster import check_installed
from serving.distributed.run import _Known, _new_groups


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
    units = ["u0", "u1", "", "u1", "u0", ""]
    known = _Known(places={"u0": "p"})
    known.written[input_key(None, "0.pdf", "u0")] = 1
    groups, copies = _new_groups(iter(zip(items, units, strict=True)), known)
    assert groups == [[items[1], items[3]], [items[2]], [items[5]]]
    assert copies == [(items[4], "u0")]
