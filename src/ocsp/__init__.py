"""
The OCSP toolkit for Python: messages, verification, client, responder, command line.

``import ocsp`` takes the place of ``from cryptography.x509 import ocsp``: every name of
that module is here and behaves as documented there; what this package adds stands
beside them.

::

    import ocsp

    request = ocsp.load_der_ocsp_request(data)
    print(request.serial_number)

What a message says is not what is true: loading checks the structure of a message and
nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocsp import errors, limits
from ocsp._version import __version__
from ocsp.errors import (
    BodyTooLarge,
    BuildError,
    ConfigError,
    ContentTypeError,
    DecodeError,
    DERError,
    FetchError,
    FetchTimeout,
    ForbiddenResponderURL,
    HookFailed,
    HTTPStatusError,
    IssuerNotFound,
    LimitExceeded,
    MissingExtraError,
    MultipleRequestsError,
    MultipleResponsesError,
    NoResponderURL,
    OCSPError,
    RedirectRefused,
    ResponderBackedOff,
    ResponderError,
    ResponseStatusError,
    RevocationIndeterminate,
    SchemaError,
    SignatureInvalid,
    SignerUnavailable,
    SourceUnavailable,
    StapleMissing,
    StoreError,
    TransportError,
    UnknownCertificate,
    UnknownIssuer,
    UnsupportedError,
)
from ocsp.messages.certid import CertID
from ocsp.messages.extension_types import (
    ArchiveCutoff,
    CRLReference,
    ExtendedRevoke,
    Nonce,
    ServiceLocator,
)
from ocsp.messages.requests.request import OCSPRequest, load_der_ocsp_request
from ocsp.messages.requests.single_request import OCSPSingleRequest
from ocsp.messages.responses.response import OCSPResponse, load_der_ocsp_response
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import (
    OCSPCertStatus,
    OCSPResponderEncoding,
    OCSPResponseStatus,
)

if TYPE_CHECKING:
    from ocsp.client import AsyncClient, CheckStatus, Client, FailMode, Outcome, check
    from ocsp.linting import LintFinding, LintReport, lint_response
    from ocsp.messages.extension_types import (
        PreferredSignatureAlgorithm,
        PreferredSignatureAlgorithms,
    )
    from ocsp.messages.requests.request_builder import OCSPRequestBuilder
    from ocsp.messages.responses.batch import OCSPResponseBatch
    from ocsp.messages.responses.response_builder import OCSPResponseBuilder
    from ocsp.signing.signer import KeySigner, Signer
    from ocsp.verification import (
        AuthorizedBy,
        ChainReport,
        Policy,
        VerifiedResponse,
        VerifiedRevocation,
        verify,
        verify_chain,
        verify_crl,
        verify_staple,
    )
    from ocsp.verification.errors import (
        CertificateNotGood,
        CertificateNotIssued,
        CertificateRevoked,
        CertificateStatusUnknown,
        Finding,
        VerificationError,
    )

__all__ = [
    "ArchiveCutoff",
    "AsyncClient",
    "AuthorizedBy",
    "BodyTooLarge",
    "BuildError",
    "CRLReference",
    "CertID",
    "CertificateNotGood",
    "CertificateNotIssued",
    "CertificateRevoked",
    "CertificateStatusUnknown",
    "ChainReport",
    "CheckStatus",
    "Client",
    "ConfigError",
    "ContentTypeError",
    "DERError",
    "DecodeError",
    "ExtendedRevoke",
    "FailMode",
    "FetchError",
    "FetchTimeout",
    "Finding",
    "ForbiddenResponderURL",
    "HTTPStatusError",
    "HookFailed",
    "IssuerNotFound",
    "KeySigner",
    "LimitExceeded",
    "LintFinding",
    "LintReport",
    "MissingExtraError",
    "MultipleRequestsError",
    "MultipleResponsesError",
    "NoResponderURL",
    "Nonce",
    "OCSPCertStatus",
    "OCSPError",
    "OCSPRequest",
    "OCSPRequestBuilder",
    "OCSPResponderEncoding",
    "OCSPResponse",
    "OCSPResponseBatch",
    "OCSPResponseBuilder",
    "OCSPResponseStatus",
    "OCSPSingleRequest",
    "OCSPSingleResponse",
    "Outcome",
    "Policy",
    "PreferredSignatureAlgorithm",
    "PreferredSignatureAlgorithms",
    "RedirectRefused",
    "ResponderBackedOff",
    "ResponderError",
    "ResponseStatusError",
    "RevocationIndeterminate",
    "SchemaError",
    "ServiceLocator",
    "SignatureInvalid",
    "Signer",
    "SignerUnavailable",
    "SourceUnavailable",
    "StapleMissing",
    "StoreError",
    "TransportError",
    "UnknownCertificate",
    "UnknownIssuer",
    "UnsupportedError",
    "VerificationError",
    "VerifiedResponse",
    "VerifiedRevocation",
    "__version__",
    "check",
    "errors",
    "limits",
    "lint_response",
    "load_der_ocsp_request",
    "load_der_ocsp_response",
    "verify",
    "verify_chain",
    "verify_crl",
    "verify_staple",
]

_LAZY_IMPORTS = {
    "KeySigner": "ocsp.signing.signer",
    "OCSPRequestBuilder": "ocsp.messages.requests.request_builder",
    "OCSPResponseBatch": "ocsp.messages.responses.batch",
    "OCSPResponseBuilder": "ocsp.messages.responses.response_builder",
    "PreferredSignatureAlgorithm": "ocsp.messages.extension_types",
    "PreferredSignatureAlgorithms": "ocsp.messages.extension_types",
    "Signer": "ocsp.signing.signer",
    **dict.fromkeys(("LintFinding", "LintReport", "lint_response"), "ocsp.linting"),
    **dict.fromkeys(
        ("AsyncClient", "CheckStatus", "Client", "FailMode", "Outcome", "check"),
        "ocsp.client",
    ),
    **dict.fromkeys(
        (
            "AuthorizedBy",
            "ChainReport",
            "Policy",
            "VerifiedResponse",
            "VerifiedRevocation",
            "verify",
            "verify_chain",
            "verify_crl",
            "verify_staple",
        ),
        "ocsp.verification",
    ),
    **dict.fromkeys(
        (
            "CertificateNotGood",
            "CertificateNotIssued",
            "CertificateRevoked",
            "CertificateStatusUnknown",
            "Finding",
            "VerificationError",
        ),
        "ocsp.verification.errors",
    ),
}
"""What is imported when it is first used: reading messages need not pay for it."""


def __getattr__(name: str) -> object:
    """
    Return what is imported later.

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
