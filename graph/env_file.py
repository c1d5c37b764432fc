"""The file that settings are read from beside the environment."""

from collections.abc import Iterator
from contextlib import contextmanager

from schemas.errors import UsageError

ENV_PREFIX = "OPTOPHONE_"
ENV_FILE = ".env"


@contextmanager
def reading_env_file() -> Iterator[None]:
    """Tell which byte of it is no UTF-8, and never what stands around it.

    Raises:
        UsageError: one is not.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = f"{error.object[error.start]:#04x}"
        said = f"expected UTF-8 in {ENV_FILE}, got the byte {byte} in line {line}; save it as UTF-8"
        raise UsageError(said) from None  # the error holds the whole file, with its secrets
