"""`optophone train`: what it asks for before it spends minutes."""

import sys
from pathlib import Path

import pytest

from schemas.errors import UsageError
from serving.training import run_training

pytest.importorskip("sklearn", reason="training needs scikit-learn: pip install -e '.[train]'")
pytest.importorskip(
    "lightgbm",
    reason="training needs LightGBM, which needs the system package libgomp1",
    exc_type=(ImportError, OSError),
)


@pytest.mark.parametrize(
    ("dataset", "out", "message"),
    [
        ("funsd", "x.weights", "unknown dataset 'funsd'; give one of funsd:DIR"),
        ("other:here", "x.weights", "unknown dataset 'other:here'; give one of funsd:DIR"),
        ("funsd:nowhere", "x.weights", "annotations"),
        ("funsd:nowhere", "none/x.weights", "expected a folder at"),
    ],
)
def test_a_wrong_call_is_told_at_once(tmp_path, monkeypatch, dataset, out, message):
    """Before anything is read or trained."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        run_training([dataset], Path(out), 5)


def test_missing_packages_are_named(monkeypatch, tmp_path):
    """With the command that installs them."""
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(UsageError, match=r"pip install -e '.\[train\]'"):
        run_training(["funsd:here"], tmp_path / "x.weights", 5)


def test_a_missing_system_library_is_named(monkeypatch, tmp_path):
    """LightGBM is installed, but can't be loaded on a machine without OpenMP."""
    lightgbm = tmp_path / "lightgbm.py"
    lightgbm.write_text("raise OSError('libgomp.so.1: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lightgbm")
    with pytest.raises(UsageError, match=r"libgomp\.so\.1.*install the system package libgomp1"):
        run_training(["funsd:here"], tmp_path / "x.weights", 5)
