"""What docs/service.md tells people to type does run."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from processes import optophone_server

pytestmark = pytest.mark.slow


def test_commands_of_the_documentation_run(root: Path, tmp_path: Path) -> None:
    """Against a service of its own, each ending with exit code 0; the last one deletes the document."""
    (script,) = re.findall(r"```sh\n(.*?)```", (root / "docs" / "service.md").read_text(), re.DOTALL)
    assert script.count("curl") >= 8
    with optophone_server(root, tmp_path / "data") as server:
        script = script.replace("http://127.0.0.1:8000", server.url).replace("examples/", f"{root}/examples/")
        # -f: an error of the service is an exit code.
        script = script.replace("curl -s", "curl -s -f").replace("?format=csv", "?format=csv&x= -o table.csv", 1)
        script = script.replace('?format=csv&x= -o table.csv"', '?format=csv" -o table.csv')
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607 - whichever is the caller's
            cwd=tmp_path, env={**os.environ, "no_proxy": "*"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "extraction.json").read_text())["status"] == "valid"
    assert (tmp_path / "table.csv").read_text().startswith("path,value,state,")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    assert "event: end" in done.stdout
