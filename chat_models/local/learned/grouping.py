"""From probabilities of belonging together to texts of several words and lines."""

from dataclasses import dataclass

import numpy as np

from chat_models.local.learned.gaps import row_neighbours
from chat_models.local.learned.geometry import Array
from chat_models.local.learned.page import PageArrays


@dataclass(frozen=True)
class Groups:
    """Words grouped into texts; group numbers run in reading order of their first words."""

    members: list[Array]
    """Word indices of each group, in reading order."""
    box: Array
    """(m, 4) round all words."""
    certainty: Array
    """(m,) product of the probabilities of the decisions that made the group."""

    def of_words(self, count: int) -> Array:
        """Return the group number (n,) of each word."""
        ids = np.zeros(count, np.int32)
        for number, members in enumerate(self.members):
            ids[members] = number
        return ids


def group_rows_by_gaps(page: PageArrays, joins: Array, threshold: float) -> Groups:
    """Cut rows where `joins` (g,), the probability that a text goes on across a gap, is below the threshold."""
    joined = np.zeros(len(page.box), bool)
    left = row_neighbours(page)
    joined[left + 1] = joins >= threshold
    ids = np.cumsum(~joined) - 1
    sure = np.ones(int(ids.max(initial=-1)) + 1, np.float32)
    for word, chance in zip(left.tolist(), joins.tolist(), strict=True):
        # An edge counts for the texts on both of its sides.
        if ids[word] == ids[word + 1]:
            sure[ids[word]] *= chance
        else:
            sure[ids[word]] *= 1 - chance
            sure[ids[word + 1]] *= 1 - chance
    return _make(page, [np.flatnonzero(ids == number) for number in range(len(sure))], sure)


def chain_lines(page: PageArrays, lines: Groups, pairs: Array, joins: Array, threshold: float) -> Groups:
    """Join lines downwards, likeliest first; each goes on in at most one line, and from at most one.

    Args:
        page: the words.
        lines: texts of one row.
        pairs: (p, 2) upper and lower line.
        joins: (p,) probability that the lower one goes on from the upper one.
        threshold: least probability that joins.
    """
    below: dict[int, int] = {}
    above: dict[int, int] = {}
    sure = lines.certainty.copy()
    chances: dict[tuple[int, int], float] = {}
    for index in np.argsort(-joins, kind="stable").tolist():
        upper, lower = pairs[index].tolist()
        if joins[index] < threshold:
            break
        if upper not in below and lower not in above:
            below[upper], above[lower] = lower, upper
            chances[upper, lower] = float(joins[index])
    for (upper, lower), chance in zip(pairs.tolist(), joins.tolist(), strict=True):
        if below.get(upper) != lower:
            sure[upper] *= 1 - chance if upper not in below else 1
            sure[lower] *= 1 - chance if lower not in above else 1
    members, certainty = [], []
    for first in range(len(lines.members)):
        if first in above:
            continue
        chain, chance = [first], float(sure[first])
        while chain[-1] in below:
            lower = below[chain[-1]]
            chance *= chances[chain[-1], lower] * float(sure[lower])
            chain.append(lower)
        members.append(np.concatenate([lines.members[line] for line in chain]))
        certainty.append(chance)
    return _make(page, members, np.array(certainty, np.float32))


def decision_margins(  # noqa: PLR0917 - two levels of grouping, each with its decisions
    page: PageArrays, groups: Groups, joins: Array, lines: Groups, pairs: Array, goes_on: Array
) -> Array:
    """Return how surely each text is cut out (m, 6).

    The least probability of a join within the text, and the greatest of one that was not made after it and before it:
    along the row, then downwards.
    """
    ids = groups.of_words(len(page.box))
    left = row_neighbours(page)
    of_line = ids[np.array([member[0] for member in lines.members], np.int32)]
    upper, lower = pairs[:, 0], pairs[:, 1]
    # A line has several candidates above; it goes on from the likeliest of its text.
    best = np.zeros(len(of_line))
    inside = of_line[upper] == of_line[lower]
    np.maximum.at(best, lower[inside], goes_on[inside])
    down = np.where(inside, best[lower], goes_on)
    count = len(groups.members)
    parts = [*_margins(ids[left], ids[left + 1], joins, count), *_margins(of_line[upper], of_line[lower], down, count)]
    return np.column_stack(parts).astype(np.float32)


def _margins(before: Array, after: Array, chances: Array, count: int) -> list[Array]:
    inside, outside = before == after, before != after
    least, most_after, most_before = np.ones(count), np.zeros(count), np.zeros(count)
    np.minimum.at(least, before[inside], chances[inside])
    np.maximum.at(most_after, before[outside], chances[outside])
    np.maximum.at(most_before, after[outside], chances[outside])
    return [least, most_after, most_before]


def _make(page: PageArrays, members: list[Array], certainty: Array) -> Groups:
    boxes = [
        (*page.box[member, :2].min(axis=0).tolist(), *page.box[member, 2:].max(axis=0).tolist()) for member in members
    ]
    return Groups(members, np.array(boxes, np.float32).reshape(-1, 4), certainty)
