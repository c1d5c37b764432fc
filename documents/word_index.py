"""The words of a page, arranged so that a text can be looked up wherever it runs: along a row, or on to the row below.

Each piece of a word knows which piece is read after it: once with narrow gaps, so that columns stay apart, and once
with wide ones, so that a row is read across. From the last piece of a run the reading goes on in the run below it.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from statistics import median
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from documents.notation import Reading, find_dates, find_numbers
from documents.page import BBox, Word
from documents.pieces import Piece, cut, is_right_to_left, part

# The widest gap read across, in widths of the page's median character: a blank is about one, columns are rarely
# closer than three, and forms leave up to twenty between a label's end and what is filled in.
_NARROW_GAP, _WIDE_GAP = 2.5, 20.0
# The line below starts within this many line heights of the end of this one: double-spaced typing needs one.
_LINE_GAP = 1.5
# Characters that are read on from a piece; a longer value is a page, not a field.
_REACH = 2000

Run = list[int]


class Span(NamedTuple):
    """Some text of the page, in the order it is read."""

    text: str
    bbox: BBox
    score: float
    """The reader's scores, 0 to 1: their mean, weighted by the length of each word."""
    stands_alone: bool
    """Nothing is glued to it, except behind a bracket or colon."""
    on_one_line: bool


class _Chain(NamedTuple):
    following: list[int | None]
    """The index of the piece that is read after each piece."""
    texts: list[str]
    """For each piece its normalised text and all that follows, up to `_REACH` characters."""


