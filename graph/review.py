"""What a person is asked where a run ends in doubt, and what may be answered."""

import json
from collections.abc import Collection, Sequence
from functools import partial
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator
from typing_extensions import TypedDict

from graph.state import Doubt, Review
from graph.state import Field as LocatedField
from schemas.errors import FieldError
from schemas.parsing import parse_answer
from schemas.pointers import contains, get
from schemas.repair import REPAIRS, outermost

MAX_ROUNDS = 10
"""Answers that are still wrong, before the run ends all the same: a client that answers by itself may never learn."""

# A page of small print has 10,000 characters, and the whole answer may be that of many pages.
_MAX_CHARS = 500_000


class ReviewRequest(TypedDict):
    """The value of the interrupt: just what is in doubt."""

    document: str
    """sha256:<hex> of the stored document."""
    target_schema: str
    chat_model: str
    attempts: int
    pages: int
    fields: list[Doubt]
    errors: NotRequired[list[str]]
    """What is wrong with the answer as a whole, a sentence each, while just places in it are asked: what of it is left
    when they are right is asked next. A run that an older version began has no such key."""


class ReviewValue(BaseModel):
    """One corrected value."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(description="One of the JSON pointers that were asked")
    value: Any = Field(description="The right value; null where there is none")


class ReviewAnswer(BaseModel):
    """What a person says: places that were asked and are not named here are confirmed as they are."""

    model_config = ConfigDict(extra="forbid")

    values: list[ReviewValue] = Field(default_factory=list, max_length=10_000)
    reviewer: str = Field("", max_length=200)
    comment: str = Field("", max_length=10_000)

    @field_validator("values")
    @classmethod
    def _are_json(cls, values: list[ReviewValue]) -> list[ReviewValue]:
        """Refuse what JSON can't carry (NaN, half a sign), and what is nested or long beyond any form."""
        text = _to_json({REPAIRS: [{"value": value.value} for value in values]})
        if len(text) > _MAX_CHARS:
            raise ValueError(f"expected at most {_MAX_CHARS} characters, got {len(text)}")
        if errors := parse_answer(text).errors:
            raise ValueError(errors[0]["message"])
        return values


def answer_type(doubts: Sequence[Doubt]) -> type[ReviewAnswer]:
    """Return the type that an answer to these doubts is held against: another place than those is refused."""
    asked = dict.fromkeys(doubt["path"] for doubt in doubts)
    return Annotated[ReviewAnswer, AfterValidator(partial(_only_asked, asked))]  # type: ignore[return-value]


def _only_asked(asked: Collection[str], answer: ReviewAnswer) -> ReviewAnswer:
    named: set[str] = set()
    for value in answer.values:
        if value.path not in asked:
            places = ", ".join(f"'{path}'" for path in asked)
            raise ValueError(f"'{value.path[:200]}' was not asked; answer for {places[:500]}")
        if value.path in named:
            raise ValueError(f"'{value.path}' is answered twice; answer once")
        named.add(value.path)
    return answer


def find_doubts(
    candidate: Any, errors: Sequence[FieldError], fields: Sequence[LocatedField], doubtful: Sequence[str]
) -> list[Doubt]:
    """Return the places that errors point at, then the doubtful ones, each once, with what stands there and where."""
    located = {field["path"]: field for field in fields}
    paths = [*(error["path"] for error in errors), *doubtful]
    return [_doubt(path, candidate, errors, located.get(path)) for path in (outermost(paths) if paths else [])]


def _doubt(path: str, candidate: Any, errors: Sequence[FieldError], field: LocatedField | None) -> Doubt:
    return Doubt(
        path=path,
        value=None if candidate is None else get(candidate, path),
        errors=list(dict.fromkeys(error["message"] for error in errors if contains(path, error["path"]))),
        grounding=field["grounding"] if field else None,
        page_index=field["page_index"] if field else None,
        bbox=field["bbox"] if field else None,
        reason=field["reason"] if field else None,
    )


def errors_of_whole(errors: Sequence[FieldError], doubts: Sequence[Doubt]) -> list[str]:
    """Return what is wrong with the answer as a whole, unless the whole is asked: then its doubt says so."""
    if doubts[0]["path"] == "":
        return []
    # What a page hides that can't be read, nobody sees here either.
    found = [error["message"] for error in errors if not error["path"] and error["kind"] != "document"]
    return list(dict.fromkeys(found))


def answer_text(doubts: Sequence[Doubt], answer: ReviewAnswer) -> str:
    """Write the answer as a chat model would: as repairs, or as the whole answer where that was asked.

    What is confirmed stands there as it is, so that a cut-off list counts as read to its end.
    """
    said = {value.path: value.value for value in answer.values}
    present = {doubt["path"]: doubt["value"] for doubt in doubts if doubt["value"] is not None}
    values = {**present, **said}
    if doubts[0]["path"] == "":
        return _to_json(values.get(""))
    return _to_json({REPAIRS: [{"path": path, "value": value} for path, value in values.items()]})


def is_same(now: Any, said: Any) -> bool:
    """Whether nothing was changed: equal as JSON, where 8 is 8.0, true is no 1, and an object's order says nothing."""
    if isinstance(now, dict) and isinstance(said, dict):
        return now.keys() == said.keys() and all(is_same(now[key], said[key]) for key in now)
    if isinstance(now, list) and isinstance(said, list):
        return len(now) == len(said) and all(map(is_same, now, said))
    if isinstance(now, bool) or isinstance(said, bool):
        return now is said
    return bool(now == said)


def corrected_paths(doubts: Sequence[Doubt], answer: ReviewAnswer) -> list[str]:
    """Return the places where something else was said than what stands there."""
    now = {doubt["path"]: doubt["value"] for doubt in doubts}
    return [value.path for value in answer.values if not is_same(now[value.path], value.value)]


def add_round(review: Review | None, doubts: Sequence[Doubt], answer: ReviewAnswer) -> Review:
    """Return the review with this answer; what was corrected once counts as corrected."""
    changed = corrected_paths(doubts, answer)
    asked = [doubt["path"] for doubt in doubts]
    corrected = list(dict.fromkeys([*(review["corrected"] if review else []), *changed]))
    confirmed = dict.fromkeys([*(review["confirmed"] if review else []), *asked])
    return Review(
        reviewer=answer.reviewer or (review["reviewer"] if review else ""),
        comment=answer.comment or (review["comment"] if review else ""),
        corrected=corrected,
        confirmed=[path for path in confirmed if path not in corrected],
        rounds=(review["rounds"] if review else 0) + 1,
    )


def _to_json(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, RecursionError) as error:
        raise ValueError(f"expected JSON, got {type(value).__name__} that is none: {error}") from error
    return text
