"""What stands at the edges of a page and between its blocks, and belongs to no question."""

from evaluation.datasets.generated import answers
from evaluation.datasets.generated.patterns import fill
from evaluation.datasets.generated.pen import Pen, shorten, write_line
from evaluation.datasets.generated.sheet import HEIGHT, Ink


def margins(pen: Pen) -> None:
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
        sent = f"{answers.date(chance)} {chance.randint(1, 12)}:{chance.randint(10, 59)}"
        sheet.write(f"{sent} {answers.firm(chance).upper()}", 30, 8, small, "other")
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
        write_line(
            pen, page, pen.style.fine, "other", (60, sheet.width - 60), y=HEIGHT - 45, at=chance.choice([0.5, 1.0])
        )
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
