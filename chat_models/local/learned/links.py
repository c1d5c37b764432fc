"""Features of question-answer candidates: is this the answer to that?"""

import numpy as np

from chat_models.local.learned.geometry import ABOVE, BELOW, FAR, LEFT, RIGHT, Array, columns, neighbours, overlap, take
from chat_models.local.learned.grouping import Groups
from chat_models.local.learned.ink import rule_between, rules_around
from chat_models.local.learned.page import PageArrays
from chat_models.local.learned.words import character_classes, group_mean

QUESTION, ANSWER, HEADER, OTHER = range(4)
# Below these probabilities a text is not tried as a question or as an answer.
_LEAST_QUESTION, _LEAST_ANSWER = 0.04, 0.05
_MAX_QUESTIONS = 14


def link_candidates(groups: Groups, labels: Array) -> Array:
    """Return (p, 2) question and answer, for each answer the nearest questions, nearest first."""
    box = groups.box
    questions = np.flatnonzero(labels[:, QUESTION] >= _LEAST_QUESTION)
    answers = np.flatnonzero(labels[:, ANSWER] >= _LEAST_ANSWER)
    pairs = []
    for answer in answers.tolist():
        others = questions[questions != answer]
        distance = _distance(box[others], box[answer])
        nearest = others[np.argsort(distance, kind="stable")[:_MAX_QUESTIONS]]
        pairs += [(question, answer) for question in nearest.tolist()]
    return np.array(pairs, np.int32).reshape(-1, 2)


def _distance(questions: Array, answer: Array) -> Array:
    """Gauge how far questions are: answers stand to the right or below, rarely elsewhere."""
    across = -overlap(questions[:, 0], questions[:, 2], answer[0], answer[2])
    down = -overlap(questions[:, 1], questions[:, 3], answer[1], answer[3])
    wrong_way = (questions[:, 0] > answer[2]) | (questions[:, 1] > answer[3])
    result: Array = np.maximum(across, 0) * 0.6 + np.maximum(down, 0) * 1.5 + 20.0 * wrong_way
    return result


def link_features(page: PageArrays, groups: Groups, pairs: Array, labels: Array, scores: Array) -> Array:
    """Return (p, features).

    Args:
        page: the words.
        groups: whole texts.
        pairs: `link_candidates` of them.
        labels: (m, 4) probabilities of each text's label.
        scores: `segment_scores` of them.
    """
    box = groups.box
    question, answer = pairs[:, 0], pairs[:, 1]
    q, a = box[question], box[answer]
    ids = groups.of_words(len(page.box))
    texts = page.texts
    around, gaps = neighbours(box)
    _, cell = rules_around(box, page.ink.flat_rules, page.ink.upright_rules)
    classes = character_classes(texts)
    look = columns(
        [len(member) for member in groups.members],
        [len(set(page.row[member].tolist())) for member in groups.members],
        classes[[member[-1] for member in groups.members]][:, [6]],
        group_mean(classes[:, [0, 1, 2, 3]], ids),
        group_mean(page.ink.words[:, [0, 1, 8]], ids),
        groups.certainty,
    )
    across = overlap(q[:, 0], q[:, 2], a[:, 0], a[:, 2])
    down = overlap(q[:, 1], q[:, 3], a[:, 1], a[:, 3])
    between = _between(box, labels, pairs)
    return columns(
        a[:, 0] - q[:, 2],
        a[:, 0] - q[:, 0],
        a[:, 2] - q[:, 2],
        (a[:, 0] + a[:, 2] - q[:, 0] - q[:, 2]) / 2,
        a[:, 1] - q[:, 3],
        a[:, 1] - q[:, 1],
        a[:, 3] - q[:, 3],
        (a[:, 1] + a[:, 3] - q[:, 1] - q[:, 3]) / 2,
        across,
        down,
        across / np.maximum(np.minimum(q[:, 2] - q[:, 0], a[:, 2] - a[:, 0]), 0.1),
        down / np.maximum(np.minimum(q[:, 3] - q[:, 1], a[:, 3] - a[:, 1]), 0.1),
        q[:, 2] - q[:, 0],
        a[:, 2] - a[:, 0],
        q[:, 3] - q[:, 1],
        a[:, 3] - a[:, 1],
        q / page.size[0],
        a / page.size[0],
        labels[question],
        labels[answer],
        scores[question],
        scores[answer],
        look[question],
        look[answer],
        (cell[question] == cell[answer]).all(axis=1),
        (cell[question][:, :2] == cell[answer][:, :2]).all(axis=1),
        (cell[question][:, 2:] == cell[answer][:, 2:]).all(axis=1),
        rule_between(
            q[:, 2], a[:, 0], np.maximum(q[:, 1], a[:, 1]), np.minimum(q[:, 3], a[:, 3]), page.ink.upright_rules
        ),
        rule_between(q[:, 3], a[:, 1], np.maximum(q[:, 0], a[:, 0]), np.minimum(q[:, 2], a[:, 2]), page.ink.flat_rules),
        around[question, RIGHT] == answer,
        around[question, BELOW] == answer,
        around[answer, LEFT] == question,
        around[answer, ABOVE] == question,
        np.minimum(gaps[question][:, [RIGHT, BELOW, ABOVE]], 30),
        np.minimum(gaps[answer][:, [LEFT, ABOVE, BELOW]], 30),
        *(take(labels, around[question, side])[:, :2] for side in range(4)),
        *(take(labels, around[answer, side])[:, :2] for side in range(4)),
        between,
        *_ranks(pairs, q, a, labels),
    )


