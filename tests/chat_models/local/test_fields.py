"""Schemas filled from what was read."""

import copy
from enum import Enum
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker, validate
from pydantic import BaseModel, Field

from chat_models.local.fields import fill_schema
from chat_models.local.reader import read_pages
from chat_models.local.values import to_boolean, to_member, to_number
from schemas.form import Form
from schemas.invoice import Invoice
from schemas.receipt import Receipt

RECEIPT = """
             ASIA MART
           (SA0264195-T)
   NO.23 BATU 10, TAMAN SENTOSA,
 JALAN KAPAR, 42200 KLANG, SELANGOR.
       GST ID: 001609584640
            TAX INVOICE
Doc No   CS02070163    Date: 22/12/2017 18:04
Bread                            15.25
Total Qty                 25     32.69
Sub Total                        31.03
Total GST                         1.65
Rounding                          0.02
Total Sales (Inclusive of GST) : 32.70
CASH :                           40.00
Change :                          7.30
GST SUMMARY
Total:                   31.03    1.65
"""


class Colour(Enum):
    """Paint."""

    RED = "Red"
    GREEN = "Green"


class Buyer(BaseModel):
    """Nested."""

    phone: str | None = None


class Order(BaseModel):
    """Every kind of field."""

    invoiceNumber: str | None
    amount: float | None = Field(None, description="Amount due")
    copies: int | None = None
    colour: Colour | None = None
    insured: bool | None = None
    buyer: Buyer
    copies_to: list[str] = Field(default_factory=list, json_schema_extra={"x-aliases": ["cc"]})
    repairs: list[dict[str, str]] = Field(default_factory=list)
    nickname: str | None = None


ORDER = """
Invoice No.: A-17          Amount due: RM 1,234.50
Copies: 3                  Colour: Grcen
Insured: ☒ Yes   ☐ No      Tel: 555-0100
cc: Babbage
"""


DAY = {"type": "string", "format": "date"}


def fill(json_schema: dict[str, Any], *pages: Any) -> dict[str, Any]:
    """Fill and check that the schema is left as it was."""
    before = copy.deepcopy(json_schema)
    filled = fill_schema(json_schema, read_pages(pages))
    assert json_schema == before
    return filled


def test_branch_that_takes_nothing_is_passed_over(page):
    """The schema `false` in a union, as generators of schemas write it; what is read stands there all the same."""
    amount = {"anyOf": [False, {"type": "integer"}]}
    order = {"type": "object", "properties": {"amount": amount}, "required": ["amount"]}
    schema = {"type": "object", "properties": {"order": order}, "required": ["order"]}
    assert fill(schema, page("Amount: twelve")) == {"order": {"amount": "twelve"}}


def test_form_gets_every_pair(page):
    """In reading order, several values in one item."""
    assert fill(Form.model_json_schema(), page("Name: Ada\nBorn: 1815")) == {
        "pairs": [{"key": "Name", "values": ["Ada"]}, {"key": "Born", "values": ["1815"]}]
    }


def test_named_fields_are_matched_and_typed(page):
    """Camel case, abbreviations, descriptions, aliases, misread enum members, boxes, nested objects, amounts."""
    filled = fill(Order.model_json_schema(), page(ORDER))
    assert filled == {
        "invoiceNumber": "A-17",
        "amount": 1234.5,
        "copies": 3,
        "colour": "Green",
        "insured": True,
        "buyer": {"phone": "555-0100"},
        "copies_to": ["Babbage"],
        "repairs": [],
        "nickname": None,
    }


def test_required_text_of_another_type_stands_there_as_read(page):
    """Validation says what was read; what may be null or left out stays so, and nothing is put where nothing stands."""
    schema = {
        "type": "object",
        "properties": {
            "amount": {"type": "number"},
            "size": {"enum": ["small", "large"]},
            "paid": {"type": ["boolean", "null"]},
            "copies": {"type": "integer"},
            "name": {"type": "string"},
        },
        "required": ["amount", "size", "paid", "name"],
    }
    filled = fill(schema, page("Amount: twelve\nSize: medium\nPaid: perhaps\nCopies: some"))
    assert filled == {"amount": "twelve", "size": "medium", "paid": None}


def test_dates_of_the_format_are_days(page):
    """A printed date with one reading is that day; one that leaves a choice stays as read, for validation."""
    optional = {"anyOf": [DAY, {"type": "null"}]}
    schema = {"type": "object", "properties": {"born": DAY, "due": optional, "paid": optional, "sent": optional}}
    filled = fill(schema, page("Born: 3 May 1999\nDue: 25/12/2018 18:04\nPaid: 05/12/2018"))
    assert filled == {"born": "1999-05-03", "due": "2018-12-25", "paid": "05/12/2018", "sent": None}


PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "born": {"anyOf": [DAY, {"type": "null"}]}},
    "required": ["name", "born"],
}
ORDERED = {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}


@pytest.mark.parametrize(
    "declared",
    [
        PERSON,
        {"anyOf": [PERSON, {"type": "null"}]},
        {"oneOf": [ORDERED, PERSON]},
        {"$ref": "#/$defs/Person"},
        {"anyOf": [{"$ref": "#/$defs/Person"}, {"type": "null"}]},
    ],
)
@pytest.mark.parametrize("born", ["05/12/2018", "25/12/18"])
def test_text_that_does_not_fit_leaves_the_object_around_it(page, declared, born):
    """The other values of the object are found, and validation has the one text to point at."""
    schema = {"type": "object", "properties": {"person": declared}, "$defs": {"Person": PERSON}}
    read = page(f"Name: Ada\nBorn: {born}")
    assert fill(schema, read) == {"person": {"name": "Ada", "born": born}}
    assert fill({"type": "object", "properties": {"deed": schema}, "$defs": {"Person": PERSON}}, read) == {
        "deed": {"person": {"name": "Ada", "born": born}}
    }


def test_nested_required_text_of_another_type_stands_there_as_read(page):
    """Below the top level too; an object that lacks a required value is left out as ever."""
    schema = {"type": "object", "properties": {"order": ORDERED}}
    assert fill(schema, page("Amount: twelve")) == {"order": {"amount": "twelve"}}
    assert fill(schema, page("Colour: red")) == {}


def test_branch_that_fits_goes_before_a_told_text(page):
    """A text that is no day is fine where any text is."""
    text = {**PERSON, "properties": {"name": {"type": "string"}, "born": {"type": "string", "minLength": 1}}}
    schema = {"type": "object", "properties": {"person": {"anyOf": [PERSON, text]}}}
    filled = fill(schema, page("Name: Ada\nBorn: 05/12/2018"))
    validate(filled, schema, format_checker=FormatChecker(["date"]))
    assert filled == {"person": {"name": "Ada", "born": "05/12/2018"}}


def test_items_that_break_their_format_stand_in_the_list_as_read(page):
    """One bad address costs neither the list nor the other addresses."""
    optional = {"anyOf": [DAY, {"type": "null"}]}
    schema = {
        "type": "object",
        "properties": {
            "cc": {"type": "array", "items": {"type": "string", "format": "email"}},
            "paid": {"type": "array", "items": DAY},
            "due": {"type": "array", "items": optional},
            "copies": {"type": "array", "items": {"type": "integer"}},
        },
    }
    filled = fill(
        schema, page("cc: ☒ ada@example.org   ☒ bob at home\nPaid: 05/12/2018\nDue: 3 May 1999\nCopies: some")
    )
    assert filled == {
        "cc": ["ada@example.org", "bob at home"],
        "paid": ["05/12/2018"],
        "due": ["1999-05-03"],
        "copies": [],
    }


def test_receipt_fields_without_a_key_are_found(page):
    """Seller, address, date and the last total before the cash stand where receipts print them."""
    filled = fill(Receipt.model_json_schema(), page(RECEIPT))
    assert filled == {
        "company": "ASIA MART",
        "address": "NO.23 BATU 10, TAMAN SENTOSA, JALAN KAPAR, 42200 KLANG, SELANGOR.",
        "date": "22/12/2017",
        "subtotal": 31.03,
        "tax": 1.65,
        "rounding": 0.02,
        "total": 32.7,
        "currency": None,
        "line_items": [{"description": "Bread", "quantity": None, "price": 15.25}],
    }


def test_head_of_a_receipt_is_read_past_numbers_and_line_ends(page):
    """A name that goes on after "&", an address below the seller's own tax number, a house number that is no date."""
    head = """
HOME MASTER HARDWARE &
ELECTRICAL
GST No : 002108047369
NO 43-45-47G, TAMAN SEJATI,
45600 BESTARIJAYA
TEL: 03-3279 1851
25/01/2018 1:22:56PM
TOTAL    9.00
"""
    filled = fill(Receipt.model_json_schema(), page(head))
    assert filled["company"] == "HOME MASTER HARDWARE & ELECTRICAL"
    assert filled["address"] == "NO 43-45-47G, TAMAN SEJATI, 45600 BESTARIJAYA"
    assert filled["date"] == "25/01/2018"


