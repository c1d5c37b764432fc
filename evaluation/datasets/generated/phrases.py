"""What forms ask and what is filled in, composed from the vocabulary."""

from collections.abc import Callable
from random import Random

from evaluation.datasets.generated import vocabulary as words

Make = Callable[[Random], str]


def person(chance: Random) -> str:
    """Name somebody, in one of the ways that names are typed."""
    first, last = chance.choice(words.FIRST_NAMES), chance.choice(words.LAST_NAMES)
    initial = chance.choice("ABCDEFGHJLMRSTW")
    plain = [f"{first} {last}", f"{first} {initial}. {last}", f"{first[0]}. {last}", f"{first[0]}. {initial}. {last}"]
    rare = [f"{last}, {first}", f"Dr. {first} {last}", f"Mr. {last}", f"Ms. {first[0]}. {last}", last]
    return chance.choice(plain if chance.random() < 0.75 else rare)


def firm(chance: Random) -> str:
    """Name a company."""
    trade = chance.choice(words.FIRM_TRADES)
    name = chance.choice([chance.choice(words.FIRM_WORDS), chance.choice(words.LAST_NAMES)])
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
    name = f"{chance.choice(words.QUALITIES)} {chance.choice(words.PRODUCTS)}"
    brand = chance.choice(words.LAST_NAMES + words.FIRM_WORDS)
    return chance.choice([
        name, f"{brand} {name}", f"{brand} {chance.choice(words.PRODUCTS)}", f"{brand} {chance.randint(2, 900)}",
        f"{brand} {chance.choice(words.QUALITIES)}", f"{chance.choice(words.QUALITIES)} {name}", f"{name} {code(chance)}",
    ])  # fmt: skip


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
    thing = f"{chance.choice(['the', 'the', 'a', 'each', 'all', 'this'])} {chance.choice(words.QUALITIES)} {chance.choice(words.THINGS)}"
    other = (
        f"{chance.choice(['of', 'for', 'from', 'in', 'with', 'to'])} the {chance.choice(words.PRODUCTS + words.THINGS)}"
    )
    deed, adverb = chance.choice(words.DEEDS).lower(), chance.choice(words.ADVERBS)
    return chance.choice([
        f"{chance.choice(words.VERBS)} {thing} {other}", f"{thing} {other} was {deed} {adverb}",
        f"{person(chance)} has {deed} {thing}", f"{chance.choice(words.VERBS)} {thing} {adverb}",
        f"{thing} will be {deed} by {department(chance)} {adverb}", f"{thing} {other} {chance.choice(words.VERBS)} {adverb}",
        f"{deed} {number(chance)} {chance.choice(words.PRODUCTS)} {other}", f"{thing} must be {deed} {adverb}",
    ])  # fmt: skip


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
    thing = f"{chance.choice(words.THINGS)} {chance.choice(words.THINGS)}"
    return chance.choice([
        f"{chance.choice(words.QUALITIES)} {thing}", f"{goods(chance)} {chance.choice(words.THINGS)}", thing,
        f"{chance.choice(words.VERBS)} {chance.choice(words.QUALITIES)} {thing}", f"{thing} for {firm(chance)}",
        f"{chance.choice(words.THINGS)} of {goods(chance)}", f"19{chance.randint(60, 99)} {thing}",
    ]).capitalize()  # fmt: skip


def measured(chance: Random) -> tuple[str, str]:
    """Ask for a measure; return the question and an answer with its unit."""
    name = chance.choice(list(words.MEASURES))
    unit = chance.choice(words.MEASURES[name])
    key = chance.choice(
        [name, name, f"{chance.choice(words.PRODUCTS)} {name}", f"{chance.choice(words.QUALITIES)} {name}"]
    )
    unit_in_key = chance.random() < 0.35
    key = f"{key} ({unit})" if unit_in_key else key
    return key, decimal(chance) if unit_in_key else f"{decimal(chance)} {unit}"


def field(chance: Random) -> tuple[str, str]:
    """Compose a question and an answer that fits it, in title case."""
    make = chance.choices(list(_FIELDS), list(_FIELDS.values()))[0]
    key, answer = make(chance)
    if chance.random() < 0.06:
        answer = short(chance)
    if len(key.split()) == 1 and chance.random() < 0.35:
        key = f"{chance.choice(words.THINGS + words.QUALITIES)} {key}"
    if chance.random() < 0.12:
        key = f"{key} {chance.choice(words.LIMITS)}"
    if chance.random() < 0.08:
        key = f"{key} {chance.choice(words.ASIDES)}"
    return capitalise(key), answer


