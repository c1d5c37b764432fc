"""The foot of a receipt."""

from decimal import Decimal

import pytest

from chat_models.local.payment import amounts_in, find_rounding, find_tax, find_total, has_payment


@pytest.mark.parametrize(
    ("line", "amounts"),
    [
        ("TOTAL RM 1,234.50", ["1234.50"]),
        ("Total Sales RM 64 15", ["64.15"]),
        ("S = 6% 2.36 .14", ["2.36", "0.14"]),
        ("Cash Bill 01-143008", []),
        ("Qty 2", []),
    ],
)
def test_amounts_have_two_decimals(line: str, amounts: list[str]) -> None:
    """Quantities and long numbers are no money; a lost point or a lost nought is."""
    assert amounts_in(line) == [Decimal(amount) for amount in amounts]


@pytest.mark.parametrize(
    ("lines", "total"),
    [
        (["Subtotal 10.00", "GST 0.60", "Total 10.60"], "10.60"),
        (["TOTAL AMT. 60.31", "ROUNDING ADJ -0.01", "RH 60.30", "CASH 70.30", "CHANGE 10.00"], "60.30"),
        (["TOTAL AMT. 60.31", "ROUNDING ADJ -0.01", "60.30"], "60.30"),
        (["Total Sales 64.13", "Rounding 0.02", "TOTAL 64.15"], "64.15"),
        (["SUBTOTAL: 28.60", "TL: RM 28.60", "CASH 100.00", "CASH CHANGE 71.40"], "28.60"),
        (["Total 7.00", "GST Summary", "Total: 6.60 0.40"], "7.00"),
        (["CASH", "RM 170.00"], "170.00"),
        (["TOT. QTY 2 9.00", "TOT RM 73.00", "GST 4.13"], "73.00"),
        (["Total Qty: 1.00 9.00", "Cash 50.00", "Change 41.00"], "9.00"),
        (["Total 20.00", "Cash 50.00", "Change 31.00"], "20.00"),
    ],
    ids=[
        "last",
        "paid",
        "rounded",
        "rounding before",
        "paid without a total",
        "summary",
        "cash",
        "shortened",
        "no quantity",
        "odd",
    ],
)
def test_the_total_is_what_is_paid(lines: list[str], total: str) -> None:
    """Printed, after tax and rounding; cash less change counts only where that amount is printed too."""
    assert find_total(lines) == Decimal(total)


def test_no_total_without_a_word_for_it() -> None:
    """An amount alone may be anything."""
    assert find_total(["Coffee 3.50"]) is None
    assert not has_payment(["Coffee 3.50"])


@pytest.mark.parametrize(
    ("lines", "tax"),
    [
        (["GST @6%: 0.60", "Total 10.60"], "0.60"),
        (["Total (Incl. GST) 10.60", "GST Summary Amount Tax", "SR 6% 10.00 0.60"], "0.60"),
        (["Total (Excluding GST) 10.00", "GST Payable 0.60", "Total 10.60"], "0.60"),
        (["Service Chrg (Incl GST 6%) 0.90", "Total 10.60", "GST Summary", "SR 10.00 0.60"], "0.60"),
        (["Tax Code Amount", "Total 10.60"], None),
        (["GST 9.00", "Total 10.60"], None),
        (["GST 0.00", "Total 10.60"], "0.00"),
    ],
    ids=["named", "summary", "excluding", "service charge", "head of a table", "too much", "none"],
)
def test_tax_is_a_small_part_of_the_total(lines: list[str], tax: str | None) -> None:
    """The taxed amount beside it is no tax, nor is anything above the highest rate."""
    assert find_tax(lines, Decimal("10.60")) == (None if tax is None else Decimal(tax))


@pytest.mark.parametrize(
    ("line", "rounding"),
    [
        ("Rounding Adj -0.01", "-0.01"),
        ("ROUNDING -RM 0.02", "-0.02"),
        ("Rounding 0.02", "0.02"),
        ("ROUNDING 8.00", None),
    ],
)
def test_rounding_keeps_its_sign(line: str, rounding: str | None) -> None:
    """At most five cents, with the sign before the currency or the amount."""
    assert find_rounding([line]) == (None if rounding is None else Decimal(rounding))
