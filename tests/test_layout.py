"""The checkout itself: packages, the README and the configuration agree."""

import importlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from graph.builder import make_graph

PACKAGES = ["schemas", "documents", "chat_models", "prompts", "nodes", "graph", "evaluation", "serving"]


@pytest.mark.parametrize("package", PACKAGES)
def test_package_is_the_checkouts_own(package: str, root: Path) -> None:
    """A clash with an installed `nodes` or `graph` is one clear failure."""
    file = importlib.import_module(package).__file__
    assert file is not None
    assert Path(file).parent == root / package


def test_wheel_holds_these_packages_and_no_others(root: Path) -> None:
    """The explicit list in pyproject.toml is the design's, and never `tests`."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == PACKAGES
    assert "Private :: Do Not Upload" in project["project"]["classifiers"]


def test_langgraph_json_names_the_served_graph(root: Path) -> None:
    """A module path: a file path would load a second copy."""
    served = json.loads((root / "langgraph.json").read_text())["graphs"]["optophone"]
    module, _, name = served.partition(":")
    assert importlib.import_module(module).__dict__[name].name == "optophone"


def test_readme_shows_the_graph_as_it_is(root: Path) -> None:
    """The README's diagram is the compiled graph's own."""
    drawn = make_graph().get_graph().draw_mermaid(with_styles=False).strip()
    assert drawn in (root / "README.md").read_text()


def test_readme_comes_to_the_point(root: Path) -> None:
    """The two commands stand before line 25."""
    top = "\n".join((root / "README.md").read_text().splitlines()[:24])
    assert "make demo" in top
    assert "make test" in top


def test_commands_in_the_readme_exist(root: Path) -> None:
    """Each optophone command and make target that the README names is one."""
    readme = (root / "README.md").read_text()
    help_text = subprocess.run(
        [sys.executable, "-m", "serving.cli", "--help"], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    commands = set(re.findall(r"^(?:\.venv/bin/)?optophone (\w+)", readme, re.MULTILINE))
    assert commands
    assert all(re.search(rf"\b{command}\b", help_text) for command in commands)
    targets = set(re.findall(r"^([\w-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", readme)) <= targets


def test_importing_a_package_imports_nothing_heavy(root: Path) -> None:
    """Nothing waits for MLflow or an OCR engine that isn't needed."""
    heavy = "mlflow", "onnxruntime", "rapidocr", "pypdfium2", "langchain_openai", "cv2"
    code = f"import sys, graph.builder; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
