"""
Read the address of a PostgreSQL database, as libpq does.

What the address does not say comes from where libpq has it from: the environment
(``PGPASSWORD``, ``PGSSLMODE``, …), the service file and the password file.
"""

from __future__ import annotations

import os
from pathlib import Path

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from ocsp.errors import ConfigError
from ocsp.store.address import DatabaseAddress

__all__ = ["Address"]

_DEFAULTS: dict[str, str | int] = {
    # A server that is gone is noticed within some 10 seconds, also without a reply.
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

_ENCODING = {"client_encoding": "UTF8"}
"""The server would tell the encoding of the database: psycopg returns octets, not text,
from one in SQL_ASCII, and cannot send each name to one in LATIN1."""


class Address:
    """
    The address of a database.

    Attributes:
        conninfo: What libpq connects to. It can contain a password.

        name: The address for people, without a password.
    """

    def __init__(self, address: DatabaseAddress | str) -> None:
        """
        Read *address*.

        Raises:
            ConfigError: If it is malformed. The error does not contain it, because it
                can contain a password.
        """
        if not isinstance(address, DatabaseAddress):
            address = DatabaseAddress(url=address)
        try:
            known = conninfo_to_dict(address.url or "")
        except ProgrammingError:  # not chained: its text can contain the password
            raise ConfigError(
                "database",
                "is not an address like postgresql://user@host:5432/name; write % and"
                " other special characters in its parts as %25 and so on",
            ) from None
        self.conninfo = make_conninfo("", **(_DEFAULTS | known | _ENCODING))
        self.name = str(address)

    @property
    def password_file(self) -> Path | None:
        """Where libpq looks for the password; ``None`` if it has one without a file."""
        given = conninfo_to_dict(self.conninfo)
        known = {each.keyword: each.val for each in Conninfo.get_defaults()}
        if given.get("password") or known.get(b"password"):
            return None
        file = given.get("passfile") or os.fsdecode(known.get(b"passfile") or b"")
        # Path.expanduser raises an error for a user without a home.
        return Path(str(file) or os.path.expanduser("~/.pgpass"))  # noqa: PTH111
