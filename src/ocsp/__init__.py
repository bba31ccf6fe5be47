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

from typing import TYPE_CHECKING

from ocsp import errors, limits
from ocsp._version import __version__
from ocsp.asn1.der import Deviation
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
from ocsp.messages.certid import CertID
from ocsp.messages.message import EncodingRules
from ocsp.messages.requests.request import OCSPRequest, load_der_ocsp_request
from ocsp.messages.requests.single_request import OCSPSingleRequest
from ocsp.messages.responses.response import (
    OCSPResponse,
    load_der_basic_ocsp_response,
    load_der_ocsp_response,
)
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import (
    OCSPCertStatus,
    OCSPResponderEncoding,
    OCSPResponseStatus,
)

if TYPE_CHECKING:
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
    from ocsp.errors.verification import (
        CertificateNotGood,
        CertificateRevoked,
        CertificateStatusUnknown,
        Finding,
        VerificationError,
    )
    from ocsp.linting import LintFinding, LintReport, lint_response
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
    from ocsp.messages.requests.request_builder import OCSPRequestBuilder
    from ocsp.messages.responses.batch import OCSPResponseBatch
    from ocsp.messages.responses.response_builder import OCSPResponseBuilder
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
]

_LAZY_IMPORTS = {
    **dict.fromkeys(
        (
            "CertificateNotGood",
            "CertificateRevoked",
            "CertificateStatusUnknown",
            "Finding",
            "VerificationError",
        ),
        "ocsp.errors.verification",
    ),
    **dict.fromkeys(
        (
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
        ),
        "ocsp.client",
    ),
    **dict.fromkeys(("lint_response", "LintFinding", "LintReport"), "ocsp.linting"),
    **dict.fromkeys(
        (
            "ArchiveCutoff",
            "CertHash",
            "CRLReference",
            "ExtendedRevoke",
            "Nonce",
            "PreferredSignatureAlgorithm",
            "PreferredSignatureAlgorithms",
            "ServiceLocator",
        ),
        "ocsp.messages.extension_types",
    ),
    "OCSPRequestBuilder": "ocsp.messages.requests.request_builder",
    "OCSPResponseBatch": "ocsp.messages.responses.batch",
    "OCSPResponseBuilder": "ocsp.messages.responses.response_builder",
    **dict.fromkeys(("Signer", "KeySigner"), "ocsp.signing.signer"),
    "SameKeySigner": "ocsp.signing.same_key",
    **dict.fromkeys(
        (
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
        ),
        "ocsp.verification",
    ),
}
"""
Names that are imported at their first use, and their modules.

A program that only reads messages does not pay for their import.
"""


def __getattr__(name: str) -> object:
    """
    Import *name* at its first use, and return it.

    Raises:
        AttributeError: If there is no such name.
    """
    from importlib import import_module

    module = _LAZY_IMPORTS.get(name)
    if module is None:
        raise AttributeError(f"module 'ocsp' has no attribute {name!r}")
    found: object = getattr(import_module(module), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
