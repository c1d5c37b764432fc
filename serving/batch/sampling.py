"""Which documents of a run are traced."""

from hashlib import sha256


def is_sampled(document: str | None, source: str, ratio: float) -> bool:
    """Tell whether a document is traced: by its content, not by chance.

    So another start, another machine, chat model or prompt traces the same ones, and a higher ratio those of a lower
    one and more.

    Args:
        document: the content as sha256:<hex>; None where nothing can be read.
        source: stands for the content where there is none.
        ratio: share of all documents, above 0 and at most 1.
    """
    # Hashed once more: who chose the documents by their hash would otherwise have chosen the traces.
    digest = sha256(f"trace {document or source}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8]) < ratio * 2**64
