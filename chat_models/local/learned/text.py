"""Wording as hashed tokens, and a logistic regression over them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

import numpy as np

from chat_models.local.learned.geometry import Array

BUCKETS = 2**14
_RUNS = re.compile(r"(.)\1{2,}")


@dataclass(frozen=True)
class TextModel:
    """Multinomial logistic regression."""

    weights: Array
    """(BUCKETS, classes)."""
    bias: Array
    """(classes,)."""

    def scores(self, tokens: Sequence[Array]) -> Array:
        """Return log-odds (n, classes); a text counts as the set of its tokens, scaled to length 1."""
        result = np.tile(np.asarray(self.bias, np.float32), (len(tokens), 1))
        for row, buckets in enumerate(tokens):
            if len(buckets):
                result[row] += self.weights[buckets].sum(axis=0, dtype=np.float32) / np.sqrt(len(buckets))
        return result


def shape(text: str) -> str:
    """Return the text's form: "A" for capitals, "a" for small letters, "0" for digits; long runs are cut to two."""
    classes = "".join(
        "0" if character.isdigit() else "A" if character.isupper() else "a" if character.isalpha() else character
        for character in text
    )
    return _RUNS.sub(r"\1\1", classes)


def words_in_place(texts: Sequence[str], starts: Sequence[tuple[int, int]]) -> list[Array]:
    """Return the tokens of each word with its neighbours; `starts` are the index ranges of runs of words."""
    tokens = []
    for start, end in starts:
        run = texts[start:end]
        for index, text in enumerate(run):
            around = (
                f"p={_fold(run[index - 1]) if index else '^'}",
                f"n={_fold(run[index + 1]) if index + 1 < len(run) else '$'}",
                f"f={_fold(run[0])}",
                f"l={_fold(run[-1])}",
                f"e={run[-1][-1]}",
                f"i={min(index, 3)}/{min(len(run), 6)}",
            )
            tokens.append(_unique((*_word_tokens(text), *map(_bucket, around))))
    return tokens


def segment_tokens(words: Sequence[str]) -> Array:
    """Return the tokens of a text of several words."""
    around = [
        f"F={_fold(words[0])}",
        f"L={_fold(words[-1])}",
        f"E={words[-1][-1]}",
        f"N={min(len(words), 8)}",
        f"S={' '.join(map(shape, words[:3]))}",
        *(f"b={_fold(left)} {_fold(right)}" for left, right in pairwise(words)),
    ]
    return _unique((*(bucket for word in words for bucket in _word_tokens(word)), *map(_bucket, around)))


def _fold(text: str) -> str:
    folded = text.casefold().strip(".,;()[]'\"")
    return re.sub(r"\d", "0", folded)


@lru_cache(maxsize=20_000)
def _word_tokens(text: str) -> tuple[int, ...]:
    folded = _fold(text)
    padded = f"^{folded}$"
    trigrams = (padded[index : index + 3] for index in range(len(padded) - 2))
    return tuple(map(_bucket, [f"w={folded}", f"s={shape(text)}", *(f"3={trigram}" for trigram in trigrams)]))


def _bucket(token: str) -> int:
    return crc32(token.encode()) % BUCKETS


def _unique(buckets: Iterable[int]) -> Array:
    return np.array(sorted(set(buckets)), np.int32)
