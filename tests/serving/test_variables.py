"""Variables whose names nobody knows."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import own_environment

from graph.settings import get_settings
from schemas.errors import UsageError
from serving.variables import known_variables, unknown_variables
from serving.web.settings import get_service_settings

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


def test_names_are_known_without_what_reads_documents(root: Path) -> None:
    """Each subcommand asks for them, if only to print its help."""
    code = "import sys, serving.variables as v; v.known_variables(); print({'langchain_core', 'PIL'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_env_file_that_is_no_utf8_is_one_line(root: Path, tmp_path: Path) -> None:
    """At the start of a command, with the place and without what stands there."""
    _write_latin_1(tmp_path)
    environment = own_environment(tmp_path, PYTHONPATH=str(root))
    command = [sys.executable, "-m", "serving.cli", "ui", "--help"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "optophone: expected UTF-8 in .env, got the byte 0xe9 in line 1002; save it as UTF-8\n"


@pytest.mark.parametrize("read", [get_settings.__wrapped__, get_service_settings])
def test_env_file_that_is_no_utf8_is_told_where_settings_are_read(
    read: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of one's own has no command line that would."""
    _write_latin_1(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="byte 0xe9 in line 1002;"):
        read()


def _write_latin_1(folder: Path) -> None:
    """Behind more lines than are decoded at once."""
    text = "OTHER=1\n" + "# a long comment\n" * 1000 + "OPTOPHONE_DATABASE_URL=postgresql://me:sécret@db/x\n"
    (folder / ".env").write_bytes(text.encode("latin-1"))
