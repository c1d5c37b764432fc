"""Optimise the prompts of a run on documents with known answers, and register what reads better."""

import json
import logging
import os
import random
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

import mlflow
from langchain_core.messages import HumanMessage
from mlflow import MlflowClient
from mlflow.entities import Feedback
from mlflow.entities.model_registry import PromptVersion
from mlflow.genai.optimize.types import EvaluationResultRecord
from mlflow.genai.scorers import scorer
from mlflow.prompt.constants import RESPONSE_FORMAT_TAG_KEY
from mlflow.tracing.display import disable_notebook_display, enable_notebook_display

from chat_models.factory import make_chat_model
from chat_models.failures import explain
from documents.layout import lay_out
from documents.load import load_document
from documents.words import page_words
from evaluation.datasets.sample import Sample
from evaluation.optimisation.feedback import describe_mistakes, score_result
from evaluation.optimisation.optimizer import MINIBATCH, GepaOptimizer, Record
from evaluation.system import pin
from graph.app import graph
from graph.context import Context
from graph.settings import get_settings, get_store
from graph.state import OutputState
from graph.tracing.tags import EVALUATION, KIND_TAG
from graph.tracing.tracers import tagged_traces
from prompts.names import parse_name
from prompts.publishing import WHY
from schemas.errors import ChatModelError, UsageError

# About one dense page: more would crowd out the other documents of a reflection.
_MAX_TEXT = 6_000


class Optimised(NamedTuple):
    """What an optimisation came to."""

    versions: list[str]
    """The new versions, as prompts:/name/version; none where nothing read better than the prompts as they were."""
    before: float
    """Mean score on the validation documents, by the prompts as they were."""
    after: float
    """The same by the best candidate."""
    run_id: str
    """The MLflow run that holds every candidate."""


