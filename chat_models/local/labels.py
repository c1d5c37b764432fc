"""Tell from its text whether a segment asks for something."""

import re

from chat_models.local.checkboxes import has_box
from chat_models.local.segments import Segment

# What forms of every trade ask for: short text that holds one of these is a key even without a colon.
_ASKED_FOR = frozenset(
    """
    account address agency age amount approval approved area attention authorized balance birth brand brands budget by
    cc charge city client code comments company contact copies cost country county currency customer date dated dates
    department dept description director discount division due duration email employee employer end expenses fax fee
    filter final from gender grade id initials invoice issue item job kind language length location manager material
    member method mobile model name nationality no number occupation order origin page pages paid payment percent period
    phone place position postcode price product project purpose qty quantity quote rate reason received ref reference
    region remarks report requested reported salary sample section sex signature signed size source start state status
    street subject submitted supplier tax tel telephone term terms time title to total type unit units vendor weight
    year zip
    """.split()  # noqa: SIM905
)
_WORD = re.compile(r"[^\W\d_]+")
# A label is short; longer runs without a colon are sentences.
_MAX_LABEL_WORDS = 6


def ends_with_colon(segment: Segment) -> bool:
    """Tell whether the text ends as a printed label does."""
    return segment.text.rstrip(" ._").endswith(":") and any(character.isalpha() for character in segment.text)


def reads_like_label(segment: Segment) -> bool:
    """Tell whether a segment without a colon is worded as a label: short, few digits, about something asked for."""
    words = [word.casefold() for word in _WORD.findall(segment.text)]
    if not words or len(words) > _MAX_LABEL_WORDS or not segment.text[0].isupper():
        return False
    digits = sum(character.isdigit() for character in segment.text)
    return digits <= len(segment.text) // 8 and not _ASKED_FOR.isdisjoint(words)


def is_key(segment: Segment) -> bool:
    """Tell whether the segment is a label that an answer belongs to."""
    return ends_with_colon(segment) or reads_like_label(segment)


def is_amount(segment: Segment) -> bool:
    """Tell whether the text is mostly digits: a number, a date, a code, an amount with its unit."""
    marks = [character for character in segment.text if character.isalnum()]
    return bool(marks) and sum(character.isdigit() for character in marks) >= len(marks) / 2


def is_wording(segment: Segment) -> bool:
    """Tell whether the text could name a row or a column: words, not an amount, not a sentence, not a choice."""
    words = _WORD.findall(segment.text)
    if not words or len(words) > _MAX_LABEL_WORDS or len(segment.text) == 1:
        return False
    return not is_amount(segment) and not has_box(segment.text)
