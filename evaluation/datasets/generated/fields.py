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


def captioned_fields(pen: Pen, x0: float, x1: float, y: float, bottom: float) -> float:
    """Draw lines to fill in, with what they are for in small letters below them: signatures and dates."""
    chance, style = pen.chance, pen.style
    columns = chance.choice([1, 2, 2, 3, 4])
    width = (x1 - x0) / columns
    for _ in range(chance.choice([1, 1, 2, 3])):
        if y + 4 * style.value.size > bottom:
            break
        line = y + style.value.size * 1.5
        for column in range(columns):
            left, right = x0 + column * width, x0 + (column + 1) * width - chance.choice([12, 25, 40])
            pen.sheet.rule(left, line, right, line)
            key, answer = pen.field(width * 1.4)
            text = pen.cased(key)
            at = left if pen.odds(0.5) else max(left, (left + right - style.fine.width(text)) / 2)
            question = pen.sheet.write(text, at, line + 4, style.fine, "question", turn=right + 10)
            if pen.odds(0.25):
                scribble(pen, left + 10, line, min(right - left - 20, 140))
            elif pen.is_answered():
                pen.sheet.link(
                    question, pen.reply(answer, left + chance.choice([2, 15, 30]), line - style.value.size, right)
                )
        y = line + style.fine.line + chance.choice([10, 18, 28]) + 6
    return y


def remarks(pen: Pen, x0: float, x1: float, y: float, bottom: float) -> float:
    """Ask for a text of some lines, with or without ruled lines."""
    chance, style = pen.chance, pen.style
    key = questions.long_question(chance) if pen.odds(0.3) else pen.field(x1 - x0)[0]
    if pen.odds(0.4):
        key = chance.choice(
            [
                "Comments",
                "Remarks",
                "Description",
                "Explanation",
                "Reason",
                "Purpose",
                "Message",
                "Notes",
                "Special Instructions",
                "Objectives",
                "Justification",
            ]
        )
    question = pen.ask(pen.question(key), x0, y, x1)
    lines = chance.choice([1, 2, 3, 4, 5, 7])
    beside = pen.odds(0.35) and question.box[2] < x0 + 0.5 * (x1 - x0)
    start = question.box[2] + chance.choice([8, 20]) if beside else x0 + chance.choice([0, 0, 15, 40])
    top = y if beside else question.box[3] + style.value.size * chance.uniform(0.3, 0.9)
    leading = style.value.line
    room = int((bottom - top) / leading)
    if room < 1:
        return y + style.key.line
    lines = min(lines, room)
    if style.blank == "rule" or pen.odds(0.2):
        for row in range(lines):
            under = top + style.value.size * 0.9 + row * leading
            pen.sheet.rule(start if row == 0 and beside else x0, under, x1, under)
    if pen.is_answered():
        text = answers.prose(chance, max(lines - 1, 1))
        left = start if not beside or pen.odds(0.5) else x0
        if pen.odds(0.15) and not beside:  # each sentence an answer of its own
            for number in range(lines):
                text = answers.sentence(chance)
                pen.sheet.link(question, pen.reply(text, start, top + number * leading, x1))
        else:
            pen.sheet.link(question, pen.reply(text, start, top, x1, lines=lines, indent=left))
    return top + lines * leading + chance.choice([4, 12])


def sentence_with_blanks(pen: Pen, x0: float, x1: float, y: float, bottom: float) -> float:
    """Print a sentence with places to fill in, as affidavits have: what stands before each is its question."""
    chance, style, x = pen.chance, pen.style, x0
    for _ in range(chance.choice([2, 3, 4, 6])):
        text = pen.cased(fill(chance.choice(_LEADS), chance))
        _, answer = pen.field(200)
        width = min(style.value.width(answer) + chance.uniform(10, 60), 0.4 * (x1 - x0))
        if x > x0 and x + style.key.width(text) + width > x1:
            x, y = x0, y + max(pen.row, style.key.line)
        if y + style.key.line > bottom or x + style.key.width(text) + width > x1:
            break
        question = pen.ask(text, x, y)
        start = question.box[2] + style.key.width(" ")
        pen.sheet.rule(start, y + style.key.size * 0.95, start + width, y + style.key.size * 0.95)
        if pen.is_answered():
            pen.sheet.link(question, pen.reply(answer, start + chance.uniform(2, 8), y, start + width))
        x = start + width + style.key.width(" ")
    return y + pen.row + style.key.line


_LEADS = [
    "This {thing} was {deed} by", "on", "and {deed} to", "Before me appeared", "the sum of", "for the {thing} of",
    "of the {role}", "in the {thing} of", "who {deed} the {product}", "{deed} this day of",
    "to the {quality} {thing}", "Original {thing} made by", "{thing} {deed} by", "for {product} {thing}",
]  # fmt: skip


def name_list(pen: Pen, x0: float, x1: float, y: float, bottom: float) -> float:
    """Write "cc:" or the like with names below each other."""
    chance, style = pen.chance, pen.style
    text = pen.question(
        chance.choice(
            [
                "cc",
                "Copies to",
                "Distribution",
                "To",
                "Attendees",
                "Route to",
                "Committee",
                "Names",
                "Copy",
                "Ship to",
                "Sold to",
                "Send to",
            ]
        )
    )
    question = pen.ask(text, x0, y)
    count = min(chance.choice([2, 3, 3, 4, 6]), int((bottom - y) / style.value.line) - 1)
    if count < 1 or not pen.is_answered():
        return y + pen.row
    left = question.box[2] + chance.choice([6, 12, 30])
    makes = [answers.firm, answers.street, answers.town] if "ip to" in text or pen.odds(0.3) else [answers.person]
    names = [makes[min(index, len(makes) - 1)](chance) for index in range(count)]
    if pen.odds(0.5):
        item = _stack(pen, names, left, y, x1)
        pen.sheet.link(question, item)
    else:
        for index, name in enumerate(names):
            pen.sheet.link(question, pen.reply(name, left, y + index * style.value.line, x1))
    return y + count * style.value.line + 8


def _stack(pen: Pen, lines: list[str], x: float, y: float, turn: float) -> Item:
    """Write lines below each other as one answer."""
    parts = [pen.reply(line, x, y + index * pen.style.value.line, turn) for index, line in enumerate(lines)]
    return pen.sheet.merge(parts)


def scribble(pen: Pen, x: float, base: float, width: float) -> None:
    """Sign: nobody can read it, so it is no answer."""
    chance = pen.chance
    count = chance.randint(8, 22)
    height = chance.uniform(8, 24)
    points = [
        (
            x + width * index / count + chance.gauss(0, 3),
            base - height * (chance.random() if index % 2 else -0.2 * chance.random()),
        )
        for index in range(count)
    ]
    smooth = [
        (
            a[0] * (1 - t) ** 2 + 2 * b[0] * t * (1 - t) + c[0] * t**2,
            a[1] * (1 - t) ** 2 + 2 * b[1] * t * (1 - t) + c[1] * t**2,
        )
        for a, b, c in zip(points[:-2:2], points[1:-1:2], points[2::2], strict=False)
        for t in (0, 0.2, 0.4, 0.6, 0.8)
    ]
    if len(smooth) > 1:
        pen.sheet.stroke(smooth, chance.choice([0.8, 1.2, 1.8]))
