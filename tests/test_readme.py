"""What the README tells people to run does run."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from processes import own_environment

pytestmark = pytest.mark.slow

README = (Path(__file__).parent.parent / "README.md").read_text()
LINES = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
# A key, a package from the network and a scan of the reader's own are not here.
COMMANDS = [line for line in LINES if line.startswith(".venv/bin/optophone") and "scan.png" not in line]


@pytest.fixture(scope="module")
def checkout(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy to run in, so that what is written stays out of the checkout."""
    copy = tmp_path_factory.mktemp("checkout") / "x"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".*", "out", "tests"))
    return copy


def test_readme_has_commands_to_run() -> None:
    """The patterns above find them."""
    assert len(COMMANDS) >= 5


@pytest.mark.parametrize("command", COMMANDS)
def test_command_of_the_readme_runs(command: str, checkout: Path) -> None:
    """Each optophone command ends with the exit code that its comment names, else with 0."""
    named = re.search(r"# exit code (\d)", command)
    # A shell would expand the pattern.
    words = shlex.split(command.replace("examples/*.png", "examples/registration_form.png"), comments=True)
    run = subprocess.run(
        [sys.executable, "-m", "serving.cli", *words[1:]],
        cwd=checkout, env=own_environment(checkout / ".optophone"), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == (int(named[1]) if named else 0), run.stderr


def test_python_of_the_readme_runs(checkout: Path) -> None:
    """The first snippet, as it stands."""
    snippet = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    environment = own_environment(checkout / ".optophone")
    run = subprocess.run(
        [sys.executable, "-c", snippet], cwd=checkout, env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("valid {'key': 'Registration No")
