"""Letterheads, titles, notes, and what stands at the edges of a page; blocks as in `fields`."""

from dataclasses import replace
from random import Random

from evaluation.datasets.generated import answers
from evaluation.datasets.generated import vocabulary as words
from evaluation.datasets.generated.patterns import capitalise, fill
from evaluation.datasets.generated.pen import Pen, shorten
from evaluation.datasets.generated.sheet import HEIGHT, Ink, Item, Label


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
    _line(pen, name, ink, "header", (x0, x1), y=y, at=at)
    y += ink.line
    makes = [answers.address, answers.phone, answers.department, answers.town]
    for make in chance.sample(makes, chance.choice([0, 1, 1, 2, 3])):
        _line(pen, make(chance), pen.style.fine, "other" if pen.odds(0.7) else "header", (x0, x1), y=y, at=at)
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
        lines.append(_line(pen, part, ink, "header", (x0, x1), y=y, at=at))
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
    item = _line(pen, text, ink, "header", (x0, x1), y=y, at=chance.choice([0.0, 0.0, 0.5]))
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


def edges(pen: Pen) -> None:
    """Put numbers, stamps and transmission lines at the page's edges."""
    chance, sheet = pen.chance, pen.sheet
    small = Ink("Courier", chance.uniform(9.5, 12.5))
    if pen.odds(0.75):
        _stamp(pen)
    for _ in range(chance.choice([0, 0, 1, 1, 2])):
        _stray(pen)
    if pen.odds(0.12):
        _received(pen)
    if pen.odds(0.2):
        sheet.write(
            f"{answers.date(chance)} {chance.randint(1, 12)}:{chance.randint(10, 59)} {answers.firm(chance).upper()}",
            30,
            8,
            small,
            "other",
        )
        if pen.odds(0.5):
            sheet.write(f"P.{chance.randint(1, 20)}/{chance.randint(2, 30)}", sheet.width - 90, 8, small, "other")
    if pen.odds(0.3):
        page = chance.choice(
            [
                f"Page {chance.randint(1, 9)} of {chance.randint(2, 12)}",
                f"- {chance.randint(1, 9)} -",
                str(chance.randint(1, 99)),
                "CONFIDENTIAL",
            ]
        )
        _line(pen, page, pen.style.fine, "other", (60, sheet.width - 60), y=HEIGHT - 45, at=chance.choice([0.5, 1.0]))
    if pen.odds(0.3):
        form = f"{chance.choice(['Form', 'FORM', 'F', 'Rev.', 'REV.'])} {answers.code(chance)}"
        sheet.write(f"{form} {answers.date(chance) if pen.odds(0.4) else ''}", 45, HEIGHT - 40, small, "other")


def _stamp(pen: Pen) -> None:
    """Print a page number of an archive: at the foot, or turned at the right edge."""
    chance, sheet = pen.chance, pen.sheet
    text = str(chance.randint(10**7, 10**10 - 1))
    ink = Ink(chance.choice(["Helvetica-Bold", "Courier-Bold", "Times-Bold"]), chance.uniform(13, 19))
    if pen.odds(0.35):
        sheet.write(
            text, sheet.width - ink.width(text) - chance.uniform(30, 120), HEIGHT - chance.uniform(25, 60), ink, "other"
        )
        return
    x, y = sheet.width - chance.uniform(28, 45), chance.uniform(550, 880)
    sheet.write_turned(text, x, y, ink, "other")


def _received(pen: Pen) -> None:
    """Stamp or scrawl something that belongs to no question, somewhere."""
    chance, sheet = pen.chance, pen.sheet
    ink = chance.choice([pen.style.hand, Ink("Helvetica-Bold", chance.uniform(11, 18)), pen.style.hand])
    x, y = chance.uniform(40, sheet.width - 200), chance.choice([chance.uniform(20, 120), chance.uniform(700, 920)])
    for text in chance.sample(
        ["RECEIVED", answers.date(chance), answers.person(chance), "COPY", "ok", answers.code(chance), "DRAFT"],
        chance.choice([1, 2, 3]),
    ):
        sheet.write(text, x + chance.uniform(-10, 10), y, ink, "other")
        y += ink.line


def _stray(pen: Pen) -> None:
    """Add what belongs to no question: typists' initials, dates, footnotes, a word between other things."""
    chance, sheet = pen.chance, pen.sheet
    initials = "".join(chance.sample("ABCDEFGHJKLMNPRST", 3))
    makes = [answers.code, answers.number, answers.department]
    patterns = ["{thing}", "{quality} {thing}", "({thing})", "See {thing}", "Attachment", "cc:", "**"]
    text = fill(chance.choice(patterns), chance) if pen.odds(0.6) else chance.choice(makes)(chance)
    if pen.odds(0.25):
        typist = f"{initials}/{chance.choice('abcdefgh')}{chance.choice('klmnprst')}"
        text = typist if pen.odds(0.6) else f"* {answers.clause(chance)}"
    ink = chance.choice([pen.style.value, pen.style.fine, pen.style.key])
    text, ink = shorten(text, ink, 300)
    below = max((item.box[3] for item in sheet.items), default=100) + 15
    beside = chance.choice(sheet.items).box if sheet.items else (60.0, below, 60.0, below)
    x, y = chance.uniform(50, sheet.width - 200), min(below, HEIGHT - 60)
    if pen.odds(0.6):  # at the right of something, where there is room
        right = max(
            (item.box[2] for item in sheet.items if item.box[1] < beside[3] and item.box[3] > beside[1]), default=0
        )
        x, y = right + chance.uniform(10, 60), beside[1]
    if x + ink.width(text) < sheet.width - 10:
        sheet.write(text, x, y, ink, "other")


def _line(pen: Pen, text: str, ink: Ink, label: Label, span: tuple[float, float], *, y: float, at: float) -> Item:
    """Write a line at the left (0), in the middle (0.5) or at the right (1) of a span."""
    text, ink = shorten(text, ink, span[1] - span[0])
    return pen.sheet.write(text, span[0] + at * (span[1] - span[0] - ink.width(text)), y, ink, label)


def _logo(pen: Pen, x: float, y: float, size: float) -> None:
    chance: Random = pen.chance
    if pen.odds(0.5):
        pen.sheet.blot((x, y, x + size, y + size))
        pen.sheet.blot((x + size * 0.2, y + size * 0.2, x + size * 0.8, y + size * 0.8), 255)
    for _ in range(chance.randint(3, 8)):
        points = [(x + size * chance.random(), y + size * chance.random()) for _ in range(2)]
        pen.sheet.stroke(points, chance.uniform(1, 4))
