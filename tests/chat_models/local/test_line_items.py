"""Things bought, between a receipt's head and its foot."""

from decimal import Decimal

import pytest

from chat_models.local.line_items import BoughtItem, find_items

FOOT = ["Total Qty: 3", "Sub Total 25.00", "Cash 30.00"]


def item(description: str | None, quantity: str | None, price: str) -> BoughtItem:
    """Build one."""
    return BoughtItem(description, None if quantity is None else Decimal(quantity), Decimal(price))


RULER, FILM = ("RULER", "1", "15.00"), ("FILM", "2", "10.00")


@pytest.mark.parametrize(
    ("lines", "items"),
    [
        (
            ["Desc Qty Amount", "Ruler 2 7.50 15.00", "Bread 10.00 SR"],
            [("Ruler", "2", "15.00"), ("Bread", None, "10.00")],
        ),
        (["Qty Price", "RULER", "4132 1 15.00 15.00*", "FILM", "88888 2 X 5.00 10.00"], [RULER, FILM]),
        (["Qty Price", "4132 1 15.00 15.00", "SR: RULER", "88888 2 5.00 10.00", "FILM"], [RULER, FILM]),
        (["Qty Price", "95550001 9.00 25.00"], [(None, None, "25.00")]),
        (["Jalan 5, 47400 Town", "Date 1/2/2018 10.30"], []),
    ],
    ids=["one line", "wording above", "wording below", "no wording", "no goods"],
)
def test_items_with_their_wording(lines: list[str], items: list[tuple[str | None, str | None, str]]) -> None:
    """A quantity is told only where it makes the amount; what stands in the foot is no item."""
    assert find_items([*lines, *FOOT]) == [item(*values) for values in items]
