"""Prompts optimised by a scripted reflection model: real GEPA, real MLflow, no network."""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import mlflow
import pytest
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from mlflow import MlflowClient
from pdfs import text_pdf

from chat_models.factory import register_chat_model
from chat_models.scripted import ScriptedChatModel
from evaluation.datasets.sample import Sample
from evaluation.optimisation.feedback import describe_mistakes, score_result
from evaluation.optimisation.run import least_budget, optimise
from graph.context import Context
from graph.settings import get_settings
from prompts.publishing import sync_prompts, versions
from schemas.errors import ChatModelError, UsageError

TOTALS = [11.0, 12.0, 13.0, 14.0, 15.0, 16.0]
_numbers = count()


class ObedientReader(ScriptedChatModel):
    """Reads the total rightly only where the prompt tells it to take the last amount."""

    answers: Any = ()

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        text = str(messages[-1].text)
        total = float(re.findall(r"Total (\d+\.\d\d)", text)[0])
        answer = json.dumps({"total": total if "the last amount" in text else total + 100})
        return ChatResult(generations=[ChatGeneration(message=AIMessage(answer))])


class Reflection(ScriptedChatModel):
    """Proposes, for each prompt it is shown, that prompt with the next of its sentences at the end."""

    answers: Any = ()
    sentences: list[str]

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        text = str(messages[-1].text)
        self.requests.append(messages)
        present = text.split("```")[1].strip()
        sentence = self.sentences[(len(self.requests) - 1) % len(self.sentences)]
        return ChatResult(generations=[ChatGeneration(message=AIMessage(f"Now:\n```\n{present}\n{sentence}\n```"))])


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    paths = [tmp_path / f"{total:.0f}.pdf" for total in TOTALS]
    for path, total in zip(paths, TOTALS, strict=True):
        path.write_bytes(_pdf(total))
    return [Sample(str(path), {"total": total}) for path, total in zip(paths, TOTALS, strict=True)]


def _pdf(total: float) -> bytes:
    uri = text_pdf("ACME STORE", "Subtotal 1.00", f"Total {total:.2f}")
    return b64decode(uri.partition(",")[2])


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    """Leave the registry, which all tests share, as it was."""
    sync_prompts(get_settings().tracking_uri)
    before = versions("optophone-extract")
    yield
    for row in versions("optophone-extract"):
        if row.version > before[0].version:
            MlflowClient().delete_prompt_version(row.name, str(row.version))


@pytest.fixture
def context() -> Context:
    name = f"obedient-{next(_numbers)}"
    register_chat_model(name, ObedientReader)
    return Context(target_schema="receipt", chat_model=name, max_attempts=1)


@pytest.fixture
def reflection() -> Callable[..., tuple[str, Reflection]]:
    def make(*sentences: str) -> tuple[str, Reflection]:
        name, chat_model = f"reflection-{next(_numbers)}", Reflection(sentences=list(sentences))
        register_chat_model(name, lambda: chat_model)
        return name, chat_model

    return make


def test_the_best_candidate_becomes_a_version_that_is_not_promoted(
    samples: list[Sample], context: Context, reflection: Any
) -> None:
    """Proposals that can't be rendered or don't help fall away; the one that helps is registered with its evidence."""
    name, model = reflection("Use {{nothing}}.", "Be careful.", "The total is the last amount.")
    before = versions("optophone-extract")
    readings: list[int] = []
    result = optimise(samples, context, name, budget=30, on_read=readings.append)
    assert (result.before, result.after) == (0.0, 1.0)
    newest = versions("optophone-extract")[0]
    assert result.versions[0] == f"prompts:/optophone-extract/{newest.version}"
    assert newest.version == before[0].version + 1
    assert "the last amount" in newest.text
    assert "{{nothing}}" not in newest.text
    assert "production" not in newest.aliases
    assert sum(readings) <= 30
    version = mlflow.genai.load_prompt(result.versions[0])
    assert version.tags["optophone.run"] == result.run_id
    assert version.tags["optophone.optimised_from"] == f"prompts:/optophone-extract/{before[0].version}"
    assert (
        version.tags["optophone.why"]
        == f"Optimised from prompts:/optophone-extract/{before[0].version}: 0.000 to 1.000"
    )
    run = mlflow.get_run(result.run_id)
    assert run.data.metrics["best_validation_score"] == 1.0
    shown = str(model.requests[0][-1].text)
    assert "sha256:" in shown
    assert "expected 1" in shown
    assert "base64" not in shown


def test_nothing_is_registered_where_nothing_helps(samples: list[Sample], context: Context, reflection: Any) -> None:
    """The prompts as they were stay the newest."""
    name, _ = reflection("Be careful.", "Be kind.")
    before = versions("optophone-extract")
    result = optimise(samples, context, name, budget=12)
    assert result.versions == []
    assert (result.before, result.after) == (0.0, 0.0)
    assert versions("optophone-extract") == before


def test_bad_calls_cost_nothing(samples: list[Sample], context: Context, reflection: Any) -> None:
    """Too few documents, a budget for no proposal, a reflection model that can't write: said before any request."""
    name, model = reflection("x")
    with pytest.raises(UsageError, match="at least 4 documents to optimise on, got 3"):
        optimise(samples[:3], context, name, budget=100)
    with pytest.raises(UsageError, match=f"at least {least_budget(6)} readings, got 5"):
        optimise(samples, context, name, budget=5)
    with pytest.raises(ChatModelError, match="the local reader can't write prompts"):
        optimise(samples, context, "local", budget=100)
    assert model.requests == []


def test_a_reflection_model_that_fails_is_named(samples: list[Sample], context: Context) -> None:
    """Its own words, no traceback."""
    name = f"broken-{next(_numbers)}"
    register_chat_model(name, lambda: ScriptedChatModel(answers=[ValueError("no such deployment")]))
    with pytest.raises(ChatModelError, match=f"the reflection model '{name}' failed: no such deployment"):
        optimise(samples, context, name, budget=30)


def _result(extraction: dict[str, Any] | None) -> Any:
    return {"extraction": extraction, "validation_errors": [], "fields": [], "status": "valid", "attempts": 1,
            "usage": {"total_tokens": 0, "cost_usd": None}}  # fmt: skip


def _form(**answers: str) -> dict[str, Any]:
    return {"pairs": [{"key": key, "values": [value]} for key, value in answers.items()]}


def test_mistakes_of_a_form_are_told_in_words() -> None:
    """Missed, misread and added pairs; case and punctuation don't count."""
    expected, given = _form(Name="Ada", Date="1 May", City="Bonn"), _form(NAME="ada.", Date="7 May", Fax="12")
    assert describe_mistakes(expected, _result(given)).splitlines() == [
        "'Date': expected '1 May', answered '7 May'",
        "'City': expected 'Bonn', not answered",
        "'Fax': '12' was not expected",
    ]
    assert score_result("d", expected, _result(given)) == pytest.approx(1 / 3)
    assert describe_mistakes(expected, _result(expected)) == "nothing"


def test_mistakes_of_named_fields_are_told_in_words() -> None:
    """By pointer, with what was expected and answered."""
    expected, given = {"total": 2.0, "tax": None}, {"total": 3.0}
    assert describe_mistakes(expected, _result(given)) == "/total: expected 2.0, answered 3.0"
    assert score_result("d", expected, _result(given)) == 0.5


def test_a_failed_run_is_told_and_scores_nothing() -> None:
    """It must not look better than a poor answer."""
    assert describe_mistakes(_form(Name="Ada"), None) == "the run failed and gave no answer"
    assert score_result("d", _form(Name="Ada"), None) == 0.0
