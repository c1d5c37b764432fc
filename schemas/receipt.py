"""A till receipt."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.purchase import LineItem, check_total


class Receipt(BaseModel):
    """A till receipt; null where the receipt does not say."""

    model_config = ConfigDict(extra="forbid", title="receipt")

    company: str | None = Field(
        None, description="Who sold, as printed", json_schema_extra={"aliases": ["vendor", "merchant", "store"]}
    )
    address: str | None = Field(None, description="The seller's address, its lines joined by blanks")
    date: str | None = Field(None, description="Date of the purchase, as printed, without the time")
    subtotal: float | None = Field(None, description="Amount before tax and rounding")
    tax: float | None = Field(None, description="Amount of tax", json_schema_extra={"aliases": ["GST", "VAT"]})
    rounding: float | None = Field(None, description="Rounding adjustment, with its sign")
    total: float | None = Field(
        None,
        description="Amount to pay, after tax and rounding",
        json_schema_extra={"aliases": ["grand total", "total amount", "amount due"]},
    )
    currency: str | None = Field(None, description="Currency sign or code, as printed")
    line_items: list[LineItem] = Field(default_factory=list, description="What was bought, in reading order")

    @model_validator(mode="after")
    def _total_adds_up(self) -> Self:
        check_total(self.total, self.subtotal, {"tax": self.tax, "rounding": self.rounding})
        return self