def _between(box: Array, labels: Array, pairs: Array) -> Array:
    """Sum what stands between the two (p, 5): questions and answers beside, the same below, and how many texts."""
    question, answer = pairs[:, 0], pairs[:, 1]
    q, a = box[question], box[answer]
    result = np.zeros((len(q), 5), np.float32)
    beside = overlap(q[:, 1], q[:, 3], a[:, 1], a[:, 3]) > 0
    low, high = np.minimum(q[:, 1], a[:, 1]), np.maximum(q[:, 3], a[:, 3])
    start, end = np.minimum(q[:, 0], a[:, 0]), np.maximum(q[:, 2], a[:, 2])
    strip_low, strip_high = np.maximum(q[:, 0], a[:, 0]), np.minimum(q[:, 2], a[:, 2])
    for number, (x0, y0, x1, y1) in enumerate(box):
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        near = (x1 > start) & (x0 < end) & (y > low) & (y < high) & (question != number) & (answer != number)
        rows = np.flatnonzero(near)
        row_q, row_a, is_beside = q[rows], a[rows], beside[rows]
        in_row = (x > row_q[:, 2]) & (x < row_a[:, 0]) & is_beside
        in_column = (y > row_q[:, 3]) & (y < row_a[:, 1]) & (x1 > strip_low[rows]) & (x0 < strip_high[rows])
        in_column &= ~is_beside
        inside = (x > start[rows]) & (x < end[rows])
        likely = labels[number]
        result[rows] += np.column_stack(
            [
                in_row * likely[QUESTION],
                in_row * likely[ANSWER],
                in_column * likely[QUESTION],
                in_column * likely[ANSWER],
                inside,
            ]
        )
    return result


def _ranks(pairs: Array, q: Array, a: Array, labels: Array) -> list[Array]:
    """Return how many likelier questions are nearer to the answer, by each direction, and the same for answers."""
    right = np.where(overlap(q[:, 1], q[:, 3], a[:, 1], a[:, 3]) > 0, a[:, 0] - q[:, 2], FAR)
    right = np.where(right < -1, FAR, right)
    below = np.where(overlap(q[:, 0], q[:, 2], a[:, 0], a[:, 2]) > 0, a[:, 1] - q[:, 3], FAR)
    below = np.where(below < -1, FAR, below)
    is_question = labels[pairs[:, 0], QUESTION] > 0.4
    is_answer = labels[pairs[:, 1], ANSWER] > 0.4
    return [
        _rank(pairs[:, 1], right, is_question),
        _rank(pairs[:, 1], below, is_question),
        _rank(pairs[:, 0], right, is_answer),
        _rank(pairs[:, 0], below, is_answer),
        right,
        below,
    ]


def _rank(groups: Array, distance: Array, counts: Array) -> Array:
    """Count, within the same group, the candidates that count and are nearer; FAR for what is not in that direction."""
    rank = np.full(len(groups), FAR, np.float32)
    order = np.lexsort((distance, groups))
    seen, current = 0, -1
    for index in order.tolist():
        if groups[index] != current:
            seen, current = 0, groups[index]
        if distance[index] < FAR:
            rank[index] = seen
            seen += int(counts[index])
    return rank


def competition_features(pairs: Array, chances: Array, features: Array) -> Array:
    """Add to the features (p, f) what the first pass (p,) says of the competitors: the second pass's features."""
    question, answer = pairs[:, 0], pairs[:, 1]
    return columns(
        features,
        chances,
        *rival_features(answer, chances),
        *rival_features(question, chances),
    )


def rival_features(groups: Array, chances: Array) -> list[Array]:
    """Return the best other chance of the same group, the sum of all, and how many are better."""
    best, total, better = (np.zeros(len(groups), np.float32) for _ in range(3))
    order = np.argsort(groups, kind="stable")
    edges = np.flatnonzero(np.diff(groups[order])) + 1
    for members in np.split(order, edges):
        if not len(members):
            continue
        own = chances[members]
        ranked = np.sort(own)[::-1]
        runner_up = ranked[1] if len(ranked) > 1 else 0.0
        best[members] = np.where(own >= ranked[0], runner_up, ranked[0])
        total[members] = own.sum()
        better[members] = (own[None] > own[:, None]).sum(axis=1)
    return [best, total, better]


def choose_links(pairs: Array, chances: Array) -> list[int]:
    """Return the index of the best candidate of each answer, in reading order of the questions."""
    chosen: dict[int, int] = {}
    for index in np.argsort(-chances, kind="stable").tolist():
        chosen.setdefault(int(pairs[index, 1]), index)
    return sorted(chosen.values(), key=lambda index: tuple(pairs[index].tolist()))


def one_role_each(pairs: Array, chances: Array) -> list[bool]:
    """Tell which links stand where no segment may be a question in one and an answer in another; the likelier stays."""
    roles: dict[int, int] = {}
    fits = [False] * len(pairs)
    for index in np.argsort(-chances, kind="stable").tolist():
        question, answer = (int(segment) for segment in pairs[index])
        if roles.get(question, QUESTION) == QUESTION and roles.get(answer, ANSWER) == ANSWER:
            roles |= {question: QUESTION, answer: ANSWER}
            fits[index] = True
    return fits
