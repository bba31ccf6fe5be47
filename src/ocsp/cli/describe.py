"""
A message as a plain tree of dictionaries and lists: what ``--json`` prints.

Rules of this file:

* The keys are a public contract, listed in ``docs/cli.md``: attribute names of the
  API where it has one, ISO 8601 UTC times, octets in hexadecimal, serial numbers as
  text in both bases (JSON readers round large numbers).
* It says what stands in the message (RFC 6960 §4.1.1, §4.2.1); nothing is verified.
* What cannot be decoded is shown as it is, with the reason; it is not an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import (
    CertID,
    OCSPCertStatus,
    OCSPRequest,
    OCSPResponse,
    OCSPResponseStatus,
    OCSPSingleResponse,
)
from ocsp._der import SEQUENCE, content
from ocsp.algorithms import algorithm_identifier
from ocsp.cli.describe_parts import certificate_document, extensions_document
from ocsp.cli.terms import algorithm_document, reason_name, timestamp

__all__ = ["Document", "request_document", "response_document"]

Document = Mapping[str, Any]

RESPONSE_STATUS_NAMES = {
    OCSPResponseStatus.SUCCESSFUL: "successful",
    OCSPResponseStatus.MALFORMED_REQUEST: "malformedRequest",
    OCSPResponseStatus.INTERNAL_ERROR: "internalError",
    OCSPResponseStatus.TRY_LATER: "tryLater",
    OCSPResponseStatus.SIG_REQUIRED: "sigRequired",
    OCSPResponseStatus.UNAUTHORIZED: "unauthorized",
}
"""OCSPResponseStatus as RFC 6960 §4.2.1 spells it."""
