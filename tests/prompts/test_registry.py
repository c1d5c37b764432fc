"""The registry in the session's SQLite store."""

import time

import mlflow.genai
import pytest
from mlflow import MlflowClient

from graph.settings import get_settings
from prompts.publishing import list_versions, publish, sync_prompts, versions
from prompts.registry import LoadedPrompt, carry_prompt, check_prompt, load_prompt
from prompts.template import PromptFile, packaged_prompts, packaged_versions
from schemas.errors import PromptError, UnreachableError
from schemas.target import load_schema

URI = get_settings().tracking_uri
NAME = "optophone-refine"


@pytest.fixture(autouse=True, scope="module")
def _synchronised() -> None:
    sync_prompts(URI)


def _files(name: str, *texts: str) -> list[PromptFile]:
    return [PromptFile(name, "of a test", text, "openai:gpt-4o-mini", 0.0, "form") for text in texts]


def _texts(name: str) -> list[str]:
    return [row.text for row in reversed(versions(name))]


def test_fresh_registry_holds_the_files_in_order_and_runs_the_best() -> None:
    """Versions 1, 2 and 3 are the three files, and production is the third; doing it again changes nothing."""
    files = packaged_versions()["optophone-extract"]
    rows = [row for row in list_versions(URI) if row.name == "optophone-extract"]
    assert [(row.version, row.text) for row in reversed(rows)] == [
        (number, file.text) for number, file in enumerate(files, start=1)
    ]
    assert [row.aliases for row in rows] == [["production"], [], []]
    assert sync_prompts(URI)[0] == ("optophone-extract", 3, [])


def test_registry_of_one_version_gets_the_others_and_keeps_its_production() -> None:
    """What an earlier release registered goes on running until somebody promotes another version."""
    mlflow.genai.register_prompt("earlier", "best")
    mlflow.genai.set_prompt_alias("earlier", "production", 1)
    assert publish(_files("earlier", "first", "second", "best")) == ("earlier", 3, [2, 3])
    assert _texts("earlier") == ["best", "first", "second"]
    assert load_prompt("earlier@production", URI, 5).uri == "prompts:/earlier/1"
    assert publish(_files("earlier", "first", "second", "best")) == ("earlier", 3, [])


def test_edited_file_is_the_next_version_and_runs_only_when_promoted() -> None:
    """Edited back it is its old version again, not a copy of it."""
    assert publish(_files("edited", "one", "two")) == ("edited", 2, [1, 2])
    assert publish(_files("edited", "one", "two, better")) == ("edited", 3, [3])
    assert load_prompt("edited@production", URI, 5).uri == "prompts:/edited/2"
    assert publish(_files("edited", "one", "two")) == ("edited", 3, [])


def test_publishing_restores_an_alias_that_was_deleted() -> None:
    """Without one no extraction could run."""
    publish(_files("unaliased", "one", "two"))
    mlflow.genai.delete_prompt_alias("unaliased", "production")
    publish(_files("unaliased", "one", "two"))
    assert load_prompt("unaliased@production", URI, 5).uri == "prompts:/unaliased/2"


def test_chat_model_temperature_and_schema_are_stored_with_each_version() -> None:
    """MLflow's own fields hold what the file's front matter says, and a look-up gives it back."""
    for row in list_versions(URI):
        version = MlflowClient().get_prompt_version(row.name, row.version)
        assert version.model_config == {"provider": "openai", "model_name": "gpt-4o-mini", "temperature": 0.0}
        assert version.response_format == load_schema("form").json_schema
        assert (row.chat_model, row.temperature, row.schema) == ("openai:gpt-4o-mini", 0.0, "form")


def test_temperature_is_for_the_chat_model_it_is_stored_with() -> None:
    """Another one may refuse it; a version that stores none has none."""
    prompt = load_prompt("optophone-extract@2", URI, 5)
    assert prompt.temperature_for("openai:gpt-4o-mini") == 0.0
    assert prompt.temperature_for("openai:o3-mini") is None
    mlflow.genai.register_prompt("bare", "text")
    assert load_prompt("bare@1", URI, 5).temperature_for("openai:gpt-4o-mini") is None


def test_production_is_the_packaged_text_and_named_by_version() -> None:
    """What runs is what the file says, under its exact version."""
    loaded = load_prompt(f"{NAME}@production", URI, 5)
    assert (loaded.uri, loaded.text) == (f"prompts:/{NAME}/1", packaged_prompts()[NAME].text)


def test_alias_that_another_process_moves_counts_within_a_second() -> None:
    """MLflow keeps an alias for a minute; a process that stays up would run the old version all that time."""
    publish(_files("elsewhere", "one", "two"))
    assert load_prompt("elsewhere@production", URI, 5).text == "two"
    for version, text in ((1, "one"), (2, "two")):
        # Below the cache of this process's client: what another process's promotion looks like from here.
        MlflowClient()._get_registry_client().set_prompt_alias("elsewhere", "production", version)
        time.sleep(1.1)
        assert load_prompt("elsewhere@production", URI, 5).text == text


def test_unknown_prompts_and_versions_list_the_known_ones() -> None:
    """The message is the way out."""
    with pytest.raises(PromptError, match="there is no prompt 'nonesuch'; use one of optophone-extract"):
        load_prompt("nonesuch@production", URI, 5)
    with pytest.raises(
        PromptError, match=r"there is no prompts:/optophone-extract/99; the versions .* are 3, 2, 1, @production"
    ):
        load_prompt("optophone-extract@99", URI, 5)
    with pytest.raises(PromptError, match="@nonesuch; the versions"):
        load_prompt("optophone-extract@nonesuch", URI, 5)


def test_chat_prompt_is_refused() -> None:
    """Images are added in code, so a prompt is text."""
    mlflow.genai.register_prompt("a-chat", [{"role": "user", "content": "hello"}])
    with pytest.raises(PromptError, match="chat prompt"):
        load_prompt("a-chat@1", URI, 5)


def test_carried_prompt_is_loaded_as_it_is_and_no_registry_is_asked() -> None:
    """Its own text, though the registry has another under the version that it came from; two never meet."""
    first, second = (LoadedPrompt("prompts:/optophone-extract/3", text, None, None) for text in ("one", "two"))
    names = carry_prompt(first), carry_prompt(second)
    nowhere = "http://127.0.0.1:9"
    for name, prompt in zip(names, (first, second), strict=True):
        check_prompt(name, nowhere, 0.1)
        assert load_prompt(name, nowhere, 0.1) == prompt
    assert carry_prompt(first) == names[0]


def test_name_of_a_carried_prompt_cannot_be_guessed_at() -> None:
    """What nobody carried is no prompt's name."""
    with pytest.raises(PromptError, match="names no prompt version"):
        load_prompt("carried:/" + "0" * 64, URI, 5)


def test_version_behind_an_alias_holds_while_the_registry_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run pins what an alias stands for, and asks for that version when its server may be gone."""
    loaded = load_prompt(f"{NAME}@production", URI, 5)

    def away(*_: object) -> None:
        raise UnreachableError("MLflow does not answer")

    monkeypatch.setattr("prompts.registry._load", away)
    assert load_prompt(loaded.uri, URI, 5) == loaded
