"""Evaluate boosted trees with numpy alone."""

from dataclasses import dataclass

import numpy as np

from chat_models.local.learned.geometry import Array

# Samples that go through the trees together: their node numbers fit a processor's cache.
_BLOCK = 512


@dataclass(frozen=True)
class Trees:
    """Trees of all classes, tree t of class t % classes; nodes of all trees stand one after another."""

    feature: Array
    """(nodes,) which feature is compared."""
    threshold: Array
    """(nodes,) float32: at most this goes left; infinite at leaves, which lead to themselves."""
    child: Array
    """(nodes,) number of the left child; the right one stands next to it."""
    value: Array
    """(nodes,) what a leaf adds to its class; 0 elsewhere."""
    roots: Array
    """(trees,)."""
    depth: int
    """Steps from a root to its farthest leaf."""
    classes: int
    """1 for yes or no."""

    def margins(self, features: Array) -> Array:
        """Return log-odds (n, classes) for features (n, f)."""
        result = np.zeros((len(features), self.classes), np.float32)
        for start in range(0, len(features), _BLOCK):
            result[start : start + _BLOCK] = self._margins(np.ascontiguousarray(features[start : start + _BLOCK]))
        return result

    def _margins(self, features: Array) -> Array:
        count, width = features.shape
        flat = features.ravel()
        offset = (np.arange(count, dtype=np.int32) * width)[:, None]
        node = np.tile(self.roots, (count, 1))
        for _ in range(self.depth):
            goes_right = flat.take(self.feature.take(node) + offset) > self.threshold.take(node)
            node = self.child.take(node) + goes_right
        leaves = self.value.take(node).reshape(count, -1, self.classes)
        result: Array = leaves.sum(axis=1)
        return result

    def probabilities(self, features: Array) -> Array:
        """Return (n,) for yes or no, else (n, classes)."""
        margins = self.margins(features)
        if self.classes == 1:
            single: Array = 1 / (1 + np.exp(-margins[:, 0]))
            return single
        powers = np.exp(margins - margins.max(axis=1, keepdims=True))
        result: Array = powers / powers.sum(axis=1, keepdims=True)
        return result
