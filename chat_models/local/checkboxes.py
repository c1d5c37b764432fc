"""Choices with boxes to tick: "☒ Yes ☐ No", "[X] Yes [ ] No", "Yes (x) No ( )"."""

import re

_BOX = re.compile(
    r"(?P<marked>[☑☒✓✔✗✘■]|[\[(]\s*[xX✓✔]\s*[\])])"  # ticked: a sign, or a cross between brackets
    r"|(?P<empty>[☐□▢]|\[\s*\]|\(\s*\))"
)


def has_box(text: str) -> bool:
    """Tell whether the text holds a box to tick, ticked or not."""
    return _BOX.search(text) is not None


def marked_choices(text: str) -> list[str]:
    """Return the wording of each ticked box, in order; none where no box is ticked.

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
    ticked = [wording.strip(" .,;/") for box, wording in zip(boxes, wordings, strict=True) if box["marked"]]
    return [wording for wording in ticked if wording]
