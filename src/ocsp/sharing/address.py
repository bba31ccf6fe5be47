"""
Read the address of a Valkey or Redis server: one server, sentinels, or a cluster.

::

    valkey://cache.internal:6379             one server
    valkeys://user:password@cache.internal   one server, over TLS
    valkey+sentinel://a,b,c/name             sentinels, and the name of the service
    valkey+cluster://a,b,c                   some nodes of a cluster
    valkeys+cluster://a,b,c?ca=ca.pem        over TLS, with the certificates of its CA
    valkey://cache?password_file=/etc/pw     the password in the first line of a file
"""

from __future__ import annotations

import enum
import re
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from ocsp.errors import ConfigError, UnreadableFile
from ocsp.guarded.files import read_file

__all__ = ["Mode", "ValkeyAddress"]

PORT = 6379
SENTINEL_PORT = 26379

MAX_HOSTS = 100
"""Hosts in one address: a client needs a few to find all others."""

MAX_PASSWORD_FILE = 4096
"""Octets of a file with a password: more than any password has."""

_SCHEME = re.compile(r"(valkeys?)(?:\+(sentinel|cluster))?")
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s]+))(?::([0-9]{1,5}))?")
_EXAMPLE = "write for example valkey://cache.internal:6379"


class Mode(enum.Enum):
    """How the servers work together."""

    PLAIN = "plain"
    """One server."""

    SENTINEL = "sentinel"
    """Sentinels know which server is the primary."""

    CLUSTER = "cluster"
    """The keys are spread over several servers."""


class ValkeyAddress(NamedTuple):
    """
    Where the servers are, and how to log in.

    Attributes:
        mode: How they work together.

        hosts: Names and ports: of the server, of sentinels, or of nodes.

        tls: Whether connections use TLS; certificates are verified.

        ca: A file with the certificates of CAs that are trusted for TLS, in PEM; empty
            for those that the system trusts.

        service: The name of the service, for sentinels.

        database: The number of the database; 0 in a cluster.

        user: The name of the user, or empty.

        password: The password, or empty.

        password_file: The file that the password was read from, or empty.
    """

    mode: Mode
    hosts: tuple[tuple[str, int], ...]
    tls: bool = False
    ca: str = ""
    service: str = ""
    database: int = 0
    user: str = ""
    password: str = ""
    password_file: str = ""

    @classmethod
    def read(cls, text: str, folder: Path | str = ".") -> Self:
        """
        Return the address that *text* is.

        Args:
            text: The address.

            folder: The folder to which its files are relative.

        Raises:
            ConfigError: If it is not one. The error does not contain the password.
        """
        try:
            parts = urlsplit(text)
            scheme = _SCHEME.fullmatch(parts.scheme)
        except ValueError:
            raise _wrong("is not the URL of a server") from None
        if scheme is None:
            raise _wrong(f"has the scheme {parts.scheme!r}")
        mode = Mode(scheme[2] or "plain")
        login, _, hosts = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        service, database = _path(mode, parts.path)
        options = _options(parts.query)
        file = options.get("password_file", "")
        if file:
            if password:
                raise _wrong("has both a password and a password_file")
            file = str(Path(folder, file))
            password = quote(_password(Path(file)), safe="")
        return cls(
            mode,
            _hosts(mode, hosts),
            tls=scheme[1] == "valkeys",
            ca=str(Path(folder, ca)) if (ca := options.get("ca")) else "",
            service=service,
            database=database,
            user=unquote(user),
            password=unquote(password),
            password_file=file,
        )

    @property
    def url(self) -> str:
        """The URL, with the password: for another process, not for people."""
        login = ":".join((quote(self.user, safe=""), quote(self.password, safe="")))
        return self._url("" if login == ":" else f"{login}@")

    def __str__(self) -> str:
        """Return the URL without the password."""
        return self._url(f"{quote(self.user, safe='')}@" if self.user else "")

    def __repr__(self) -> str:
        return f"<ValkeyAddress({self})>"

    def _url(self, login: str) -> str:
        scheme = "valkeys" if self.tls else "valkey"
        if self.mode is not Mode.PLAIN:
            scheme += f"+{self.mode.value}"
        hosts = ",".join(
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            for host, port in self.hosts
        )
        parts = [quote(self.service, safe="")] if self.service else []
        if self.database:
            parts.append(str(self.database))
        path = "".join(f"/{part}" for part in parts)
        query = f"?ca={quote(self.ca)}" if self.ca else ""
        return f"{scheme}://{login}{hosts}{path}{query}"


def _wrong(what: str) -> ConfigError:
    return ConfigError("valkey", f"{what}; {_EXAMPLE}")


def _hosts(mode: Mode, text: str) -> tuple[tuple[str, int], ...]:
    default = SENTINEL_PORT if mode is Mode.SENTINEL else PORT
    found = [_host(each, default) for each in text.split(",")]
    if len(found) > (1 if mode is Mode.PLAIN else MAX_HOSTS):
        raise _wrong(
            f"names {len(found)} hosts; several are for valkey+sentinel:// and"
            f" valkey+cluster://, at most {MAX_HOSTS}"
        )
    return tuple(found)


def _host(text: str, default: int) -> tuple[str, int]:
    found = _HOST.fullmatch(text)
    if found is None:
        raise _wrong(f"has {text!r} in place of a host and port")
    port = int(found[3] or default)
    if not 0 < port < 1 << 16:
        raise _wrong(f"has the port {port}; ports are 1 to 65535")
    return found[1] or found[2], port


def _path(mode: Mode, text: str) -> tuple[str, int]:
    """Return the name of the service and the number of the database."""
    parts = [unquote(part) for part in text.split("/") if part]
    service = ""
    if mode is Mode.SENTINEL:
        if not parts:
            raise _wrong("has no name of a service after the sentinels")
        service = parts.pop(0)
    if mode is Mode.CLUSTER and parts:
        raise _wrong("has a path; a cluster has one database")
    if len(parts) > 1 or not all(re.fullmatch("[0-9]{1,5}", part) for part in parts):
        raise _wrong(f"has the path {text!r} in place of the number of a database")
    return service, int(parts[0]) if parts else 0


def _options(query: str) -> dict[str, str]:
    values = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := sorted(values.keys() - {"ca", "password_file"}):
        raise _wrong(f"has {', '.join(unknown)} after the question mark")
    return values


def _password(file: Path) -> str:
    """Return the first line of *file*."""
    try:
        octets = read_file(file, MAX_PASSWORD_FILE)
    except UnreadableFile as error:
        raise ConfigError("valkey", f"password_file: {error}") from error
    line = octets.partition(b"\n")[0].removesuffix(b"\r")
    if not line:
        raise ConfigError("valkey", f"password_file: {file}: has an empty first line")
    try:
        return line.decode()
    except UnicodeDecodeError:  # not chained: that error contains the password
        raise ConfigError("valkey", f"password_file: {file}: is not UTF-8") from None
