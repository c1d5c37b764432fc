"""Read amounts that stand in rows and columns as answers of the words that name the row or the column."""

from collections.abc import Iterator

from chat_models.local.labels import is_amount, is_key, is_wording
from chat_models.local.segments import PageLayout, Segment
from chat_models.local.thresholds import Thresholds


def link_amounts(
    layout: PageLayout, thresholds: Thresholds, used: list[Segment]
) -> Iterator[tuple[Segment, list[Segment]]]:
    """Yield each row's and each column's name with its amounts; an amount can belong to one of both.

    Args:
        layout: the page.
        thresholds: `cell_drop`, `line_drop` and `min_cells` count here.
        used: texts that are answers already, so no names; keys keep the value on their right.
    """
    used_words = {word for segment in used for word in segment.words}
    for row_index, row in enumerate(layout.rows):
        for index, name in enumerate(row):
            if not is_wording(name) or name.words[0] in used_words:
                continue
            if not is_key(name) and (amounts := _amounts_right(row[index + 1 :])):
                yield name, amounts
            column = _amounts_below(layout, row_index, name, thresholds.cell_drop * layout.line_height)
            if len(column) >= thresholds.min_cells:
                yield _with_line_above(layout, row_index, name, thresholds.line_drop * layout.line_height), column


def _amounts_right(rest: list[Segment]) -> list[Segment]:
    amounts = []
    for segment in rest:
        if not is_amount(segment):
            break
        amounts.append(segment)
    return amounts


def _amounts_below(layout: PageLayout, row_index: int, name: Segment, max_drop: float) -> list[Segment]:
    """Return the column under the name down to the first wide gap, or the first text that is no amount."""
    amounts: list[Segment] = []
    bottom = name.bbox[3]
    for row in layout.rows[row_index + 1 :]:
        cells = [segment for segment in row if segment.is_across(name)]
        if row[0].bbox[1] - bottom > max_drop or not all(map(is_amount, cells)):
            break
        amounts.extend(cells)
        bottom = max([bottom, *(cell.bbox[3] for cell in cells)])
    return amounts


def _with_line_above(layout: PageLayout, row_index: int, name: Segment, max_drop: float) -> Segment:
    """Put the upper line of a column's name before it: "TOTAL" over "YEAR"."""
    above = [segment for segment in layout.rows[row_index - 1] if segment.is_across(name)] if row_index else []
    if len(above) != 1 or not is_wording(above[0]) or name.bbox[1] - above[0].bbox[3] > max_drop:
        return name
    (x0, _, x1, _), (name_x0, _, name_x1, _) = above[0].bbox, name.bbox
    shared = min(x1, name_x1) - max(x0, name_x0)
    # A title over several columns only brushes each of them.
    return above[0] + name if shared > 0.5 * min(x1 - x0, name_x1 - name_x0) else name
