"""The parts of the learned reader: trees, features, weights, and the fallback to the rules."""

from dataclasses import replace

import numpy as np
import pytest

from chat_models.factory import make_chat_model
from chat_models.local.learned.geometry import ABOVE, BELOW, LEFT, RIGHT, neighbours
from chat_models.local.learned.ink import read_ink, rule_between, rules_around
from chat_models.local.learned.models import find_links
from chat_models.local.learned.page import make_page
from chat_models.local.learned.text import BUCKETS, TextModel, segment_tokens, shape
from chat_models.local.learned.trees import Trees
from chat_models.local.learned.weights import load_models, models_from_bytes, models_to_bytes
from chat_models.local.learned.words import character_classes, row_gaps, run_ids, word_features
from chat_models.local.pairs import PageWords
from chat_models.local.reader import read_pages
from documents.page import Word
from documents.store import DocumentStore
from schemas.errors import ChatModelError


@pytest.fixture(scope="module")
def models():
    """The packaged weights."""
    return load_models()


def page_arrays(page_words):
    """Turn a typed page into arrays, without pixels."""
    return make_page(page_words.words, page_words.width_px, page_words.height_px)


def test_trees_answer_as_lightgbm_does():
    """Every leaf and threshold is carried over, for one class and for several."""
    lightgbm = pytest.importorskip("lightgbm", exc_type=(ImportError, OSError))
    from evaluation.training.fit import DECIDING, LABELLING, booster_to_trees

    rng = np.random.default_rng(0)
    features = rng.normal(size=(800, 6)).astype(np.float32)
    for parameters, targets in (
        (DECIDING, features[:, 0] * features[:, 1] > 0),
        (LABELLING, (features[:, 2] > 0) * 2 + (features[:, 3] > 0)),
    ):
        data = lightgbm.Dataset(features, np.asarray(targets, int))
        booster = lightgbm.train({**parameters, "num_threads": 1}, data, num_boost_round=15)
        ours = booster_to_trees(booster.dump_model()).probabilities(features)
        assert np.allclose(ours, booster.predict(features), atol=1e-5)


def test_a_single_leaf_is_a_tree():
    """Data that can't be split gives one."""
    zero = np.zeros(1, np.int32)
    trees = Trees(zero, np.zeros(1, np.float32), zero, np.array([0.0], np.float32), zero, 0, 1)
    assert trees.probabilities(np.ones((3, 2), np.float32)).tolist() == [0.5, 0.5, 0.5]


def test_neighbours_are_the_nearest_on_each_side():
    """A cross of five boxes: the middle one sees all others, the left one nobody on its left."""
    box = np.array([[4, 4, 6, 5], [0, 4, 2, 5], [8, 4, 9, 5], [4, 1, 6, 2], [4, 8, 6, 9]], np.float32)
    index, gap = neighbours(box)
    assert index[0, [LEFT, RIGHT, ABOVE, BELOW]].tolist() == [1, 2, 3, 4]
    assert gap[0].tolist() == [2, 2, 2, 3]
    assert index[1, LEFT] == -1


def test_runs_end_at_gaps_and_colons(page):
    """Words of a sentence stay together; what follows a colon is another text."""
    arrays = page_arrays(page("Name: Ada Lovelace        Born in"))
    assert arrays.texts == ["Name:", "Ada", "Lovelace", "Born", "in"]
    assert run_ids(arrays).tolist() == [0, 1, 1, 2, 2]
    assert row_gaps(arrays)[1:].tolist() == pytest.approx([0.5, 0.5, 4.0, 0.5])


def test_features_of_words_have_one_row_each(page):
    """All finite: trees know no missing values."""
    arrays = page_arrays(page("Name: Ada\n\nCity: London"))
    features = word_features(arrays, np.zeros((4, 4), np.float32))
    assert features.shape[0] == 4
    assert np.isfinite(features).all()
    assert character_classes(["A1b:"])[0, :4].tolist() == [4, 0.25, 0.5, 0.5]


def test_ink_finds_ruling_lines_and_cells():
    """A box of lines closes a word in; a line between two words is seen."""
    grey = np.full((200, 300), 255, np.uint8)
    grey[20:22, 20:280] = grey[100:102, 20:280] = 0
    grey[20:100, 150:152] = 0
    box = np.array([[40, 50, 100, 65], [170, 50, 230, 65]], np.float32)
    grey[53:62, 45:95:4] = 0
    ink = read_ink(grey, box, 15.0)
    assert ink.flat_rules[:, 0].round().tolist() == [21, 101]
    assert ink.upright_rules[0, 0].round() == 151
    assert rule_between(box[:1, 2], box[1:, 0], box[:1, 1], box[:1, 3], ink.upright_rules).tolist() == [True]
    _, cells = rules_around(box, ink.flat_rules, ink.upright_rules)
    assert cells[0].tolist() == [-1, 0, 0, 1]
    assert ink.words[1, 0] == 0  # no ink in the second word's box


