"""
V30: CertHash, the hash of the certificate in the entry (Common PKI 2.0 Part 4 §3.1.2).

A responder proves with it that it knows the certificate itself, not only its serial
number.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp.asn1 import oids
from ocsp.errors import CertHashMismatch
from ocsp.messages.extension_types import CertHash
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.verification.case import Case
from ocsp.verification.policy import CertHashCheck

__all__ = ["check_cert_hash"]


def check_cert_hash(case: Case, entry: OCSPSingleResponse) -> None:
    """V30: compare CertHash with the hash of the certificate."""
    required = case.policy.cert_hash is CertHashCheck.REQUIRED
    for extension in entry._each_extension:
        if extension.oid != oids.CERT_HASH:
            continue
        if not isinstance(extension.value, CertHash):
            _fail(case, f"cannot be decoded: {extension.error}")
        elif problem := _cannot_compare(case, extension.value):
            report = _fail if required or extension.critical else _warn
            report(case, f"cannot be compared: {problem}")
        elif isinstance(case.cert, x509.Certificate) and not extension.value.matches(
            case.cert
        ):
            _fail(case, "is the hash of another certificate")
        return
    if required:
        _fail(case, "is missing, and the policy requires it")


def _cannot_compare(case: Case, value: CertHash) -> str:
    """Return why *value* cannot be compared with the certificate, or an empty text."""
    if not isinstance(case.cert, x509.Certificate):
        return "the caller gave the CertID only, not the certificate"
    try:
        _ = value.hash_algorithm
    except UnsupportedAlgorithm as error:
        return str(error)
    return ""


def _fail(case: Case, what: str) -> None:
    case.fail("V30", CertHashMismatch, f"the CertHash in the response {what}")


def _warn(case: Case, what: str) -> None:
    case.warn("V30", CertHashMismatch, f"the CertHash in the response {what}")
