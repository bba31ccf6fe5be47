"""
The three enumerations of ``cryptography.x509.ocsp``, with the same values.

RFC 6960 §4.2.1 (OCSPResponseStatus, CertStatus). The responder ID encodings are
``byKey`` and ``byName`` of the same clause.
"""

from __future__ import annotations

import enum

from cryptography import x509

__all__ = [
    "REASONS",
    "REASON_CODES",
    "OCSPCertStatus",
    "OCSPResponderEncoding",
    "OCSPResponseStatus",
]


class OCSPResponseStatus(enum.Enum):
    """The result of a request (RFC 6960 §4.2.1). The number 4 is not used."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIG_REQUIRED = 5
    UNAUTHORIZED = 6


class OCSPCertStatus(enum.Enum):
    """The status of one certificate in a response (RFC 6960 §2.2)."""

    GOOD = 0
    REVOKED = 1
    UNKNOWN = 2


class OCSPResponderEncoding(enum.Enum):
    """How a response identifies its signer (RFC 6960 §4.2.2.3)."""

    HASH = "By Hash"
    NAME = "By Name"


REASON_CODES: dict[x509.ReasonFlags, int] = {
    x509.ReasonFlags.unspecified: 0,
    x509.ReasonFlags.key_compromise: 1,
    x509.ReasonFlags.ca_compromise: 2,
    x509.ReasonFlags.affiliation_changed: 3,
    x509.ReasonFlags.superseded: 4,
    x509.ReasonFlags.cessation_of_operation: 5,
    x509.ReasonFlags.certificate_hold: 6,
    x509.ReasonFlags.remove_from_crl: 8,
    x509.ReasonFlags.privilege_withdrawn: 9,
    x509.ReasonFlags.aa_compromise: 10,
}
"""The number of CRLReason (RFC 5280 §5.3.1) for each member of ``ReasonFlags``."""

REASONS: dict[int, x509.ReasonFlags] = {
    code: reason for reason, code in REASON_CODES.items()
}
"""The member of ``ReasonFlags`` for each number of CRLReason. 7 is not used."""
