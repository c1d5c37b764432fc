from pathlib import Path

import pytest

from prompts.names import PromptName, parse_name
from prompts.template import packaged_prompts, read_prompt_file, render
from schemas.errors import PromptError


def test_packaged_prompts_are_the_two_that_the_graph_uses() -> None:
    """Their files' front matter agrees with their text."""
    assert set(packaged_prompts()) == {"optophone-extract", "optophone-refine"}


def test_rendering_fails_by_name() -> None:
    """A variable that nothing fills, and one that the prompt doesn't use, are both told."""
    with pytest.raises(PromptError, match=r"\['b'\], which nothing fills"):
        render("{{a}} {{ b }}", {"a": "x"})
    with pytest.raises(PromptError, match=r"does not use \['c'\]"):
        render("{{a}}", {"a": "x", "c": "y"})


def test_values_are_not_rendered_again() -> None:
    """Braces in a document's text stay braces."""
    assert render("{{a}}{{b}}", {"a": "{{b}}", "b": r"\1"}) == r"{{b}}\1"


@pytest.mark.parametrize(
    ("content", "said"),
    [("Just text.", "no front matter"), ("---\nname: x\ndescription: d\nvariables: [a]\n---\n{{b}}", "declares")],
)
def test_broken_prompt_file_is_told(tmp_path: Path, content: str, said: str) -> None:
    """A prompt file says itself which variables it has."""
    (tmp_path / "x.md").write_text(content)
    with pytest.raises(PromptError, match=said):
        read_prompt_file(tmp_path / "x.md")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("prompts:/a-b/3", PromptName("a-b", 3, None)),
        ("a-b@3", PromptName("a-b", 3, None)),
        ("prompts:/a@production", PromptName("a", None, "production")),
        ("a@latest", PromptName("a", None, "latest")),
    ],
)
def test_prompt_versions_have_a_long_and_a_short_name(text: str, name: PromptName) -> None:
    """Both are MLflow's address in the end."""
    assert parse_name(text) == name
    assert parse_name(str(name)) == name


@pytest.mark.parametrize("text", ["", "a", "a@", "prompts:/a/b/c", "a b@1"])
def test_what_names_no_version_is_told(text: str) -> None:
    """A bare name would leave open which version runs."""
    with pytest.raises(PromptError, match="names no prompt version"):
        parse_name(text)
