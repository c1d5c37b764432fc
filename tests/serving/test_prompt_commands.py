"""`optophone prompts …` in this process, on the session's store; and seen from a process that stays up."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import mlflow.genai
import pytest
from mlflow import MlflowClient
from pdfs import text_pdf
from processes import own_environment

from evaluation.metrics.document import score_document
from graph.settings import get_settings
from prompts.publishing import sync_prompts
from prompts.template import packaged_versions

Run = Callable[..., Any]
WritePdf = Callable[..., str]
Evaluate = Callable[[int, int], str]

URI = get_settings().tracking_uri
EXTRACT = "optophone-extract"
_numbers = count()


@pytest.fixture
def production_stays() -> Iterator[None]:
    """Let version 3 run again afterwards, with no move on record."""
    sync_prompts(URI)
    yield
    mlflow.genai.set_prompt_alias(EXTRACT, "production", 3)
    for tag in MlflowClient().get_prompt(EXTRACT).tags:
        if tag.startswith("optophone.promotion."):
            MlflowClient().delete_prompt_tag(EXTRACT, tag)


@pytest.fixture
def evaluate(tmp_path: Path) -> Evaluate:
    """Keep an evaluation of a version with so many right forms of 20, on a data set of the test's own."""
    sync_prompts(URI)
    client, number = MlflowClient(), next(_numbers)
    experiment = client.create_experiment(f"prompt commands {number}", tmp_path.as_uri())
    gold = {"pairs": [{"key": "Name", "values": ["Ada"]}]}
    right = {"extraction": gold, "fields": [], "status": "valid", "attempts": 1,
             "usage": {"total_tokens": 0, "cost_usd": 0.0}}  # fmt: skip

    def keep(version: int, found: int) -> str:
        tags = {"kind": "evaluation", "dataset": f"forms {number}", "schema": "form", "chat_model": "local"}
        tags |= {"extract_prompt": f"prompts:/{EXTRACT}/{version}", "refine_prompt": "prompts:/optophone-refine/1"}
        run = client.create_run(experiment, tags={f"optophone.{tag}": value for tag, value in tags.items()})
        scores = [score_document(f"{form}", gold, right if form < found else None) for form in range(20)]  # type: ignore[arg-type]
        lines = "".join(f"{one.model_dump_json()}\n" for one in scores)
        client.log_text(run.info.run_id, lines, "per_document.jsonl")
        client.set_terminated(run.info.run_id)
        return str(run.info.run_id)

    yield keep  # type: ignore[misc]
    client.delete_experiment(experiment)


def test_prompts_are_synchronised_and_listed(optophone: Run) -> None:
    """Every version with what it is for, the newest first."""
    optophone("prompts", "sync")
    assert optophone("prompts", "sync").out == "optophone-extract/3  unchanged\noptophone-refine/1  unchanged\n"
    listed = optophone("prompts", "list").out.splitlines()
    assert listed[0].startswith("optophone-extract/3  @production  What is a key and what a value")
    assert listed[2] == "optophone-extract/1  A first pass, as short as one would start with."
    assert listed[3].startswith("optophone-refine/1  @production  ")


@pytest.mark.parametrize(
    "version", [("1",), ("optophone-extract@1",), ("prompts:/optophone-extract/1",), ("1", "--name", EXTRACT)]
)
def test_version_is_shown_with_what_is_stored_with_it(optophone: Run, version: tuple[str, ...]) -> None:
    """The text alone on stdout, so that it can go into a file; all ways of naming it are equal."""
    code, out, err = optophone("prompts", "show", *version)
    assert out == packaged_versions()[EXTRACT][0].text + "\n"
    assert err == "prompts:/optophone-extract/1: chat model openai:gpt-4o-mini, temperature 0, schema form\n"
    assert code == 0


def test_version_of_another_prompt_is_named_by_option_or_in_full(optophone: Run) -> None:
    """--name says whose version a bare one is."""
    shown = optophone("prompts", "show", "@production", "--name", "optophone-refine")
    assert shown == optophone("prompts", "show", "optophone-refine@1")
    assert shown.err.startswith("prompts:/optophone-refine/1 @production: ")


def test_diff_is_unified_and_plain_where_nobody_looks(optophone: Run) -> None:
    """What 2 adds to 1, without colours in a pipe."""
    code, out, err = optophone("prompts", "diff", "1", "2")
    lines = out.splitlines()
    assert lines[:2] == ["--- prompts:/optophone-extract/1", "+++ prompts:/optophone-extract/2"]
    assert "+- Return only what stands on the page." in lines
    assert "+{{additional_rules}}" in lines
    assert "\x1b" not in out
    assert optophone("prompts", "diff", "2", "@production").out.startswith("--- prompts:/optophone-extract/2\n")
    assert optophone("prompts", "diff", "1", "1").out == ""
    assert (code, err) == (0, "")


