"""What one document may cost; anything beyond is refused before it is decoded."""

from dataclasses import dataclass

from schemas.errors import UnreadableDocumentError


@dataclass(frozen=True)
class Limits:
    """The checks raise UnreadableDocumentError with a fragment, "<what was found>; <what to do>"."""

    max_bytes: int = 50_000_000
    """Size of the file: some 100 pages scanned in colour."""
    max_pixels: int = 50_000_000
    """Pixels of a page: A4 in 600 dpi has 35 million; 50 million take 150 MB of memory while decoded."""
    max_pages: int = 100
    """Pages of a document: beyond, it is rather a file of many forms, to be split first."""

    def check_bytes(self, size: int) -> None:
        """Refuse an empty file, and one that is too large."""
        if size == 0:
            raise UnreadableDocumentError("the file is 0 bytes; export the scan again")
        if size > self.max_bytes:
            raise UnreadableDocumentError(
                f"the file has {size:,} bytes, more than the allowed {self.max_bytes:,}; split or compress it"
            )

    def check_pages(self, count: int) -> None:
        """Refuse a document of no pages, and one of too many."""
        if count == 0:
            raise UnreadableDocumentError("it has no pages; export it again")
        if count > self.max_pages:
            raise UnreadableDocumentError(f"it has {count} pages, more than the allowed {self.max_pages}; split it")

    def check_pixels(self, width_px: int, height_px: int) -> None:
        """Refuse a page that would take too much memory to decode."""
        if width_px * height_px > self.max_pixels:
            raise UnreadableDocumentError(
                f"a page of {width_px:,} x {height_px:,} pixels is beyond the allowed {self.max_pixels:,} pixels; "
                "scan it at a lower resolution"
            )
