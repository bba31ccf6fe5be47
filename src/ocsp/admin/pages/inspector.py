"""Read a message that a person pasted: its fields, and the findings of the linter."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp.errors import OCSPError
from ocsp.inspection.documents import message_document
from ocsp.inspection.raw_message import read_raw_message
from ocsp.linting import LintReport, Profile, lint_response
from ocsp.messages.certid import CertID
from ocsp.messages.message import EncodingRules
from ocsp.messages.responses.response import load_received_response

__all__ = ["Inspection", "inspect_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """
    A message that was pasted.

    Attributes:
        document: Its fields, as in ``ocsp inspect --json``.

        wrapping: The form in which it was pasted: ``pem``, ``base64``, ``hex`` or
            ``url``.

        issuer: The name of the issuer whose certificate the linter had, or ``None``.

        report: The findings, or ``None`` for a request: the linter reads responses.
    """

    document: Mapping[str, Any]
    wrapping: str
    issuer: str | None
    report: LintReport | None


def inspect_text(
    text: str,
    *,
    profile: Profile,
    issuers: Sequence[tuple[str, x509.Certificate]],
    now: datetime.datetime,
) -> Inspection:
    """
    Return what is in *text*. Nothing is verified.

    Args:
        text: A request or response in PEM, base64, hexadecimal, or a URL.

        profile: The standards for the linter.

        issuers: The names and certificates of possible issuers of the certificates in
            question.

        now: When the response was served, aware.

    Raises:
        OCSPError: If *text* is not a message in one of these forms.
    """
    message = read_raw_message(text.encode())
    document = message_document(message.der, message.kind)
    if document["type"] == "request":
        return Inspection(
            document=document, wrapping=message.wrapping, issuer=None, report=None
        )
    name, issuer = _issuer(message.der, issuers)
    return Inspection(
        document=document,
        wrapping=message.wrapping,
        issuer=name,
        report=lint_response(message.der, issuer=issuer, at=now, profile=profile),
    )


def _issuer(
    der: bytes, issuers: Sequence[tuple[str, x509.Certificate]]
) -> tuple[str | None, x509.Certificate | None]:
    """Return the issuer that the first CertID names, if it is one of *issuers*."""
    try:
        response = load_received_response(der, encoding=EncodingRules.TOLERANT)
        cert_id = next(response.responses).cert_id
        for name, certificate in issuers:
            if cert_id == CertID.for_serial(
                certificate, cert_id.serial_number, cert_id.hash_algorithm
            ):
                return name, certificate
    except (OCSPError, UnsupportedAlgorithm, StopIteration):
        pass
    return None, None
