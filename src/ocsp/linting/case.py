"""
The input of the linting rules, and what they report.

A response either cannot be decoded, is an OCSP error, or is successful. Each kind has
its own class and its own rules.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp.asn1.certificates import serial_of
from ocsp.asn1.der import Deviation
from ocsp.asn1.extensions import RawExtension
from ocsp.errors import DecodeError, SchemaError
from ocsp.linting.signer import Signer
from ocsp.messages.certid import CertID
from ocsp.messages.raw_fields import ResponseParts
from ocsp.messages.requests.request import OCSPRequest
from ocsp.messages.responses.response import OCSPResponse
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.verification.facts import facts_of

__all__ = ["Case", "Complaint", "Unreadable", "Unsuccessful"]


class Complaint(NamedTuple):
    """
    What a rule reports.

    Attributes:
        where: The field that is wrong, or an empty string for the whole response.

        message: What is wrong with it.
    """

    where: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A response that cannot be decoded."""

    error: DecodeError
    """The reason and the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsuccessful:
    """An OCSP error."""

    status: OCSPResponseStatus
    """The status of the response."""

    has_body: bool
    """Whether the response has responseBytes."""

    tolerated: tuple[Deviation, ...] = ()
    """How the encoding deviates from DER."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A successful response, and what the caller gave to compare it with."""

    response: OCSPResponse
    """The response."""

    entries: tuple[OCSPSingleResponse, ...]
    """Its entries."""

    parts: ResponseParts
    """Fields as they are encoded, which the decoded response does not show."""

    unreadable: tuple[SchemaError, ...]
    """Why certificates in the response cannot be read."""

    signer: Signer | None
    """The signer, or ``None`` if it was not found."""

    issuer: x509.Certificate | None
    """The issuer of the certificate in question."""

    cert: x509.Certificate | None
    """The certificate in question."""

    request: OCSPRequest | None
    """The request that was sent."""

    at: datetime.datetime | None
    """The time when the response was served, aware, in UTC."""

    @property
    def tolerated(self) -> tuple[Deviation, ...]:
        """How the encoding deviates from DER."""
        return self.response.tolerated

    def numbered(self) -> Iterator[tuple[str, OCSPSingleResponse]]:
        """Return the entries, each with the name of its field."""
        return ((f"responses[{i}]", entry) for i, entry in enumerate(self.entries))

    def extension_lists(self) -> Iterator[tuple[str, list[RawExtension]]]:
        """Return the lists of extensions, each with the name of its field."""
        if self.parts.extensions is not None:
            yield "responseExtensions", self.parts.extensions
        for i, extensions in enumerate(self.parts.entries):
            if extensions is not None:
                yield f"responses[{i}].singleExtensions", extensions

    def is_about(self, cert_id: CertID) -> bool:
        """Tell whether *cert_id* is the CertID of the certificate in question."""
        if self.cert is None:
            return False
        if self.issuer is None:
            return cert_id.serial_number == serial_of(self.cert)
        try:
            return cert_id.matches(self.cert, self.issuer)
        except UnsupportedAlgorithm:
            return False  # L201 reports it.

    def is_of_ca(self, entry: OCSPSingleResponse) -> bool | None:
        """Tell whether *entry* is for a CA certificate; ``None`` if not known."""
        if self.cert is None or not self.is_about(entry.cert_id):
            return None
        return facts_of(self.cert).ca
