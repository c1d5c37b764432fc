"""Answers of several lines: remarks, and names below each other; blocks as in `fields`."""

from evaluation.datasets.generated import answers, questions
from evaluation.datasets.generated.pen import Pen
from evaluation.datasets.generated.sheet import Item


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
