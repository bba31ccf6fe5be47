"""
The CRLs that a client keeps: each until it expires, and all within one size.

The CRLs are shared by all checks of a client, in all its threads and event loops. This
module reads no clock: callers pass the time, in seconds of one monotonic clock. That
clock may stand still while the computer sleeps, so a CRL also has an end in real time.
"""

from __future__ import annotations

import datetime
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

from cryptography import x509

from ocsp import limits
from ocsp.client.memory.expiring_map import ExpiringMap
from ocsp.client.memory.sizes import octets_of
from ocsp.errors import OCSPError
from ocsp.verification.crl.reader import ReadCRL

__all__ = ["CRLMemory", "Download", "KnownCRL"]


class KnownCRL(NamedTuple):
    """
    A CRL, and the certificates that it names for its issuer.

    Attributes:
        crl: The CRL.

        issuers: Certificates that may be that of the CRL issuer.
    """

    crl: ReadCRL
    issuers: tuple[x509.Certificate, ...] = ()

    @property
    def octets(self) -> int:
        """The size of both, with the index of the entries."""
        return self.crl.octets + octets_of(*self.issuers)


class _Kept(NamedTuple):
    """A CRL, with its end by the monotonic clock and in real time."""

    until: float
    end: datetime.datetime
    known: KnownCRL


@dataclass(slots=True)
class Download:
    """A download of one CRL, on which several checks wait."""

    until: float
    """When the check that downloads reaches its deadline; then another one may try."""

    done: bool = False
    """Whether it has ended."""

    result: KnownCRL | OCSPError | None = None
    """The CRL or the error; ``None`` if the check was cancelled."""


class CRLMemory:
    """CRLs by their URLs, the latest errors, and the downloads that are running."""

    def __init__(self) -> None:
        self.errors: ExpiringMap[str, OCSPError] = ExpiringMap()
        self._lock = Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._running: dict[str, Download] = {}

    def get(self, url: str, now: float, moment: datetime.datetime) -> KnownCRL | None:
        """Return the CRL of *url*, unless it has expired at *now* or at *moment*."""
        with self._lock:
            found = self._kept.get(url)
            if found is None or now >= found.until or moment >= found.end:
                return None
            self._kept.move_to_end(url)
            return found.known

    def keep(
        self, url: str, known: KnownCRL, until: float, end: datetime.datetime
    ) -> None:
        """
        Keep *known*; over a limit, remove the oldest.

        Args:
            url: The URL of the CRL.

            known: The CRL.

            until: Until when, by the monotonic clock.

            end: Until when in real time, aware.
        """
        with self._lock:
            self._kept[url] = _Kept(until, end, known)
            self._kept.move_to_end(url)
            while (
                len(self._kept) > limits.MAX_CACHED_CRLS
                or self._size() > limits.MAX_KEPT_CRL_BYTES
            ):
                self._kept.popitem(last=False)

    def _size(self) -> int:
        return sum(kept.known.octets for kept in self._kept.values())

    def begin(self, url: str, now: float, until: float) -> tuple[Download, bool]:
        """
        Return the download of *url*, and whether the caller has to carry it out.

        Only one check downloads a CRL at a time, until its deadline *until*.
        """
        with self._lock:
            running = self._running.get(url)
            if running is not None and now < running.until:
                return running, False
            self._running[url] = download = Download(until)
            return download, True

    def end(self, url: str, download: Download) -> None:
        """Report that *download* has ended, with a result or without one."""
        with self._lock:
            download.done = True
            if self._running.get(url) is download:
                del self._running[url]
