"""Fields that documents often print without a key: who sold, where, when and how much."""

from chat_models.local.reader import Pair
from chat_models.local.segments import Segment


def find_unkeyed(names: list[str], pair: Pair | None, rows: list[list[Segment]]) -> list[str]:
    """Return the text of a field by its meaning, position and shape; [] where it has none of the known meanings."""
    return []
