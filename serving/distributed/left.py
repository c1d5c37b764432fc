"""What is left of a run: its parts are cut the same way at each start, and those that are done left out."""

import math
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from serving.batch.inputs import Item
from serving.batch.record import Record
from serving.batch.results import input_key
from serving.batch.tally import Tally
from serving.batch.work import Work, copied
from serving.distributed.output import Output
from serving.distributed.parts import Part, cut, done_parts, make_part, read_part, write_part

# A part is what a worker is given and what is written at once. 64 pages are about a minute of OCR: longer parts leave
# workers idle at the end, shorter ones make more files (a million pages: 16,000 parts).
PART = 64
# A small run has shorter ones, so that some tens of workers end at about the same time.
_LEAST_PARTS = 128
# An object store answers in some hundredths of a second.
_READ_AT_ONCE = 16


@dataclass
class Known:
    """What earlier starts did."""

    written: Counter[bytes] = field(default_factory=Counter)
    """How many records answer for an input, by `input_key`."""
    places: dict[str, str] = field(default_factory=dict)
    """Unit to the part that holds its record."""


def look_back(output: Output, tally: Tally) -> Known:
    """Count what earlier starts wrote."""
    known = Known()
    names = sorted(done_parts(output))
    with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
        for name, records in zip(names, pool.map(partial(read_part, output), names), strict=True):
            for record in records:
                known.written[input_key(record["id"], record["source"], record["unit"])] += 1
                if record["unit"]:
                    known.places.setdefault(record["unit"], name)
                tally.note(record)
    return known


def parts_left(named: Sequence[tuple[Item, str]], known: Known) -> tuple[list[Part], list[tuple[Item, str]]]:
    """Cut what has no record into parts, and list the inputs whose record is to be copied from another's.

    All inputs are cut, then those that are done left out: the same inputs make the same parts at each start, so that
    a worker finds what was done of one that was cut off.
    """
    groups: dict[str, list[Item]] = {}
    new, copies = set(), []
    for item, unit in named:
        groups.setdefault(unit or f"#{item.index}", []).append(item)  # what can't be read has no twins
        keys = (input_key(item.id, item.source, unit), input_key(item.id, item.source, ""))
        if key := next((key for key in keys if known.written[key]), None):
            known.written[key] -= 1
        elif unit in known.places:
            copies.append((item, unit))
        else:
            new.add(item.index)
    parts = []
    for part in cut(groups.values(), min(PART, math.ceil(len(groups) / _LEAST_PARTS))):
        items = [item for item in part.items if item.index in new]
        if items:
            parts.append(part if len(items) == len(part.items) else make_part(items))
    return parts, copies


def copy_known(copies: Sequence[tuple[Item, str]], known: Known, output: Output) -> list[Record]:
    """Write the records of inputs whose content an earlier start has asked about."""
    records = []
    for item, unit in copies:
        first = next(record for record in read_part(output, known.places[unit]) if record["unit"] == unit)
        records.append(copied(first, Work(item, first["document"], unit)))
    if records:
        write_part(output, make_part([item for item, _ in copies]).name, records)
    return records
