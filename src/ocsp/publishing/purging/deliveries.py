"""The ways to tell caches: a command, a webhook, and requests with the method PURGE."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ssl
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from ocsp import limits
from ocsp._version import __version__
from ocsp.errors import ConfigError, HookFailed, PublishingFailed
from ocsp.guarded.files import read_file
from ocsp.guarded.system.command import parse_command, run_command
from ocsp.http import CacheTag
from ocsp.publishing.purging.notice import Delivery, Notice

__all__ = ["Command", "PurgeRequests", "Webhook", "open_deliveries"]

SECONDS = 10.0
"""How long a command, or one request, may take."""

MAX_REPLY_BYTES = 65_536
"""Octets of a reply that are read, so that the connection can be used again."""

_PURGE_HEADERS = {CacheTag.XKEY: "xkey-purge"}
"""Where the header that names the tags to purge is not the one of the answers."""

_NOT_THERE = 404
"""The status with which some caches say that they had no such answer."""


def open_deliveries(
    *,
    command: str | Sequence[str] = (),
    webhook: str | None = None,
    secret_file: Path | None = None,
    urls: Sequence[str] = (),
    tag: CacheTag | None = None,
) -> list[Delivery]:
    """
    Return the ways to tell the caches of an operator.

    Args:
        command: A program and its arguments; empty for none.

        webhook: The URL of a webhook, or ``None``.

        secret_file: A file with the key of its HMAC in the first line, or ``None``.

        urls: The URLs of caches that get requests with the method PURGE.

        tag: The header in which they get the tags of answers, or ``None``.

    Raises:
        ConfigError: If a program does not exist, or the file has no secret.
        UnreadableFile: If the file with the secret cannot be read.
    """
    found: list[Delivery] = []
    if command:
        found.append(Command(parse_command(command)))
    if webhook is not None:
        found.append(Webhook(webhook, _secret(secret_file)))
    return [*found, *(PurgeRequests(each, tag) for each in urls)]


def _secret(path: Path | None) -> bytes:
    if path is None:
        return b""
    data = read_file(path, limits.MAX_KEY_FILE_BYTES)
    secret = data.partition(b"\n")[0].strip()
    if not secret:
        raise ConfigError("secret_file", "has an empty first line")
    return secret


class Command:
    """A program that gets the notice as JSON on its standard input."""

    def __init__(self, command: Sequence[str]) -> None:
        """Run the program *command*, which is not a shell command."""
        self.name = f"command {command[0]}"
        self._command = command

    def send(self, notice: Notice) -> None:
        """Run the program; the tags are in ``OCSP_PURGE_TAGS`` too."""
        try:
            run_command(
                self._command,
                {
                    "OCSP_PURGE_TAGS": " ".join(notice.tags),
                    "OCSP_PURGE_EVERYTHING": "1" if notice.is_for_all else "",
                },
                SECONDS,
                stdin=notice.document(),
            )
        except HookFailed as error:
            raise PublishingFailed(str(error)) from error


class Webhook:
    """An HTTP server that gets the notice as JSON, with a signature."""

    def __init__(self, url: str, secret: bytes) -> None:
        """
        Send a POST to *url*.

        Args:
            url: The URL.

            secret: The key of the HMAC; empty for no signature.
        """
        self.name = _without_password(url)
        self._server = _Server(url)
        self._secret = secret

    def send(self, notice: Notice) -> None:
        """
        Send the notice.

        ``OCSP-Signature`` is HMAC-SHA256 in hexadecimal over the header
        ``OCSP-Timestamp``, a full stop, and the body.
        """
        body, now = notice.document(), str(int(time.time()))
        headers = {"Content-Type": "application/json", "OCSP-Timestamp": now}
        if self._secret:
            signed = b"%b.%b" % (now.encode(), body)
            mac = hmac.new(self._secret, signed, hashlib.sha256)
            headers["OCSP-Signature"] = f"sha256={mac.hexdigest()}"
        with self._server as server:
            server.request("POST", server.path or "/", headers, body)


class PurgeRequests:
    """A cache that drops an answer at a request with the method PURGE."""

    def __init__(self, url: str, tag: CacheTag | None) -> None:
        """
        Send requests to *url*.

        Args:
            url: The URL of the responder at the cache.

            tag: The header in which the cache gets the tags of answers. ``None``: it
                gets none, so there is a request for each target.
        """
        self.name = _without_password(url)
        self._server = _Server(url)
        self._tag = tag

    def send(self, notice: Notice) -> None:
        """Send one request with all tags, or one for each target."""
        with self._server as server:
            if self._tag is not None:
                name = _PURGE_HEADERS.get(self._tag, self._tag.value)
                headers = {name: self._tag.join(notice.tags)}
                server.request("PURGE", server.path or "/", headers)
                return
            if notice.is_for_all:
                raise PublishingFailed(
                    "the status of any certificate may have changed; empty the cache"
                    " (with answers.cache_tag it can be told)"
                )
            for path in notice.paths():
                server.request("PURGE", f"{server.path.rstrip('/')}/{path}", {})


class _Server:
    """An HTTP server, with one connection for the requests in a block."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._is_tls = parts.scheme.lower() == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self.path = parts.path + (f"?{parts.query}" if parts.query else "")
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        if self._is_tls:
            self._connection = http.client.HTTPSConnection(
                self._host,
                self._port,
                timeout=SECONDS,
                context=ssl.create_default_context(),
            )
        else:
            self._connection = http.client.HTTPConnection(
                self._host, self._port, timeout=SECONDS
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> None:
        """
        Send a request, and require that its reply says that it was done.

        Raises:
            PublishingFailed: If there is no such reply.
        """
        assert self._connection is not None  # noqa: S101 - for mypy
        agent = {"User-Agent": f"ocsp/{__version__}"}
        try:
            self._connection.request(method, path, body or None, {**agent, **headers})
            reply = self._connection.getresponse()
            reply.read(MAX_REPLY_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise PublishingFailed(str(error) or type(error).__name__) from error
        if not (200 <= reply.status < 300 or reply.status == _NOT_THERE):
            raise PublishingFailed(f"the reply has the status {reply.status}")


def _without_password(url: str) -> str:
    """Return *url* without a user, a password and a query, for the log."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
