"""
Know which certificates a CA has issued: from a list of serial numbers, or a directory.

A CRL does not say which certificates exist. So without such a list beside it, a source
knows no certificate that is good (RFC 6960 §2.2).
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import os
import re
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import Protocol

from cryptography import x509

from ocsp import limits
from ocsp.asn1.certificates import validity_of
from ocsp.asn1.der import integer_octets
from ocsp.asn1.serial_index import SerialIndexBuilder
from ocsp.errors import DecodeError, SchemaError, UnreadableFile
from ocsp.guarded.certificates import load_certificate
from ocsp.guarded.files import WatchState, read_file
from ocsp.guarded.pem import der_blocks
from ocsp.signing.issued import is_issued_by
from ocsp.status.files.watched import Watched, WatchedFile

__all__ = [
    "CertificateDirectory",
    "IssuedList",
    "SerialFile",
    "issued_list",
    "written_serial",
]

logger = logging.getLogger("ocsp.status")

_SMALL = 500
"""So many files of a directory are looked at within some milliseconds."""

_SERIAL = re.compile(rb"(?:0[xX])?([0-9A-Fa-f]+(?:[ :-][0-9A-Fa-f]{2})*)\s*")


class IssuedList(Protocol):
    """The serial numbers of the certificates that a CA has issued."""

    def current(self) -> Container[int]:
        """Return the list, without waiting; see :class:`Watched`."""
        ...

    async def fresh(self) -> Container[int]:
        """Return the list, after reading it if it has changed."""
        ...


def issued_list(
    path: Path | str, issuer: x509.Certificate, clock: Callable[[], float]
) -> IssuedList:
    """
    Return the list in *path*: a file of serial numbers, or a directory of certificates.

    Raises:
        UnreadableFile: If it is missing or cannot be read.
    """
    if Path(path).is_dir():
        return Watched(CertificateDirectory(path, issuer), clock)
    return Watched(SerialFile(path), clock)


class SerialFile(WatchedFile[Container[int]]):
    """
    A file with one serial number in each line, in hexadecimal.

    Two digits may be separated by colons, as other programs print them. Lines that
    begin with ``#`` and empty ones are skipped; a line that cannot be read is named in
    the log, and its certificate is not listed.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__(path, lambda: limits.MAX_STATUS_FILE_BYTES, self._read_lines)

    def _read_lines(self, content: bytes) -> Container[int]:
        return _Serials(content, self.name)


class _Serials:
    """The serial numbers in a file; it has the octets of the file, and their index."""

    def __init__(self, content: bytes, name: str) -> None:
        self._content = content
        index, odd, first, number, start = SerialIndexBuilder(), 0, 0, 0, 0
        for number, line in enumerate(content.splitlines(keepends=True), 1):
            serial = written_serial(line)
            if serial is not None:
                index.add(integer_octets(serial), start)
            elif line.strip() and not line.startswith(b"#"):
                odd += 1
                first = first or number
            start += len(line)
        self._index = index.build()
        if odd:
            logger.warning(
                "%s: line %d has no serial number in hexadecimal; odd lines: %d",
                name,
                first,
                odd,
            )

    def __contains__(self, serial: object) -> bool:
        return isinstance(serial, int) and any(
            _serial_at(self._content, start) == serial
            for start in self._index.candidates(integer_octets(serial))
        )


def written_serial(line: bytes) -> int | None:
    """Return the serial number in *line*, or ``None`` if it is not hexadecimal."""
    found = _SERIAL.fullmatch(line)
    return None if found is None else int(re.sub(rb"[ :-]", b"", found[1]), 16)


def _serial_at(content: bytes, start: int) -> int | None:
    stop = content.find(b"\n", start)
    return written_serial(content[start : len(content) if stop < 0 else stop])


class CertificateDirectory:
    """
    A directory with the certificates that a CA has issued, in PEM or DER.

    A file may have several certificates; those of other CAs are not listed. Hidden
    files and subdirectories are skipped. A file that cannot be read is named in the
    log, and read again when it has changed.
    """

    keeps_old = False
    is_text = False

    def __init__(self, path: Path | str, issuer: x509.Certificate) -> None:
        """
        Describe how to read *path*.

        Args:
            path: The directory.

            issuer: The certificate of the CA, which has to have signed them.
        """
        self.name = str(path)
        self._path = Path(path)
        self._issuer = issuer
        self._files: dict[str, tuple[WatchState, dict[int, datetime.datetime]]] = {}
        self._odd: frozenset[str] = frozenset()

    def state(self) -> WatchState:
        """Return the state of the directory, and of the files that cannot be read."""
        try:
            found = WatchState.of(self._path.stat())
        except OSError as error:
            raise UnreadableFile(self.name, error.strerror or str(error)) from error
        for name in self._odd:
            # One that is gone has changed the directory.
            with contextlib.suppress(OSError):
                odd = WatchState.of((self._path / name).stat())
                found = found._replace(
                    size=found.size + odd.size,
                    modified=max(found.modified, odd.modified),
                    changed=max(found.changed, odd.changed),
                )
        return found

    def is_small(self, _: WatchState, /) -> bool:
        """Tell whether an event loop may read it: it had few files until now."""
        return len(self._files) <= _SMALL

    def read(self) -> tuple[tuple[str, WatchState], ...]:
        """Return the names and states of the files."""
        try:
            with os.scandir(self._path) as entries:
                found = [
                    (entry.name, WatchState.of(entry.stat()))
                    for entry in entries
                    if not entry.name.startswith(".") and entry.is_file()
                ]
        except FileNotFoundError as error:  # also a file that was just removed
            raise UnreadableFile(self.name, "is changing, or does not exist") from error
        except OSError as error:
            raise UnreadableFile(self.name, error.strerror or str(error)) from error
        return tuple(sorted(found))

    def parse(
        self, content: tuple[tuple[str, WatchState], ...]
    ) -> Mapping[int, datetime.datetime]:
        """Return the ends of the certificates, by their serial numbers."""
        files, odd = {}, set()
        for name, state in content:
            known = self._files.get(name)
            if known is not None and known[0] == state and name not in self._odd:
                files[name] = known
                continue
            try:
                files[name] = state, self._certificates(name)
            except (DecodeError, UnreadableFile) as error:
                odd.add(name)
                if known is None or known[0] != state:
                    logger.warning("%s: %s: %s", self.name, name, error)
                files[name] = state, {}
        self._files, self._odd = files, frozenset(odd)
        return {
            serial: end for _, found in files.values() for serial, end in found.items()
        }

    def _certificates(self, name: str) -> dict[int, datetime.datetime]:
        path = self._path / name
        data = read_file(path, limits.MAX_CERTIFICATE_FILE_BYTES)
        found = {}
        for der in der_blocks(data, "CERTIFICATE"):
            certificate = load_certificate(der)
            if is_issued_by(certificate, self._issuer):
                found[certificate.serial_number] = validity_of(certificate)[1]
        if not found:
            raise SchemaError("has no certificate of this CA")
        return found
