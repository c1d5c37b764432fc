"""GEPA as an optimizer for MLflow, driven by any chat model.

MLflow's own class of the kind wants litellm, which can't be installed beside langchain-openai. GEPA (Agrawal et al.
2025, arXiv 2507.19457) itself takes any function from text to text as its reflection model.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import mlflow
from gepa.api import optimize as run_gepa
from gepa.core.adapter import EvaluationBatch, GEPAAdapter
from gepa.core.result import GEPAResult
from gepa.utils import ScoreThresholdStopper
from mlflow.entities import Trace
from mlflow.genai.optimize.optimizers import BasePromptOptimizer
from mlflow.genai.optimize.types import EvaluationResultRecord, PromptOptimizerOutput

from graph.tracing.queue import flush_traces
from prompts.template import variables

Record = dict[str, Any]
"""One document as MLflow has it: `inputs`, `expectations`."""
Candidate = dict[str, str]
"""Texts by prompt name."""
EvalFunction = Callable[[Candidate, list[Record]], list[EvaluationResultRecord]]
Describe = Callable[[EvaluationResultRecord], dict[str, str]]

_REFLECTION = (Path(__file__).parent / "reflect.md").read_text(encoding="utf-8")
MINIBATCH = 3
"""GEPA proposes from so many documents at a time, read once before and once after the change; its own default."""
_NO_TRACE = cast("Trace", None)  # nothing ran
_logger = logging.getLogger("optophone")


class GepaOptimizer(BasePromptOptimizer):
    """Propose prompts from what the training documents show, and keep the one that reads the validation documents best.

    Args:
        reflect: asks the reflection model.
        validation: documents that no proposal is made from.
        describe: what the reflection model may know of a document and its answer.
        budget: documents read at most; a proposal is made at most for every six of them.
        seed: of the choice of documents.
        on_read: called after each reading with the number of documents.
    """

    def __init__(
        self,
        reflect: Callable[[str], str],
        validation: Sequence[Record],
        describe: Describe,
        *,
        budget: int,
        seed: int,
        on_read: Callable[[int], None],
    ) -> None:
        self._reflect = reflect
        self._validation = list(validation)
        self._describe = describe
        self._budget = budget
        self._seed = seed
        self._on_read = on_read

    def optimize(
        self,
        eval_fn: EvalFunction,
        train_data: list[Record],
        target_prompts: Candidate,
        enable_tracking: bool = True,
    ) -> PromptOptimizerOutput:
        """Return the texts that changed for the better, none where nothing beat the prompts as they were."""
        proposals = _Proposals(self._reflect, most=self._budget // (2 * MINIBATCH))
        result: GEPAResult[Any, Any] = run_gepa(
            seed_candidate=target_prompts,
            trainset=train_data,
            valset=self._validation,
            adapter=_Adapter(eval_fn, target_prompts, self._describe, self._on_read),
            reflection_lm=proposals.ask,
            reflection_prompt_template=_REFLECTION,
            reflection_minibatch_size=MINIBATCH,
            stop_callbacks=[proposals.is_over, ScoreThresholdStopper(1.0)],
            max_metric_calls=self._budget,
            cache_evaluation=True,  # a document is not paid for twice under the same prompts
            track_best_outputs=False,
            seed=self._seed,
            logger=_Log(),
        )
        if proposals.error:
            raise proposals.error
        if enable_tracking:
            _log_candidates(result.candidates, result.val_aggregate_scores)
        best = result.candidates[result.best_idx]
        return PromptOptimizerOutput(
            optimized_prompts={name: text for name, text in best.items() if text != target_prompts[name]},
            initial_eval_score=result.val_aggregate_scores[0],
            final_eval_score=result.val_aggregate_scores[result.best_idx],
        )


class _Proposals:
    """Asks the reflection model, at most so often.

    GEPA goes on after an error of the reflection model, and its budget counts readings alone: proposals that can't be
    rendered, or that fail on documents read before, would be paid for without end.
    """

    def __init__(self, reflect: Callable[[str], str], most: int) -> None:
        self._reflect = reflect
        self._left = most
        self.error: Exception | None = None

    def ask(self, prompt: str | list[dict[str, Any]]) -> str:
        self._left -= 1
        try:
            return self._reflect(str(prompt))
        except Exception as error:
            self.error = self.error or error  # GEPA asks once more after the first
            raise

    def is_over(self, gepa_state: object) -> bool:
        return self._left <= 0 or self.error is not None


class _Adapter(GEPAAdapter[Record, EvaluationResultRecord, Any]):
    """What GEPA asks of the system that it improves."""

    propose_new_texts = None  # GEPA's own way: the reflection prompt, then the text between the ``` marks

    def __init__(
        self, evaluate: EvalFunction, seed: Candidate, describe: Describe, on_read: Callable[[int], None]
    ) -> None:
        self._evaluate = evaluate
        self._variables = {name: variables(text) for name, text in seed.items()}
        self._describe = describe
        self._on_read = on_read

    def evaluate(
        self, batch: list[Record], candidate: Candidate, capture_traces: bool = False
    ) -> EvaluationBatch[EvaluationResultRecord, Any]:
        """Read the documents; a text that lost or gained a name in braces can't be rendered and is not paid for."""
        if any(variables(text) != self._variables[name] for name, text in candidate.items()):
            records = [_unread(record) for record in batch]
        else:
            flush_traces()  # no thread may import anything while MLflow renews its hooks on imports
            records = self._evaluate(candidate, batch)
            self._on_read(len(batch))
        return EvaluationBatch(
            outputs=[record.outputs for record in records],
            scores=[record.score or 0.0 for record in records],
            trajectories=records if capture_traces else None,
        )

    def make_reflective_dataset(
        self,
        candidate: Candidate,
        eval_batch: EvaluationBatch[EvaluationResultRecord, Any],
        components_to_update: list[str],
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Show each document once for each prompt that is to change."""
        examples = [self._describe(record) for record in eval_batch.trajectories or []]
        return dict.fromkeys(components_to_update, examples)


def _unread(record: Record) -> EvaluationResultRecord:
    why = {"right": "the prompt lost or gained a name in braces"}
    return EvaluationResultRecord(record["inputs"], None, record["expectations"], 0.0, _NO_TRACE, why)


def _log_candidates(candidates: Sequence[Candidate], scores: Sequence[float]) -> None:
    """Keep every candidate with its score on the validation documents, in the run that MLflow has opened."""
    for step, (candidate, score) in enumerate(zip(candidates, scores, strict=True)):
        mlflow.log_metrics({"validation_score": score, "best_validation_score": max(scores[: step + 1])}, step=step)
        for name, text in candidate.items():
            mlflow.log_text(text, f"candidates/{step}/{name}.md")


class _Log:
    """GEPA's progress messages, for who turns debugging on."""

    def log(self, message: str) -> None:
        """Pass one on."""
        _logger.debug("%s", message)
