"""
The OCSP toolkit for Python: messages, verification, client, responder, command line.

``import ocsp`` replaces ``from cryptography.x509 import ocsp``: every public name of
that module is here and behaves as its documentation says. This package adds names of
its own.

::

    import ocsp

    request = ocsp.load_der_ocsp_request(data)
    print(request.serial_number)

Loading a message checks its structure only. Its contents are not verified:
:func:`ocsp.verify` does that.
"""

from __future__ import annotations

from ocsp._version import __version__
from ocsp.later import imported_later

TYPE_CHECKING = False  # as in typing, whose import takes longer than this one

if TYPE_CHECKING:
    from ocsp import errors, limits
    from ocsp._compiled import compiled
    from ocsp.asn1.der import Deviation
    from ocsp.client import (
        AddressPolicy,
        AllowedSchemes,
        AsyncClient,
        CertIDHash,
        CheckStatus,
        Client,
        ContentTypes,
        CRLFallback,
        DelegateStatus,
        FailMode,
        MemoryCache,
        MissingIssuer,
        Options,
        Outcome,
        Proxy,
        Reason,
        Redirects,
        RequestMethod,
        ResponderOrder,
        SendNonce,
        SQLiteCache,
        check,
    )
    from ocsp.errors import (
        BackendError,
        BuildError,
        ConfigError,
        DecodeError,
        FetchError,
        MissingExtraError,
        OCSPError,
        ResponseStatusError,
        RevocationIndeterminate,
        UnsupportedError,
    )
    from ocsp.errors.verification import (
        CertificateNotGood,
        CertificateRevoked,
        CertificateStatusUnknown,
        Finding,
        VerificationError,
    )
    from ocsp.linting import LintFinding, LintReport, lint_response
    from ocsp.messages.certid import CertID
    from ocsp.messages.extension_types import (
        ArchiveCutoff,
        CertHash,
        CRLReference,
        ExtendedRevoke,
        Nonce,
        PreferredSignatureAlgorithm,
        PreferredSignatureAlgorithms,
        ServiceLocator,
    )
    from ocsp.messages.message import EncodingRules
    from ocsp.messages.requests.request import OCSPRequest, load_der_ocsp_request
    from ocsp.messages.requests.request_builder import OCSPRequestBuilder
    from ocsp.messages.requests.single_request import OCSPSingleRequest
    from ocsp.messages.responses.batch import OCSPResponseBatch
    from ocsp.messages.responses.response import (
        OCSPResponse,
        load_der_basic_ocsp_response,
        load_der_ocsp_response,
    )
    from ocsp.messages.responses.response_builder import OCSPResponseBuilder
    from ocsp.messages.responses.single_response import OCSPSingleResponse
    from ocsp.messages.statuses import (
        OCSPCertStatus,
        OCSPResponderEncoding,
        OCSPResponseStatus,
    )
    from ocsp.signing.same_key import SameKeySigner
    from ocsp.signing.signer import KeySigner, Signer
    from ocsp.verification import (
        AuthorizedBy,
        CertHashCheck,
        CertIDHashes,
        ChainReport,
        DelegateRevocation,
        ExpiredCertificate,
        IssuerKeyUsage,
        MissingNextUpdate,
        NonceCheck,
        Policy,
        ProducedAt,
        SignatureHashes,
        VerifiedResponse,
        VerifiedRevocation,
        verify,
        verify_chain,
        verify_crl,
        verify_staple,
    )


