"""
Decide which requests the admin port accepts.

* The Host of a request must be an IP address, ``localhost`` or a configured name. So a
  web page cannot read the admin port of its visitor through a name of its own that
  resolves to 127.0.0.1 (DNS rebinding).
* With a token, every request but ``GET /live`` needs it: as a bearer token (RFC 6750),
  or as a session that a browser gets for it. It is compared in constant time.
* A form must come from a page of the admin port.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable

from starlette.requests import HTTPConnection

from ocsp.errors import ConfigError
from ocsp.guarded.addresses import address_of

__all__ = ["COOKIE", "SESSION_SECONDS", "Access"]

COOKIE = "ocsp_admin"
"""The name of the cookie with the session."""

SESSION_SECONDS = 12 * 3600
"""How long a session lasts: a working day."""

SHORTEST_TOKEN = 20
"""Characters of a token: 120 bits in base64, too many to guess."""


class Access:
    """Decides which requests the admin port accepts."""

    def __init__(
        self,
        *,
        token: str | None,
        allowed_hosts: Iterable[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Let requests with *token* pass, or all if it is ``None``.

        Args:
            token: The token, or ``None`` if only users of this machine can connect.

            allowed_hosts: Names, without a port, that requests may name as Host.

            clock: Returns the time in seconds since 1970.

        Raises:
            ConfigError: If *token* has fewer than 20 characters.
        """
        self._token: bytes | None = None
        self._key = b""
        self.use_token(token)
        self._hosts = {"localhost", *(name.lower() for name in allowed_hosts)}
        self._clock = clock

    def use_token(self, token: str | None) -> None:
        """
        Let requests with *token* pass from now on; if it is new, sessions end.

        Raises:
            ConfigError: If *token* has fewer than 20 characters.
        """
        if token is not None and len(token) < SHORTEST_TOKEN:
            raise ConfigError(
                "token",
                f"has {len(token)} characters, which can be guessed; use at least"
                f" {SHORTEST_TOKEN} random ones",
            )
        before, self._token = self._token, None if token is None else _digest(token)
        if self._token != before:
            # Sessions end with the process, and do not help to guess the token.
            self._key = secrets.token_bytes(32)

    @property
    def needs_token(self) -> bool:
        """Whether requests need a token."""
        return self._token is not None

    def knows_host(self, connection: HTTPConnection) -> bool:
        """Return whether the request has exactly one Host, which is allowed."""
        hosts = connection.headers.getlist("host")
        if len(hosts) != 1:
            return False
        name = _host_name(hosts[0])
        return name in self._hosts or address_of(name) is not None

    def is_from_own_page(self, connection: HTTPConnection) -> bool:
        """Return whether a form was sent by a page of this server, or by a program."""
        headers = connection.headers
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return False
        origin = headers.get("origin")
        return origin is None or origin.partition("://")[2] == headers.get("host")

    def is_allowed(self, connection: HTTPConnection) -> bool:
        """Return whether the request has the token or a session, or needs neither."""
        if self._token is None:
            return True
        scheme, _, credentials = connection.headers.get("authorization", "").partition(
            " "
        )
        if scheme.lower() == "bearer" and self.is_token(credentials.strip()):
            return True
        return self._is_session(connection.cookies.get(COOKIE, ""))

    def is_token(self, text: str) -> bool:
        """Return whether *text* is the token, in the same time for any text."""
        return self._token is not None and hmac.compare_digest(
            self._token, _digest(text)
        )

    def new_session(self) -> str:
        """Return the value of the cookie for a new session."""
        ends = str(int(self._clock()) + SESSION_SECONDS)
        return f"{ends}.{self._sign(ends)}"

    def _is_session(self, value: str) -> bool:
        ends, _, signature = value.partition(".")
        if not (ends.isascii() and ends.isdecimal() and len(ends) <= 12):
            return False
        expected = self._sign(ends).encode()
        is_ours = hmac.compare_digest(expected, signature.encode(errors="replace"))
        return is_ours and int(ends) > self._clock()

    def _sign(self, ends: str) -> str:
        return hmac.new(self._key, ends.encode(), hashlib.sha256).hexdigest()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _host_name(host: str) -> str:
    """Return *host* in lower case, without its port and without brackets."""
    if host.startswith("["):
        name, closed, rest = host[1:].partition("]")
        has_port = not rest or (rest[0] == ":" and rest[1:].isdecimal())
        return name.lower() if closed and has_port else ""
    name, _, port = host.partition(":")
    return name.lower() if not port or port.isdecimal() else ""
