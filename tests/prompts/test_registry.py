"""The registry in the session's SQLite store."""

import mlflow.genai
import pytest

from graph.settings import get_settings
from prompts.publishing import list_versions, promote, sync_prompts
from prompts.registry import load_prompt
from prompts.template import packaged_prompts
from schemas.errors import PromptError

URI = get_settings().tracking_uri
NAME = "optophone-refine"


@pytest.fixture(autouse=True)
def _restore_production() -> object:
    sync_prompts(URI)
    yield
    promote(f"{NAME}@1", URI)


def test_synchronising_twice_registers_once() -> None:
    """A text that is the newest version's is not registered again."""
    assert sync_prompts(URI)[0] == ("optophone-extract", 1, False)


def test_production_is_the_packaged_text_and_named_by_version() -> None:
    """What runs is what the file says, under its exact version."""
    assert load_prompt(f"{NAME}@production", URI, 5) == (f"prompts:/{NAME}/1", packaged_prompts()[NAME].text)


def test_new_version_runs_only_when_promoted() -> None:
    """Registering changes nothing; moving the alias changes the next load in this process at once."""
    newest = mlflow.genai.register_prompt(NAME, "Other {{failures}}{{schema_name}}{{additional_rules}}").version
    assert load_prompt(f"{NAME}@production", URI, 5).uri == f"prompts:/{NAME}/1"
    assert str(promote(f"{NAME}@{newest}", URI)) == f"prompts:/{NAME}/{newest}"
    assert load_prompt(f"{NAME}@production", URI, 5).uri == f"prompts:/{NAME}/{newest}"
    rows = {row.version: row.aliases for row in list_versions(URI) if row.name == NAME}
    assert rows[int(newest)] == ["production"]
    assert rows[1] == []


def test_synchronising_leaves_the_alias_where_it_was_moved() -> None:
    """A restart doesn't take back a promotion, nor a file's new text promote itself."""
    newest = mlflow.genai.register_prompt(NAME, "Newer {{failures}}{{schema_name}}{{additional_rules}}").version
    promote(f"{NAME}@{newest}", URI)
    name, version, is_new = next(row for row in sync_prompts(URI) if row[0] == NAME)
    assert is_new
    assert version > int(newest)
    assert load_prompt(f"{NAME}@production", URI, 5).uri == f"prompts:/{name}/{newest}"


def test_unknown_prompts_and_versions_list_the_known_ones() -> None:
    """The message is the way out."""
    with pytest.raises(PromptError, match="there is no prompt 'nonesuch'; use one of optophone-extract"):
        load_prompt("nonesuch@production", URI, 5)
    with pytest.raises(
        PromptError, match=r"there is no prompts:/optophone-extract/99; the versions .* are 1, @production"
    ):
        load_prompt("optophone-extract@99", URI, 5)
    with pytest.raises(PromptError, match="@nonesuch; the versions"):
        load_prompt("optophone-extract@nonesuch", URI, 5)
    with pytest.raises(PromptError, match="there is no"):
        promote("optophone-extract@99", URI)


def test_chat_prompt_is_refused() -> None:
    """Images are added in code, so a prompt is text."""
    mlflow.genai.register_prompt("a-chat", [{"role": "user", "content": "hello"}])
    with pytest.raises(PromptError, match="chat prompt"):
        load_prompt("a-chat@1", URI, 5)