def least_budget(documents: int) -> int:
    """Return how many readings one proposal takes: validation before and after, and twice three documents."""
    return 2 * (documents // 2) + 2 * MINIBATCH


def optimise(
    samples: Sequence[Sample],
    context: Context,
    reflection_model: str,
    *,
    budget: int,
    seed: int = 0,
    on_read: Callable[[int], None] = lambda count: None,
) -> Optimised:
    """Search for better extract and refine prompts; half of the documents propose, the other half decides.

    Args:
        samples: documents with what is expected.
        context: how they are read; its prompts are where the search starts.
        reflection_model: chat model that proposes, as `make_chat_model` takes it.
        budget: documents read at most.
        seed: of the halves and of the documents that proposals are made from.
        on_read: called with the number of documents just read.

    Raises:
        UsageError: there are fewer than four documents, or the budget pays for no proposal.
        UnreadableDocumentError: one of the documents can't be read.
        ChatModelError: the reflection model can't be made or fails.
        PromptError: a prompt is unknown.
    """
    _check(samples, budget)
    reflect = _reflection(reflection_model)
    start = pin(context, get_settings())
    prompts = {"extract_prompt": start.extract_prompt, "refine_prompt": start.refine_prompt}
    _check_registered(prompts.values())
    records = [_record(sample) for sample in samples]
    random.Random(seed).shuffle(records)  # noqa: S311 - a choice, no secret
    half = len(records) // 2

    def predict(document: str) -> dict[str, Any]:
        with tagged_traces({KIND_TAG: EVALUATION}):
            return dict(graph.invoke({"document": document}, context=start))

    optimizer = GepaOptimizer(reflect, records[:half], _describe, budget=budget, seed=seed, on_read=on_read)
    with _quiet_mlflow(), mlflow.start_run(run_name=f"from {start.extract_prompt}") as run:
        mlflow.set_tag("optophone.kind", "optimisation")
        mlflow.log_params(
            {"budget": budget, "seed": seed, "documents": len(records), "reflection_model": reflection_model, **prompts}
        )
        result = mlflow.genai.optimize_prompts(
            predict_fn=predict,
            train_data=records[half:],
            prompt_uris=list(prompts.values()),
            optimizer=optimizer,
            scorers=[_right],
        )
    before, after = result.initial_eval_score or 0.0, result.final_eval_score or 0.0
    for version in result.optimized_prompts:
        origin = next(uri for uri in prompts.values() if uri.startswith(f"prompts:/{version.name}/"))
        _complete(version, origin, f"Optimised from {origin}: {before:.3f} to {after:.3f}", run.info.run_id)
    return Optimised([version.uri for version in result.optimized_prompts], before, after, run.info.run_id)


def _check(samples: Sequence[Sample], budget: int) -> None:
    if len(samples) < 4:  # two to propose from, two to decide on
        raise UsageError(f"expected at least 4 documents to optimise on, got {len(samples)}; give a larger dataset")
    if budget < least_budget(len(samples)):
        raise UsageError(
            f"{len(samples)} documents need a budget of at least {least_budget(len(samples))} readings, got {budget}; "
            "raise it or choose fewer documents"
        )


def _check_registered(prompts: Iterable[str]) -> None:
    """Out of MLflow's reach there are no exact versions to start from, and nowhere to register better ones."""
    if any(parse_name(prompt).version is None for prompt in prompts):
        uri = get_settings().tracking_uri
        raise UsageError(f"MLflow at {uri} does not answer; prompts are optimised in its registry")


def _record(sample: Sample) -> Record:
    """Name the document by its reference in the store: neither paths nor pixels reach MLflow or a chat model."""
    document = load_document(sample.document, get_store(), get_settings().limits, allow_paths=True)
    return {"inputs": {"document": document["ref"]}, "expectations": {"extraction": dict(sample.expected)}}


def _reflection(choice: str) -> Callable[[str], str]:
    settings = get_settings()
    if choice.startswith("local"):
        raise ChatModelError("the local reader can't write prompts; name a provider's chat model, provider:model")
    chat_model = make_chat_model(choice, get_store(), settings.chat_model_timeout_s)

    def reflect(prompt: str) -> str:
        try:
            return str(chat_model.invoke([HumanMessage(prompt)]).text)
        except Exception as error:
            raise ChatModelError(f"the reflection model '{choice}' failed: {explain(error)}") from error

    return reflect


@scorer(name="right")
def _right(inputs: dict[str, Any], outputs: Any, expectations: dict[str, Any]) -> Feedback:
    """Score one reading, with its mistakes in words; MLflow hands over a text where the run failed."""
    result = cast("OutputState", outputs) if isinstance(outputs, dict) else None
    expected = expectations["extraction"]
    return Feedback(
        value=score_result(inputs["document"], expected, result), rationale=describe_mistakes(expected, result)
    )


def _describe(record: EvaluationResultRecord) -> dict[str, str]:
    """Tell the reflection model what a document says, what was made of it, and what is wrong."""
    reference = record.inputs["document"]
    document = load_document(reference, get_store(), get_settings().limits, allow_paths=False)
    texts = [lay_out(page_words(page, get_store()), page["width_px"], page["height_px"]) for page in document["pages"]]
    return {
        "document": reference,
        "its text, as a text reader sees it": "\n".join(texts)[:_MAX_TEXT],
        "score": f"{record.score:.3f}",
        "mistakes": "\n".join(record.rationales.values()),
    }


def _complete(version: PromptVersion, start: str, why: str, run_id: str) -> None:
    """Give the new version what MLflow's optimisation leaves out: why it exists and the response schema."""
    client = MlflowClient()
    client.set_prompt_version_tag(version.name, version.version, WHY, why)
    client.set_prompt_version_tag(version.name, version.version, "optophone.optimised_from", start)
    client.set_prompt_version_tag(version.name, version.version, "optophone.run", run_id)
    response_format = mlflow.genai.load_prompt(start).response_format
    if response_format:
        client.set_prompt_version_tag(
            version.name, version.version, RESPONSE_FORMAT_TAG_KEY, json.dumps(response_format)
        )


@contextmanager
def _quiet_mlflow() -> Iterator[None]:
    """Keep MLflow from reading the first document once more as a trial, and from warnings of its own affairs.

    It warns where a prompt was not needed for a document, and about how it files the documents' references. And it
    looks for a notebook at each trace that it stores, in another thread, by an import that fails: while its hooks on
    imports are renewed for the next reading, both would wait for each other for ever.
    """
    disable_notebook_display()  # type: ignore[no-untyped-call]
    log, skip = logging.getLogger("mlflow.genai.optimize.optimize"), "MLFLOW_GENAI_EVAL_SKIP_TRACE_VALIDATION"
    level, before = log.level, os.environ.get(skip)
    log.setLevel(logging.ERROR)
    os.environ[skip] = "true"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"mlflow\.")
            yield
    finally:
        enable_notebook_display()  # type: ignore[no-untyped-call]
        log.setLevel(level)
        os.environ.pop(skip) if before is None else os.environ.update({skip: before})
