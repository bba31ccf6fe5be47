"""Answer from ``index.txt``, the database of ``openssl ca`` and easy-rsa."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography import x509

from ocsp import limits
from ocsp.asn1.der import integer_octets
from ocsp.asn1.serial_index import SerialIndexBuilder
from ocsp.errors import SourceUnavailable
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder.source import IssuerKey, StatusQuery, StatusRecord
from ocsp.responder.stored_answer import Changes
from ocsp.status.changes import LastSeen
from ocsp.status.files.watched import Watched, WatchedFile
from ocsp.status.index_txt import (
    IndexRow,
    Oddity,
    doubt_about,
    positions,
    read_line,
    serial_field,
    serial_in,
)
from ocsp.status.worst import worst_of

__all__ = ["IndexSource"]

logger = logging.getLogger("ocsp.status")


class IndexSource:
    """
    A :class:`StatusSource` on the ``index.txt`` of one CA.

    Each change of the file counts from the next look-up on. A serial number that is not
    in the file was never issued. A serial number that has several lines is revoked if
    one of them says so.
    """

    def __init__(
        self,
        path: Path | str,
        issuer: x509.Certificate,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Read *path*.

        Args:
            path: The file. It may be replaced at any time.

            issuer: The certificate of the CA, which the file does not name.

            clock: The monotonic clock, in seconds; tests set their own.

        Raises:
            UnreadableFile: If the file is missing or cannot be read.
        """
        self._issuer = IssuerKey.of(issuer)
        self._name = str(path)
        file = WatchedFile(path, lambda: limits.MAX_STATUS_FILE_BYTES, self._parse)
        self._file = Watched(file, clock)
        self._seen = LastSeen()

    def look_up_now(self, queries: Sequence[StatusQuery]) -> list[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order, without waiting.

        Raises:
            SourceUnavailable: If the file is gone, cannot be read, or is large and has
                just changed; or if a line with one of the serial numbers is corrupt.
        """
        return self._answer(self._file.current(), queries)

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> list[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order.

        Raises:
            SourceUnavailable: If the file is gone or cannot be read, or if a line with
                one of the serial numbers is corrupt.
        """
        return self._answer(await self._file.fresh(), queries)

    def poll_changes(self) -> Changes:
        """
        Tell whether the file changed since the last call.

        Raises:
            SourceUnavailable: If it is gone, cannot be read, or is being read.
        """
        return self._seen.compare(self._file.current())

    def _answer(
        self, lines: _Lines, queries: Sequence[StatusQuery]
    ) -> list[StatusRecord | None]:
        return [
            lines.find(query.serial_number) if query.issuer == self._issuer else None
            for query in queries
        ]

    def _parse(self, content: bytes) -> _Lines:
        return _Lines(content, self._name)


class _Lines:
    """The lines of the file, found by serial number; a line is read when needed."""

    def __init__(self, content: bytes, name: str) -> None:
        self._content = content
        self._name = name
        index, odd, first = SerialIndexBuilder(), 0, ""
        for line, start, stop in positions(content):
            field = serial_field(content[start:stop])
            serial = serial_in(field)
            if serial is None:
                doubt = "has no serial number"
            else:
                index.add(integer_octets(serial), start)
                doubt = doubt_about(field, serial)
            if doubt:
                odd += 1
                first = first or f"line {line} {doubt}"
        self._index = index.build()
        if odd:
            logger.warning("%s: %s; odd lines: %d", name, first, odd)

    def find(self, serial: int) -> StatusRecord | None:
        """
        Return the record of *serial*; of several, that which revokes for good.

        Raises:
            SourceUnavailable: If a line about it is corrupt, and none revokes it.
        """
        found: list[IndexRow] = []
        oddities: list[Oddity] = []
        for start in self._index.candidates(integer_octets(serial)):
            text = self._line(start)
            if serial_in(serial_field(text)) == serial:
                for each in read_line(text, 0):
                    if isinstance(each, IndexRow):
                        found.append(each)
                    elif not each.row_follows:
                        oddities.append(each)
        worst = worst_of(row.record for row in found)
        if oddities and (worst is None or worst.status is OCSPCertStatus.GOOD):
            raise SourceUnavailable(
                f"{self._name}: the line of serial number {serial:#x} "
                f"{oddities[0].reason}"
            )
        return worst

    def _line(self, start: int) -> bytes:
        stop = self._content.find(b"\n", start)
        return self._content[start : len(self._content) if stop < 0 else stop].rstrip(
            b"\r"
        )
