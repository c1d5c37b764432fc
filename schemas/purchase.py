"""What receipts and invoices share: a list of items and amounts that add up."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

TOLERANCE = 0.05
"""Largest difference, in the document's currency, that rounding to 5 cents explains."""


class LineItem(BaseModel):
    """One thing bought."""

    model_config = ConfigDict(extra="forbid")

    description: str | None = Field(None, description="What was bought, as printed")
    quantity: float | None = Field(None, description="How many")
    price: float | None = Field(None, description="The amount of the line, as printed at its end")


def check_total(total: float | None, subtotal: float | None, extras: Mapping[str, float | None]) -> None:
    """Hold the total against its parts.

    A tax may be included in the subtotal, so both `subtotal` and `subtotal + extras` are right totals.

    Args:
        extras: what comes on top of the subtotal, by field name.

    Raises:
        PydanticCustomError: the total is neither; it names the fields involved, which become the error's places.
    """
    if total is None or subtotal is None:
        return
    added = subtotal + sum(extra or 0 for extra in extras.values())
    if min(abs(total - subtotal), abs(total - added)) > TOLERANCE + 1e-9:
        involved = ["total", "subtotal", *(name for name, extra in extras.items() if extra is not None)]
        message = f"total is {total:.2f}, but its parts give {subtotal:.2f} or {added:.2f}"
        raise PydanticCustomError("rule", "{message}", {"message": message, "fields": involved})
