"""
Verify responses and CRLs: return evidence, or raise an error with the reasons.

::

    verified = ocsp.verify(response, cert, issuer)
    verified.require_good()

Every rule has a number; :mod:`ocsp.verification.table` lists all rules.
"""

from __future__ import annotations

from ocsp.later import imported_later

TYPE_CHECKING = False  # as in typing, whose import takes longer than this one

if TYPE_CHECKING:
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
        CertHashCheck,
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
    "CertHashCheck",
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

if not TYPE_CHECKING:  # so that type checkers report unknown names
    __getattr__, __dir__ = imported_later(
        __name__,
        {
            "ocsp.verification.chain": (
                "CertificateReport",
                "ChainOutcome",
                "ChainReport",
                "verify_chain",
            ),
            "ocsp.verification.crl.verify": ("verify_crl",),
            "ocsp.verification.evidence": (
                "AuthorizedBy",
                "VerifiedResponse",
                "VerifiedRevocation",
            ),
            "ocsp.verification.policy": (
                "UNBOUNDED",
                "CertHashCheck",
                "CertIDHashes",
                "DelegateRevocation",
                "ExpiredCertificate",
                "IssuerKeyUsage",
                "MissingNextUpdate",
                "NonceCheck",
                "Policy",
                "ProducedAt",
                "SignatureHashes",
            ),
            "ocsp.verification.response": ("verify",),
            "ocsp.verification.staple": (
                "must_staple",
                "verify_staple",
            ),
        },
    )