@pytest.mark.usefixtures("production_stays")
def test_promotion_and_rollback_change_the_next_extraction(optophone: Run, write_pdf: WritePdf) -> None:
    """With no restart, and on record."""
    document = write_pdf("a.pdf", ("Name: Ada",))

    def used() -> str:
        return re.findall(r"prompts  (\S+)", optophone("extract", document).out)[0]

    assert used() == "prompts:/optophone-extract/3"
    promoted = optophone("prompts", "promote", "1", "--force", "--why", "to\ncompare")
    assert promoted == (0, "production is now prompts:/optophone-extract/1: forced\n", "")
    assert used() == "prompts:/optophone-extract/1"
    back = optophone("prompts", "rollback")
    assert back == (0, "production is again prompts:/optophone-extract/3, was 1\n", "")
    assert used() == "prompts:/optophone-extract/3"
    newest, oldest = optophone("prompts", "history").out.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00  \S+  rollback  1 → 3", newest)
    assert re.fullmatch(r"\S+  \S+  promotion  3 → 1  forced  to compare", oldest)


@pytest.mark.usefixtures("production_stays")
def test_promotion_rests_on_an_evaluation(optophone: Run, evaluate: Evaluate) -> None:
    """Refused without one and when significantly worse; allowed, with its run on record, when it isn't."""
    refused = optophone("prompts", "promote", "2")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "optophone: prompts:/optophone-extract/2 is not promoted: it has no evaluation; "
        "run `optophone evaluate` with it, or promote with --force\n"
    )
    evaluate(3, 16)
    evaluate(2, 8)
    refused = optophone("prompts", "promote", "2")
    assert (refused.code, refused.out) == (2, "")
    assert "its pair_f1 is 0.571 against 0.889 in production on 20 documents" in refused.err
    assert optophone("prompts", "show", "@production").err.startswith("prompts:/optophone-extract/3")
    run_id = evaluate(2, 20)
    code, out, err = optophone("prompts", "promote", "2", "--why", "finds more")
    assert (code, err) == (0, "")
    assert out.startswith("production is now prompts:/optophone-extract/2: its pair_f1 is 1.000 against 0.889")
    (line,) = optophone("prompts", "history").out.splitlines()
    assert line.endswith(f"promotion  3 → 2  run {run_id}  finds more")
    assert optophone("prompts", "promote", "2").out == "production is prompts:/optophone-extract/2 already\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "99"], "the versions of 'optophone-extract' are 3, 2, 1, @production"),
        (["diff", "1", "99"], "the versions of 'optophone-extract' are 3, 2, 1, @production"),
        (["promote", "99", "--force"], "the versions of 'optophone-extract' are 3, 2, 1, @production"),
        (["show", "@nonesuch"], "there is no prompts:/optophone-extract@nonesuch; the versions of"),
        (["rollback", "--name", "nonesuch"], "there is no prompt 'nonesuch'; use one of optophone-extract, optophone-"),
        (["history", "--name", "nonesuch"], "there is no prompt 'nonesuch'; use one of optophone-extract, optophone-"),
        (["rollback", "--name", "optophone-refine"], "there is no promotion of 'optophone-refine' to take back"),
        (["promote", "2", "--force", "--run", "0123"], "--force asks for no evaluation: leave out --run"),
    ],
)
def test_unknown_names_list_the_known_ones(optophone: Run, arguments: list[str], said: str) -> None:
    """Exit code 2, and nothing on stdout."""
    code, out, err = optophone("prompts", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_history_of_a_prompt_that_was_never_moved_says_so(optophone: Run) -> None:
    """On stderr, with the command that moves it: there is no line to read."""
    said = "`production` of optophone-refine was never moved; optophone prompts promote VERSION moves it\n"
    assert optophone("prompts", "history", "--name", "optophone-refine") == (0, "", said)


@pytest.mark.slow
@pytest.mark.usefixtures("production_stays")
def test_process_that_stays_up_follows_the_moves_of_another(root: Path, data_dir: Path) -> None:
    """A promotion and its rollback, made elsewhere, each count for the very next extraction here."""
    from graph.app import graph

    def used() -> list[str]:
        return graph.invoke({"document": text_pdf("Name: Ada")}, context={"chat_model": "local"})["prompts"]

    def elsewhere(*arguments: str) -> None:
        command = [sys.executable, "-m", "serving.cli", "prompts", *arguments]
        subprocess.run(command, cwd=root, env=own_environment(data_dir), capture_output=True, check=True)

    assert used() == ["prompts:/optophone-extract/3"]
    elsewhere("promote", "1", "--force")
    assert used() == ["prompts:/optophone-extract/1"]
    elsewhere("rollback")
    assert used() == ["prompts:/optophone-extract/3"]
