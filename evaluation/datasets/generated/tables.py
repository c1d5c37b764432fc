"""Tables, grids of boxes, and sign-off lists; each block as in `fields`."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from random import Random

from evaluation.datasets.generated import answers, questions
from evaluation.datasets.generated.blanks import scribble
from evaluation.datasets.generated.patterns import capitalise
from evaluation.datasets.generated.pen import Pen, shorten
from evaluation.datasets.generated.sheet import Ink, Item

_CELLS: list[Callable[[Random], str]] = [
    answers.number, answers.number, answers.decimal, answers.decimal, answers.money, answers.percent, answers.code,
    answers.date, answers.short,
    answers.person, answers.goods,
]  # fmt: skip


def table(pen: Pen, x0: float, x1: float, y: float, bottom: float) -> float:
    """Write a table with questions at its head, and often at the head of each row."""
    chance, style = pen.chance, pen.style
    has_row_heads = pen.odds(0.6)
    columns = chance.choice([2, 3, 3, 4, 4, 5, 6, 7])
    widths = [chance.uniform(0.8, 1.3) for _ in range(columns)]
    if has_row_heads:
        widths[0] *= chance.uniform(1.3, 2.5)
    scale = (x1 - x0) * chance.choice([0.6, 0.8, 1, 1, 1]) / sum(widths)
    edges = [x0]
    for width in widths:
        edges.append(edges[-1] + width * scale)
    top = y
    head, y = _head(pen, edges, y, has_row_heads)
    pitch = style.value.size * chance.choice([1.1, 1.25, 1.5, 1.9])
    lines = [y]
    y += 4
    makes = [chance.choice(_CELLS)] * columns if pen.odds(0.4) else [chance.choice(_CELLS) for _ in range(columns)]
    align = chance.choice([0.0, 0.5, 0.5, 1.0])
    filled = chance.choice([0.5, 0.8, 0.95, 1.0]) * max(style.answered, 0.3)
    # Either both questions claim a cell, or the row's alone.
    by_row_only = has_row_heads and pen.odds(0.45)
    if by_row_only and pen.odds(0.5):
        for item in head:
            item.label = "header"
    for _ in range(chance.choice([1, 2, 3, 4, 5, 7, 9, 12])):
        if y + pitch > bottom:
            break
        _table_row(pen, edges, y, head, (makes, align, filled, has_row_heads, by_row_only))
        y += pitch
        lines.append(y - 3)
    _rulings(pen, edges, top - 4, lines)
    return y + 8


def _head(pen: Pen, edges: list[float], y: float, has_row_heads: bool) -> tuple[list[Item], float]:
    """Write the heads of the columns; the first is missing mostly where rows have heads of their own."""
    chance = pen.chance
    ink = replace(pen.style.key, size=min(pen.style.key.size, 13.5))
    items = []
    first = int(has_row_heads and pen.odds(0.6))
    for left, right in zip(edges[first:-1], edges[first + 1 :], strict=True):
        key = pen.cased(_head_text(chance, ink, right - left - 8))
        width = min(ink.width(key), right - left - 8)
        at = left + 4 if pen.odds(0.5) else left + (right - left - width) / 2
        items.append(pen.sheet.write(key, at, y, ink, "question", turn=right - 4))
    return items, max((item.box[3] for item in items), default=y) + 5


def _head_text(chance: Random, ink: Ink, width: float) -> str:
    """Make up a head for a narrow column."""
    for _ in range(30):
        key = (
            questions.field(chance)[0]
            if chance.random() < 0.7
            else chance.choice(
                [
                    answers.code(chance),
                    str(chance.randint(1960, 1999)),
                    capitalise(
                        chance.choice(["total", "male", "female", "control", "average", "mean", "range", "test"])
                    ),
                ]
            )
        )
        if max(ink.width(word) for word in key.split()) < width and ink.width(key) < 2 * width:
            return key
    return shorten(key, ink, width)[0]


def _table_row(
    pen: Pen, edges: list[float], y: float, head: list[Item],
    plan: tuple[list[Callable[[Random], str]], float, float, bool, bool],
) -> None:  # fmt: skip
    makes, align, filled, has_row_heads, by_row_only = plan
    style, columns = pen.style, len(edges) - 1
    row_head = None
    if has_row_heads:
        text, ink = shorten(pen.cased(pen.field((edges[1] - edges[0]) * 1.7)[0]), style.key, edges[1] - edges[0] - 8)
        row_head = pen.sheet.write(text, edges[0] + 4, y, ink, "question")
    heads: list[Item | None] = [*([None] * (columns - len(head))), *head]
    for column in range(int(has_row_heads), columns):
        if not pen.odds(filled):
            continue
        left, right = edges[column] + 4, edges[column + 1] - 4
        text, ink = shorten(makes[column](pen.chance), style.value, right - left)
        if style.value_upper:
            text, ink = shorten(text.upper(), style.value, right - left)
        at = left + align * max(right - left - ink.width(text), 0)
        cell = pen.sheet.write(text, at, y + style.drop, ink, "answer")
        above = heads[column]
        if row_head is not None:
            pen.sheet.link(row_head, cell)
        if above is not None and above.label == "question" and not by_row_only:
            pen.sheet.link(above, cell)


def _rulings(pen: Pen, edges: list[float], top: float, lines: list[float]) -> None:
    kind = pen.chance.choice(["none", "none", "head", "grid", "grid", "box", "columns"])
    if kind == "none":
        return
    pen.sheet.rule(edges[0], lines[0], edges[-1], lines[0])
    if kind in ("grid", "box"):
        pen.sheet.frame((edges[0], top, edges[-1], lines[-1]), pen.chance.choice([1, 1, 1.5]))
    if kind == "grid":
        for line in lines[1:-1]:
            pen.sheet.rule(edges[0], line, edges[-1], line)
    if kind in ("grid", "columns"):
        for edge in edges[1:-1]:
            pen.sheet.rule(edge, top, edge, lines[-1])


def boxed_cells(pen: Pen, x0: float, x1: float, y: float, bottom: float) -> float:
    """Draw a grid of boxes, each with a small question in its corner and the answer in the rest."""
    chance, style = pen.chance, pen.style
    caption = replace(style.fine, size=min(style.fine.size, chance.choice([9.5, 11, 12.5])))
    beside = pen.odds(0.25)
    thick = chance.choice([1, 1, 1.5])
    for _ in range(chance.choice([1, 2, 3, 4, 6])):
        height = style.value.size * (1.6 if beside else chance.uniform(2.1, 2.9))
        if y + height > bottom:
            break
        cuts = sorted(chance.uniform(0.15, 0.85) for _ in range(chance.choice([0, 1, 1, 2, 3])))
        shares = [share for share, before in zip(cuts, [0, *cuts], strict=False) if share - before > 0.13]
        edges = [x0, *(x0 + share * (x1 - x0) for share in shares), x1]
        for left, right in pairwise(edges):
            pen.sheet.frame((left, y, right, y + height), thick)
            _cell(pen, caption, (left, y, right, y + height), beside)
        y += height
    return y + 10


def _cell(pen: Pen, caption: Ink, box: tuple[float, float, float, float], beside: bool) -> None:
    left, top, right, bottom = box
    key, answer = pen.field((right - left) * 1.5)
    text, ink = shorten(pen.question(key), caption, right - left - 8)
    question = pen.sheet.write(text, left + 4, top + 3 if not beside else top + 5, ink, "question")
    start = question.box[2] + 8 if beside else left + pen.chance.choice([6, 6, 15, 40])
    if right - start < 30 or not pen.is_answered():
        return
    y = top + 5 if beside else max(bottom - pen.style.value.size - 2, question.box[3] + 3)
    pen.sheet.link(question, pen.reply(answer, start, y, right - 4))


def sign_off(pen: Pen, x0: float, x1: float, y: float, bottom: float) -> float:
    """List who approves, with a line to sign and the date."""
    chance, style = pen.chance, pen.style
    deed = pen.chance.choice(["Approved by", "Submitted by", "Reviewed by", "Authorized by", ""])
    gap = style.key.line * chance.uniform(1.3, 2.2)
    middle = x0 + (x1 - x0) * chance.uniform(0.55, 0.75)
    for _ in range(chance.choice([2, 3, 4, 5, 6])):
        if y + gap > bottom:
            break
        text = pen.question(deed if deed and pen.odds(0.7) else answers.role(chance))
        question = pen.ask(text, x0, y, middle - 60)
        end = question.box[2]
        pen.sheet.rule(end + 4, y + style.key.size * 0.95, middle - 15, y + style.key.size * 0.95)
        if pen.is_answered() and middle - 20 - end > 60:
            if pen.odds(0.5):
                scribble(pen, end + 10, y + style.key.size * 0.8, min(middle - end - 30, 130))
            else:
                pen.sheet.link(question, pen.reply(answers.person(chance), end + 10, y, middle - 15))
        when = pen.ask(pen.question("Date"), middle, y)
        pen.sheet.rule(when.box[2] + 4, y + style.key.size * 0.95, x1, y + style.key.size * 0.95)
        if pen.is_answered() and x1 - when.box[2] > 40:
            pen.sheet.link(when, pen.reply(answers.date(chance), when.box[2] + 8, y, x1))
        y += gap
    return y + 6