def test_heading_of_a_form_is_no_company(page):
    """Without an amount to pay the first line is not taken for a seller."""
    filled = fill(Receipt.model_json_schema(), page("SERVICE REQUEST\nDate: 1/2/2020"))
    assert (filled["company"], filled["address"], filled["total"]) == (None, None, None)
    assert filled["date"] == "1/2/2020"


def test_misread_date_is_not_replaced_by_another(page):
    """A key's own value wins, though it is no date."""
    assert fill(Receipt.model_json_schema(), page("Date: 1Z/O2\nPrinted 3/4/2021"))["date"] == "1Z/O2"


def test_identifier_is_no_amount(page):
    """ "GST ID" holds a number, and is no amount of GST."""
    assert fill(Receipt.model_json_schema(), page("GST ID: 001609584640"))["tax"] is None


def test_what_is_not_found_is_left_out_where_null_is_no_value(page):
    """A required text is never invented; arrays are empty."""
    json_schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "repairs": {"type": "array", "items": {"type": "string"}}},
        "required": ["name"],
    }
    assert fill(json_schema, page("Colour: red")) == {"repairs": []}


class Employee(BaseModel):
    """A schema that holds itself."""

    name: str | None = None
    superior: "Employee | None" = None


SCHEMAS = [
    Employee.model_json_schema(),
    Form.model_json_schema(),
    Receipt.model_json_schema(),
    Invoice.model_json_schema(),
    Order.model_json_schema(),
    {"type": "object", "properties": {"repairs": {"type": "array", "items": {"type": "object"}}}},
    {"type": "object", "properties": {"total": {"type": ["integer", "null"], "maximum": 5}}, "required": ["total"]},
    {"type": "object", "properties": {"date": {"type": ["string", "null"], "pattern": r"^\d{4}-\d\d-\d\d$"}}},
    {"type": "object", "properties": {"total": {"oneOf": [{"type": "integer"}, {"type": "string"}]}}},
    {"type": "object", "properties": {"colour": {"enum": ["red", "green", None]}, "anything": {}, "always": True}},
    {"type": "object", "properties": {}},
]


@pytest.mark.parametrize("json_schema", SCHEMAS)
@pytest.mark.parametrize("text", ["", RECEIPT, ORDER, "Total: about ten\nColour: mauve\nDate: soon"])
def test_answer_fits_the_schema(page, json_schema, text):
    """Whatever stands on the page, and also where nothing does."""
    Draft202012Validator.check_schema(json_schema)
    validate(fill(json_schema, page(text)), json_schema)


@pytest.mark.parametrize(
    ("text", "number"),
    [("RM 1,234.50", 1234.5), ("$8.20", 8.2), ("about 12 pieces", 12.0), ("none", None), ("(3.00)", -3.0)],
)
def test_number(text, number):
    """The amount that the text is, or holds."""
    assert to_number(text) == number


@pytest.mark.parametrize(
    ("text", "truth"),
    [("Yes", True), ("no.", False), ("X", True), ("☒", True), ("☐", False), ("☐ Yes ☒ No", False), ("maybe", None)],
)
def test_boolean(text, truth):
    """Words and boxes; anything else says nothing."""
    assert to_boolean(text) is truth


def test_enum_member_is_the_closest_or_none():
    """One misread letter is forgiven, another word isn't; members keep their type."""
    assert to_member("grcen", ["red", "green"]) == "green"
    assert to_member("blue", ["red", "green", None]) is None
    assert to_member("2", [1, 2]) == 2


def test_ticked_boxes_fill_booleans_and_enums(page):
    """A boolean is the box of its name; an enum is the ticked one of its members, asked for or not."""
    reading = read_pages(
        [page("Meals: ☐ Standard   ☒ Vegetarian\n\n☒ Newsletter     ☐ Parking\n\n☐ Member   ☒ Student")]
    )
    members = {"type": ["string", "null"], "enum": ["Member", "Student", None]}
    properties = {name: {"type": ["boolean", "null"]} for name in ("vegetarian", "newsletter", "parking", "insured")}
    properties |= {"meals": {"type": "string", "enum": ["Standard", "Vegetarian"]}, "status": members}
    assert fill_schema({"type": "object", "properties": properties}, reading) == {
        "vegetarian": True,
        "newsletter": True,
        "parking": False,
        "insured": None,
        "meals": "Vegetarian",
        "status": "Student",
    }
