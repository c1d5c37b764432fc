"""Letterheads, titles, notes, messages; blocks as in `fields`."""

from dataclasses import replace
from random import Random

from evaluation.datasets.generated import answers
from evaluation.datasets.generated import vocabulary as words
from evaluation.datasets.generated.patterns import capitalise
from evaluation.datasets.generated.pen import Pen, shorten, write_line
from evaluation.datasets.generated.sheet import Item


def letterhead(pen: Pen, x0: float, x1: float, y: float) -> float:
    """Print a company's name, with or without its mark and address."""
    chance = pen.chance
    ink = replace(
        pen.style.heading,
        size=chance.uniform(14, 26),
        face=chance.choice(["Times-Roman", "Times-Bold", "Helvetica-Bold", "Helvetica"]),
        wobble=0,
    )
    at = chance.choice([0.0, 0.5, 0.5])
    if pen.odds(0.4):
        size = chance.uniform(30, 60)
        left = x0 if at == 0 else (x0 + x1) / 2 - size / 2
        _logo(pen, left, y, size)
        y += size + 6
    name = answers.firm(chance)
    name = name.upper() if pen.odds(0.4) else name
    write_line(pen, name, ink, "header", (x0, x1), y=y, at=at)
    y += ink.line
    makes = [answers.address, answers.phone, answers.department, answers.town]
    for make in chance.sample(makes, chance.choice([0, 1, 1, 2, 3])):
        write_line(pen, make(chance), pen.style.fine, "other" if pen.odds(0.7) else "header", (x0, x1), y=y, at=at)
        y += pen.style.fine.line
    return y + chance.choice([10, 25, 40])


def title(pen: Pen, x0: float, x1: float, y: float) -> float:
    """Write what the form is: one or two lines, in capitals mostly, underlined or not."""
    chance, ink = pen.chance, pen.style.heading
    words_before = " ".join(chance.sample(words.THINGS, chance.choice([1, 1, 2])))
    text = capitalise(f"{words_before} {chance.choice(words.FORM_NOUNS)}")
    text = text.upper() if pen.odds(0.7) else text
    at = chance.choice([0.5, 0.5, 0.5, 0.0])
    parts = [text] if pen.odds(0.6) else [text, capitalise(answers.subject(chance))]
    if pen.odds(0.25):
        firm = answers.firm(chance)
        parts.insert(0, firm.upper() if pen.odds(0.5) else firm)
    lines = []
    for part in parts:
        lines.append(write_line(pen, part, ink, "header", (x0, x1), y=y, at=at))
        y += ink.line
    if len(lines) > 1 and pen.odds(0.6):
        pen.sheet.merge(lines)
    left, top, right, bottom = lines[0].box
    finish = chance.choice(["", "", "underline", "box", "rule"])
    if finish == "underline":
        pen.sheet.rule(left, bottom + 2, right, bottom + 2)
    elif finish == "box" and len(lines) == 1:
        pen.sheet.frame((left - 8, top - 5, right + 8, bottom + 5))
    elif finish == "rule":
        pen.sheet.rule(x0, y + 2, x1, y + 2, chance.choice([1, 2, 3]))
    return y + chance.choice([10, 18, 30])


def section(pen: Pen, x0: float, x1: float, y: float) -> tuple[float, Item]:
    """Write the heading of what follows."""
    chance = pen.chance
    text = chance.choice(words.SECTION_HEADS) if pen.odds(0.5) else capitalise(" ".join(chance.sample(words.THINGS, 2)))
    text = text.upper() if pen.odds(0.6) else text
    text += ":" if pen.odds(0.25) else ""
    ink = replace(pen.style.heading, size=min(pen.style.heading.size, pen.style.key.size * 1.15))
    if pen.odds(0.12):
        pen.sheet.shade((x0, y - 3, x1, y + ink.size), chance.choice([190, 215]))
    item = write_line(pen, text, ink, "header", (x0, x1), y=y, at=chance.choice([0.0, 0.0, 0.5]))
    if pen.odds(0.4):
        pen.sheet.rule(item.box[0], item.box[3] + 2, item.box[2], item.box[3] + 2)
    return y + ink.line + chance.choice([4, 8, 12]), item


def note(pen: Pen, x0: float, x1: float, y: float, bottom: float) -> float:
    """Print a paragraph that is neither question nor answer."""
    chance, ink = pen.chance, pen.style.key if pen.odds(0.4) else pen.style.fine
    text = answers.note(chance) if pen.odds(0.6) else answers.prose(chance, chance.choice([1, 2, 4]))
    text = text.upper() if pen.odds(0.35) else text
    lines = max(int((bottom - y) / ink.line), 1)
    if pen.odds(0.2):  # beside a column of nothing
        x0 += 0.4 * (x1 - x0)
    text, _ = shorten(text, ink, 0.9 * lines * (x1 - x0))
    item = pen.sheet.write(text, x0, y, ink, "other", turn=x1)
    if pen.odds(0.15):
        left, top, right, low = item.box
        pen.sheet.frame((left - 5, top - 5, right + 5, low + 5))
    return item.box[3] + chance.choice([8, 14, 22])


def message(pen: Pen, x0: float, x1: float, y: float, bottom: float) -> float:
    """Type paragraphs, as on the cover sheets of faxes and in letters with a few fields."""
    chance, ink = pen.chance, pen.style.value
    for _ in range(chance.choice([1, 2, 2, 3])):
        lines = int((bottom - y) / ink.line)
        if lines < 2:
            break
        text, _ = shorten(answers.prose(chance, chance.choice([1, 2, 3, 5])), ink, 0.9 * lines * (x1 - x0))
        y = pen.sheet.write(text, x0, y, ink, "other", turn=x1).box[3] + ink.size
    return y + chance.choice([0, 10])


def contacts(pen: Pen, x0: float, x1: float, y: float, bottom: float) -> float:
    """Print where to call or write, in one line."""
    chance, ink = pen.chance, pen.style.fine
    makes = {
        "Phone": answers.phone,
        "Fax": answers.phone,
        "Telephone": answers.phone,
        "Telex": answers.number,
        "Tel.": answers.phone,
    }
    for key in chance.sample(list(makes), 2):
        text, answer = pen.cased(f"{key}:" if pen.odds(0.6) else key), makes[key](chance)
        if y + ink.line > bottom or x0 + ink.width(f"{text} {answer}") > x1:
            break
        question = pen.sheet.write(text, x0, y, ink, "question")
        value = pen.sheet.write(answer, question.box[2] + ink.width(" "), y, ink, "answer")
        pen.sheet.link(question, value)
        x0 = value.box[2] + chance.choice([15, 40])
    return y + ink.line + 6


def _logo(pen: Pen, x: float, y: float, size: float) -> None:
    chance: Random = pen.chance
    if pen.odds(0.5):
        pen.sheet.blot((x, y, x + size, y + size))
        pen.sheet.blot((x + size * 0.2, y + size * 0.2, x + size * 0.8, y + size * 0.8), 255)
    for _ in range(chance.randint(3, 8)):
        points = [(x + size * chance.random(), y + size * chance.random()) for _ in range(2)]
        pen.sheet.stroke(points, chance.uniform(1, 4))
