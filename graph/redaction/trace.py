"""What the spans of a trace carry, without what its run hides.

A value is known when the answer is there, so all spans of a trace are looked at together.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from documents.layout import lay_out
from documents.page import BBox, Page, Word
from documents.redaction import REDACTED, replace_words
from graph.builder import NAME
from graph.redaction.hidden import Hidden, make_hidden
from graph.redaction.rules import Redaction, concerns
from schemas.parsing import parse_answer
from schemas.repair import REPAIRS

ReadWords = Callable[[Page], list[Word]]

# A picture or another file in text, which no mask of words reads; keys and hashes are shorter.
_ENCODED = re.compile(r"[A-Za-z0-9+/=_-]{200,}")
# References to what is stored: nothing of a page, and useless when cut.
_REFERENCES = ("sha256:", "mlflow-attachment:", "prompts:/", "packaged:/")
# What providers call the answer in a tool call, where it is no text.
_ARGUMENTS = ("args", "arguments", "input")
# What a run is called with, on each of its spans; runs that may wait for a person say there what they read.
_METADATA, _FILE_NAMES = "metadata", ("name", "stem")
_LABELS = ("role", "type", "finish_reason")
# A form has hundreds of pairs; an index beyond is none.
_MAX_INDEX = 100_000


class Payload(NamedTuple):
    """What one span carries."""

    name: str
    inputs: Any
    outputs: Any


class HiddenPage(NamedTuple):
    """What a page shows of what is hidden."""

    boxes: list[BBox]
    laid_out: str
    """As the chat model is told it."""
    redacted: str


class TraceRedactor:
    """Takes out of one trace's payloads what its run hides."""

    def __init__(self, payloads: Sequence[Payload], redaction: Redaction, read_words: ReadWords) -> None:
        pages = _pages(payloads)
        words = None if pages is None else [read_words(page) for page in pages]
        results = [payload.outputs for payload in payloads if payload.name == NAME]
        rounds = [each for payload in payloads for each in _candidates([payload.inputs, payload.outputs])]
        result = results[-1] if results and isinstance(results[-1], dict) else {}
        self.hidden = make_hidden(redaction, [*rounds, result], words if len(results) == 1 else None)
        self.pages = [_hide_page(page, i, words[i], self.hidden) for i, page in enumerate(pages or []) if words]

    @property
    def left_out(self) -> str | None:
        """Why nothing of the pages can be shown; None where they can."""
        return f"[left out: {self.hidden.unplaced} may stand anywhere on it]" if self.hidden.unplaced else None

    def value(self, value: Any) -> Any:
        """Return a payload, or a part of one, with what is hidden replaced."""
        if isinstance(value, dict):
            if isinstance(value.get("path"), str):
                return self._of_place(value)
            return {name: self.member(name, inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner) for inner in value]
        return self.text(value) if isinstance(value, str) else value

    def answers(self, value: Any, name: str = "") -> Any:
        """Do the same with what a chat model said, in whichever form its texts come and under whatever name."""
        if isinstance(value, dict):
            if name in _ARGUMENTS:
                return self._parsed(value)
            return {name: self.answers(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.answers(inner, name) for inner in value]
        if not isinstance(value, str) or name in _LABELS:
            return value
        if "{" in value:
            return self._answer(value)
        # A refusal, say, that quotes what nobody found.
        return REDACTED if value and self.hidden.has_fields and self.left_out else self.text(value)

    def text(self, text: str) -> str:
        """Return a text without what is hidden."""
        if text.startswith(_REFERENCES):
            return text
        if text.lstrip().startswith(("{", "[")):
            return self._answer(text)
        for page in self.pages:
            text = text.replace(page.laid_out, page.redacted) if page.redacted != page.laid_out else text
        return self.hidden.text(_ENCODED.sub(REDACTED, text))

    def member(self, name: str, value: Any) -> Any:
        """Return what has this name in a payload, or as an attribute of a span, with what is hidden replaced."""
        if name == "extraction":
            return self.hidden.extraction(value)
        if name == "document":
            return self._file_name(value)
        if name == _METADATA and isinstance(value, dict):
            names = {name: self._file_name(inner) for name, inner in value.items() if name in _FILE_NAMES}
            return {**self.value(value), **names}
        return self.answers(value) if name == "answer" else self.value(value)

    def _file_name(self, value: Any) -> Any:
        """Return what a document is called, which may tell who it is of."""
        if self.left_out and self.hidden.has_fields and not str(value).startswith(_REFERENCES):
            return REDACTED
        return self.value(value)

    def _of_place(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return a field, an error or a repair without what it says of a hidden value."""
        if concerns(item["path"], self.hidden.pointers):
            told = {"value", "message", "reason", "errors"}
            return {name: REDACTED if name in told and inner is not None else inner for name, inner in item.items()}
        rest = {name: self.value(inner) for name, inner in item.items() if name != "path"}
        value = {"value": self.hidden.extraction(item["value"], item["path"])} if "value" in item else {}
        return {"path": item["path"], **rest, **value}

    def _answer(self, text: str) -> str:
        """Return an answer's JSON; of one that can't be read nobody knows which of its values is which."""
        if not self.hidden.has_fields:
            return self.hidden.text(_ENCODED.sub(REDACTED, text))
        parsed = parse_answer(text)
        if parsed.errors or not isinstance(parsed.value, dict):
            return REDACTED
        return json.dumps(self._parsed(parsed.value), ensure_ascii=False, default=float)

    def _parsed(self, answer: dict[str, Any]) -> Any:
        return self.value(answer) if REPAIRS in answer else self.hidden.extraction(answer)


def _pages(payloads: Sequence[Payload]) -> list[Page] | None:
    """Return the document's pages; None where there is none, or where nobody read their words."""
    read = any(payload.name == "ocr" for payload in payloads)
    outputs = [payload.outputs for payload in payloads if payload.name == "preprocess"]
    return outputs[-1]["pages"] if read and outputs and isinstance(outputs[-1], dict) else None


def _hide_page(page: Page, index: int, words: list[Word], hidden: Hidden) -> HiddenPage:
    chosen = hidden.words(index, words)
    laid_out, redacted = (
        lay_out(shown, page["width_px"], page["height_px"]) for shown in (words, replace_words(words, chosen))
    )
    return HiddenPage([words[i].bbox for i in chosen], laid_out, redacted)


def _candidates(value: Any) -> Iterator[dict[str, Any]]:
    """Yield each thing in a payload that holds an extraction: a state, a result, an answer of the chat model."""
    if isinstance(value, dict):
        if isinstance(value.get("extraction"), dict):
            yield value
        for name, inner in value.items():
            yield from _answered(inner) if name == "answer" else _candidates(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _candidates(inner)


def _answered(answer: Any) -> Iterator[dict[str, Any]]:
    """Yield the extraction that an answer is, or what its repairs would put into one."""
    value = parse_answer(str(answer.get("text"))).value if isinstance(answer, dict) else None
    if not isinstance(value, dict):
        return
    yield {"extraction": value}
    for repair in value.get(REPAIRS) or []:
        if isinstance(repair, dict):
            yield {"extraction": _nested(str(repair.get("path")), repair.get("value"))}


def _nested(path: str, value: Any) -> Any:
    """Put a value at its place in an otherwise empty extraction."""
    for part in reversed(path.split("/")[1:]):
        value = [*[None] * min(int(part), _MAX_INDEX), value] if part.isdigit() else {part: value}
    return value
