"""Lines to fill in, with their questions below or before them, and signatures; blocks as in `fields`."""

from evaluation.datasets.generated.patterns import fill
from evaluation.datasets.generated.pen import Pen


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
