"""How far apart things may stand on a page that belong together."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Distances in usual character widths (gaps, to the right) and usual line heights (drops, downwards).

    Words of RapidOCR are boxed with a margin, so a drop between lines of one text can be negative. The defaults were
    tried one by one on FUNSD's 149 training forms; `benchmarks/pair_f1.py` cross-validates them.
    """

    word_gap: float = 1.75
    """Between words of a segment."""
    value_gap: float = 40.0
    """Between a key and the value on its right."""
    value_drop: float = 0.3
    """Between a key and the value below it."""
    line_drop: float = -0.1
    """Between two lines of one text."""
    lone_line_drop: float = 0.2
    """The same where the lower line has its row to itself: ruled lines are further apart than typed ones."""
    cell_drop: float = 3.0
    """Between two cells of a column."""
    min_cells: int = 2
    """Amounts below one another that make a column."""