def capitalise(text: str) -> str:
    """Begin the words with capitals, but for the small ones, and leave what has capitals."""
    small = {"of", "the", "for", "to", "by", "and", "or", "in", "per", "on", "with", "from", "at", "as", "if"}
    return " ".join(
        word if index and word in small else word[0].upper() + word[1:] for index, word in enumerate(text.split())
    )


def _who(chance: Random) -> tuple[str, str]:
    place = chance.choice(words.ROLES)
    key = chance.choice([
        f"{chance.choice(words.DEEDS)} by", f"{chance.choice(words.DEEDS)} by", place, place, f"{place} Name", f"Name of {place}",
        f"{chance.choice(words.DEEDS)} to", "Name", "To", "From", "Attention", "Attn", "cc", "Contact", "By", "Signature",
        f"{place}'s Name", f"{place}'s Signature", f"Signature of {place}", "Author(s)", "Title", "Submitted by", "Print Name",
        "Copies to", "Reported by", "Requested by", "Original to", f"{chance.choice(words.DEPARTMENTS)}",
    ])  # fmt: skip
    names = [person(chance) for _ in range(chance.choice([1, 1, 1, 1, 2, 3]))]
    if key == "Title":
        return key, role(chance)
    answer = ", ".join(names) if chance.random() < 0.8 else " / ".join([names[0], department(chance)])
    return key, answer


def _when(chance: Random) -> tuple[str, str]:
    event, deed, thing = chance.choice(words.EVENTS), chance.choice(words.DEEDS), chance.choice(words.THINGS)
    key = chance.choice([
        "Date", "Date", "Date", "Date", f"Date {deed}", f"Date of {event}", f"{event} Date", f"{thing} Date", f"{thing} {deed}",
        f"{chance.choice(words.QUALITIES)} {event} Date", "Year", "Period", f"Date {thing} {deed}", "Time", f"{event} by", "Deadline",
    ])  # fmt: skip
    if key == "Year":
        return key, f"19{chance.randint(60, 99)}"
    if key == "Time":
        return key, f"{chance.randint(1, 12)}:{chance.randint(0, 59):02} {chance.choice(['AM', 'PM', 'a.m.', 'p.m.'])}"
    both = chance.random() < 0.06
    return key, f"{date(chance)} {chance.choice(['to', '-', 'thru'])} {date(chance)}" if both else date(chance)


def _how_much(chance: Random) -> tuple[str, str]:
    noun = chance.choice(
        [
            "Cost",
            "Amount",
            "Budget",
            "Price",
            "Total",
            "Balance",
            "Expense",
            "Charge",
            "Fee",
            "Value",
            "Allowance",
            "Rate",
        ]
    )
    thing, quality = chance.choice(words.THINGS + words.PRODUCTS), chance.choice(words.QUALITIES)
    key = chance.choice([
        noun, f"{thing} {noun}", f"{quality} {noun}", f"Total {noun}", f"{quality} {thing} {noun}", f"{noun} of {thing}", f"{noun} per {thing}",
        f"Total {thing} {noun}", f"{thing}s", f"Less {thing}", f"{quality} {thing}",
    ])  # fmt: skip
    return key, money(chance)


def _how_many(chance: Random) -> tuple[str, str]:
    thing = chance.choice(words.THINGS + words.PRODUCTS)
    plural = thing if thing.endswith("s") else f"{thing}s"
    key = chance.choice([
        "Quantity", f"Number of {plural}", f"No. of {plural}", f"{chance.choice(words.QUALITIES)} {plural}", f"{plural} {chance.choice(words.DEEDS)}", "Pages",
        "Number of Pages", f"{thing} Size", f"Total {plural}", f"{plural} per {chance.choice(words.THINGS)}", "Age", "Percent", f"% {plural}", f"Est. {plural}", plural,
    ])  # fmt: skip
    return key, percent(chance) if "%" in key or key == "Percent" else number(chance)


