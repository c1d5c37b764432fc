"""A page's words and pixels → pairs, by trained models."""

from collections.abc import Sequence

import numpy as np

from chat_models.local.learned.geometry import Array
from chat_models.local.learned.models import LEAST_RIGHT, Models, find_links
from chat_models.local.learned.page import PageArrays, make_page
from chat_models.local.pairs import PageWords, Pair
from chat_models.local.segments import Segment
from documents.images import from_png


def learned_pairs(words: PageWords, models: Models) -> list[Pair]:
    """Return the pairs of a page in reading order, each value with its calibrated score; none where none is found."""
    page = make_page(words.words, words.width_px, words.height_px, _grey(words.png))
    return pairs_of_page(page, models)


def pairs_of_page(page: PageArrays, models: Models, least_right: float = LEAST_RIGHT) -> list[Pair]:
    """Gather the answers of each question; `least_right` is as in `find_links`."""
    values: dict[tuple[int, ...], list[tuple[Segment, float]]] = {}
    for link in find_links(page, models, least_right):
        question = tuple(link.question.tolist())
        values.setdefault(question, []).append((_segment(page, link.answer.tolist()), link.score))
    return [
        Pair(_segment(page, question), tuple(value for value, _ in found), tuple(score for _, score in found))
        for question, found in sorted(values.items())
    ]


def _segment(page: PageArrays, indices: Sequence[int]) -> Segment:
    return Segment(tuple(page.words[index] for index in indices))


def _grey(png: bytes | None) -> Array | None:
    return None if png is None else np.asarray(from_png(png).convert("L"))