def test_text_scores_are_a_logistic_regression():
    """The sum of the tokens' weights over the root of their number, and the bias."""
    weights = np.zeros((BUCKETS, 2), np.float16)
    tokens = segment_tokens(["Date:"])
    weights[tokens, 1] = 2
    scores = TextModel(weights, np.array([1.0, 0.0], np.float32)).scores([tokens])
    assert scores[0].tolist() == pytest.approx([1.0, 2 * np.sqrt(len(tokens))])
    assert shape("AB-1234xyz") == "AA-00aa"


def test_learned_reader_finds_pairs_with_scores(page, models):
    """The packaged weights read a plain form; each value has a probability."""
    text = "Name:  Ada Lovelace\n\nDate:  10 December 1815\n\nCity:  London"
    found = read_pages([page(text)], models=models).pairs
    assert ("Name", ["Ada Lovelace"]) in [(pair.key_text, pair.value_texts) for pair in found]
    assert all(0 < score < 1 for pair in found for score in pair.scores)


def test_rules_read_what_the_models_find_nothing_on(page, models):
    """A judge that trusts no pair leaves the page to the rules, which give no scores."""
    zero = np.zeros(1, np.int32)
    never = Trees(zero, np.zeros(1, np.float32), zero, np.array([-20.0], np.float32), zero, 0, 1)
    nor_this = replace(models.judge_line, weights=models.judge_line.weights * 0, bias=np.array([-20.0], np.float32))
    text = page("Name:  Ada Lovelace")
    found = read_pages([text], models=replace(models, judge_trees=never, judge_line=nor_this)).pairs
    assert found == read_pages([text]).pairs
    assert [(pair.key_text, pair.value_texts, pair.scores) for pair in found] == [("Name", ["Ada Lovelace"], ())]


def test_an_empty_page_gives_nothing(models):
    """Neither the models nor the rules stumble over it."""
    assert read_pages([PageWords([], 100, 100)], models=models).pairs == []


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("step", [(0.3, 0.0), (0.0, 0.3)], ids=["in a row", "in a column"])
def test_a_page_of_few_words_is_read(models, count, step):
    """Stages without a gap, a line or a pair to decide on."""
    words = [
        Word("Memo", (0.1 + step[0] * at, 0.1 + step[1] * at, 0.2 + step[0] * at, 0.15 + step[1] * at), 1.0)
        for at in range(count)
    ]
    pairs = read_pages([PageWords(words, 700, 900)], models=models).pairs
    assert len(pairs) < count
    assert {text for pair in pairs for text in (pair.key_text, *pair.value_texts)} <= {"Memo"}


def test_a_page_of_two_thousand_words_is_read(models):
    """In blocks: no array of words by words is made."""
    words = [
        Word(
            f"w{row}:" if column % 2 == 0 else str(row),
            (column / 20, row / 100, column / 20 + 0.03, row / 100 + 0.007),
            1.0,
        )
        for row in range(100)
        for column in range(20)
    ]
    arrays = make_page(words, 2000, 3000)
    assert len(arrays.words) == 2000
    assert isinstance(find_links(arrays, models), list)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: b"PNG", "got something else"),
        (lambda data: data.replace(b"reader 2\n", b"reader 1\n", 1), "got format 1"),
        (lambda data: data[:-1], "checksum"),
    ],
)
def test_spoiled_weights_name_the_command_to_train_again(models, spoil, message):
    """Something else, an older format, a damaged file."""
    with pytest.raises(ChatModelError, match=message) as caught:
        models_from_bytes(spoil(models_to_bytes(models)), "mine.weights")
    assert "optophone train" in str(caught.value)


def test_local_variants(tmp_path, models):
    """Rules, weights of one's own, and weights that are not there."""
    store = DocumentStore(tmp_path)
    assert make_chat_model("local:rules", store, 1).rules_only
    own = tmp_path / "own.weights"
    own.write_bytes(models_to_bytes(models))
    assert make_chat_model(f"local:{own}", store, 1).weights == own
    with pytest.raises(ChatModelError, match="cannot read the weights"):
        make_chat_model(f"local:{tmp_path / 'none'}", store, 1)
