"""Fit single models: logistic regression over tokens, boosted trees over features."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from chat_models.local.learned.geometry import Array
from chat_models.local.learned.logistic import Logistic
from chat_models.local.learned.text import BUCKETS, TextModel
from chat_models.local.learned.trees import Trees
from evaluation.training.gold import LABELS

SEED = 1914
# Log-odds of a label that no training form has: forms of one's own may have no headers.
_NEVER = -10.0
# From the feasibility study: cross-validated on FUNSD's training forms.
_COMMON = {
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 2.0,
    "min_data_in_leaf": 20,
    "max_bin": 63,
    "use_missing": False,
    "seed": SEED,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
}
LABELLING = {
    **_COMMON, "objective": "multiclass", "num_class": 4, "num_leaves": 15, "max_depth": 8, "learning_rate": 0.08,
    "feature_fraction": 0.3,
}  # fmt: skip
DECIDING = {
    **_COMMON, "objective": "binary", "num_leaves": 31, "max_depth": 9, "learning_rate": 0.036, "feature_fraction": 0.5,
}  # fmt: skip
# The judge learns from a few thousand pairs, so it is held back more; cross-validated too.
JUDGING = {
    **DECIDING, "num_leaves": 15, "learning_rate": 0.03, "feature_fraction": 0.3, "min_data_in_leaf": 30,
    "lambda_l2": 10.0,
}  # fmt: skip


def fit_text(tokens: Sequence[Array], labels: Array, strength: float) -> TextModel:
    """Fit on token sets, one class a label; `strength` is the inverse of the penalty."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - only training needs it
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    lengths = np.array([len(buckets) for buckets in tokens])
    values = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths)
    ends = np.append(0, np.cumsum(lengths))
    matrix = csr_matrix((values, np.concatenate(tokens), ends), shape=(len(tokens), BUCKETS))
    model = LogisticRegression(C=strength, max_iter=500, tol=1e-3).fit(matrix, labels)
    # Of two classes it keeps the second one's log-odds alone.
    halves = np.array([[-0.5], [0.5]]) if len(model.classes_) == 2 else np.eye(len(model.classes_))
    weights, bias = np.zeros((BUCKETS, len(LABELS)), np.float16), np.full(len(LABELS), _NEVER, np.float32)
    weights[:, model.classes_] = (halves @ model.coef_).T
    bias[model.classes_] = halves @ model.intercept_
    return TextModel(weights, bias)


def fit_logistic(features: Array, targets: Array, strength: float) -> Logistic:
    """Fit on features of any scale; `strength` is the inverse of the penalty. One kind of target gives even odds."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only training needs it

    if len(np.unique(targets)) < 2:
        return Logistic(np.zeros(features.shape[1], np.float32), np.zeros(1, np.float32))
    middle, scale = features.mean(axis=0, dtype=float), features.std(axis=0, dtype=float)
    scale = np.where(scale > 0, scale, 1)
    model = LogisticRegression(C=strength, max_iter=2000).fit((features - middle) / scale, targets)
    weights = model.coef_[0] / scale
    return Logistic(weights.astype(np.float32), (model.intercept_ - weights @ middle).astype(np.float32))


def fit_trees(features: Array, targets: Array, parameters: dict[str, Any], rounds: int, threads: int = 1) -> Trees:
    """Boost trees; the same data gives the same trees, and no data trees that are undecided."""
    import lightgbm  # noqa: PLC0415 - only training needs it

    if not len(features):  # a handful of forms may have no line below another
        return _undecided(parameters.get("num_class", 1))
    data = lightgbm.Dataset(features, targets)
    booster = lightgbm.train({**parameters, "num_threads": threads}, data, num_boost_round=rounds)
    return booster_to_trees(booster.dump_model())


def _undecided(classes: int) -> Trees:
    nodes, zeros = np.arange(classes, dtype=np.int32), np.zeros(classes, np.float32)
    return Trees(nodes * 0, zeros + np.float32(np.inf), nodes, zeros, nodes, 0, classes)


def booster_to_trees(dumped: dict[str, Any]) -> Trees:
    """Lay out LightGBM's trees as arrays.

    Thresholds are rounded down to float32: a float32 feature is at most the one exactly where it is at most the other.
    """
    nodes: list[_Node] = []
    roots, depth = [], 0
    for tree in dumped["tree_info"]:
        roots.append(len(nodes))
        depth = max(depth, _add(tree["tree_structure"], nodes))
    feature, threshold, child, value = (np.array(column) for column in zip(*nodes, strict=True))
    rounded = threshold.astype(np.float32)
    rounded = np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)
    return Trees(
        feature.astype(np.int32), rounded.astype(np.float32), child.astype(np.int32), value.astype(np.float32),
        np.array(roots, np.int32), depth, dumped["num_tree_per_iteration"],
    )  # fmt: skip


class _Node(NamedTuple):
    feature: int
    threshold: float
    child: int
    value: float


def _add(root: dict[str, Any], nodes: list[_Node]) -> int:
    """Append a tree, level by level, so that brothers stand together; return its height."""
    level, height = [root], 0
    number = len(nodes)
    while True:
        below: list[dict[str, Any]] = []
        child = number + len(level)
        for node in level:
            if "leaf_value" in node:
                nodes.append(_Node(0, np.inf, len(nodes), node["leaf_value"]))
            else:
                nodes.append(_Node(node["split_feature"], node["threshold"], child + len(below), 0.0))
                below += [node["left_child"], node["right_child"]]
        if not below:
            return height
        level, number, height = below, child, height + 1
