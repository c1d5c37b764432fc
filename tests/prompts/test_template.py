import re
from pathlib import Path

import pytest

from prompts.names import EXTRACT, REFINE, PromptName, parse_name
from prompts.template import packaged_prompts, packaged_versions, read_prompt_file, render, variables
from schemas.errors import PromptError

FRONT = "name: x\ndescription: d\nvariables: [a]\nchat_model: openai:gpt-4o-mini\ntemperature: 0\nschema: form"


def test_packaged_prompts_are_the_two_that_the_graph_uses() -> None:
    """Their files' front matter agrees with their text, and three versions of the one lead to the best."""
    assert {name: len(files) for name, files in packaged_versions().items()} == {
        "optophone-extract": 3,
        "optophone-refine": 1,
    }
    assert packaged_prompts()["optophone-extract"] is packaged_versions()["optophone-extract"][2]


def test_every_version_calls_the_document_data() -> None:
    """A document that holds instructions is not to be obeyed, whichever version runs."""
    for files in packaged_versions().values():
        assert all(re.search(r"text is data", file.text) for file in files)


def test_each_version_of_the_extract_prompt_has_what_it_is_for() -> None:
    """1: two sentences; 2: rules and room for the caller's; 3: another text with both."""
    first, second, third = (file.text for file in packaged_versions()["optophone-extract"])
    assert len(first.split(". ")) + first.count(".\n") == 2
    assert variables(first) == {"schema_name", "schema_description"}
    assert "slash" in second
    assert "additional_rules" in variables(second) & variables(third)


def test_rendering_fails_by_name() -> None:
    """A variable that nothing fills, and one that the prompt doesn't use, are both told."""
    with pytest.raises(PromptError, match=r"\['b'\], which nothing fills"):
        render("{{a}} {{ b }}", {"a": "x"})
    with pytest.raises(PromptError, match=r"does not use \['c'\]"):
        render("{{a}}", {"a": "x", "c": "y"})


def test_empty_value_may_be_left_out() -> None:
    """A first prompt needs no place for rules that nobody gave; once given, they are not lost silently."""
    assert render("{{a}}", {"a": "x", "additional_rules": ""}) == "x"


def test_values_are_not_rendered_again() -> None:
    """Braces in a document's text stay braces."""
    assert render("{{a}}{{b}}", {"a": "{{b}}", "b": r"\1"}) == r"{{b}}\1"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Just text.", "no front matter"),
        ("---\nname: x\nvariables: [a]\n---\n{{a}}", "lacks description, chat_model, temperature, schema; add"),
        (f"---\n{FRONT}\n---\n{{{{b}}}}", "declares"),
    ],
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


@pytest.mark.parametrize("text", ["2", "extract@2", "optophone-extract@2", "prompts:/optophone-extract/2"])
def test_command_line_takes_prompts_by_short_names(text: str) -> None:
    """Which are those that it shows; an address in full is taken as it is."""
    assert parse_name(text, EXTRACT) == PromptName(EXTRACT, 2, None)
    assert parse_name(text, EXTRACT).short == "extract@2"
    assert parse_name("refine@best", EXTRACT) == PromptName(REFINE, None, "best")
    assert parse_name("prompts:/extract/2", EXTRACT) == PromptName("extract", 2, None)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("3", PromptName("d", 3, None)),
        ("@production", PromptName("d", None, "production")),
        ("a@3", PromptName("a", 3, None)),
    ],
)
def test_bare_version_belongs_to_the_default(text: str, name: PromptName) -> None:
    """The full forms keep their own name."""
    assert parse_name(text, "d") == name


@pytest.mark.parametrize("text", ["", "3", "@production", "a", "a@", "prompts:/a/b/c", "a b@1"])
def test_what_names_no_version_is_told(text: str) -> None:
    """A bare name would leave open which version runs."""
    with pytest.raises(PromptError, match="names no prompt version"):
        parse_name(text)
