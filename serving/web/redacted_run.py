"""What the request log may say of an extraction."""

from collections.abc import Sequence

from documents.page import Word
from documents.redaction import black_out, replace_words
from graph.redaction.hidden import make_hidden
from graph.redaction.rules import get_redaction
from serving.web.tables import StoredExtraction

Pages = Sequence[Sequence[Word]]


class RunRedactor:
    """Takes what is to be hidden out of the name, the words and the pictures of one extraction."""

    def __init__(self, extraction: StoredExtraction, pages: Pages) -> None:
        redaction = get_redaction()
        self._extraction, self._pages = extraction, pages
        self._hidden = make_hidden(redaction, [extraction.result or {}], pages) if redaction else None

    @property
    def name(self) -> str:
        """The document's name; none that may tell what nobody knows the place of."""
        if self._hidden and self._hidden.has_fields and self.unplaced:
            return "document"
        return self._hidden.text(self._extraction.name) if self._hidden else self._extraction.name

    @property
    def unplaced(self) -> str | None:
        """What may stand anywhere on the pages, so that neither words nor pictures of them are shown."""
        return self._hidden.unplaced if self._hidden else None

    def words(self) -> list[Word]:
        """Return the words of all pages."""
        if self.unplaced:
            return []
        if self._hidden is None:
            return [word for words in self._pages for word in words]
        hidden = self._hidden
        shown = (replace_words(words, hidden.words(index, words)) for index, words in enumerate(self._pages))
        return [word for words in shown for word in words]

    def picture(self, page_index: int, png: bytes) -> bytes:
        """Return a page's picture."""
        if self._hidden is None:
            return png
        words = self._pages[page_index]
        return black_out(png, [words[index].bbox for index in self._hidden.words(page_index, words)])
