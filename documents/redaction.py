"""Hide chosen texts: in running text, among the words of a page, and on its image.

A text is found where the same letters and digits stand in the same order, whatever stands between them and in capitals
or not, from the beginning of one word to the end of another. Each longer word of it is hidden wherever it stands, for
part of a name can tell as much as the whole.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from io import BytesIO
from itertools import accumulate, pairwise

from PIL import Image, ImageDraw

from documents.page import BBox, Word
from documents.patterns import Extent, Find

REDACTED = "[redacted]"

# Scripts from here on are mostly written without blanks: each of their signs is a part of its own.
_PARTS = re.compile("[\u2e80-\U0003ffff]|[^\\W_\u2e80-\U0003ffff]+")
_NUMBER_BEFORE, _NUMBER_AFTER = re.compile(r"\d[.,]$"), re.compile(r"[.,]\d")
# Shorter texts (a "1", an "x", a country) stand everywhere: they are hidden where they are a value, and nowhere else.
_MIN_CHARS = 3
# Shorter words ("the", "Ltd") say nothing alone.
_MIN_WORD_CHARS = 4
# Between two parts of one text: ", " or " - ", a line's end, several blanks of a column.
_MAX_BETWEEN = 5
# Letters lean out of the boxes that OCR gives, and a box's ends are half a character off: in heights of the box.
_MARGIN_X, _MARGIN_Y = 0.5, 0.25
# A value's box and a word's have this part of the lower one's height, and of the narrower one's width, in common.
_SAME_ROW, _SAME_PLACE = 0.5, 0.1


class Mask:
    """What is to be hidden in texts."""

    def __init__(self, texts: Iterable[str] = (), patterns: Sequence[Find] = ()) -> None:
        self._by_first: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
        for text in texts:
            self._add(text, _MIN_CHARS)
            # As blanks divide it: the parts of "12.50" and of "2018-12-25" are no words.
            for word in text.split():
                self._add(word, _MIN_WORD_CHARS)
        self._patterns = patterns

    def _add(self, text: str, min_chars: int) -> None:
        parts = tuple(part for part, _, _ in _parts(text))
        if len("".join(parts)) >= min_chars:
            self._by_first[parts[0]].add(parts)

    def hide(self, text: str) -> str:
        """Return the text with each hidden part replaced by `REDACTED`."""
        kept, after = [], 0
        for start, end in _joined(self.find(text)):
            kept.append(text[after:start])
            after = end
        return REDACTED.join([*kept, text[after:]])

    def find(self, text: str) -> Iterator[Extent]:
        """Yield where something to hide begins and ends; extents may overlap."""
        parts = _parts(text) if self._by_first else []
        for index, (part, start, _) in enumerate(parts):
            for wanted in self._by_first.get(part, ()):
                there = parts[index : index + len(wanted)]
                if tuple(part for part, _, _ in there) == wanted and _is_whole(text, start, there):
                    yield start, there[-1][2]
        for find in self._patterns:
            yield from find(text)


def _parts(text: str) -> list[tuple[str, int, int]]:
    """Return the runs of letters and digits, in one case, with their beginnings and ends."""
    return [(match[0].casefold(), match.start(), match.end()) for match in _PARTS.finditer(text)]


def _is_whole(text: str, start: int, parts: Sequence[tuple[str, int, int]]) -> bool:
    """Say whether the parts stand together, and are no part of a longer number: "8.00" is none of "1,8.00"."""
    end = parts[-1][2]
    if any(right[1] - left[2] > _MAX_BETWEEN for left, right in pairwise(parts)):
        return False
    goes_on = (text[start].isdigit() and _NUMBER_BEFORE.search(text[max(start - 2, 0) : start])) or (
        text[end - 1].isdigit() and _NUMBER_AFTER.match(text[end : end + 2])
    )
    return not goes_on


def _joined(extents: Iterable[Extent]) -> list[Extent]:
    """Return the extents in their order, those that overlap as one."""
    joined: list[Extent] = []
    for start, end in sorted(extents):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def words_at(words: Sequence[Word], places: Iterable[BBox]) -> set[int]:
    """Return which words stand in one of the places, if only in part."""
    boxes = list(places)
    return {index for index, word in enumerate(words) if any(_stands_in(word.bbox, box) for box in boxes)}


def words_to_hide(words: Sequence[Word], mask: Mask) -> set[int]:
    """Return which words belong to a text that the mask hides, read in their order; whole words."""
    text = " ".join(word.text for word in words)
    begins = accumulate((len(word.text) + 1 for word in words), initial=0)
    extents = [(start, start + len(word.text)) for start, word in zip(begins, words, strict=False)]
    hidden = _joined(mask.find(text))
    ends = [end for _, end in hidden]
    return {
        index
        for index, (start, end) in enumerate(extents)
        if (at := bisect_right(ends, start)) < len(hidden) and hidden[at][0] < end
    }


def replace_words(words: Sequence[Word], hidden: Collection[int]) -> list[Word]:
    """Return the words with `REDACTED` in the place of the hidden ones."""
    return [word._replace(text=REDACTED) if index in hidden else word for index, word in enumerate(words)]


def black_out(image: bytes, boxes: Iterable[BBox]) -> bytes:
    """Return the picture with the boxes black, each with a margin; a JPEG or PNG stays one, anything else is a PNG."""
    picture = Image.open(BytesIO(image))
    kind = picture.format if picture.format in ("JPEG", "PNG") else "PNG"
    blackened = picture.convert("RGB")
    draw = ImageDraw.Draw(blackened)
    for box in boxes:
        draw.rectangle(_with_margin(box, picture.size), fill=(0, 0, 0))
    out = BytesIO()
    # The tables of the first encoding: a second, coarser one would blur what stays.
    options = {"qtables": getattr(picture, "quantization", None)} if kind == "JPEG" else {}
    blackened.save(out, kind, optimize=True, **options)
    return out.getvalue()


def _with_margin(box: BBox, size: tuple[int, int]) -> BBox:
    width, height = size
    x0, y0, x1, y1 = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    dx, dy = _MARGIN_X * (y1 - y0), _MARGIN_Y * (y1 - y0)
    return x0 - dx, y0 - dy, x1 + dx, y1 + dy


def _stands_in(word: BBox, place: BBox) -> bool:
    width = min(word[2], place[2]) - max(word[0], place[0])
    height = min(word[3], place[3]) - max(word[1], place[1])
    narrower = min(word[2] - word[0], place[2] - place[0])
    lower = min(word[3] - word[1], place[3] - place[1])
    return height > _SAME_ROW * lower and width > _SAME_PLACE * narrower
