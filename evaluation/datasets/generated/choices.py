"""Things to tick; the block as in `fields`."""

from evaluation.datasets.generated import vocabulary as words
from evaluation.datasets.generated.patterns import capitalise
from evaluation.datasets.generated.pen import Pen
from evaluation.datasets.generated.sheet import Item

_SETS = [
    ["Yes", "No"], ["Yes", "No"], ["Yes", "No", "N/A"], ["Male", "Female"], ["New", "Revised"], ["Approved",
    "Rejected"], ["Increase", "Decrease"], ["Original", "Copy"],
    ["Single", "Married"], ["Cash", "Check", "Credit"], ["Air", "Rail", "Truck"], ["High", "Medium", "Low"],
    ["Domestic", "Export"], ["Rush", "Normal"], ["AM", "PM"],
    ["Temporary", "Permanent"], ["Internal", "External"], ["Daily", "Weekly", "Monthly"], ["Pass", "Fail"], ["Accept",
    "Reject", "Hold"],
]  # fmt: skip


def choices(pen: Pen, x0: float, x1: float, y: float, bottom: float) -> float:
    """Ask questions whose answers are ticked among some."""
    chance, style = pen.chance, pen.style
    mark = chance.choice(["box", "box", "( )", "line"])
    # Annotators saw ticked choices in both ways: as questions that an X answers, and as answers themselves.
    as_answers, before, down = pen.odds(0.35), pen.odds(0.75), pen.odds(0.3)
    for _ in range(chance.choice([1, 1, 2, 3, 4])):
        if y + 2 * style.key.line > bottom:
            break
        options = chance.choice(_SETS) if pen.odds(0.6) else _made_up(pen)
        key = pen.field((x1 - x0) * 0.6)[0]
        question = pen.ask(pen.question(key), x0, y, x0 + (x1 - x0) * 0.45)
        if not as_answers and pen.odds(0.4):
            question.label = "header" if pen.odds(0.3) else "question"
        x, ticked = question.box[2] + chance.choice([12, 25, 50]), chance.randrange(len(options))
        left = x
        for index, option in enumerate(options):
            text = pen.cased(option)
            need = style.key.width(text) + 2.6 * style.key.size + 15
            if x + need > x1 or (down and index):
                x, y = left, y + style.key.line * 1.1
            if y + style.key.line > bottom or x + need > x1:
                break
            is_ticked = index == ticked and pen.is_answered()
            x = _option(pen, text, x, y, how=(mark, before, is_ticked), question=question if as_answers else None)
            x += chance.choice([10, 18, 30])
        y += pen.row
    return y + 4


def _made_up(pen: Pen) -> list[str]:
    pool = words.DEPARTMENTS if pen.odds(0.3) else words.PRODUCTS + words.THINGS
    return [capitalise(option) for option in pen.chance.sample(pool, pen.chance.choice([2, 3, 4, 6]))]


def _option(pen: Pen, text: str, x: float, y: float, *, how: tuple[str, bool, bool], question: Item | None) -> float:
    """Write a choice with the place for its tick before or after it; return where it ends."""
    mark, before, is_ticked = how
    style = pen.style
    wide = style.key.size * (1.6 if mark != "box" else 0.8)
    at = x if before else x + style.key.width(text) + 5
    start = x + wide + 5 if before else x
    _place(pen, mark, at, y, wide)
    option = pen.sheet.write(text, start, y, style.key, "answer" if question else "question")
    if question:
        pen.sheet.link(question, option)
    if is_ticked:
        ink = style.value
        cross = "X" if pen.odds(0.8) else "x"
        tick_x = at + (wide - ink.width(cross)) / 2
        if question or mark == "box":
            pen.sheet.stroke([(tick_x, y), (tick_x + 8, y + 9)], 1.3)
            pen.sheet.stroke([(tick_x + 8, y), (tick_x, y + 9)], 1.3)
            if not question and pen.odds(0.7):
                pen.sheet.link(option, pen.sheet.add("answer", [("X", (tick_x, y, tick_x + 8, y + 9))]))
        else:
            pen.sheet.link(option, pen.sheet.write(cross, tick_x, y, ink, "answer"))
    return max(option.box[2], at + wide)


def _place(pen: Pen, mark: str, x: float, y: float, wide: float) -> None:
    size = pen.style.key.size
    if mark == "box":
        pen.sheet.frame((x, y, x + size * 0.75, y + size * 0.75))
    elif mark == "line":
        pen.sheet.rule(x, y + size * 0.8, x + wide, y + size * 0.8)
    else:
        for sign, at in (("(", x - 3), (")", x + wide - 2)):
            pen.sheet.mark(sign, at, y, pen.style.key)
