"""Evidence for the tests of caches: real, verified responses. Each is made once."""

from __future__ import annotations

import datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes

import ocsp
from ocsp import CertID, OCSPCertStatus, VerifiedResponse
from tests.crls import crl, entry
from tests.pki import NOW, ca, key, leaf

__all__ = ["HOUR", "LATER", "answer", "key_of", "listed"]

HOUR = datetime.timedelta(hours=1)
LATER = NOW + 12 * HOUR
"""The default expiry of a cached answer."""


def key_of(serial: int) -> CertID:
    """Return the cache key of the certificate with this serial number."""
    return CertID.for_certificate(leaf(serial), ca(), hashes.SHA256())


def answer(
    serial: int,
    age: datetime.timedelta = HOUR,
    status: OCSPCertStatus = OCSPCertStatus.GOOD,
    *,
    by_sha1: bool = False,
    nonce: bytes | None = None,
    asked_with_nonce: bool = False,
    signed: datetime.timedelta = HOUR * 0,
) -> VerifiedResponse:
    """Return evidence for *serial*: thisUpdate is *age* ago, producedAt *signed* ago."""
    return _answer(serial, age, status, by_sha1, nonce, asked_with_nonce, signed)


@cache
def _answer(
    serial: int,
    age: datetime.timedelta,
    status: OCSPCertStatus,
    by_sha1: bool,
    nonce: bytes | None,
    asked_with_nonce: bool,
    signed: datetime.timedelta,
) -> VerifiedResponse:
    algorithm = hashes.SHA1() if by_sha1 else hashes.SHA256()
    is_revoked = status is OCSPCertStatus.REVOKED
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_id(
            CertID.for_certificate(leaf(serial), ca(), algorithm),
            cert_status=status,
            this_update=NOW - age,
            next_update=NOW + 24 * HOUR,
            revocation_time=NOW - 48 * HOUR if is_revoked else None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, ca())
        .produced_at(NOW - signed)
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return ocsp.verify(
        builder.sign(key("Test CA"), hashes.SHA256()),
        leaf(serial),
        ca(),
        at=NOW,
        nonce=nonce if asked_with_nonce else None,
    )


@cache
def listed(serial: int, age: datetime.timedelta = HOUR) -> ocsp.VerifiedRevocation:
    """Return *revoked* from a CRL whose thisUpdate is *age* ago."""
    data = crl(entry(serial), begin=NOW - age)
    return ocsp.verify_crl(data, leaf(serial), ca(), at=NOW)
