"""PostgreSQL by `OPTOPHONE_DATABASE_URL`: how everything connects to it, and what is said where that fails."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from graph.settings import Settings
from schemas.errors import UsageError

# A network that fails is noticed by both ends within a minute, and not after the hours that are TCP's own measure: the
# server frees the lock of a client that is gone, and the client asks nobody who isn't there. The address may say more.
_CONNECTION = {
    "application_name": "optophone",
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "options": "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
}
_EXPECTED = "expected OPTOPHONE_DATABASE_URL as postgresql://user:password@host:port/name, got something else"


@dataclass(frozen=True)
class PostgresAddress:
    """Where the database is; nothing that this says has a part of its password."""

    _url: str = field(repr=False)
    parameters: dict[str, Any] = field(repr=False)
    """What `psycopg.connect` is called with, the password too."""

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Let it be away, or unusable, as `UsageError`."""
        from psycopg import InterfaceError, OperationalError, ProgrammingError  # noqa: PLC0415 - an extra

        try:
            yield
        except (InterfaceError, OperationalError, ProgrammingError) as error:
            # The driver's own text, and so the chain, may repeat a part of the password.
            raise UsageError(self.explain(error)) from None

    def explain(self, error: BaseException | None) -> str:
        """Repeat what the driver or the server says, unless any part of what may be the password stands in it."""
        said = " ".join(str(error).split()) or type(error).__name__
        _, _, secret = self._url.partition("://")[2].rpartition("@")[0].partition(":")
        written = [secret, *re.findall(r"password=([^&\s]+)", self._url)]
        pieces = [self.parameters.get("password"), *(piece for text in written for piece in re.split(r"[:/@?#]", text))]
        if any(piece in said for piece in pieces if piece):
            said = "it can't be reached"
        return f"cannot use the database of OPTOPHONE_DATABASE_URL ({said}); start the server, or correct the address"


def postgres_address(settings: Settings) -> PostgresAddress | None:
    """Return the database that these settings name; None where files in the data folder stand for one.

    Raises:
        UsageError: it is no address of PostgreSQL's, or the extra `postgres` is not installed.
    """
    if settings.database_url is None:
        return None
    url = settings.database_url.get_secret_value()
    if not url.startswith(("postgresql://", "postgres://")):
        raise UsageError(f"{_EXPECTED}; correct it")
    try:
        import langgraph.checkpoint.postgres  # noqa: F401, PLC0415 - of the same extra
        from psycopg import ProgrammingError  # noqa: PLC0415
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            "OPTOPHONE_DATABASE_URL needs PostgreSQL's driver; install it with pip install 'optophone[postgres]'"
        ) from error
    try:
        return PostgresAddress(url, {**_CONNECTION, **conninfo_to_dict(url)})
    except ProgrammingError:
        # Its text, and so the chain, may repeat the password.
        raise UsageError(f"{_EXPECTED}; correct it") from None
