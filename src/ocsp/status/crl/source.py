"""Answer from the CRLs of one issuer."""

from __future__ import annotations

import contextlib
import datetime
import enum
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography import x509

from ocsp.client.options import AddressPolicy
from ocsp.client.transport.protocol import Transport
from ocsp.errors import ConfigError, MissingExtraError, SourceUnavailable
from ocsp.responder.source import IssuerKey, StatusQuery, StatusRecord
from ocsp.responder.stored_answer import Changes
from ocsp.status.changes import LastSeen
from ocsp.status.crl.newest import NewestCRL
from ocsp.status.crl.places import CRLURL, CRLFile, CRLPlace, is_url
from ocsp.status.crl.refresher import Refresher
from ocsp.status.crl.view import CRLView
from ocsp.status.files.issued import IssuedList, issued_list
from ocsp.verification.crl.reader import ReadCRL
from ocsp.verification.crl.whole import CRLIssuers
from ocsp.verification.policy import Policy

__all__ = ["CRLDownloads", "CRLSource", "NotInCRL"]

_DEFAULT = Policy()


class NotInCRL(enum.Enum):
    """What a serial number is that no CRL lists, without a list of issued ones."""

    NOT_KNOWN = "not-known"
    """It has no record: a CRL does not say which certificates exist."""

    UNSAFE_GOOD = "unsafe-good"
    """*good*, also for serial numbers that the CA has never issued."""


@dataclass(frozen=True, kw_only=True)
class CRLDownloads:
    """
    How the CRLs of a source are fetched.

    Attributes:
        every: The time between two downloads of a URL.

        transport: What sends the requests. Default: an HTTP transport of its own.

        address_policy: Which addresses the URLs may lead to.
    """

    every: datetime.timedelta = datetime.timedelta(minutes=15)
    transport: Transport | None = None
    address_policy: AddressPolicy = AddressPolicy.PRIVATE_TOO


