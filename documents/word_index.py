"""The words of a page, arranged so that a text can be looked up wherever it runs: along a row, or on to the row below.

Each piece of a word knows which piece is read after it: once with narrow gaps, so that columns stay apart, and once
with wide ones, so that a row is read across. From the last piece of a run the reading goes on in the run below it.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from documents.check_boxes import EMPTY, TICKED
from documents.layout import group_rows
from documents.lookalikes import fold
from documents.notation import Reading, find_dates, find_numbers
from documents.page import BBox, Word
from documents.pieces import Piece, cut, part, whole
from documents.reading_order import Run, make_runs, middle, right_neighbours, runs_below, union
from documents.surroundings import labels_of

# The widest gap read across, in widths of the page's median character: a blank is about one, columns are rarely
# closer than three, and forms leave up to twenty between a label's end and what is filled in.
_NARROW_GAP, _WIDE_GAP = 2.5, 20.0
# Characters that are read on from a piece; a longer value is a page, not a field.
_REACH = 2000


class Span(NamedTuple):
    """Some text of the page, in the order it is read."""

    text: str
    bbox: BBox
    boxes: tuple[BBox, ...]
    """Of its words, or the parts of words in it, in the order they are read."""
    score: float
    """The lowest of the reader's scores, 0 to 1: on scans it tells misread text from right better than the mean."""
    misread: tuple[float, ...]
    """For each character of the normalised text, how many of its word's the reader may have misread."""
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
        # A box to tick is no text, and between two words it is no more than a gap.
        self._words = [word for word in words if word.text.strip() and word.text not in (TICKED, EMPTY)]
        cuts = [cut(word) for word in self._words]
        self._pieces = [piece for pieces in cuts for piece in pieces]
        self._right = right_neighbours(self._words)
        numbered = iter(range(len(self._pieces)))
        self._piece_indices = [[next(numbered) for _ in pieces] for pieces in cuts]
        self._runs = [make_runs(self._words, self._right, gap) for gap in (_NARROW_GAP, _WIDE_GAP)]
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

    def alike(self, norm: str) -> list[Span]:
        """Find the compact places that differ from `norm` in nothing but characters that look alike."""
        folded, chain = fold(norm), self._chains[0]
        places = []
        for start, text in enumerate(chain.texts):
            if fold(text[: len(norm)]) == folded:
                span, length = self._walk(chain, start, len(norm))
                if length == len(norm) and span.on_one_line:
                    places.append(span)
        return places

    def similar(self, norm: str, cutoff: float, *, compact: bool = False) -> list[tuple[Span, float]]:
        """Find the places that read most nearly like `norm`, with their equal similarity of at least `cutoff`.

        A compact place stands on one line and has narrow gaps only.
        Similarity is 1 - (Levenshtein distance / length of the longer text).
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

    def labels_of(self, bbox: BBox) -> list[str]:
        """Return what stands before a place on its row, and what stands above it; those with letters."""
        return labels_of(bbox, self._rows)

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
        boxes = [union([self._words[i].bbox for i in run]) for run in runs]
        below = runs_below(boxes)
        following: list[int | None] = [None] * len(self._pieces)
        texts = [""] * len(self._pieces)
        # From the bottom up, so that the text that follows is known already.
        for run_index in sorted(range(len(runs)), key=lambda n: -middle(boxes[n])):
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
    def _rows(self) -> list[list[Word]]:
        return group_rows(self._words)

    @cached_property
    def _numbers(self) -> dict[Reading, list[tuple[Span, frozenset[Reading]]]]:
        found = ((word, notation) for word in self._words for notation in find_numbers(word.text))
        return _by_reading((_join([_part_of(w, n.start, n.end)]), n.readings) for w, n in found)

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
    return whole(Word(word.text[start:end], bbox, word.score), word.text[start:end])


def _join(parts: Sequence[Piece]) -> Span:
    return Span(
        text="".join(p.raw + " " * p.blank_follows for p in parts).rstrip(),
        bbox=union([p.bbox for p in parts]),
        boxes=tuple(p.bbox for p in parts),
        score=min(p.score for p in parts),
        misread=tuple(p.misread for p in parts for _ in p.norm),
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
