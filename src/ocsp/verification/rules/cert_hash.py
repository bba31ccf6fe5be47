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
from ocsp.messages.extensions import DecodedExtension
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.verification.case import Case
from ocsp.verification.policy import CertHashCheck

__all__ = ["check_cert_hash"]


def check_cert_hash(case: Case, entry: OCSPSingleResponse) -> None:
    """V30: compare CertHash with the hash of the certificate."""
    required = case.policy.cert_hash is CertHashCheck.REQUIRED
    for extension in entry._each_extension:
        if extension.oid == oids.CERT_HASH:
            _check(case, extension, required or extension.critical)
            return
    if required:
        _fail(case, "is missing, and the policy requires it")


def _check(case: Case, extension: DecodedExtension, required: bool) -> None:
    report = _fail if required else _warn
    if not isinstance(extension.value, CertHash):
        _fail(case, f"cannot be decoded: {extension.error}")
    elif not isinstance(case.cert, x509.Certificate):
        report(case, "cannot be compared: the caller gave only the CertID")
    else:
        try:
            if not extension.value.matches(case.cert):
                _fail(case, "is the hash of another certificate")
        except UnsupportedAlgorithm as error:
            report(case, f"cannot be compared: {error}")


def _fail(case: Case, what: str) -> None:
    case.fail("V30", CertHashMismatch, f"the CertHash in the response {what}")


def _warn(case: Case, what: str) -> None:
    case.warn("V30", CertHashMismatch, f"the CertHash in the response {what}")
