"""The default schema: every question of a form with its answers."""

from pydantic import BaseModel, ConfigDict, Field


class Pair(BaseModel):
    """One question of the form and what was filled in."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1, description="The question or label as printed, without its colon")
    values: list[str] = Field(description="What was filled in, as written; several answers are several items")


class Form(BaseModel):
    """Every question of a form that has an answer."""

    model_config = ConfigDict(extra="forbid", title="form")

    pairs: list[Pair] = Field(description="One item for each question, in reading order")
