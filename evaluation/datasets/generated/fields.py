"""Blocks of questions with their answers beside, below or above them.

Each block is drawn between `x0` and `x1` from `y` on, stops before `bottom`, and returns where the next may start.
"""

from evaluation.datasets.generated import answers, questions
from evaluation.datasets.generated.patterns import fill
from evaluation.datasets.generated.pen import Pen
from evaluation.datasets.generated.sheet import Item


def field_rows(pen: Pen, x0: float, x1: float, y: float, bottom: float) -> float:
    """Write questions in one to three columns, answers on the same line."""
    chance, style = pen.chance, pen.style
    columns = chance.choices([1, 2, 3], [6, 4, 1] if x1 - x0 > 450 else [8, 1, 0])[0]
    aligned, leaders = pen.odds(0.45), pen.odds(0.1)
    # A page full of rows is as usual as two or three.
    rows = chance.choice([2, 3, 4, 5, 6, 8, 10, 14])
    width = (x1 - x0) / columns
    fields = [[pen.field(width) for _ in range(columns)] for _ in range(rows)]
    keys = [[pen.question(key) for key, _ in row] for row in fields]
    gap = chance.choice([4, 8, 15, 25, 40, 70])
    starts = [max(style.key.width(row[column]) for row in keys) + gap for column in range(columns)]
    for row, texts in zip(fields, keys, strict=True):
        if y + 2 * pen.row > bottom:
            break
        lines = 1
        for column, ((_, answer), text) in enumerate(zip(row, texts, strict=True)):
            if columns > 1 and pen.odds(0.08):
                continue
            left = x0 + column * width
            right = left + width - chance.choice([8, 15, 30])
            own = left + style.key.width(text)
            start = left + min(starts[column], 0.7 * width) if aligned else own + gap * chance.uniform(0.7, 1.3)
            start = max(start, own + style.key.width(" "))
            wordy = right - start > 180 and pen.odds(0.3 if columns == 1 else 0.12)
            reply = answers.prose(chance, chance.choice([1, 2, 3])) if wordy else answer
            taken = _row(pen, (text, reply), (left, start, right), y, lines=4 if wordy else 1, leaders=leaders)
            lines = max(lines, taken)
        y += max(pen.row, lines * style.value.line + 0.3 * pen.row if lines > 1 else 0)
    return y


def _row(
    pen: Pen, texts: tuple[str, str], xs: tuple[float, float, float], y: float, *, lines: int, leaders: bool
) -> int:
    """Write one question and its answers; return how many lines they took."""
    (left, start, right), chance, style = xs, pen.chance, pen.style
    wrapped = " " in texts[0] and pen.odds(0.1)  # a question in two lines, its answer beside the last
    turn = left + style.key.width(texts[0]) * chance.uniform(0.55, 0.85)
    question = pen.ask(texts[0], left, y, turn if wrapped else None)
    first_y, y = y, (y if pen.odds(0.3) else y + (_lines(pen, question, y) - 1) * style.key.line)
    under = y + style.key.size * 0.9
    if style.blank == "rule":
        pen.sheet.rule(question.box[2] + 3, under, right, under)
    elif style.blank == "dashes" or leaders:
        end = start - 4 if leaders else right
        pen.sheet.dashes(
            question.box[2] + 4, end, under if not leaders else y + style.key.size * 0.4, 4 if leaders else 2, 4
        )
    if not pen.is_answered() or right - start < 30:
        return _lines(pen, question, first_y)
    indent = left + chance.choice([0, 20]) if pen.odds(0.25) else start
    first = pen.reply(texts[1], start, y, right, lines=lines, indent=indent)
    pen.sheet.link(question, first)
    taken = max(_lines(pen, first, first_y), _lines(pen, question, first_y))
    if lines == 1 and pen.odds(0.05):
        return taken + _more(pen, question, first, (start, y, right))
    room = right - first.box[2] - 12
    aside = fill(chance.choice(_ASIDES), chance)
    if lines == 1 and style.fine.width(aside) < room and pen.odds(0.08):
        pen.sheet.write(aside, right - style.fine.width(aside), y, style.fine, "other")
    return taken


# What is printed at the end of a line to fill in.
_ASIDES = [
    "{aside}",
    "{aside}",
    "days",
    "per {thing}",
    "copies",
    "and",
    "hrs.",
    "(including this sheet)",
    "%",
    "{thing}s",
]


def _more(pen: Pen, question: Item, first: Item, place: tuple[float, float, float]) -> int:
    """Go on below an answer: with an address of its own lines, or with a second answer; return how many lines."""
    (start, y, right), line = place, pen.style.value.line
    if pen.odds(0.5):
        makes = (answers.street, answers.town)
        rest = [pen.reply(make(pen.chance), start, y + number * line, right) for number, make in enumerate(makes, 1)]
        pen.sheet.merge([first, *rest])
        return 2
    second = pen.reply(questions.field(pen.chance)[1], start, y + line, right)
    pen.sheet.link(question, second)
    return 1


def _lines(pen: Pen, item: Item, y: float) -> int:
    return max(round((item.box[3] - y) / pen.style.value.line), 1)


def stacked_fields(pen: Pen, x0: float, x1: float, y: float, bottom: float) -> float:
    """Write rows of questions with the answer below each."""
    chance, style = pen.chance, pen.style
    columns = chance.choice([1, 2, 3, 4, 5])
    width = (x1 - x0) / columns
    indent = chance.choice([0, 0, 6, 20])
    for _ in range(chance.choice([1, 1, 2, 3])):
        if y + 3.5 * style.key.line > bottom:
            break
        below = y + style.key.line * chance.uniform(1, 1.4)
        for column in range(columns):
            left = x0 + column * width
            key, answer = pen.field(width * 1.6)
            question = pen.ask(pen.question(key), left, y, left + width - 8)
            if pen.is_answered():
                top = max(below, question.box[3] + 4)
                pen.sheet.link(question, pen.reply(answer, left + indent, top, left + width - 10))
        y = max(item.box[3] for item in pen.sheet.items[-2 * columns :]) + chance.choice([8, 14, 24])
        y = max(y, below + style.value.line)
        if style.blank == "rule":
            pen.sheet.rule(x0, y - 4, x1, y - 4)
    return y
