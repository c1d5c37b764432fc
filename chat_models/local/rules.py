"""Pages of words → keys with their values, by rules of distance and wording."""

from chat_models.local.links import link_values
from chat_models.local.pairs import Pair
from chat_models.local.segments import PageLayout, Segment
from chat_models.local.tables import link_amounts
from chat_models.local.thresholds import Thresholds


def pairs_by_rules(layout: PageLayout, thresholds: Thresholds) -> list[Pair]:
    """Gather the values of each key, once each, and put the keys in reading order."""
    linked = link_values(layout, thresholds)
    values: dict[Segment, list[Segment]] = {key: [value] for key, value in linked}
    for name, amounts in link_amounts(layout, thresholds, [value for _, value in linked]):
        known = values.setdefault(name, [])
        known.extend(amount for amount in amounts if amount not in known)
    order = {
        word: position for position, word in enumerate(word for row in layout.rows for s in row for word in s.words)
    }
    return [Pair(key, tuple(found)) for key, found in sorted(values.items(), key=lambda item: order[item[0].words[0]])]
