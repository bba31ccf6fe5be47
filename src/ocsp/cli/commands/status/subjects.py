"""The certificates that a command of ``ocsp status`` is about."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.asn1.certificates import serial_of, validity_of
from ocsp.asn1.name_comparison import name_of_subject
from ocsp.asn1.names import name_text
from ocsp.cli.exit_codes import CommandError
from ocsp.cli.input.arguments import parse_serial
from ocsp.cli.input.issuers import GivenIssuers
from ocsp.cli.input.loading import load_certificates
from ocsp.responder import IssuerKey

__all__ = ["Subject", "subjects_from"]


class Subject(NamedTuple):
    """
    A certificate that a command is about.

    Attributes:
        issuer: The certificate of its issuer.

        serial_number: Its serial number.

        name: Its subject, or empty if only the serial number was given.

        expires: Its notAfter, or ``None`` likewise.

        cert_hash: The SHA-256 of its DER, or empty likewise.
    """

    issuer: x509.Certificate
    serial_number: int
    name: str = ""
    expires: datetime.datetime | None = None
    cert_hash: bytes = b""


def subjects_from(
    issuers: Sequence[str], certs: Sequence[str], serials: Sequence[str]
) -> list[Subject]:
    """
    Return the certificates that the user names, each with its issuer, once.

    Raises:
        CommandError: If none is named, a file cannot be read, a serial number is none,
            or no issuer has signed a certificate.
    """
    given = GivenIssuers(issuers)
    numbers = [parse_serial(each) for each in serials]
    found: dict[tuple[IssuerKey, int], Subject] = {}
    for source in certs:
        for leaf in load_certificates(source):
            issuer = given.issuer_of(leaf, source)
            found[IssuerKey.of(issuer), serial_of(leaf)] = Subject(
                issuer,
                serial_of(leaf),
                name_text(name_of_subject(leaf)),
                validity_of(leaf)[1],
                leaf.fingerprint(hashes.SHA256()),
            )
    for number in numbers:
        issuer = given.only()
        found.setdefault((IssuerKey.of(issuer), number), Subject(issuer, number))
    if not found:
        raise CommandError(
            "ocsp status", "no certificate given", "use --cert or --serial"
        )
    return list(found.values())
