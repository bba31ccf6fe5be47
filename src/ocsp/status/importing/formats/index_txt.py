"""Read ``index.txt``, the database of ``openssl ca`` and easy-rsa, as rows."""

from __future__ import annotations

from typing import BinaryIO

from ocsp.status.importing.formats.lines import Line, read_lines
from ocsp.status.importing.formats.rows import (
    Items,
    Oddity,
    OddityKind,
    ReadOptions,
    SerialNotation,
)
from ocsp.status.importing.formats.serial_numbers import doubt_about
from ocsp.status.index_txt import IndexRow, read_line
from ocsp.store import CertificateRow

__all__ = ["read_index_txt"]


def read_index_txt(file: BinaryIO, options: ReadOptions) -> Items:  # noqa: ARG001
    """Return the rows of the ``index.txt`` *file*."""
    for line in read_lines(file):
        if isinstance(line, Oddity):
            yield line
        elif not line.octets.startswith(b"#"):
            yield from _items(line)


def _items(line: Line) -> Items:
    doubted = False
    for found in read_line(line.octets, line.number):
        if isinstance(found, IndexRow):
            text = line.octets.split(b"\t")[3].decode("ascii", "replace")
            number = found.serial_number
            doubt = doubt_about(text, number, SerialNotation.HEXADECIMAL)
            if doubt and not doubted:
                yield line.odd(doubt, OddityKind.SERIAL_NUMBER)
            yield CertificateRow(
                serial_number=number,
                subject=found.subject,
                expires=found.record.expires,
                record=found.record,
            )
        else:
            doubted = doubted or "serial number" in found.reason
            yield line.odd(found.reason, _kind(found.row_follows, found.reason))


def _kind(row_follows: bool, reason: str) -> OddityKind:
    if not row_follows:
        return OddityKind.UNREADABLE
    serial = "serial number" in reason
    return OddityKind.SERIAL_NUMBER if serial else OddityKind.DETAIL
