"""
Read the address of a PostgreSQL database, and name it without its password.

What the address does not say comes from where libpq has it from: the environment
(``PGPASSWORD``, ``PGSSLMODE``, …) and the password file.
"""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ocsp.errors import ConfigError

__all__ = ["Address"]

_DEFAULTS: dict[str, str | int] = {
    # A server that is gone is noticed within some 10 seconds, also without a reply.
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class Address:
    """
    The address of a database.

    Attributes:
        conninfo: What libpq connects to. It can contain a password.

        name: The address for people, without passwords.
    """

    def __init__(self, url: str) -> None:
        """
        Read the address.

        Args:
            url: ``postgresql://user@host:port/database?parameter=value``, with the
                parameters of libpq.

        Raises:
            ConfigError: If it is malformed. The error does not contain it, because it
                can contain a password.
        """
        try:
            known = conninfo_to_dict(url)
        except ProgrammingError:  # not chained: its text can contain the password
            raise ConfigError(
                "database",
                "is not an address like postgresql://user@host:5432/name; write % and"
                " other special characters in its parts as %25 and so on",
            ) from None
        self.conninfo = make_conninfo("", **(_DEFAULTS | known))
        self.name = _name(known)


def _name(known: Mapping[str, object]) -> str:
    """Return the user, the hosts and the database: parts that are no secrets."""
    user = f"{known['user']}@" if known.get("user") else ""
    hosts = str(known.get("host") or known.get("hostaddr") or "")
    ports = str(known.get("port") or "")
    if "," not in hosts + ports:
        place = f"{hosts}:{ports}" if ports else hosts
    else:
        each = hosts.split(",")
        numbers = ports.split(",")
        numbers += numbers[-1:] * (len(each) - len(numbers))
        place = ",".join(
            f"{host}:{port}" if port else host
            for host, port in zip(each, numbers, strict=False)
        )
    return f"postgresql://{user}{place}/{known.get('dbname') or ''}"
