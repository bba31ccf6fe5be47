"""
Read certificates as rows: of files, or of all files in a directory.

A certificate is good as far as its file says. Only certificates that the issuer signed
are rows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp import limits
from ocsp.asn1.certificates import serial_of, validity_of
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject
from ocsp.asn1.names import name_text
from ocsp.client.certificate_files import each_certificate
from ocsp.errors import SchemaError, UnreadableFile
from ocsp.guarded.files import read_file
from ocsp.responder import StatusRecord
from ocsp.signing.issued import is_issued_by, names_issuer
from ocsp.status.importing.formats.rows import (
    IssuedRow,
    Items,
    Oddity,
    OddityKind,
    ReadOptions,
)

__all__ = ["read_certificates", "read_directory"]

_BEGIN = b"-----BEGIN "
_END = b"-----END "


def read_certificates(file: BinaryIO, options: ReadOptions) -> Items:
    """Return the certificates in *file*: any number in PEM, one in DER, or PKCS #7."""
    for number, octets in enumerate(_blocks(file), 1):
        yield from _items(octets, f"certificate {number:,}", options)


def read_directory(directory: Path, options: ReadOptions) -> Items:
    """
    Return the certificates in the files of *directory*; subdirectories are skipped.

    Raises:
        UnreadableFile: If the directory cannot be read.
    """
    try:
        with os.scandir(directory) as found:
            for each in found:
                yield from _entry(each, options)
    except OSError as error:
        raise UnreadableFile(directory, error.strerror or str(error)) from error


def _entry(entry: os.DirEntry[str], options: ReadOptions) -> Items:
    try:
        is_file = entry.is_file()
    except OSError as error:  # a link in a circle, or into a folder without access
        reason = error.strerror or str(error)
        yield Oddity(entry.name, OddityKind.UNREADABLE, reason)
        return
    if is_file:
        yield from _file(Path(entry.path), options)


def _file(path: Path, options: ReadOptions) -> Items:
    try:
        octets = read_file(path, limits.MAX_CERTIFICATE_FILE_BYTES)
    except UnreadableFile as error:
        yield Oddity(path.name, OddityKind.UNREADABLE, error.reason)
        return
    yield from _items(octets, path.name, options)


def _items(octets: bytes, place: str, options: ReadOptions) -> Items:
    try:
        certificates = each_certificate(octets)
    except SchemaError as error:
        yield Oddity(place, OddityKind.UNREADABLE, error.reason)
        return
    for each in certificates:
        if each is None:
            why = "contains a certificate that cannot be read"
            yield Oddity(place, OddityKind.UNREADABLE, why)
        else:
            yield _item(each, place, options)


def _item(
    certificate: x509.Certificate, place: str, options: ReadOptions
) -> IssuedRow | Oddity:
    subject = name_text(name_of_subject(certificate))
    if is_issued_by(certificate, options.issuer):
        expires = validity_of(certificate)[1]
        cert_hash = certificate.fingerprint(hashes.SHA256())
        record = StatusRecord(expires=expires, cert_hash=cert_hash)
        return IssuedRow(
            serial_number=serial_of(certificate),
            subject=subject,
            expires=expires,
            record=record,
        )
    issuer = name_text(name_of_issuer(certificate))
    if names_issuer(certificate, options.issuer):
        reason = f"{subject} names the issuer {issuer}, but another key signed it"
    else:
        reason = f"{subject} was issued by {issuer}"
    return Oddity(place, OddityKind.OTHER_ISSUER, reason)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """
    Return each PEM block of *file* by itself, or the whole file if it is not PEM.

    A block may begin anywhere in a line: after a byte order mark, blanks, or the end of
    the block before. One without an end stops where the next one begins.
    """
    largest = limits.MAX_CERTIFICATE_FILE_BYTES
    block = bytearray()
    first = file.read(1)
    if first == b"\x30":
        yield first + file.read(largest)
        return
    line = first + file.readline(largest)
    while line:
        for number, part in enumerate(line.split(_BEGIN)):
            if number:
                if block:
                    yield bytes(block)
                block[:] = _BEGIN
            if block:
                block += part
            if block and (_END in part or len(block) > largest):
                yield bytes(block)
                block.clear()
        line = file.readline(largest)
    if block:
        yield bytes(block)
