"""What is filled in: names, dates, amounts, sentences, composed from the vocabulary."""

from collections.abc import Callable
from random import Random

from evaluation.datasets.generated import vocabulary as words
from evaluation.datasets.generated.patterns import fill

Make = Callable[[Random], str]


def person(chance: Random) -> str:
    """Name somebody, in one of the ways that names are typed."""
    first, last = chance.choice(words.FIRST_NAMES), fill("{name}", chance).capitalize()
    initial = chance.choice("ABCDEFGHJLMRSTW")
    plain = [f"{first} {last}", f"{first} {initial}. {last}", f"{first[0]}. {last}", f"{first[0]}. {initial}. {last}"]
    rare = [f"{last}, {first}", f"Dr. {first} {last}", f"Mr. {last}", f"Ms. {first[0]}. {last}", last]
    return chance.choice(plain if chance.random() < 0.75 else rare)


def firm(chance: Random) -> str:
    """Name a company."""
    trade = chance.choice(words.FIRM_TRADES)
    name = chance.choice([chance.choice(words.FIRM_WORDS), fill("{name}", chance).capitalize()])
    if chance.random() < 0.2:
        name = f"{name} & {chance.choice(words.LAST_NAMES)}"
    return f"{name} {trade}" if chance.random() < 0.4 else f"{name} {trade} {chance.choice(words.FIRM_FORMS)}"


def date(chance: Random) -> str:
    """Write a date between 1960 and 1999."""
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(60, 99)
    name = words.MONTHS[month - 1]
    return chance.choice([
        f"{month}/{day}/{year}", f"{month:02}/{day:02}/{year}", f"{month}-{day}-{year}", f"{month}/{year}",
        f"{name} {day}, 19{year}", f"{name[:3]}. {day}, 19{year}", f"{day} {name} 19{year}", f"{name} 19{year}",
        f"{name} {day}", f"{day}-{name[:3]}-{year}", f"{month}/{day}",
    ])  # fmt: skip


def number(chance: Random) -> str:
    """Write a plain number of one to five digits."""
    value = int(10 ** chance.uniform(0, 5))
    return chance.choice([str(value), f"{value:,}", f"{value:,}", f"{value}.{chance.randint(0, 99):02}"])


def decimal(chance: Random) -> str:
    """Write a measured value."""
    return f"{10 ** chance.uniform(-1.5, 3):.{chance.choice([0, 1, 1, 2, 2, 3])}f}"


def money(chance: Random) -> str:
    """Write an amount."""
    value = int(10 ** chance.uniform(1, 6.2))
    cents = f".{chance.choice([0, 0, 50, chance.randint(0, 99)]):02}" if chance.random() < 0.45 else ""
    sign = chance.choice(["$", "$", "$ ", ""])
    return f"{sign}{value:,}{cents}"


def percent(chance: Random) -> str:
    """Write a share."""
    return chance.choice(
        [f"{chance.randint(1, 100)}%", f"{chance.uniform(0, 99):.1f}%", f"{chance.uniform(0, 99):.1f} %"]
    )


def code(chance: Random) -> str:
    """Make up a number as departments give them: letters, digits, hyphens."""
    pieces = [
        _mask(chance, chance.choice(["##", "###", "####", "@##", "@@", "@#", "#####", "#", "@@@##"])) for _ in range(2)
    ]
    return chance.choice([pieces[0], pieces[0], "-".join(pieces), "".join(pieces), f"{pieces[0]}/{pieces[1]}"])


def phone(chance: Random) -> str:
    """Write a telephone number."""
    return _mask(
        chance, chance.choice(["(###) ###-####", "###-####", "###/###-####", "###-###-####", "Ext. ####", "x ###"])
    )


def _mask(chance: Random, pattern: str) -> str:
    digits = {"#": "0123456789", "@": "ABCDEFGHJKLMNPRSTWX"}
    return "".join(chance.choice(digits[sign]) if sign in digits else sign for sign in pattern)


def street(chance: Random) -> str:
    """Write the first line of an address."""
    kind = chance.choice(["Street", "St.", "Avenue", "Ave.", "Road", "Blvd.", "Drive", "Lane"])
    return f"{chance.randint(1, 4000)} {chance.choice(words.STREETS)} {kind}"


def town(chance: Random) -> str:
    """Write the last line of an address."""
    place = f"{chance.choice(words.CITIES)}, {chance.choice(words.STATES)}"
    return place if chance.random() < 0.5 else f"{place} {chance.randint(10000, 99999)}"


def address(chance: Random) -> str:
    """Write an address in one line."""
    return f"{street(chance)}, {town(chance)}"


def goods(chance: Random) -> str:
    """Name a product."""
    pattern = chance.choice([
        "{quality} {product}", "{name} {quality} {product}", "{name} {product}", "{name} {quality}",
        "{quality} {quality} {product}", "{quality} {product} #", "{name} #",
    ])  # fmt: skip
    return fill(pattern, chance).replace("#", code(chance))


def department(chance: Random) -> str:
    """Name a department."""
    name = chance.choice(words.DEPARTMENTS)
    return chance.choice([name, name, f"{name} Department", f"{name} Dept.", f"{chance.choice(words.CITIES)} {name}"])


def role(chance: Random) -> str:
    """Name a position."""
    name = chance.choice(words.ROLES)
    return name if chance.random() < 0.7 else f"{chance.choice(words.DEPARTMENTS)} {name}"


def short(chance: Random) -> str:
    """Give one of the answers that fit anywhere."""
    return chance.choice(words.SHORT_ANSWERS)


def clause(chance: Random) -> str:
    """Write half a sentence of office English."""
    text = fill(chance.choice(_CLAUSES), chance)
    text = text.replace("#", number(chance)).replace("@", person(chance))
    return text[0].lower() + text[1:]


def sentence(chance: Random) -> str:
    """Write a sentence."""
    text = clause(chance)
    if chance.random() < 0.3:
        text = f"{text} {chance.choice(['and', 'but', 'because', 'so that', 'if'])} {clause(chance)}"
    return f"{text[0].upper()}{text[1:]}."


def prose(chance: Random, sentences: int) -> str:
    """Write sentences."""
    return " ".join(sentence(chance) for _ in range(sentences))


def note(chance: Random) -> str:
    """Write what is printed on forms besides questions."""
    lines = chance.sample(words.NOTES, chance.choice([1, 1, 2, 3]))
    return ". ".join(lines) + "."


def subject(chance: Random) -> str:
    """Write what something is about, in a few words."""
    text = fill(chance.choice(_SUBJECTS), chance)
    return text.replace("#", f"19{chance.randint(60, 99)}").replace("@", firm(chance)).capitalize()


_CLAUSES = [
    "{verb} the {quality} {thing} of the {product}", "the {quality} {thing} for the {product} was {deed} {adverb}",
    "@ has {deed} the {quality} {thing}", "{verb} all {quality} {thing}s {adverb}", "{verb} this {thing} {adverb}",
    "a {quality} {thing} will be {deed} by {department} {adverb}", "{deed} # {product}s from the {thing} {adverb}",
    "each {quality} {thing} in the {thing} must be {deed} {adverb}", "the {thing} of the {thing} was not {deed}",
    "{verb} the {product} with a {quality} {product}", "the {thing} to {verb} the {product} is {quality}",
]  # fmt: skip
_SUBJECTS = [
    "{quality} {thing} {thing}", "{name} {quality} {product} {thing}", "{thing} {thing}",
    "{verb} {quality} {thing} {thing}",
    "{thing} {thing} for @", "{thing} of {quality} {product}", "# {thing} {thing}", "{department} {thing}",
]  # fmt: skip
