"""What forms ask: patterns filled from the vocabulary, each with a maker of fitting answers."""

from collections.abc import Callable
from random import Random

from evaluation.datasets.generated import answers
from evaluation.datasets.generated import vocabulary as words
from evaluation.datasets.generated.patterns import capitalise, fill

Make = Callable[[Random], str]


def field(chance: Random) -> tuple[str, str]:
    """Compose a question, in title case, and an answer that fits it."""
    pattern, make = chance.choices(_PATTERNS, _WEIGHTS)[0]
    key = fill(pattern, chance)
    answer = make(chance)
    if make is answers.decimal:
        key, answer = _measure(chance)
    if chance.random() < 0.06:
        key = long_question(chance)
    if chance.random() < 0.06:
        answer = answers.short(chance)
    if len(key.split()) == 1 and chance.random() < 0.35:
        key = f"{fill(chance.choice(['{thing}', '{quality}']), chance)} {key}"
    if chance.random() < 0.12:
        key = fill(f"{key} {{limit}}", chance)
    if chance.random() < 0.08:
        key = fill(f"{key} {{aside}}", chance)
    return capitalise(key), answer


def long_question(chance: Random) -> str:
    """Ask in a sentence."""
    return fill(chance.choice(_SENTENCES), chance)


_SENTENCES = [
    "{verb} the {quality} {thing} of the {product}", "How many {thing}s were {deed} last year?",
    "Is the {thing} {quality}?", "Has the {thing} been {deed} by the {role}?", "If yes, please {verb} the {thing}",
    "List any {thing}s {deed} {adverb}", "{quality} {thing} (e.g. {product}, {product}, {product})",
    "Describe the {thing} and how it was {deed}", "{thing}s to be {deed} which the {role} did not {verb}",
    "Names of all {role}s who {verb} the {thing} {adverb}", "What {quality} {thing} will be {deed}?",
    "Reason why the {thing} was not {deed} {adverb}", "Further {thing} (please attach any {quality} {thing}s)",
]  # fmt: skip


def _measure(chance: Random) -> tuple[str, str]:
    """Ask for a measure, its unit in the question or in the answer."""
    name = chance.choice(list(words.MEASURES))
    unit = chance.choice(words.MEASURES[name])
    key = fill(chance.choice(["", "", "{product} ", "{quality} "]), chance) + name
    if chance.random() < 0.35:
        return f"{key} ({unit})", answers.decimal(chance)
    return key, f"{answers.decimal(chance)} {unit}"


def _people(chance: Random) -> str:
    names = [answers.person(chance) for _ in range(chance.choice([1, 1, 1, 1, 2, 3]))]
    if chance.random() < 0.2:
        return f"{names[0]} / {answers.department(chance)}"
    return ", ".join(names)


def _dates(chance: Random) -> str:
    if chance.random() < 0.06:
        return f"{answers.date(chance)} {chance.choice(['to', '-', 'thru'])} {answers.date(chance)}"
    return answers.date(chance)


def _time(chance: Random) -> str:
    return f"{chance.randint(1, 12)}:{chance.randint(0, 59):02} {chance.choice(['AM', 'PM', 'a.m.', 'p.m.'])}"


def _year(chance: Random) -> str:
    return f"19{chance.randint(60, 99)}"


def _city(chance: Random) -> str:
    return chance.choice(words.CITIES)


def _state(chance: Random) -> str:
    return chance.choice(words.STATES)


_KINDS: list[tuple[float, Make, str]] = [
    (22, _people, """
        {deed} by, {deed} by, {deed} by, {deed} to, {role}, {role}, {role}, {role} Name, Name of {role}, Name, To,
        From, Attention, Attn, cc, Contact, By, Signature, {role}'s Name, {role}'s Signature, Signature of {role},
        Author(s), Submitted by, Print Name, Copies to, Reported by, Requested by, Original to, {department}"""),
    (14, _dates, """
        Date, Date, Date, Date, Date, Date {deed}, Date of {event}, {event} Date, {thing} Date, {thing} {deed},
        {quality} {event} Date, Period, Date {thing} {deed}, {event} by, Deadline"""),
    (1, _year, "Year, Year of {event}, {thing} Year"),
    (1, _time, "Time, Time of {event}, {event} Time"),
    (9, answers.money, """
        {sum}, {thing} {sum}, {quality} {sum}, Total {sum}, {quality} {thing} {sum}, {sum} of {thing}, {sum} per
        {thing}, Total {thing} {sum}, {thing}s, Less {thing}, {quality} {thing}"""),
    (8, answers.number, """
        Quantity, Number of {thing}s, No. of {product}s, {quality} {thing}s, {thing}s {deed}, Pages, Age, Number of
        Pages, {thing} Size, Total {thing}s, {product}s per {thing}, Est. {thing}s, {product}s"""),
    (1, answers.percent, "Percent, % {thing}s, Percent {product}"),
    (12, answers.code, """
        {thing} {no}, {thing} {no}, {thing} {no}, {thing} {no}, {role} {no}, {product} {no}, Code, No., Lot, {quality}
        {thing} {no}, {thing} Reference, Ref., {thing}, Serial No., File, Room"""),
    (2, answers.address, "Address, {role} Address, Home Address, Mail to, Business Address"),
    (2, answers.town, """
        City/State/Zip, Location, Market, {thing} Location, Destination, {thing} Area"""),
    (2, _city, "City, Area, District, Region, {thing} Region, Place"),
    (1, _state, "State"),
    (1, answers.street, "Street"),
    (4, answers.phone, """
        Telephone, Phone, Phone No., Fax, Fax No., Telephone Number, Extension, Business Telephone, Fax #, Phone #,
        {role} Phone"""),
    (6, answers.firm, """
        Company, Firm, Company Name, Vendor, Supplier, Manufacturer, Organization, Agency, Client, Customer, Carrier,
        Affiliation, Publication, Laboratory, Name of {thing}, Account Name, Employer, Ship to"""),
    (4, answers.department, "Department, Dept., Division, Section, Group, {thing} Department"),
    (2, answers.role, "Position, Title, Occupation, Job Title"),
    (9, answers.goods, """
        Description, Product, Brand, Brand Name, Item, Material, {thing} Type, {thing} Description, Sample, {quality}
        {thing}, {thing} {thing}, {product} {thing}, {product}, {product} Type, {quality} {product}"""),
    (8, answers.subject, """
        Subject, Re, {thing} Name, {thing} Title, Type of {thing}, Purpose, Project, {thing}, Title, Method, {quality}
        {thing} {thing}, {thing} {thing}"""),
    (3, answers.sentence, """
        Purpose of {thing}, Reason for {thing}, Objective, Comments, Remarks, {thing} Comments"""),
    (2, answers.short, """
        Status, {thing} {deed}, Special {thing} {thing}s, Other, Other {thing}s, Terms, How Shipped"""),
    (9, answers.decimal, "{product}"),
]  # fmt: skip
_PATTERNS = [(pattern, make) for _, make, text in _KINDS for pattern in words.entries(text)]
_WEIGHTS = [weight / len(words.entries(text)) for weight, _, text in _KINDS for _ in words.entries(text)]
