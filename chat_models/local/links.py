"""Find the value of each key: on its right, or below it, with the lines that go on under it."""

from collections.abc import Iterator
from itertools import takewhile

from chat_models.local.checkboxes import has_box
from chat_models.local.labels import ends_with_colon, is_wording, reads_like_label
from chat_models.local.segments import PageLayout, Segment
from chat_models.local.thresholds import Thresholds


def link_values(layout: PageLayout, thresholds: Thresholds) -> list[tuple[Segment, Segment]]:
    """Return each key with its value, in reading order; no segment is part of two values."""
    return list(_Linker(layout, thresholds).links())


class _Linker:
    def __init__(self, layout: PageLayout, thresholds: Thresholds) -> None:
        self._rows = layout.rows
        # By identity: the same text can stand on a page twice.
        self._keys = {id(segment) for row in layout.rows for segment in _keys_of(row)}
        self._taken = set(self._keys)
        self._max_gap = thresholds.value_gap * layout.char_width
        self._max_drop = thresholds.value_drop * layout.line_height
        self._max_line_drop = thresholds.line_drop * layout.line_height
        self._max_lone_drop = thresholds.lone_line_drop * layout.line_height
        # Lists of choices are double-spaced at most.
        self._max_choice_drop = layout.line_height
        # Lines of one text start at the same place, give or take a letter's overhang.
        self._indent = 2 * layout.char_width

    def links(self) -> Iterator[tuple[Segment, Segment]]:
        for row_index, row in enumerate(self._rows):
            for index, segment in enumerate(row):
                if id(segment) in self._keys and (value := self._value(row_index, index)):
                    yield segment, value

    def _value(self, row_index: int, index: int) -> Segment | None:
        key, *rest = self._rows[row_index][index:]
        if choices := self._choices(key, rest, row_index):
            return choices
        if rest and self._is_free(rest[0]) and rest[0].bbox[0] - key.bbox[2] <= self._max_gap:
            return self._with_lines_below(key, rest[0], row_index)
        if not ends_with_colon(key):
            return None  # without a colon, what stands below is more often the next label than an answer
        below = self._below(key, row_index, self._max_drop)
        return self._with_lines_below(key, below, row_index + 1) if below else None

    def _is_free(self, segment: Segment) -> bool:
        return id(segment) not in self._taken

    def _below(self, segment: Segment, row_index: int, max_drop: float) -> Segment | None:
        """Return the first free segment of the next row that stands under this one."""
        next_row = self._rows[row_index + 1] if row_index + 1 < len(self._rows) else []
        under = (below for below in next_row if below.is_across(segment) and self._is_free(below))
        return next((below for below in under if below.bbox[1] - segment.bbox[3] <= max_drop), None)

    def _choices(self, key: Segment, rest: list[Segment], row_index: int) -> Segment | None:
        """Return the boxes to tick right of the key and in the rows below, or all below where the key stands alone."""
        beside = list(takewhile(self._is_free_choice, rest))
        if rest and not (beside and beside[0].bbox[0] - key.bbox[2] <= self._max_gap):
            return None
        found = [*beside, *self._choices_below(beside[0] if beside else key, row_index)]
        self._taken.update(map(id, found))
        return sum(found[1:], found[0]) if found else None

    def _choices_below(self, above: Segment, row_index: int) -> Iterator[Segment]:
        """Yield the choices of each row that begins with one, under the segment or under the row before."""
        for row in self._rows[row_index + 1 :]:
            choices = list(takewhile(self._is_free_choice, row))
            if not choices or choices[0].bbox[1] - above.bbox[3] > self._max_choice_drop:
                break
            if not above.bbox[0] - self._indent <= choices[0].bbox[0] <= above.bbox[2]:
                break
            yield from choices
            above = choices[0]

    def _is_free_choice(self, segment: Segment) -> bool:
        return self._is_free(segment) and has_box(segment.text)

    def _with_lines_below(self, key: Segment, value: Segment, row_index: int) -> Segment:
        """Add the lines that go on below."""
        self._taken.add(id(value))
        line = value
        while below := self._below(line, row_index, self._max_lone_drop):
            row_index += 1
            if not self._goes_on(key, line, below, self._rows[row_index]):
                break
            self._taken.add(id(below))
            value, line = value + below, below
        return value

    def _goes_on(self, key: Segment, line: Segment, below: Segment, row: list[Segment]) -> bool:
        """Tell whether a line starts where the one above does, close to it, with nothing beside it under the key."""
        start, shift = below.bbox[0], abs(below.bbox[0] - line.bbox[0])
        under_key = [segment for segment in row if key.bbox[0] - self._indent < segment.bbox[0] < start]
        is_lone = len(row) == 1 and shift < self._indent / 2
        max_drop = self._max_lone_drop if is_lone else self._max_line_drop
        return shift <= self._indent and not under_key and below.bbox[1] - line.bbox[3] <= max_drop


def _keys_of(row: list[Segment]) -> Iterator[Segment]:
    """Yield the labels of a row.

    What only reads like one is an answer right behind a colon ("Position: Manager"), and a choice where it has a box;
    any short text at the beginning of a row of choices is the question.
    """
    for left, segment, right in zip([None, *row], row, [*row[1:], None], strict=False):
        behind_colon = left is not None and ends_with_colon(left)
        heads_choices = left is None and right is not None and has_box(right.text)
        is_label = reads_like_label(segment) or (heads_choices and is_wording(segment))
        if ends_with_colon(segment) or (is_label and not behind_colon and not has_box(segment.text)):
            yield segment
