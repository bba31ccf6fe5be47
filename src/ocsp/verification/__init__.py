"""
Verification: evidence, or a reason.

::

    verified = ocsp.verify(response, cert, issuer)
    verified.require_good()

The rules are numbered; :mod:`ocsp.verification.table` has them all.
"""

from __future__ import annotations

from ocsp.verification.chain import (
    CertificateReport,
    ChainOutcome,
    ChainReport,
    verify_chain,
)
from ocsp.verification.crl.verify import verify_crl
from ocsp.verification.evidence import (
    AuthorizedBy,
    VerifiedResponse,
    VerifiedRevocation,
)
from ocsp.verification.policy import (
    UNBOUNDED,
    CertIDHashes,
    DelegateRevocation,
    ExpiredCertificate,
    IssuerKeyUsage,
    MissingNextUpdate,
    NonceCheck,
    Policy,
    ProducedAt,
    SignatureHashes,
)
from ocsp.verification.response import verify
from ocsp.verification.staple import must_staple, verify_staple

__all__ = [
    "UNBOUNDED",
    "AuthorizedBy",
    "CertIDHashes",
    "CertificateReport",
    "ChainOutcome",
    "ChainReport",
    "DelegateRevocation",
    "ExpiredCertificate",
    "IssuerKeyUsage",
    "MissingNextUpdate",
    "NonceCheck",
    "Policy",
    "ProducedAt",
    "SignatureHashes",
    "VerifiedResponse",
    "VerifiedRevocation",
    "must_staple",
    "verify",
    "verify_chain",
    "verify_crl",
    "verify_staple",
]
