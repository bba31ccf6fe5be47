"""Where CRLs come from: files that are watched, and URLs that are fetched."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

from ocsp import limits
from ocsp.client.checking.urls import check_url
from ocsp.client.options import AddressPolicy, AllowedSchemes, Options
from ocsp.client.transport.protocol import HTTPReply, HTTPRequest, Transport
from ocsp.errors import FetchError, HTTPStatusError, SourceUnavailable
from ocsp.status.crl.newest import NewestCRL
from ocsp.status.files.watched import Watched, WatchedFile
from ocsp.verification.crl.reader import ReadCRL

__all__ = ["CRLURL", "CRLFile", "CRLPlace", "is_url"]

logger = logging.getLogger("ocsp.status")

_SECONDS = 30.0
"""How long one download may take."""

_OPTIONS = Options(allowed_schemes=AllowedSchemes.HTTP_AND_HTTPS)


def is_url(place: Path | str) -> bool:
    """Tell whether *place* is a URL, not a file."""
    return isinstance(place, str) and place.startswith(("http://", "https://"))


class CRLPlace(Protocol):
    """A file or a URL with one CRL, which a later CRL replaces."""

    newest: NewestCRL
    """What keeps the newest CRL of this place."""

    def current(self) -> ReadCRL:
        """
        Return the newest verified CRL, without waiting.

        Raises:
            SourceUnavailable: If there is none.
        """
        ...


class CRLFile(WatchedFile[ReadCRL]):
    """A file with a CRL. While a new CRL is read, the one before it is used."""

    keeps_old = True
    is_text = False  # the signature covers all of it

    def __init__(self, path: Path | str, newest: NewestCRL) -> None:
        """
        Read *path*.

        Raises:
            UnreadableFile: If it is missing or cannot be read.
        """
        super().__init__(path, lambda: limits.MAX_CRL_BYTES, newest.offer)
        self.newest = newest
        self._watched = Watched(self)

    def current(self) -> ReadCRL:
        """Return the newest verified CRL; see :class:`CRLPlace`."""
        return self._watched.current()


class CRLURL:
    """A URL with a CRL, which is fetched again and again."""

    def __init__(
        self,
        url: str,
        newest: NewestCRL,
        transport: Transport,
        address_policy: AddressPolicy,
    ) -> None:
        """
        Fetch nothing yet.

        Args:
            url: An http or https URL.

            newest: What keeps the newest CRL.

            transport: What sends the requests.

            address_policy: Which addresses *url* may lead to.

        Raises:
            ForbiddenResponderURL: If it is not a URL.
        """
        check_url(url, _OPTIONS)
        self.newest = newest
        self._url = url
        self._transport = transport
        self._address_policy = address_policy
        self._crl: ReadCRL | None = None
        self._validators: tuple[tuple[str, str], ...] = ()
        self._error = f"{url} has not been fetched yet"

    def current(self) -> ReadCRL:
        """Return the newest verified CRL; see :class:`CRLPlace`."""
        if self._crl is None:
            raise SourceUnavailable(self._error)
        return self._crl

    def fetch(self) -> bool:
        """
        Fetch the CRL if it has changed; return whether that succeeded.

        A failure is named in the log once; the CRL before it stays in use.
        """
        try:
            reply = self._send()
            if reply.status != 304:
                self._crl = self.newest.offer(reply.body)
                self._validators = _validators(reply)
        except (FetchError, SourceUnavailable) as error:
            if str(error) != self._error:
                logger.error("%s", error)
            self._error = str(error)
            return False
        self._error = ""
        return True

    def _send(self) -> HTTPReply:
        request = HTTPRequest(
            method="GET",
            url=self._url,
            shown=self._url,
            headers=(("Accept", "application/pkix-crl"), *self._validators),
            address_policy=self._address_policy,
            max_bytes=limits.MAX_CRL_BYTES,
            timeout=_SECONDS,
            io_timeout=_SECONDS,
        )
        reply = self._transport.send(request)
        if reply.status != 200 and not (reply.status == 304 and self._validators):
            raise HTTPStatusError(self._url, reply.status, None)
        return reply


def _validators(reply: HTTPReply) -> tuple[tuple[str, str], ...]:
    """Return the headers of a conditional request (RFC 9110 §13.1)."""
    pairs = (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
    return tuple(
        (header, value) for header, name in pairs if (value := reply.header(name))
    )
