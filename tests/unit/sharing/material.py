"""Signed answers to share, and the certificates of their signers."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import OCSPCertStatus
from ocsp.responder import (
    Authority,
    CertIDForm,
    DueAnswer,
    IssuerKey,
    NewAnswer,
    Responder,
    StatusQuery,
    StatusRecord,
)
from ocsp.sharing import SharedSigner
from tests.pki import NOW, ca, delegate_signer

__all__ = ["END", "SECOND", "SHA256", "answer", "query", "signers"]

SECOND = int(NOW.timestamp())
SHA256 = CertIDForm.SHA256
END = SECOND + 8 * 3600
"""nextUpdate of the answers."""

_AUTHORITY = Authority(ca(), [delegate_signer()])
_RESPONDER = Responder([_AUTHORITY])


def query(serial: int = 0x1F2E, issuer: x509.Certificate | None = None) -> StatusQuery:
    """Return the query for a certificate of the test CA."""
    return StatusQuery(IssuerKey.of(issuer or ca()), serial)


def answer(
    serial: int = 0x1F2E, version: int = 1, *, revoked: bool = False, later: int = 0
) -> NewAnswer:
    """Return an answer, which is signed *later* seconds after the others."""
    record = StatusRecord()
    if revoked:
        record = StatusRecord(status=OCSPCertStatus.REVOKED, revocation_time=NOW)
    due = DueAnswer(query(serial), SHA256, record, version)
    return _RESPONDER.presign(due, NOW.fromtimestamp(SECOND + later, NOW.tzinfo))


def signers() -> list[tuple[SharedSigner, int]]:
    """Return the signer of the answers."""
    signer = delegate_signer()
    der = signer.certificate.public_bytes(Encoding.DER)
    return [(SharedSigner(der, signer.algorithm_identifier), SECOND + 86400)]