class CRLSource:
    """
    A :class:`StatusSource` on the CRLs of one issuer.

    A CRL is verified before it is used, and replaces the one before it at once; one
    that is refused or older does not. When it has expired, the source is not available.
    Records have thisUpdate and nextUpdate of the CRL.

    What the source cannot know: which certificates the CA has issued, unless *issued*
    says so; whether the given CRLs are all parts of the list; and the status of
    certificates after their end, when CAs remove them from their CRLs.
    """

    def __init__(
        self,
        issuer: x509.Certificate,
        crls: Sequence[Path | str],
        *,
        deltas: Sequence[Path | str] = (),
        issued: Path | str | None = None,
        not_in_crl: NotInCRL = NotInCRL.NOT_KNOWN,
        crl_issuers: Sequence[x509.Certificate] = (),
        downloads: CRLDownloads | None = None,
        policy: Policy = _DEFAULT,
        now: Callable[[], datetime.datetime] | None = None,
    ) -> None:
        """
        Read the files; URLs are fetched after :meth:`start`.

        Args:
            issuer: The certificate of the CA whose certificates the CRLs list.

            crls: Files, or http and https URLs, each with one complete CRL in DER or
                PEM. Give all parts of a list that is divided.

            deltas: The same for delta CRLs. Each applies to the complete CRL with the
                same scope.

            issued: What the CA has issued: a file with one serial number in hexadecimal
                in each line, or a directory of certificates. With it, a certificate
                that is issued and not listed is *good*, and any other serial number
                was never issued.

            not_in_crl: What other serial numbers are without *issued*.

            crl_issuers: Certificates that are trusted to sign the CRLs, besides
                *issuer*: of an indirect CRL, or of another key of the CA.

            downloads: How URLs are fetched. Default: ``CRLDownloads()``.

            policy: The accepted signatures and keys, the tolerated clock skew, and how
                long a CRL without nextUpdate holds.

            now: The current time, aware, for tests.

        Raises:
            ConfigError: If there is no CRL, or *issued* and *not_in_crl* exclude each
                other.
            UnreadableFile: If a file is missing or cannot be read.
            ForbiddenResponderURL: If a URL is malformed.
            MissingExtraError: If there is a URL, the extra ``client`` is not installed
                and no transport was given.
        """
        if not crls:
            raise ConfigError("crls", "is empty; give at least one file or URL")
        if issued is not None and not_in_crl is NotInCRL.UNSAFE_GOOD:
            raise ConfigError(
                "not_in_crl", "cannot be UNSAFE_GOOD together with issued"
            )
        self._issuer = IssuerKey.of(issuer)
        self._issuers = CRLIssuers(issuer, crl_issuers, policy)
        self._now = now or _now
        self._not_in_crl = not_in_crl
        self._issued: IssuedList | None = None
        if issued is not None:
            self._issued = issued_list(issued, issuer, time.monotonic)
        downloads = downloads or CRLDownloads()
        self._transport = downloads.transport
        self._address_policy = downloads.address_policy
        self._complete = [self._place(each, is_delta=False) for each in crls]
        self._deltas = [self._place(each, is_delta=True) for each in deltas]
        urls = [
            each
            for each in (*self._complete, *self._deltas)
            if isinstance(each, CRLURL)
        ]
        self._refresher = Refresher(urls, downloads.every, self._now)
        self._view: tuple[tuple[ReadCRL | str, ...], CRLView] | None = None
        self._seen = LastSeen()

    def _place(self, place: Path | str, *, is_delta: bool) -> CRLPlace:
        newest = NewestCRL(str(place), self._issuers, self._now, is_delta=is_delta)
        if not is_url(place):
            return CRLFile(place, newest)
        if self._transport is None:
            self._transport = _http_transport()
        return CRLURL(str(place), newest, self._transport, self._address_policy)

    @property
    def complete(self) -> bool:
        """Whether a serial number without a record was never issued."""
        return self._issued is not None

    def start(self) -> None:
        """Start to fetch the URLs, in a thread."""
        self._refresher.start()

    def refresh(self) -> None:
        """Fetch the URLs that are due now, and wait for that."""
        self._refresher.fetch_due()

    def close(self) -> None:
        """Stop fetching."""
        self._refresher.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def look_up_now(self, queries: Sequence[StatusQuery]) -> list[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order, without waiting.

        Raises:
            SourceUnavailable: If a CRL is missing or has expired, and no other one
                revokes the certificate; or if the list of issued certificates cannot
                be used now.
        """
        view, now = self._current_view(), self._now()
        return [self._record(view, query, now) for query in queries]

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> list[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order.

        Raises:
            SourceUnavailable: As :meth:`look_up_now`, but a list of issued certificates
                that has changed is read first.
        """
        if self._issued is not None:
            with contextlib.suppress(SourceUnavailable):
                await self._issued.fresh()
        return self.look_up_now(queries)

    def poll_changes(self) -> Changes:
        """
        Tell whether a CRL or the list of issued ones was replaced since the last call.

        Raises:
            SourceUnavailable: If that list is gone, cannot be read, or is being read.
        """
        issued = None if self._issued is None else self._issued.current()
        return self._seen.compare(self._current_view(), issued)

    def _record(
        self, view: CRLView, query: StatusQuery, now: datetime.datetime
    ) -> StatusRecord | None:
        if query.issuer != self._issuer:
            return None
        found = view.find(query.serial_number, now)
        if isinstance(found, StatusRecord):
            return found
        if self._is_issued(query.serial_number):
            return StatusRecord(this_update=found.begin, next_update=found.end)
        return None

    def _is_issued(self, serial: int) -> bool:
        if self._issued is None:
            return self._not_in_crl is NotInCRL.UNSAFE_GOOD
        return serial in self._issued.current()

    def _current_view(self) -> CRLView:
        """Return what the newest CRLs say together; made anew when one was replaced."""
        complete = [_current(place) for place in self._complete]
        deltas = [_current(place) for place in self._deltas]
        key = (*complete, *deltas)
        if self._view is None or not _same(self._view[0], key):
            view = CRLView(
                [crl for crl in complete if isinstance(crl, ReadCRL)],
                [crl for crl in deltas if isinstance(crl, ReadCRL)],
                next((why for why in key if isinstance(why, str)), ""),
                self._issuers,
                self._now(),
            )
            self._view = key, view
        return self._view[1]


def _same(before: Sequence[ReadCRL | str], now: Sequence[ReadCRL | str]) -> bool:
    """Return whether the same CRLs are in use, and the others fail as before."""
    return all(
        one is other or (isinstance(one, str) and one == other)
        for one, other in zip(before, now, strict=True)
    )


def _current(place: CRLPlace) -> ReadCRL | str:
    """Return the newest CRL of *place*, or why there is none."""
    try:
        return place.current()
    except SourceUnavailable as error:
        return str(error)


def _http_transport() -> Transport:
    try:
        from ocsp.client.transport.threads import HTTPTransport
    except ModuleNotFoundError as error:
        raise MissingExtraError("fetching CRLs", "client") from error
    return HTTPTransport()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
