"""An invoice."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.purchase import LineItem, check_total


class Invoice(BaseModel):
    """An invoice; null where it does not say."""

    model_config = ConfigDict(extra="forbid", title="invoice")

    invoice_number: str | None = Field(
        None, description="The seller's number", json_schema_extra={"aliases": ["invoice no", "bill no", "number"]}
    )
    invoice_date: str | None = Field(
        None, description="Date of issue, as printed", json_schema_extra={"aliases": ["date"]}
    )
    due_date: str | None = Field(None, description="Date by which to pay, as printed")
    purchase_order: str | None = Field(
        None, description="The buyer's order number", json_schema_extra={"aliases": ["PO number", "order no"]}
    )
    seller: str | None = Field(None, description="Who sells", json_schema_extra={"aliases": ["vendor", "from"]})
    seller_address: str | None = Field(None, description="The seller's address")
    buyer: str | None = Field(None, description="Who buys", json_schema_extra={"aliases": ["bill to", "customer"]})
    buyer_address: str | None = Field(None, description="The buyer's address")
    currency: str | None = Field(None, description="Currency sign or code, as printed")
    subtotal: float | None = Field(None, description="Amount before tax and shipping")
    tax: float | None = Field(None, description="Amount of tax", json_schema_extra={"aliases": ["VAT", "GST"]})
    shipping: float | None = Field(None, description="Amount for shipping")
    total: float | None = Field(
        None, description="Amount to pay", json_schema_extra={"aliases": ["amount due", "balance due"]}
    )
    line_items: list[LineItem] = Field(default_factory=list, description="What is sold, in reading order")

    @model_validator(mode="after")
    def _total_adds_up(self) -> Self:
        check_total(self.total, self.subtotal, {"tax": self.tax, "shipping": self.shipping})
        return self
