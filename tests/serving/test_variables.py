"""Variables whose names nobody knows."""

import re
import subprocess
import sys
from pathlib import Path

from processes import own_environment

from serving.variables import known_variables, unknown_variables

_TEXTS = (".py", ".md", ".sql", ".html")


def test_unknown_name_is_told_with_the_nearest_known_one() -> None:
    """In any case, as the settings are read; a name like none says where the names stand."""
    known = known_variables()
    names = ["OPTOPHONE_DATABSE_URL", "optophone_api_token", "OPTOPHONE_XYZ", "OPTOPHONE_TRACING", "optophone_tracing"]
    assert unknown_variables(names, known) == [
        "OPTOPHONE_DATABSE_URL is not known and changes nothing; did you mean OPTOPHONE_DATABASE_URL?",
        "OPTOPHONE_XYZ is not known and changes nothing; remove it, or see docs/service.md for its name",
        "optophone_api_token is not known and changes nothing; did you mean OPTOPHONE_API_TOKENS?",
    ]


def test_each_name_in_the_repository_is_known(root: Path) -> None:
    """Whatever the code, the containers and the documentation speak of."""
    folders = ("chat_models", "documents", "evaluation", "graph", "nodes", "prompts", "schemas", "serving", "deploy")
    files = [file for folder in (*folders, "docs") for file in (root / folder).rglob("*.*") if file.suffix in _TEXTS]
    texts = [file.read_text() for file in (*files, root / "compose.yaml", root / "Dockerfile", root / "README.md")]
    names = {name for text in texts for name in re.findall(r"\bOPTOPHONE_[A-Z_]*[A-Z]", text)}
    assert len(names) > 10
    assert names <= known_variables()


def test_command_warns_once_and_keeps_the_value_to_itself(root: Path, tmp_path: Path) -> None:
    """A line on stderr for the environment's and one for the .env's."""
    (tmp_path / ".env").write_text("OPTOPHONE_RETENTION_DAY=7\nOPTOPHONE_DATABASE_PASSWORD=known\nOTHER=1\n")
    environment = own_environment(tmp_path, PYTHONPATH=str(root), OPTOPHONE_DATABSE_URL="postgresql://me:secret@db/x")
    command = [sys.executable, "-m", "serving.cli", "ui", "--help"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == [
        "optophone: OPTOPHONE_DATABSE_URL is not known and changes nothing; did you mean OPTOPHONE_DATABASE_URL?",
        "optophone: OPTOPHONE_RETENTION_DAY is not known and changes nothing; did you mean OPTOPHONE_RETENTION_DAYS?",
    ]
    assert "secret" not in done.stdout
