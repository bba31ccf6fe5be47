"""Read the name of a TLS server as users write it: a host, HOST:PORT, or a URL."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from ocsp.cli.exit_codes import CommandError
from ocsp.client import StartTLS
from ocsp.guarded.addresses import address_of
from ocsp.guarded.files import exists

__all__ = ["ServerAddress", "server_address"]

_HTTPS_PORT = 443
_HIGHEST_PORT = 65535
_PORTS = f"with a port between 1 and {_HIGHEST_PORT}"

_WITH_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]]+):(?P<port>[0-9]+)")
_ONE_COLON = re.compile(r"[^:/\\]*:[^:/\\]*")
_HOST = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W_](?:[\w-]*[^\W_])?\.?")
_FILE_ENDINGS = (
    *(".bin", ".cer", ".crl", ".crt", ".csr", ".der", ".json", ".key", ".p12", ".p7b"),
    *(".p7c", ".p7m", ".pem", ".pfx", ".txt"),
)
"""Endings of file names. No domain of the Internet has one of them."""


class ServerAddress(NamedTuple):
    """Where a TLS server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def server_address(source: str, starttls: StartTLS | None) -> ServerAddress | None:
    """
    Return the server that *source* names, or ``None`` if it names a file.

    An existing file has precedence. A name without a dot is a server only with a port,
    with *starttls*, or if it is ``localhost``.

    Args:
        source: A host name or an address, either with or without a port, an https URL,
            or the name of a file.

        starttls: The protocol in which TLS starts; it decides the default port.

    Raises:
        CommandError: If *source* is a URL of another kind, its port is not between 1
            and 65535, or it has one colon and is neither a file nor a server.
    """
    if exists(source):
        return None
    default = _HTTPS_PORT if starttls is None else starttls.port
    if "://" in source:
        return _from_url(source, default)
    if found := _WITH_PORT.fullmatch(source):
        return ServerAddress(found["host"].strip("[]"), _port(source, found["port"]))
    if _ONE_COLON.fullmatch(source):
        raise CommandError(source, f"is neither a file nor HOST:PORT, {_PORTS}")
    host = source[1:-1] if re.fullmatch(r"\[.+\]", source) else source
    if _is_host(host) or (starttls is not None and re.fullmatch(r"[\w-]+", host)):
        return ServerAddress(host, default)
    return None


def _from_url(source: str, default: int) -> ServerAddress:
    try:
        parts = urlsplit(source)
    except ValueError as error:
        raise CommandError(source, f"is not a URL: {error}") from error
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        raise CommandError(
            source, "is not the URL of a TLS server", "give HOST:PORT or https://HOST/"
        )
    port = parts.netloc.rpartition("]")[2].partition(":")[2]
    number = _port(source, port) if port else default
    return ServerAddress(parts.hostname, number)


def _port(source: str, digits: str) -> int:
    # A longer number need not be converted to be wrong.
    if not re.fullmatch("[0-9]{1,5}", digits) or not 1 <= int(digits) <= _HIGHEST_PORT:
        raise CommandError(
            source, f"the port {digits} is not between 1 and {_HIGHEST_PORT}"
        )
    return int(digits)


def _is_host(text: str) -> bool:
    if text == "localhost" or address_of(text) is not None:
        return True
    is_file = text.lower().endswith(_FILE_ENDINGS)
    return _HOST.fullmatch(text) is not None and not is_file
