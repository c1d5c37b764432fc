"""What the judge sees of the decisions before it, and how it weighs them."""

import numpy as np
import pytest

from chat_models.local.learned.grouping import chain_lines, decision_margins, group_rows_by_gaps
from chat_models.local.learned.judging import Texts, pair_features, whole_features
from chat_models.local.learned.logistic import UNCALIBRATED, Logistic, calibrate, log_odds
from chat_models.local.learned.page import make_page


@pytest.fixture
def cut(page):
    """Two rows, "Name Ada Byron" and "King": the last two words of the first and the second row are one text."""
    typed = page("Name Ada Byron\n     King")
    arrays = make_page(typed.words, typed.width_px, typed.height_px)
    joins, pairs, goes_on = np.array([0.3, 0.9]), np.array([[0, 2], [1, 2]]), np.array([0.2, 0.7])
    lines = group_rows_by_gaps(arrays, joins, 0.5)
    groups = chain_lines(arrays, lines, pairs, goes_on, 0.5)
    return arrays, groups, decision_margins(arrays, groups, joins, lines, pairs, goes_on)


def test_margins_tell_how_surely_a_text_is_cut_out(cut):
    """Along the row: least join inside, likeliest one not made after and before; then the same downwards."""
    arrays, groups, margins = cut
    assert [[arrays.texts[word] for word in member] for member in groups.members] == [
        ["Name"],
        ["Ada", "Byron", "King"],
    ]
    assert margins.tolist() == [
        pytest.approx([1, 0.3, 0, 1, 0.2, 0]),
        pytest.approx([0.9, 0, 0.3, 0.7, 0, 0.2]),
    ]


def test_the_judge_sees_the_product_of_all_stages(cut):
    """Whole question times whole answer times link, as log-odds; one row for each candidate, all finite."""
    arrays, groups, margins = cut
    labels = np.array([[0.8, 0.1, 0.05, 0.05], [0.1, 0.7, 0.1, 0.1]])
    texts = Texts(groups, margins, labels, np.zeros((2, 4)))
    pairs, whole, chance = np.array([[0, 1]]), np.array([0.5, 0.8]), np.array([0.9])
    features = pair_features(arrays, texts, whole, pairs, (np.array([0.6]), chance))
    assert features[0, 0] == pytest.approx(np.log(0.36 / 0.64))
    assert np.isfinite(features).all()
    look = np.zeros((2, 3))
    assert whole_features(arrays, texts, look).shape == (2, 3 + 4 + 6 + 4)


def test_platts_scaling_by_hand():
    """Log-odds times slope plus intercept; the neutral one leaves scores as they are."""
    scores = np.array([0.2, 0.5, 0.9])
    assert calibrate(scores, UNCALIBRATED).tolist() == pytest.approx(scores.tolist())
    doubled = calibrate(scores, Logistic(np.array([2.0]), np.array([0.0])))
    assert doubled.tolist() == pytest.approx([1 / 17, 0.5, 81 / 82])
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()
