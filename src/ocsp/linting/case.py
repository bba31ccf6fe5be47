"""
What one lint looks at, and what rules say of it.

Rules of this file: no judgement. A response is one of three things: it cannot be read,
it is an error, or it is successful; each has its own class, and its own rules.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp.asn1.certificates import serial_of
from ocsp.errors import DecodeError
from ocsp.linting.signer import Signer
from ocsp.messages.certid import CertID
from ocsp.messages.raw_fields import RawExtension, ResponseParts
from ocsp.messages.requests.request import OCSPRequest
from ocsp.messages.responses.response import OCSPResponse
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.verification.facts import facts_of

__all__ = ["Case", "Complaint", "Unreadable", "Unsuccessful"]


class Complaint(NamedTuple):
    """
    What a rule says.

    Attributes:
        where: The field at fault, or empty for the whole.

        message: What is the matter with it.
    """

    where: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A response that the reader refuses."""

    error: DecodeError
    """Why, and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsuccessful:
    """A response that is an error."""

    status: OCSPResponseStatus
    """Which."""

    has_body: bool
    """Whether there is more than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A successful response, and what is known around it."""

    response: OCSPResponse
    """The response."""

    entries: tuple[OCSPSingleResponse, ...]
    """Its entries."""

    parts: ResponseParts
    """What the API leaves out of it."""

    signer: Signer | None
    """Who has signed, as far as that can be told."""

    issuer: x509.Certificate | None
    """The issuer of the certificate in question."""

    cert: x509.Certificate | None
    """The certificate in question."""

    request: OCSPRequest | None
    """The request that was sent."""

    at: datetime.datetime | None
    """When the response was served, aware, in UTC."""

    def numbered(self) -> Iterator[tuple[str, OCSPSingleResponse]]:
        """Return the entries, each with its place."""
        return ((f"responses[{i}]", entry) for i, entry in enumerate(self.entries))

    def lists(self) -> Iterator[tuple[str, list[RawExtension]]]:
        """Return the lists of extensions that are there, each with its place."""
        if self.parts.extensions is not None:
            yield "responseExtensions", self.parts.extensions
        for i, extensions in enumerate(self.parts.entries):
            if extensions is not None:
                yield f"responses[{i}].singleExtensions", extensions

    def is_about(self, cert_id: CertID) -> bool:
        """Tell whether *cert_id* is that of the certificate in question."""
        if self.cert is None:
            return False
        if self.issuer is None:
            return cert_id.serial_number == serial_of(self.cert)
        try:
            return cert_id.matches(self.cert, self.issuer)
        except UnsupportedAlgorithm:
            return False  # which L201 has found

    def is_of_ca(self, entry: OCSPSingleResponse) -> bool | None:
        """Tell whether *entry* is about a CA's certificate, if that is known."""
        if self.cert is None or not self.is_about(entry.cert_id):
            return None
        return facts_of(self.cert).ca
