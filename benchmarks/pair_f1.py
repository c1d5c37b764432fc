"""Score the local reader's key-value pairs on FUNSD, cross-validated.

    python benchmarks/pair_f1.py ../shared/data/funsd/training_data --folds 5

The thresholds that matter are chosen on all folds but one, by exact F1 over a small grid, and scored on that one; the
pooled counts of the held-out folds are the cross-validated figure.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from chat_models.local.pairs import PageWords
from chat_models.local.reader import read_pages
from chat_models.local.thresholds import Thresholds
from documents.limits import Limits
from documents.load import load_document
from documents.store import DocumentStore
from documents.words import page_words
from evaluation.datasets.funsd import load_funsd
from evaluation.metrics import PairCounts, TextPair, exact_counts, extraction_to_pairs, fuzzy_counts
from schemas.errors import UsageError

# The thresholds whose neighbours change the score by more than its noise, each with its default and the two beside it.
GRID = {"word_gap": (1.5, 1.75, 2.0), "line_drop": (-0.3, -0.1, 0.1), "cell_drop": (2.0, 3.0, 4.0)}

Form = tuple[list[TextPair], list[PageWords]]
Counts = tuple[PairCounts, PairCounts]


def main() -> None:
    """Print exact and fuzzy scores with the defaults, by fold and cross-validated."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a split of FUNSD, with annotations/ and images/")
    parser.add_argument("--folds", type=int, default=5, help="at least 2")
    parser.add_argument("--store", type=Path, default=Path(".optophone/documents"), help="where words are kept")
    arguments = parser.parse_args()
    try:
        forms = list(_load_forms(arguments.folder, DocumentStore(arguments.store)))
        if not 2 <= arguments.folds <= len(forms):
            raise UsageError(f"expected 2 to {len(forms)} folds, got {arguments.folds}; choose fewer or more")
    except UsageError as error:
        sys.exit(f"pair_f1: {error}")
    _print("defaults, all forms", _pool([_score(form, Thresholds()) for form in forms]))
    _cross_validate(forms, arguments.folds)


def _load_forms(folder: Path, store: DocumentStore) -> Iterator[Form]:
    for sample in load_funsd(folder)[0]:
        document = load_document(sample.document, store, Limits(), allow_paths=True)
        pages = [PageWords(page_words(page, store), page["width_px"], page["height_px"]) for page in document["pages"]]
        yield extraction_to_pairs(sample.expected), pages


def _cross_validate(forms: Sequence[Form], folds: int) -> None:
    grid = [replace(Thresholds(), **dict(zip(GRID, values, strict=True))) for values in product(*GRID.values())]
    scores = [[_score(form, thresholds) for form in forms] for thresholds in grid]
    held_out = []
    for fold in range(folds):
        # Forms are sorted by name, and neighbours come of one file cabinet: folds take every n-th.
        best = max(range(len(grid)), key=lambda index: _pool(_without(scores[index], fold, folds))[0].f1)
        held_out.append(_pool(scores[best][fold::folds]))
        chosen = ", ".join(f"{name} {getattr(grid[best], name)}" for name in GRID)
        _print(f"fold {fold + 1} ({chosen})", held_out[-1])
    _print(f"cross-validated, {folds} folds", _pool(held_out))


def _score(form: Form, thresholds: Thresholds) -> Counts:
    expected, pages = form
    predicted = [(pair.key_text, text) for pair in read_pages(pages, thresholds).pairs for text in pair.value_texts]
    return exact_counts(expected, predicted), fuzzy_counts(expected, predicted)


def _without(scores: Sequence[Counts], fold: int, folds: int) -> list[Counts]:
    return [score for index, score in enumerate(scores) if index % folds != fold]


def _pool(scores: Sequence[Counts]) -> Counts:
    exact, fuzzy = zip(*scores, strict=True)
    return sum(exact, PairCounts()), sum(fuzzy, PairCounts())


def _print(title: str, counts: Counts) -> None:
    print(title)
    for name, count in zip(("exact", "fuzzy"), counts, strict=True):
        print(f"  {name}  precision {count.precision:.3f}  recall {count.recall:.3f}  F1 {count.f1:.3f}")


if __name__ == "__main__":
    main()