class PageIndex:
    """The words of one page, indexed for look-up; their order is of no account. Build it once per page."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = [word for word in words if word.text.strip()]
        cuts = [cut(word) for word in self._words]
        self._pieces = [piece for pieces in cuts for piece in pieces]
        self._right = _right_neighbours(self._words)
        numbered = iter(range(len(self._pieces)))
        self._piece_indices = [[next(numbered) for _ in pieces] for pieces in cuts]
        self._runs = [_runs(self._words, self._right, gap) for gap in (_NARROW_GAP, _WIDE_GAP)]
        self._chains = [self._chain(runs) for runs in self._runs]
        self._starts: defaultdict[str, list[int]] = defaultdict(list)
        for index, piece in enumerate(self._pieces):
            self._starts[piece.norm[0]].append(index)

    def equal(self, norm: str, *, compact: bool = False) -> list[Span]:
        """Find the places that read `norm` (normalised, not empty) from one piece's start to some piece's end.

        A compact place stands on one line and has narrow gaps only.
        """
        places: dict[int, Span] = {}
        for chain in self._chains[:1] if compact else self._chains:
            for start in self._starts.get(norm[0], ()):
                if start not in places and chain.texts[start].startswith(norm):
                    span, length = self._walk(chain, start, len(norm))
                    if length == len(norm) and (span.on_one_line or not compact):
                        places[start] = span
        return list(places.values())

    def similar(self, norm: str, cutoff: float, *, compact: bool = False) -> list[tuple[Span, float]]:
        """Find the places that read most nearly like `norm`, with their equal similarity of at least `cutoff`.

        A compact place stands on one line and has narrow gaps only. Similarity is 1 - (Levenshtein distance / length of the longer text).
        """
        best: dict[int, tuple[Span, float]] = {}
        for chain in self._chains[:1] if compact else self._chains:
            heads = [text[: len(norm)] for text in chain.texts]
            # Cutting a text to the value's length costs at most as many edits again as it has already.
            loose = 1 - 2 * (1 - cutoff)
            near = process.extract(
                norm, heads, scorer=Levenshtein.normalized_similarity, score_cutoff=loose, limit=None
            )
            for _, _, start in near:
                for end in self._ends(chain, start, len(norm) * cutoff, len(norm) / cutoff):
                    similarity = Levenshtein.normalized_similarity(norm, chain.texts[start][:end], score_cutoff=cutoff)
                    if similarity > best.get(start, (None, 0.0))[1]:
                        span, _ = self._walk(chain, start, end)
                        if span.on_one_line or not compact:
                            best[start] = span, similarity
        top = max((similarity for _, similarity in best.values()), default=0.0)
        return [match for match in best.values() if match[1] == top]

    def numbers(self, readings: frozenset[Reading]) -> list[tuple[Span, frozenset[Reading]]]:
        """Find the numbers on the page with a reading among these, each with all its readings."""
        return [found for reading in readings for found in self._numbers.get(reading, ())]

    def dates(self, readings: frozenset[Reading]) -> list[tuple[Span, frozenset[Reading]]]:
        """Find the dates on the page with a reading among these, each with all its readings."""
        return [found for reading in readings for found in self._dates.get(reading, ())]

    def _walk(self, chain: _Chain, start: int, length: int) -> tuple[Span, int]:
        """Read on from a piece until at least `length` characters are read; give them and how many they are."""
        pieces: list[Piece] = []
        read = 0
        index: int | None = start
        while read < length and index is not None:
            pieces.append(self._pieces[index])
            read += len(pieces[-1].norm)
            index = chain.following[index]
        return _join(pieces), read

    def _ends(self, chain: _Chain, start: int, shortest: float, longest: float) -> Iterator[int]:
        read = 0
        index: int | None = start
        while index is not None and (read := read + len(self._pieces[index].norm)) <= longest:
            if read >= shortest:
                yield read
            index = chain.following[index]

    def _chain(self, all_runs: list[Run]) -> _Chain:
        runs = [run for run in all_runs if any(self._piece_indices[word] for word in run)]
        boxes = [_union([self._words[i].bbox for i in run]) for run in runs]
        below = _runs_below(boxes)
        following: list[int | None] = [None] * len(self._pieces)
        texts = [""] * len(self._pieces)
        # From the bottom up, so that the text that follows is known already.
        for run_index in sorted(range(len(runs)), key=lambda n: -_middle(boxes[n])):
            next_run = below[run_index]
            after = None if next_run is None else self._piece_indices_of(runs[next_run])[0]
            for index in reversed(self._piece_indices_of(runs[run_index])):
                following[index] = after
                texts[index] = (self._pieces[index].norm + ("" if after is None else texts[after]))[:_REACH]
                after = index
        return _Chain(following, texts)

    def _piece_indices_of(self, run: Run) -> list[int]:
        return [index for word in run for index in self._piece_indices[word]]

    @cached_property
    def _numbers(self) -> dict[Reading, list[tuple[Span, frozenset[Reading]]]]:
        return _by_reading(
            (_join([_part_of(word, n.start, n.end)]), n.readings)
            for word in self._words
            for n in find_numbers(word.text)
        )

    @cached_property
    def _dates(self) -> dict[Reading, list[tuple[Span, frozenset[Reading]]]]:
        return _by_reading(found for run in self._runs[0] for found in _dates_of_run([self._words[i] for i in run]))


def _dates_of_run(words: list[Word]) -> Iterator[tuple[Span, frozenset[Reading]]]:
    """Find the dates in a run: `25 Dec 2018` is three words."""
    offsets = [0]
    for word in words:
        offsets.append(offsets[-1] + len(word.text) + 1)
    for notation in find_dates(" ".join(word.text for word in words)):
        first = bisect_right(offsets, notation.start) - 1
        parts = []
        for word, offset in zip(words[first:], offsets[first:], strict=False):
            if offset >= notation.end:
                break
            inside = max(notation.start - offset, 0), min(notation.end - offset, len(word.text))
            parts.append(_part_of(word, *inside))
        yield _join(parts), notation.readings


def _part_of(word: Word, start: int, end: int) -> Piece:
    bbox = part(word.bbox, start / len(word.text), end / len(word.text))
    return Piece(
        word.text[start:end], word.text[start:end], bbox, word.score, opens=True, closes=True, blank_follows=True
    )


def _join(parts: Sequence[Piece]) -> Span:
    total = sum(len(p.raw) for p in parts)
    return Span(
        text="".join(p.raw + " " * p.blank_follows for p in parts).rstrip(),
        bbox=_union([p.bbox for p in parts]),
        score=sum(p.score * len(p.raw) for p in parts) / total,
        stands_alone=parts[0].opens and parts[-1].closes,
        on_one_line=max(p.bbox[1] for p in parts) < min(p.bbox[3] for p in parts),
    )


def _by_reading(
    found: Iterable[tuple[Span, frozenset[Reading]]],
) -> dict[Reading, list[tuple[Span, frozenset[Reading]]]]:
    table: dict[Reading, list[tuple[Span, frozenset[Reading]]]] = defaultdict(list)
    for span, readings in found:
        for reading in readings:
            table[reading].append((span, readings))
    return table


def _right_neighbours(words: Sequence[Word]) -> list[int | None]:
    """Give for each word the next one on its row, at any distance; no word is the next of two."""
    order = sorted(range(len(words)), key=lambda i: _middle(words[i].bbox))
    middles = [_middle(words[i].bbox) for i in order]
    links = []
    for i, word in enumerate(words):
        x0, y0, x1, y1 = word.bbox
        row = order[bisect_left(middles, y0) : bisect_right(middles, y1)]
        to_right = [(words[j].bbox[0] - x1, i, j) for j in row if words[j].bbox[0] + words[j].bbox[2] > x0 + x1]
        if to_right:
            links.append(min(to_right))
    right: list[int | None] = [None] * len(words)
    taken = set()
    for _, i, j in sorted(links):
        if j not in taken:
            taken.add(j)
            right[i] = j
    return right


def _runs(words: Sequence[Word], right: list[int | None], widest_gap: float) -> list[Run]:
    """Chain the words of a row into runs, in the order they are read; `widest_gap` is in widths of a character."""
    if not words:
        return []
    width = median((word.bbox[2] - word.bbox[0]) / len(word.text) for word in words)
    linked = [
        j if j is not None and words[j].bbox[0] - words[i].bbox[2] <= widest_gap * width else None
        for i, j in enumerate(right)
    ]
    runs = []
    for i in set(range(len(words))) - set(linked):
        run = [i]
        while (j := linked[run[-1]]) is not None:
            run.append(j)
        runs.append(run[::-1] if all(is_right_to_left(words[k].text) for k in run) else run)
    return runs


def _runs_below(boxes: list[BBox]) -> list[int | None]:
    """Give for each run the one in which a text reads on: in the next row below, overlapping, best aligned left."""
    order = sorted(range(len(boxes)), key=lambda n: _middle(boxes[n]))
    middles = [_middle(boxes[n]) for n in order]
    below: list[int | None] = []
    for box in boxes:
        x0, y0, x1, y1 = box
        height = y1 - y0
        reach = order[bisect_right(middles, y1 - height / 4) : bisect_right(middles, y1 + (_LINE_GAP + 0.5) * height)]
        overlapping = [n for n in reach if boxes[n][0] < x1 and boxes[n][2] > x0]
        row = [n for n in overlapping if _middle(boxes[n]) - _middle(boxes[overlapping[0]]) <= height / 2]
        below.append(min(row, key=lambda n: abs(boxes[n][0] - x0), default=None))
    return below


def _union(boxes: Sequence[BBox]) -> BBox:
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    return min(x0s), min(y0s), max(x1s), max(y1s)


def _middle(box: BBox) -> float:
    return (box[1] + box[3]) / 2
