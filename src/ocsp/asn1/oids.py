"""
The object identifiers of OCSP, by the names of the standards (RFC 6960 App. B).

The constants are dotted texts. :func:`identifier` returns the
``x509.ObjectIdentifier`` objects, and caches them.
"""

from __future__ import annotations

from functools import lru_cache

from ocsp.later import x509

__all__ = [
    "ACCEPTABLE_RESPONSES",
    "ARCHIVE_CUTOFF",
    "AUTHORITY_INFORMATION_ACCESS",
    "AUTHORITY_KEY_IDENTIFIER",
    "CERTIFICATE_ISSUER",
    "CERT_HASH",
    "COMMON_NAME",
    "CRL",
    "CRL_DISTRIBUTION_POINTS",
    "CRL_NUMBER",
    "CRL_REASON",
    "DELTA_CRL_INDICATOR",
    "EXTENDED_REVOKE",
    "FRESHEST_CRL",
    "INVALIDITY_DATE",
    "ISSUER_ALTERNATIVE_NAME",
    "ISSUING_DISTRIBUTION_POINT",
    "KP_OCSP_SIGNING",
    "MGF1",
    "NONCE",
    "NO_REV_AVAIL",
    "OCSP_BASIC",
    "OCSP_NOCHECK",
    "PREFERRED_SIGNATURE_ALGORITHMS",
    "RSASSA_PSS",
    "SCT_LIST",
    "SERVICE_LOCATOR",
    "identifier",
]

OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1"
NONCE = "1.3.6.1.5.5.7.48.1.2"
CRL = "1.3.6.1.5.5.7.48.1.3"
ACCEPTABLE_RESPONSES = "1.3.6.1.5.5.7.48.1.4"
OCSP_NOCHECK = "1.3.6.1.5.5.7.48.1.5"
ARCHIVE_CUTOFF = "1.3.6.1.5.5.7.48.1.6"
SERVICE_LOCATOR = "1.3.6.1.5.5.7.48.1.7"
PREFERRED_SIGNATURE_ALGORITHMS = "1.3.6.1.5.5.7.48.1.8"
EXTENDED_REVOKE = "1.3.6.1.5.5.7.48.1.9"
KP_OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"

COMMON_NAME = "2.5.4.3"

AUTHORITY_INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1"
ISSUER_ALTERNATIVE_NAME = "2.5.29.18"
BASIC_CONSTRAINTS = "2.5.29.19"
CRL_NUMBER = "2.5.29.20"
CRL_REASON = "2.5.29.21"
INVALIDITY_DATE = "2.5.29.24"
DELTA_CRL_INDICATOR = "2.5.29.27"
ISSUING_DISTRIBUTION_POINT = "2.5.29.28"
CERTIFICATE_ISSUER = "2.5.29.29"
NAME_CONSTRAINTS = "2.5.29.30"
CRL_DISTRIBUTION_POINTS = "2.5.29.31"
POLICY_MAPPINGS = "2.5.29.33"
AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
FRESHEST_CRL = "2.5.29.46"
NO_REV_AVAIL = "2.5.29.56"
CERT_HASH = "1.3.36.8.3.13"
SCT_LIST = "1.3.6.1.4.1.11129.2.4.5"

RSASSA_PSS = "1.2.840.113549.1.1.10"
MGF1 = "1.2.840.113549.1.1.8"


@lru_cache(maxsize=256)
def identifier(dotted: str) -> x509.ObjectIdentifier:
    """Return the ``x509.ObjectIdentifier`` of a dotted text."""
    return x509.ObjectIdentifier(dotted)
