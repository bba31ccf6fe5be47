"""Say where a store is: in a SQLite file, or in a PostgreSQL database."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

__all__ = ["DatabaseAddress", "has_password", "without_password"]

_SCHEME = re.compile(r"postgres(ql)?://")
# Up to the last @, because a password can contain another one that is not escaped.
_PASSWORD = re.compile(r"^([\w+]+://[^:/?@]*):.*@", re.DOTALL)
_SECRETS = frozenset({"password", "sslpassword"})


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """
    Where a store is. As text it is for people: it never contains a password.

    Attributes:
        path: The SQLite file, or ``None``.

        url: The address of the PostgreSQL database, with its password if it has one,
            or ``None``.
    """

    path: Path | None = None
    url: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, given: DatabaseAddress | Path | str) -> DatabaseAddress:
        """
        Read an address.

        Args:
            given: ``postgresql://user@host:port/database?parameter=value`` as libpq
                reads it, or the path of a SQLite file.
        """
        if isinstance(given, DatabaseAddress):
            return given
        if isinstance(given, str) and cls.is_url(given):
            return cls(url=given)
        return cls(path=Path(given))

    @staticmethod
    def is_url(text: str) -> bool:
        """Tell whether *text* begins as the address of a PostgreSQL database does."""
        return _SCHEME.match(text) is not None

    @property
    def name(self) -> str:
        """The name of the file or of the database, without its place."""
        if self.path is not None:
            return self.path.name
        return str(self).partition("?")[0].rpartition("/")[2]

    def __str__(self) -> str:
        return str(self.path) if self.url is None else without_password(self.url)


def has_password(url: str) -> bool:
    """Tell whether the address of a database contains a password."""
    return without_password(url) != url


def without_password(url: str) -> str:
    """Return the address of a database for people: without its passwords."""
    place, _, query = _PASSWORD.sub(r"\1@", url).partition("?")
    shown = [
        each
        for each in query.split("&")
        if unquote(each.partition("=")[0]).lower() not in _SECRETS
    ]
    return "?".join(filter(None, (place, "&".join(shown))))
