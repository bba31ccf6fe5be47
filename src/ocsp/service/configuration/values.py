"""
The kinds of values in a configuration: durations, sizes, addresses, files, databases.

Each reads the text in the file, and writes it again in the same form, so that a
configuration can be written as JSON and read back.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    PlainSerializer,
    PlainValidator,
    SerializationInfo,
    ValidationInfo,
    WithJsonSchema,
)

from ocsp.errors import ConfigError
from ocsp.guarded.addresses import address_of, is_host_name
from ocsp.quantities import duration_from, duration_text, size_from, size_text
from ocsp.sharing import ValkeyAddress
from ocsp.store.address import DatabaseAddress, without_password

__all__ = [
    "SQLURL",
    "URL",
    "WITH_PASSWORDS",
    "AdminAddress",
    "Database",
    "Duration",
    "File",
    "FileOrURL",
    "ListenAddress",
    "Octets",
    "PositiveDuration",
    "Size",
    "TCPAddress",
    "UnixAddress",
    "Valkey",
]

WITH_PASSWORDS = "with passwords"
"""The context of a serialization for another process, not for people."""

_UNIX = "unix:"
_SQLITE = "sqlite:"
_URL = re.compile("https?://.+", re.IGNORECASE)
_HOST_AND_PORT = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]+)):([0-9]{1,5})")

_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class TCPAddress:
    """
    An address and port to listen on.

    Attributes:
        host: An IP address or a name of this machine; ``0.0.0.0`` or ``::`` for all.

        port: The port; 0 for any free one.
    """

    host: str
    port: int

    @property
    def is_local(self) -> bool:
        """Whether only programs on this machine can connect."""
        address = address_of(self.host)
        return self.host == "localhost" if address is None else address.is_loopback

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """
    A Unix socket to listen on.

    Attributes:
        path: Where to make it.
    """

    path: Path

    is_local = True

    def __str__(self) -> str:
        return f"{_UNIX}{self.path}"


class Octets(int):
    """The size of a memory or a file, in octets."""


def _text(value: object, example: str) -> str:
    """Return *value* if it is a text that is not empty."""
    if not isinstance(value, str):
        raise ValueError(f"must be a text in quotes, such as {example}")
    if not value or "\0" in value:
        raise ValueError(f"{value!r} is not usable here; write for example {example}")
    return value


def _read_duration(value: object) -> datetime.timedelta:
    if isinstance(value, datetime.timedelta):
        return value
    return duration_from(_text(value, '"30s", "5m" or "4d"'))


def _read_positive_duration(value: object) -> datetime.timedelta:
    duration = _read_duration(value)
    if duration <= datetime.timedelta():
        raise ValueError("must be more than 0 seconds")
    return duration


def _read_size(value: object) -> Octets:
    if isinstance(value, Octets):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f'has no unit; write for example "{value}MiB"')
    return Octets(size_from(_text(value, '"64MiB"')))


def _read_file(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    return _folder(info) / Path(_text(value, '"ca.pem"'))


def _folder(info: ValidationInfo) -> Path:
    """Return the folder of the configuration file, to which paths are relative."""
    context: Any = info.context or {}
    return Path(context.get("folder", "."))


def _read_file_or_url(value: object, info: ValidationInfo) -> Path | str:
    if isinstance(value, str) and _URL.fullmatch(value):
        return value
    return _read_file(value, info)


def _read_url(value: object) -> str:
    text = _text(value, '"http://ocsp.example.org/"')
    if not _URL.fullmatch(text):
        raise ValueError(f"{text!r} is not an HTTP URL")
    return text


def _read_database(value: object, info: ValidationInfo) -> DatabaseAddress:
    if isinstance(value, DatabaseAddress):
        return value
    if isinstance(value, Path):
        return DatabaseAddress(path=value)
    text = _text(value, '"sqlite:status.db"')
    if DatabaseAddress.is_url(text):
        return DatabaseAddress(url=text)
    if not text.startswith(_SQLITE) or text == _SQLITE:
        raise ValueError(
            f'{text!r} is not a database; write for example "sqlite:status.db" or'
            ' "postgresql://db.example.org/ocsp"'
        )
    return DatabaseAddress(path=_folder(info) / text.removeprefix(_SQLITE))


def _database_text(address: DatabaseAddress, info: SerializationInfo) -> str:
    if address.url is None:
        return f"{_SQLITE}{address}"
    return _url_text(address.url, info)


def _url_text(url: str, info: SerializationInfo) -> str:
    """Return *url* for another process, or without its password for people."""
    return url if info.context == WITH_PASSWORDS else without_password(url)


def _read_valkey(value: object, info: ValidationInfo) -> ValkeyAddress:
    if isinstance(value, ValkeyAddress):
        return value
    text = _text(value, '"valkey://cache.internal:6379"')
    try:
        return ValkeyAddress.read(text, _folder(info))
    except ConfigError as error:  # not chained: pydantic would show it as well
        raise ValueError(error.reason) from None


def _valkey_text(address: ValkeyAddress, info: SerializationInfo) -> str:
    return address.url if info.context == WITH_PASSWORDS else str(address)


def _read_tcp_address(value: object) -> TCPAddress:
    if isinstance(value, TCPAddress):
        return value
    text = _text(value, '"127.0.0.1:8080"')
    found = _HOST_AND_PORT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not an address and port; {_ADDRESSES}")
    host, port = found[1] or found[2], int(found[3])
    if address_of(host) is None and not is_host_name(host):
        raise ValueError(
            f"{host!r} is neither an IP address nor a host name; {_ADDRESSES}"
        )
    if port > _MAX_PORT:
        raise ValueError(f"{text!r} has the port {port}; ports end at {_MAX_PORT}")
    return TCPAddress(host, port)


_ADDRESSES = 'write for example "0.0.0.0:80", "[::]:80" or "127.0.0.1:8080"'


def _read_admin_address(
    value: object, info: ValidationInfo
) -> TCPAddress | UnixAddress:
    if isinstance(value, UnixAddress):
        return value
    if isinstance(value, str) and value.startswith(_UNIX):
        path = value.removeprefix(_UNIX)
        return UnixAddress(_folder(info) / _text(path, '"unix:admin.sock"'))
    return _read_tcp_address(value)


def _schema(description: str, example: str, pattern: str = "") -> WithJsonSchema:
    schema = {"type": "string", "description": description, "examples": [example]}
    return WithJsonSchema(schema | ({"pattern": pattern} if pattern else {}))


_DURATION_SCHEMA = _schema(
    "A duration with units: days, hours, minutes, seconds", "1h30m", "^[0-9.dhms]+$"
)

Duration = Annotated[
    datetime.timedelta,
    PlainValidator(_read_duration),
    PlainSerializer(duration_text),
    _DURATION_SCHEMA,
]
PositiveDuration = Annotated[
    datetime.timedelta,
    PlainValidator(_read_positive_duration),
    PlainSerializer(duration_text),
    _DURATION_SCHEMA,
]
Size = Annotated[
    Octets,
    PlainValidator(_read_size),
    PlainSerializer(size_text),
    _schema("A size with a unit", "64MiB", "^[0-9]+(B|KiB|MiB|GiB)$"),
]
File = Annotated[
    Path,
    PlainValidator(_read_file),
    PlainSerializer(str),
    _schema("A path, relative to the folder of the configuration file", "ca.pem"),
]
FileOrURL = Annotated[
    Path | str,
    PlainValidator(_read_file_or_url),
    PlainSerializer(str),
    _schema("A path or an HTTP URL", "http://crl.example.org/ca.crl"),
]
URL = Annotated[
    str,
    PlainValidator(_read_url),
    _schema("An HTTP URL", "http://ocsp.example.org/"),
]
Database = Annotated[
    DatabaseAddress,
    PlainValidator(_read_database),
    PlainSerializer(_database_text),
    _schema(
        "The SQLite file or the PostgreSQL database with the status",
        "sqlite:status.db",
        "^(sqlite:.+|postgres(ql)?://.*)$",
    ),
]
Valkey = Annotated[
    ValkeyAddress,
    PlainValidator(_read_valkey),
    PlainSerializer(_valkey_text),
    _schema(
        "The Valkey or Redis server with copies of signed answers",
        "valkey://cache.internal:6379",
        "^valkeys?([+](sentinel|cluster))?://.+$",
    ),
]
SQLURL = Annotated[str, PlainSerializer(_url_text)]
ListenAddress = Annotated[
    TCPAddress,
    PlainValidator(_read_tcp_address),
    PlainSerializer(str),
    _schema("An address and port", "127.0.0.1:8080"),
]
AdminAddress = Annotated[
    TCPAddress | UnixAddress,
    PlainValidator(_read_admin_address),
    PlainSerializer(str),
    _schema("An address and port, or a Unix socket", "unix:/run/ocsp/admin.sock"),
]
