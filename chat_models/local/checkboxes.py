"""Choices with boxes to tick: "☒ Yes ☐ No", "[X] Yes [ ] No", "Yes (x) No ( )"."""

import re
from typing import NamedTuple

_BOX = re.compile(
    r"(?P<marked>[☑☒✓✔✗✘■]|[\[(]\s*[xX✓✔]\s*[\])])"  # ticked: a sign, or a cross between brackets
    r"|(?P<empty>[☐□▢]|\[\s*\]|\(\s*\))"
)


class Choice(NamedTuple):
    """A box to tick and the wording beside it."""

    wording: str
    is_ticked: bool


def has_box(text: str) -> bool:
    """Tell whether the text holds a box to tick, ticked or not."""
    return _BOX.search(text) is not None


def is_box(text: str) -> bool:
    """Tell whether the text is a box and nothing else."""
    return _BOX.fullmatch(text.strip()) is not None


def read_choices(text: str) -> list[Choice]:
    """Return each box with its wording, in order; the wording is "" where there is none.

    A wording stands after its box; where the text begins with a wording, each stands before its box.
    """
    boxes = list(_BOX.finditer(text))
    if not boxes:
        return []
    starts = [box.end() for box in boxes]
    ends = [box.start() for box in boxes]
    if text[: ends[0]].strip():
        wordings = [text[start:end] for start, end in zip([0, *starts], ends, strict=False)]
    else:
        wordings = [text[start:end] for start, end in zip(starts, [*ends[1:], len(text)], strict=True)]
    return [Choice(wording.strip(" .,;/"), bool(box["marked"])) for box, wording in zip(boxes, wordings, strict=True)]


def marked_choices(text: str) -> list[str]:
    """Return the wording of each ticked box, in order; none where no box is ticked."""
    return [choice.wording for choice in read_choices(text) if choice.is_ticked and choice.wording]
