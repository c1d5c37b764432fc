"""Everything measured on one document: one line of `per_document.jsonl`."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from evaluation.metrics.edit_distance import anls_star, one_minus_ned
from evaluation.metrics.fields import field_scores, invented_fields
from evaluation.metrics.fuzzy import fuzzy_counts, invented_pairs
from evaluation.metrics.key_values import key_value_accuracy, with_clean_keys
from evaluation.metrics.pairs import (
    PairCounts,
    exact_counts,
    extraction_to_key_values,
    extraction_to_pairs,
    key_counts,
    raw_counts,
)
from evaluation.metrics.ratio import Ratio
from graph.state import OutputState, Status
from schemas.form import Pair
from schemas.pointers import populated


class FormScores(BaseModel):
    """How well the pairs of a form were read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exact: PairCounts
    raw: PairCounts
    fuzzy: PairCounts
    keys: PairCounts
    key_value_accuracy: float
    one_minus_ned: Ratio


class DocumentScores(BaseModel):
    """How one document was read, and what that took; `model_dump_json` and `model_validate_json` are inverse."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document: str
    """As the data set names it: what tells documents apart, and pairs those of two systems."""
    status: Status | Literal["failed"]
    """`failed`: the run gave no result."""
    form: FormScores | None
    """None where the gold is of another schema than `form`."""
    fields: dict[str, bool] | None
    """Right or wrong by JSON pointer; None for the schema `form`."""
    anls_star: float
    invented: Ratio
    """Of a form: invented pairs over predicted ones; of named fields: places filled over places that are empty."""
    grounded: Ratio | None
    """Values that stand on the page, over all values; None where grounding was off."""
    attempts: int
    tokens: int
    cost_usd: float | None
    latency_s: float | None


def score_document(
    document: str, expected: Mapping[str, Any], result: OutputState | None, latency_s: float | None = None
) -> DocumentScores:
    """Score a result of the graph against the gold extraction.

    Args:
        document: what the data set calls it.
        expected: the gold; an extraction of the `form` schema, otherwise named fields.
        result: what the graph returned; None for a run that failed, which is scored as an empty answer.
        latency_s: wall-clock seconds of the run, where measured.
    """
    extraction = result["extraction"] if result else None
    is_form = is_form_gold(expected)
    return DocumentScores(
        document=document,
        status=(result and result["status"]) or "failed",
        form=_score_form(expected, extraction) if is_form else None,
        fields=None if is_form else field_scores(expected, extraction),
        anls_star=_anls_star(expected, extraction, is_form=is_form),
        invented=_invented(expected, extraction, is_form=is_form),
        grounded=_grounded(result) if result else Ratio(),
        attempts=result["attempts"] if result else 0,
        tokens=result["usage"]["total_tokens"] if result else 0,
        cost_usd=result["usage"]["cost_usd"] if result else None,
        latency_s=latency_s,
    )


def is_form_gold(expected: Mapping[str, Any]) -> bool:
    """Tell a form by its shape: a user's own schema may have a list named `pairs` too."""
    pairs = expected.get("pairs") if len(expected) == 1 else None
    return isinstance(pairs, list) and all(
        isinstance(pair, Mapping) and pair.keys() == Pair.model_fields.keys() for pair in pairs
    )


def _score_form(expected: Mapping[str, Any], extraction: Mapping[str, Any] | None) -> FormScores:
    gold, found = extraction_to_pairs(expected), extraction_to_pairs(extraction or {})
    return FormScores(
        exact=exact_counts(gold, found),
        raw=raw_counts(gold, found),
        fuzzy=fuzzy_counts(gold, found),
        keys=key_counts(gold, found),
        key_value_accuracy=key_value_accuracy(
            extraction_to_key_values(expected), extraction_to_key_values(extraction or {})
        ),
        one_minus_ned=one_minus_ned(gold, found),
    )


def _anls_star(expected: Mapping[str, Any], extraction: Mapping[str, Any] | None, *, is_form: bool) -> float:
    """Hold a form's values against each other by their cleaned key: a list of pairs would take 0.3 CPU seconds.

    Of named fields those that the gold leaves out are unknown, so they are left out of the extraction too.
    """
    if extraction is None:
        return 0.0
    if not is_form:
        return anls_star(expected, {name: extraction.get(name) for name in expected})
    gold, found = (with_clean_keys(extraction_to_key_values(side)) for side in (expected, extraction))
    return anls_star(gold, found)


def _invented(expected: Mapping[str, Any], extraction: Mapping[str, Any] | None, *, is_form: bool) -> Ratio:
    if is_form:
        return invented_pairs(extraction_to_pairs(expected), extraction_to_pairs(extraction or {}))
    return invented_fields(expected, extraction)


def _grounded(result: OutputState) -> Ratio | None:
    """A value that stands at several places (ambiguous) does stand on the page."""
    fields = result["fields"]
    if not fields and next(populated(result["extraction"]), None):
        return None
    return Ratio(sum(field["grounding"] != "missing" for field in fields), len(fields))
