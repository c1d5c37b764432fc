"""Log lines of this process without what is to be hidden."""

import logging
import traceback
from typing import Any

from documents.redaction import Mask
from graph.redaction.rules import Redaction


def redact_logs(redaction: Redaction) -> None:
    """Hide patterns in every line that is logged from now on, by any library, and what exceptions quote.

    The values of fields stand in no line that this project writes; but an exception's text may quote anything, so with
    fields to hide its type and its place in the code are all that is logged.
    """
    mask, make = Mask(patterns=redaction.patterns), logging.getLogRecordFactory()

    def make_clean(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        said = record.getMessage()
        if (clean := mask.hide(said)) != said:
            record.msg, record.args = clean, ()
        if record.exc_info and record.exc_info[0]:
            record.exc_text = _describe(record.exc_info, mask, with_message=not redaction.has_fields)
            record.exc_info = None
        return record

    logging.setLogRecordFactory(make_clean)


def _describe(info: Any, mask: Mask, *, with_message: bool) -> str:
    if with_message:
        return mask.hide("".join(traceback.format_exception(*info)).rstrip())
    return "".join([*traceback.format_tb(info[2]), info[0].__name__])
