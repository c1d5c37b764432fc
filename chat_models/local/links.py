"""Find the values of each key: on its right, below it, or in the row or column of a table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chat_models.local.labels import ends_with_colon, is_amount, is_key, is_wording
from chat_models.local.segments import PageLayout, Segment


@dataclass(frozen=True)
class Thresholds:
    """How far apart things may stand that belong together; chosen on FUNSD's training forms."""

    word_gap: float = 2.0
    """Gap between words of a segment, in usual character widths."""
    value_gap: float = 40.0
    """Gap between a key and the value on its right, in usual character widths."""
    value_drop: float = 0.3
    """Gap between a key and the value below it, in usual line heights."""
    line_drop: float = -0.1
    """Gap between two lines of one value, in usual line heights."""
    cell_drop: float = 3.0
    """Gap between two cells of a column, in usual line heights."""
    min_cells: int = 2
    """Amounts below one another that make a column of a table."""


def link_values(layout: PageLayout, thresholds: Thresholds) -> list[tuple[Segment, list[Segment]]]:
    """Return each key with its values, in the reading order of the keys; a key without a value is left out."""
    return list(_Linker(layout, thresholds).links())


class _Linker:
    def __init__(self, layout: PageLayout, thresholds: Thresholds) -> None:
        self._rows = layout.rows
        self._keys = {id(segment) for row in layout.rows for segment in row if is_key(segment)}
        self._taken: set[int] = set()
        self._max_gap = thresholds.value_gap * layout.char_width
        self._max_drop = thresholds.value_drop * layout.line_height
        self._max_line_drop = thresholds.line_drop * layout.line_height
        self._max_cell_drop = thresholds.cell_drop * layout.line_height
        self._min_cells = thresholds.min_cells
        self._indent = 2 * layout.char_width

    def links(self) -> Iterator[tuple[Segment, list[Segment]]]:
        places = [(r, i) for r, row in enumerate(self._rows) for i in range(len(row))]
        for r, i in places:
            segment = self._rows[r][i]
            if id(segment) in self._keys and (value := self._value(r, i)):
                yield segment, [value]
        for r, i in places:
            segment = self._rows[r][i]
            if is_wording(segment) and id(segment) not in self._taken:
                if id(segment) not in self._keys and (values := self._amounts_right(r, i)):
                    yield segment, values
                values = self._amounts_below(r, i)
                if len(values) >= self._min_cells:
                    yield segment, values

    def _value(self, row_index: int, index: int) -> Segment | None:
        key = self._rows[row_index][index]
        right = self._rows[row_index][index + 1 : index + 2]
        if right and self._is_free(right[0]) and right[0].bbox[0] - key.bbox[2] <= self._max_gap:
            return self._with_lines_below(key, right[0], row_index)
        if not ends_with_colon(key):
            return None  # without a colon, what stands below is more often the next label than an answer
        below = self._below(key, row_index, self._max_drop, self._is_free)
        return self._with_lines_below(key, below, row_index + 1) if below else None

    def _is_free(self, segment: Segment) -> bool:
        return id(segment) not in self._keys and id(segment) not in self._taken

    def _below(
        self, segment: Segment, row_index: int, max_drop: float, accept: Callable[[Segment], bool]
    ) -> Segment | None:
        left, _, right, bottom = segment.bbox
        for candidate in self._rows[row_index + 1] if row_index + 1 < len(self._rows) else []:
            x0, y0, x1, _ = candidate.bbox
            if x0 < right and x1 > left and y0 - bottom <= max_drop and accept(candidate):
                return candidate
        return None

    def _with_lines_below(self, key: Segment, value: Segment, row_index: int) -> Segment:
        """Add the lines that go on below: each starts where the value starts, with nothing below the key beside it."""
        self._taken.add(id(value))
        line = value
        while True:
            below = self._below(line, row_index, self._max_line_drop, self._is_free)
            row_index += 1
            if below is None or abs(below.bbox[0] - value.bbox[0]) > self._indent:
                return value
            if any(key.bbox[0] - self._indent < other.bbox[0] < below.bbox[0] for other in self._rows[row_index]):
                return value
            self._taken.add(id(below))
            value, line = value + below, below

    def _amounts_right(self, row_index: int, index: int) -> list[Segment]:
        amounts = []
        for segment in self._rows[row_index][index + 1 :]:
            if not is_amount(segment):
                break
            amounts.append(segment)
        return amounts

    def _amounts_below(self, row_index: int, index: int) -> list[Segment]:
        head = self._rows[row_index][index]
        amounts: list[Segment] = []
        bottom = head.bbox[3]
        for row in self._rows[row_index + 1 :]:
            column = [s for s in row if s.bbox[0] < head.bbox[2] and s.bbox[2] > head.bbox[0]]
            if row[0].bbox[1] - bottom > self._max_cell_drop or any(not is_amount(s) for s in column):
                break
            amounts.extend(column)
            if column:
                bottom = column[0].bbox[3]
        return amounts