def _which(chance: Random) -> tuple[str, str]:
    noun = chance.choice(["No.", "No.", "Number", "Number", "#", "Code", "Code No.", "ID"])
    thing = chance.choice(words.THINGS)
    key = chance.choice([
        f"{thing} {noun}", f"{thing} {noun}", f"{thing} {noun}", f"{chance.choice(words.ROLES)} {noun}", f"{chance.choice(words.PRODUCTS)} {noun}", "Code", "No.", "Lot",
        f"{chance.choice(words.QUALITIES)} {thing} {noun}", f"{thing} Reference", "Ref.", f"{thing}", "Serial No.", "File",
    ])  # fmt: skip
    return key, code(chance)


def _place(chance: Random) -> tuple[str, str]:
    makes: list[tuple[str, Make]] = [
        ("Address", address), ("Street", street), ("City", _city), ("State", _state), ("City, State, Zip", town), ("Location", town), ("Market", town),
        (f"{chance.choice(words.THINGS)} Location", town), (f"{chance.choice(words.ROLES)} Address", address), ("Ship to", firm), ("Mail to", address),
        ("Telephone", phone), ("Phone", phone), ("Phone No.", phone), ("Fax", phone), ("Fax No.", phone), ("Telephone Number", phone), ("Region", _city),
        ("Area", _city), ("Destination", town), ("District", _city), ("Room", code), ("Home Address", address), ("Extension", phone), ("Business Telephone", phone),
    ]  # fmt: skip
    key, make = chance.choice(makes)
    return key, make(chance)


def _city(chance: Random) -> str:
    return chance.choice(words.CITIES)


def _state(chance: Random) -> str:
    return chance.choice(words.STATES)


def _house(chance: Random) -> tuple[str, str]:
    makes: list[tuple[str, Make]] = [
        ("Company", firm), ("Firm", firm), ("Company Name", firm), ("Vendor", firm), ("Supplier", firm), ("Manufacturer", firm), ("Organization", firm), ("Agency", firm),
        ("Client", firm), ("Customer", firm), ("Carrier", firm), ("Department", department), ("Dept.", department), ("Division", department), ("Section", department),
        ("Group", department), ("Affiliation", firm), (f"{chance.choice(words.THINGS)} Department", department), ("Publication", firm), ("Laboratory", firm),
        (f"Name of {chance.choice(words.THINGS)}", firm), ("Account Name", firm), ("Position", role), ("Title", role), ("Employer", firm), ("Occupation", role),
    ]  # fmt: skip
    key, make = chance.choice(makes)
    return key, make(chance)


def _what(chance: Random) -> tuple[str, str]:
    thing, quality = chance.choice(words.THINGS), chance.choice(words.QUALITIES)
    makes: list[tuple[str, Make]] = [
        ("Description", goods), ("Product", goods), ("Brand", goods), ("Brand Name", goods), ("Item", goods), ("Material", goods), ("Subject", subject), ("Re", subject),
        (f"{thing} Name", subject), (f"{thing} Title", subject), (f"Type of {thing}", subject), (f"{thing} Type", goods), ("Purpose", subject), (f"{thing} Description", goods),
        (f"Purpose of {thing}", sentence), (f"Reason for {thing}", sentence), ("Objective", sentence), ("Comments", sentence), ("Remarks", sentence), ("Project", subject),
        (f"{quality} {thing}", goods), (thing, subject), ("Title", subject), ("Color", lambda c: c.choice(words.QUALITIES)), ("Method", subject), ("Size", decimal),
        (f"{thing} {chance.choice(words.THINGS)}", goods), (f"{chance.choice(words.PRODUCTS)} {thing}", goods), (f"{quality} {thing} {chance.choice(words.THINGS)}", subject), ("Sample", goods),
        (chance.choice(words.PRODUCTS), goods), (f"{chance.choice(words.PRODUCTS)} Type", goods), ("Status", short), (f"{thing} {chance.choice(words.DEEDS)}", short),
        (f"Special {thing} {chance.choice(words.THINGS)}s", short), ("Other", short), (f"Other {thing}s", short), ("Terms", short), ("How Shipped", short),
    ]  # fmt: skip
    key, make = chance.choice(makes)
    return key, make(chance)


_FIELDS: dict[Callable[[Random], tuple[str, str]], int] = {
    _who: 22, _when: 16, _how_much: 9, _how_many: 9, _which: 12, _place: 10, _house: 9, _what: 22, measured: 9,
}  # fmt: skip
