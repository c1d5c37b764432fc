"""Find the value of each key: on its right, else below it."""

from collections.abc import Iterator
from dataclasses import dataclass

from chat_models.local.labels import is_key
from chat_models.local.segments import PageLayout, Segment


@dataclass(frozen=True)
class Thresholds:
    """How far apart things may stand that belong together."""

    word_gap: float = 2.0
    """Gap between words of a segment, in usual character widths."""
    value_gap: float = 40.0
    """Gap between a key and the value on its right, in usual character widths."""
    value_drop: float = 1.0
    """Gap between a key and the value below it, in usual line heights."""
    line_drop: float = 0.6
    """Gap between two lines of one value, in usual line heights."""


def link_values(layout: PageLayout, thresholds: Thresholds) -> list[tuple[Segment, list[Segment]]]:
    """Return each key with its values, in the reading order of the keys; a key without a value is left out."""
    finder = _Finder(layout, thresholds)
    return list(finder.links())


class _Finder:
    def __init__(self, layout: PageLayout, thresholds: Thresholds) -> None:
        self._rows = layout.rows
        self._keys = {id(segment) for row in layout.rows for segment in row if is_key(segment)}
        self._taken: set[int] = set()
        self._max_gap = thresholds.value_gap * layout.char_width
        self._max_drop = thresholds.value_drop * layout.line_height
        self._max_line_drop = thresholds.line_drop * layout.line_height
        self._indent = 2 * layout.char_width

    def links(self) -> Iterator[tuple[Segment, list[Segment]]]:
        for row_index, row in enumerate(self._rows):
            for index, key in enumerate(row):
                if id(key) in self._keys and (value := self._value(row_index, index)):
                    yield key, [value]

    def _value(self, row_index: int, index: int) -> Segment | None:
        key = self._rows[row_index][index]
        right = self._rows[row_index][index + 1 : index + 2]
        if right and self._is_free(right[0]) and right[0].bbox[0] - key.bbox[2] <= self._max_gap:
            return self._with_lines_below(right[0], row_index)
        below = self._below(key, row_index, self._max_drop)
        return self._with_lines_below(below, row_index + 1) if below else None

    def _is_free(self, segment: Segment) -> bool:
        return id(segment) not in self._keys and id(segment) not in self._taken

    def _below(self, segment: Segment, row_index: int, max_drop: float) -> Segment | None:
        if row_index + 1 >= len(self._rows):
            return None
        left, _, right, bottom = segment.bbox
        for candidate in self._rows[row_index + 1]:
            x0, y0, x1, _ = candidate.bbox
            if self._is_free(candidate) and x0 < right and x1 > left and y0 - bottom <= max_drop:
                return candidate
        return None

    def _with_lines_below(self, value: Segment, row_index: int) -> Segment:
        """Add the lines that go on below, each starting where the value starts."""
        self._taken.add(id(value))
        line = value
        while True:
            row_index += 1
            below = self._below(line, row_index - 1, self._max_line_drop)
            if below is None or abs(below.bbox[0] - value.bbox[0]) > self._indent:
                return value
            self._taken.add(id(below))
            value, line = value + below, below