# A table of contents, by subject.
__all__ = [  # noqa: RUF022
    # messages
    "OCSPRequest",
    "OCSPSingleRequest",
    "OCSPRequestBuilder",
    "OCSPResponse",
    "OCSPSingleResponse",
    "OCSPResponseBuilder",
    "OCSPResponseBatch",
    "load_der_ocsp_request",
    "load_der_ocsp_response",
    "load_der_basic_ocsp_response",
    "EncodingRules",
    "Deviation",
    "CertID",
    "OCSPCertStatus",
    "OCSPResponderEncoding",
    "OCSPResponseStatus",
    # extensions of messages (RFC 6960 §4.4)
    "ArchiveCutoff",
    "CertHash",
    "CRLReference",
    "ExtendedRevoke",
    "Nonce",
    "PreferredSignatureAlgorithm",
    "PreferredSignatureAlgorithms",
    "ServiceLocator",
    # signing
    "Signer",
    "KeySigner",
    "SameKeySigner",
    # verification
    "verify",
    "verify_staple",
    "verify_chain",
    "verify_crl",
    "VerifiedResponse",
    "VerifiedRevocation",
    "AuthorizedBy",
    "ChainReport",
    "Policy",
    "CertHashCheck",
    "CertIDHashes",
    "DelegateRevocation",
    "ExpiredCertificate",
    "IssuerKeyUsage",
    "MissingNextUpdate",
    "NonceCheck",
    "ProducedAt",
    "SignatureHashes",
    "Finding",
    # linting
    "lint_response",
    "LintFinding",
    "LintReport",
    # client
    "check",
    "Client",
    "AsyncClient",
    "Outcome",
    "CheckStatus",
    "Reason",
    "FailMode",
    "MemoryCache",
    "SQLiteCache",
    "Options",
    "AddressPolicy",
    "AllowedSchemes",
    "CertIDHash",
    "ContentTypes",
    "DelegateStatus",
    "CRLFallback",
    "MissingIssuer",
    "Proxy",
    "Redirects",
    "RequestMethod",
    "ResponderOrder",
    "SendNonce",
    # errors that most programs catch; all others are in ocsp.errors
    "OCSPError",
    "DecodeError",
    "BuildError",
    "ConfigError",
    "UnsupportedError",
    "MissingExtraError",
    "ResponseStatusError",
    "VerificationError",
    "CertificateNotGood",
    "CertificateRevoked",
    "CertificateStatusUnknown",
    "RevocationIndeterminate",
    "FetchError",
    "BackendError",
    # the rest
    "errors",
    "limits",
    "__version__",
    "compiled",
]

if not TYPE_CHECKING:  # so that type checkers report unknown names
    __getattr__, __dir__ = imported_later(
        __name__,
        {
            "ocsp._compiled": ("compiled",),
            "ocsp.asn1.der": ("Deviation",),
            "ocsp.client": (
                "AddressPolicy",
                "AllowedSchemes",
                "AsyncClient",
                "CertIDHash",
                "CheckStatus",
                "Client",
                "ContentTypes",
                "CRLFallback",
                "DelegateStatus",
                "FailMode",
                "MemoryCache",
                "MissingIssuer",
                "Options",
                "Outcome",
                "Proxy",
                "Reason",
                "Redirects",
                "RequestMethod",
                "ResponderOrder",
                "SendNonce",
                "SQLiteCache",
                "check",
            ),
            "ocsp.errors": (
                "errors",
                "BackendError",
                "BuildError",
                "ConfigError",
                "DecodeError",
                "FetchError",
                "MissingExtraError",
                "OCSPError",
                "ResponseStatusError",
                "RevocationIndeterminate",
                "UnsupportedError",
            ),
            "ocsp.errors.verification": (
                "CertificateNotGood",
                "CertificateRevoked",
                "CertificateStatusUnknown",
                "Finding",
                "VerificationError",
            ),
            "ocsp.limits": ("limits",),
            "ocsp.linting": (
                "LintFinding",
                "LintReport",
                "lint_response",
            ),
            "ocsp.messages.certid": ("CertID",),
            "ocsp.messages.extension_types": (
                "ArchiveCutoff",
                "CertHash",
                "CRLReference",
                "ExtendedRevoke",
                "Nonce",
                "PreferredSignatureAlgorithm",
                "PreferredSignatureAlgorithms",
                "ServiceLocator",
            ),
            "ocsp.messages.message": ("EncodingRules",),
            "ocsp.messages.requests.request": (
                "OCSPRequest",
                "load_der_ocsp_request",
            ),
            "ocsp.messages.requests.request_builder": ("OCSPRequestBuilder",),
            "ocsp.messages.requests.single_request": ("OCSPSingleRequest",),
            "ocsp.messages.responses.batch": ("OCSPResponseBatch",),
            "ocsp.messages.responses.response": (
                "OCSPResponse",
                "load_der_basic_ocsp_response",
                "load_der_ocsp_response",
            ),
            "ocsp.messages.responses.response_builder": ("OCSPResponseBuilder",),
            "ocsp.messages.responses.single_response": ("OCSPSingleResponse",),
            "ocsp.messages.statuses": (
                "OCSPCertStatus",
                "OCSPResponderEncoding",
                "OCSPResponseStatus",
            ),
            "ocsp.signing.same_key": ("SameKeySigner",),
            "ocsp.signing.signer": (
                "KeySigner",
                "Signer",
            ),
            "ocsp.verification": (
                "AuthorizedBy",
                "CertHashCheck",
                "CertIDHashes",
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
                "verify",
                "verify_chain",
                "verify_crl",
                "verify_staple",
            ),
        },
    )
