"""Answer from a directory of certificates, and a list of those that are revoked."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cryptography import x509

from ocsp import limits
from ocsp.asn1.times import moment_from
from ocsp.errors import SchemaError
from ocsp.messages.reasons import reason_from
from ocsp.responder.source import IssuerKey, StatusQuery, StatusRecord
from ocsp.responder.stored_answer import Changes
from ocsp.status.changes import LastSeen
from ocsp.status.files.issued import CertificateDirectory, written_serial
from ocsp.status.files.watched import Watched, WatchedFile
from ocsp.status.worst import worst_of

__all__ = ["DirectorySource", "read_revocations"]


class DirectorySource:
    """
    A :class:`StatusSource` on a directory with the certificates of one CA.

    Each change of the directory and of the list counts from the next look-up on. A
    certificate that is not in the directory was never issued, unless the list revokes
    it. For a CA that issues a CRL, use :class:`ocsp.status.CRLSource` with the
    directory as *issued*.
    """

    def __init__(
        self,
        directory: Path | str,
        revoked: Path | str,
        issuer: x509.Certificate,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Read both.

        Args:
            directory: The certificates, in PEM or DER. Those of other CAs, hidden files
                and subdirectories are skipped.

            revoked: A file with one revocation in each line: the serial number in
                hexadecimal, the time as ``2026-06-01T10:00:00Z``, and, if there is one,
                the reason in the words of RFC 5280. It may be empty.

            issuer: The certificate of the CA.

            clock: The monotonic clock, in seconds, for tests.

        Raises:
            UnreadableFile: If one of them is missing or cannot be read.
        """
        self._issuer = IssuerKey.of(issuer)
        self._issued = Watched(CertificateDirectory(directory, issuer), clock)
        file = WatchedFile(
            revoked,
            lambda: limits.MAX_STATUS_FILE_BYTES,
            lambda content: read_revocations(content, str(revoked)),
        )
        self._revoked = Watched(file, clock)
        self._seen = LastSeen()

    def look_up_now(self, queries: Sequence[StatusQuery]) -> list[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order, without waiting.

        Raises:
            SourceUnavailable: If the list or the directory is gone or cannot be read,
                or is large and has just changed; or if a line of the list is corrupt.
        """
        revoked, issued = self._revoked.current(), self._issued.current()
        return [self._record(query, revoked, issued) for query in queries]

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> list[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order.

        Raises:
            SourceUnavailable: If the list or the directory is gone or cannot be read,
                or if a line of the list is corrupt.
        """
        revoked, issued = await self._revoked.fresh(), await self._issued.fresh()
        return [self._record(query, revoked, issued) for query in queries]

    def poll_changes(self) -> Changes:
        """
        Tell whether the list or the directory changed since the last call.

        Raises:
            SourceUnavailable: If one is gone, cannot be read, or is being read.
        """
        return self._seen.compare(self._revoked.current(), self._issued.current())

    def _record(
        self,
        query: StatusQuery,
        revoked: Mapping[int, StatusRecord],
        issued: Mapping[int, datetime.datetime],
    ) -> StatusRecord | None:
        if query.issuer != self._issuer:
            return None
        if query.serial_number in revoked:
            return revoked[query.serial_number]
        expires = issued.get(query.serial_number)
        return None if expires is None else StatusRecord(expires=expires)


def read_revocations(content: bytes, name: str) -> dict[int, StatusRecord]:
    """
    Return the revocations in the list *content*, by serial numbers.

    Of several lines about one certificate, one that revokes for good counts.

    Raises:
        SchemaError: If a line cannot be read: no revocation may be lost.
    """
    found: dict[int, StatusRecord] = {}
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip() and not line.startswith(b"#"):
            try:
                serial, record = _revocation(line.split())
            except ValueError as error:
                raise SchemaError(f"{name}, line {number}: {error}") from error
            found[serial] = worst_of((found.get(serial, record), record)) or record
    return found


def _revocation(fields: Sequence[bytes]) -> tuple[int, StatusRecord]:
    """
    Return serial number and record of one line.

    Raises:
        ValueError: If a field cannot be read.
    """
    if not 2 <= len(fields) <= 3:
        raise ValueError(f"has {len(fields)} fields, not serial, time and reason")
    serial = written_serial(fields[0])
    if serial is None:
        raise ValueError("has a serial number that is not hexadecimal")
    time, *reasons = (field.decode("ascii") for field in fields[1:])
    reason = reason_from(reasons[0]) if reasons else None
    if reason is x509.ReasonFlags.remove_from_crl:
        raise ValueError("has the reason removeFromCRL, which only delta CRLs use")
    return serial, StatusRecord.revoked(moment_from(time), reason)
