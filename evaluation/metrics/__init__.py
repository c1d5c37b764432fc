"""How good extractions are: pure functions over expected and predicted data. docs/metrics.md defines each metric."""

from evaluation.metrics.comparison import Difference, paired_difference
from evaluation.metrics.document import DocumentScores, FormScores, is_form_gold, score_document
from evaluation.metrics.edit_distance import anls_star, one_minus_ned
from evaluation.metrics.fields import field_scores, invented_fields
from evaluation.metrics.fuzzy import fuzzy_counts, invented_pairs
from evaluation.metrics.key_values import clean_key, key_value_accuracy, p90
from evaluation.metrics.pairs import (
    PairCounts,
    TextPair,
    exact_counts,
    extraction_to_key_values,
    extraction_to_pairs,
    key_counts,
    normalise,
    raw_counts,
)
from evaluation.metrics.ratio import Ratio
from evaluation.metrics.registry import METRICS, Metric, find_metric
from evaluation.metrics.summary import Figure, Summary, summarise

__all__ = [
    "METRICS",
    "Difference",
    "DocumentScores",
    "Figure",
    "FormScores",
    "Metric",
    "PairCounts",
    "Ratio",
    "Summary",
    "TextPair",
    "anls_star",
    "clean_key",
    "exact_counts",
    "extraction_to_key_values",
    "extraction_to_pairs",
    "field_scores",
    "find_metric",
    "fuzzy_counts",
    "invented_fields",
    "invented_pairs",
    "is_form_gold",
    "key_counts",
    "key_value_accuracy",
    "normalise",
    "one_minus_ned",
    "p90",
    "paired_difference",
    "raw_counts",
    "score_document",
    "summarise",
]
