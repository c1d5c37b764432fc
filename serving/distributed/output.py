"""Where a run's files go: a folder, or an address that fsspec knows (s3://, gs://, abfs://, …)."""

from pathlib import Path

from schemas.errors import UsageError
from serving.extraction import write_whole


def is_uri(out: str) -> bool:
    """Tell an address from a path."""
    return "://" in out


class Output:
    """Files by name; each appears whole or not at all, as object stores have it. Can be sent to other processes."""

    def __init__(self, place: str) -> None:
        """Open it.

        Args:
            place: an absolute path or a URI.

        Raises:
            UsageError: nobody knows such a URI, or the package for it isn't installed.
        """
        import fsspec  # noqa: PLC0415 - comes with the extra

        self.place = place
        try:
            self._files, self._root = fsspec.url_to_fs(place)
        except (ImportError, ValueError) as error:
            raise UsageError(f"cannot write to '{place}': {error}; install what it needs, or give a folder") from error
        self._is_local = "file" in self._files.protocol

    def put(self, name: str, data: bytes) -> None:
        """Write a file; one of that name is replaced.

        Raises:
            OSError: it can't be written.
        """
        path = f"{self._root}/{name}"
        if self._is_local:
            Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # personal data
            write_whole(Path(path), data)
        else:
            self._files.pipe_file(path, data)

    def get(self, name: str) -> bytes | None:
        """Return a file's content; None where there is none."""
        try:
            return bytes(self._files.cat_file(f"{self._root}/{name}"))
        except FileNotFoundError:
            return None

    def has(self, name: str) -> bool:
        """Tell whether a file is there."""
        self._files.invalidate_cache()
        return bool(self._files.exists(f"{self._root}/{name}"))

    def names(self, folder: str) -> set[str]:
        """Return the names of the files in a folder, which need not be there."""
        self._files.invalidate_cache()
        try:
            paths = self._files.ls(f"{self._root}/{folder}", detail=False)
        except FileNotFoundError:
            return set()
        return {path.rpartition("/")[2] for path in paths}

    def remove(self, name: str) -> None:
        """Remove a file."""
        self._files.rm_file(f"{self._root}/{name}")
