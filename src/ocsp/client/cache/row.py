"""
A row of a cache file: what it says about a certificate, and whether it is intact.

Times are whole seconds since 1970, so that SQLite can compare them.
"""

from __future__ import annotations

import datetime
import sqlite3
import struct
from hashlib import sha256
from typing import NamedTuple, Self

from ocsp import limits
from ocsp.client.cache.database import MAX_VALUE_BYTES
from ocsp.client.cache.known import KnownStatus
from ocsp.messages.certid import CertID
from ocsp.messages.message import EncodingRules
from ocsp.messages.responses.response import OCSPResponse, load_received_response
from ocsp.messages.statuses import OCSPCertStatus

__all__ = ["FIND", "Row", "find", "key_of", "max_der_bytes"]

FIND = """
SELECT this_update, revoked, produced_at, expires, der, digest
FROM answer WHERE certificate = ?
    AND typeof(this_update) = 'integer' AND typeof(revoked) = 'integer'
    AND typeof(produced_at) = 'integer' AND typeof(expires) = 'integer'
    AND typeof(digest) = 'blob' AND length(digest) = 32
    AND typeof(der) = 'blob' AND length(der) <= ?
"""
"""Only a row whose values have the right types and sizes; SQLite reads no others."""

_NUMBERS = struct.Struct("<4q")


class Row(NamedTuple):
    """What the file says about a certificate; times are seconds since 1970."""

    this_update: int
    revoked: int
    produced_at: int
    expires: int
    der: bytes

    @classmethod
    def of(cls, known: KnownStatus, der: bytes = b"") -> Self:
        """Return the row for a status; without *der* the answer is not kept."""
        return cls(
            _seconds(known.this_update),
            int(known.is_revoked),
            _seconds(known.produced_at),
            _seconds(known.until),
            der,
        )

    @property
    def rank(self) -> tuple[int, int, int, bool, int]:
        """As :attr:`KnownStatus.rank`: greater for what a cache prefers to keep."""
        this_update, revoked, produced_at, expires, der = self
        return this_update, revoked, produced_at, bool(der), expires

    def digest(self, key: bytes) -> bytes:
        """
        Return what detects damage of the row; it does not authenticate the row.

        Args:
            key: The result of :func:`key_of`.
        """
        *numbers, der = self
        return sha256(key + _NUMBERS.pack(*numbers) + der).digest()

    def known(self) -> KnownStatus:
        """
        Return the status.

        Raises:
            OverflowError: If a datetime cannot have these times.
        """
        return KnownStatus(
            _moment(self.this_update),
            bool(self.revoked),
            _moment(self.produced_at),
            _moment(self.expires),
            is_kept=bool(self.der),
        )

    def is_intact(self, key: bytes, digest: bytes) -> bool:
        """
        Tell whether the row can be one that a cache has written.

        The response must have the status and the times of the row, or the row could
        claim to be newer than every response. Not checked: its signature.
        """
        if digest != self.digest(key) or self.revoked not in {0, 1}:
            return False
        try:
            known = self.known()
            return not self.der or _states(_load(self.der), known)
        except (OverflowError, ValueError):  # ValueError: malformed, or an error
            return False


def key_of(cert_id: CertID) -> bytes:
    """
    Return the key of the row for *cert_id*: its SHA-256.

    It has a third of the octets, so the index of the keys is small.
    """
    return sha256(cert_id.der).digest()


def find(connection: sqlite3.Connection, key: bytes) -> Row | None:
    """Return the row for *key*, or ``None`` if it is missing or not intact."""
    found = connection.execute(FIND, (key, max_der_bytes())).fetchone()
    if found is None:
        return None
    *values, digest = found
    row = Row(*values)
    return row if row.is_intact(key, digest) else None


def max_der_bytes() -> int:
    """Return how many octets a response in the file may have."""
    return min(limits.MAX_VERIFIED_BYTES, MAX_VALUE_BYTES // 2)


def _load(der: bytes) -> OCSPResponse:
    """Return the response; the policy of the client that stored it may be tolerant."""
    return load_received_response(der, encoding=EncodingRules.TOLERANT)


def _states(response: OCSPResponse, known: KnownStatus) -> bool:
    """Tell whether *response* has an entry with the status and the times of *known*."""
    return response.produced_at_utc.replace(microsecond=0) == known.produced_at and any(
        entry.this_update_utc.replace(microsecond=0) == known.this_update
        and (entry.certificate_status is OCSPCertStatus.REVOKED) is known.is_revoked
        for entry in response.responses
    )


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _seconds(moment: datetime.datetime) -> int:
    since = moment - _EPOCH
    return since.days * 86400 + since.seconds


def _moment(seconds: int) -> datetime.datetime:
    return _EPOCH + datetime.timedelta(seconds=seconds)
