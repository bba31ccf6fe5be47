"""
The exceptions that this package raises, in one tree.

::

    OCSPError(Exception)
    ├─ DecodeError(ValueError)          the data is malformed: path, offset, reason
    │  ├─ DERError                      not canonical DER, or truncated
    │  ├─ SchemaError                   valid DER with the wrong structure
    │  │  └─ ValueTypeError(TypeError)   a value of another ASN.1 type
    │  └─ LimitExceeded                 larger than a named limit allows
    ├─ BuildError(ValueError)           a builder was asked for an invalid message
    ├─ ConfigError(ValueError)          a setting or an argument has a wrong value
    │  └─ ConfigurationError            the configuration of a responder
    ├─ UnsupportedError                 well-formed, but not supported
    │  └─ MultipleRequestsError(NotImplementedError)
    │                                   several entries, without ``allow_multiple``
    ├─ MultipleResponsesError(ValueError)
    │                                   a property of one entry, but there are several
    ├─ ResponseStatusError(ValueError)  the responder returned an OCSP error
    ├─ SignatureInvalid(InvalidSignature)
    │                                   the key did not make the signature
    ├─ VerificationError                the response or the CRL was rejected; its
    │                                   subclasses are drawn in ``errors.verification``
    ├─ CertificateNotGood               verified, but not good
    │  ├─ CertificateRevoked
    │  │  └─ CertificateNotIssued
    │  └─ CertificateStatusUnknown
    ├─ MissingExtraError(ImportError)   a feature needs a missing extra
    ├─ FetchError                       the client got no usable answer from a URL
    │  ├─ TransportError(ConnectionError)
    │  │  │                             the connection failed
    │  │  └─ BrokenReply                no complete HTTP reply came
    │  ├─ FetchTimeout(TimeoutError)    a deadline passed
    │  ├─ HTTPStatusError               the status code is not 200
    │  ├─ ContentTypeError              the media type is not that of a response
    │  ├─ BodyTooLarge                  the body is longer than the client accepts
    │  ├─ RedirectRefused               the options do not allow the redirect
    │  ├─ ForbiddenResponderURL         not sent: the options do not allow the URL
    │  ├─ ResponderBackedOff            not sent: the responder failed recently
    │  ├─ NoResponderURL                the certificate names no responder
    │  └─ NoCRLURL                      the certificate names no CRL
    ├─ IssuerNotFound(LookupError)      the issuer was neither given nor found
    ├─ OlderThanKnown                   the answer is older than the newest verified one
    ├─ RevocationIndeterminate          the status is not known, but *good* is required
    │  └─ RevokedBefore                 and the newest verified answer said *revoked*
    ├─ TLSPeerError(ConnectionError)    a TLS server cannot be reached
    │  └─ TLSPeerNotTrusted             its certification path is not trusted
    │     └─ TLSPeerWrongName           its certificate is for another name
    ├─ StapleMissing                    the TLS server sent no staple, but one is
    │                                   required
    ├─ StapleEnded                      the response has ended, so it is no staple
    ├─ StapleUnobtainable               a certificate requires a staple, and has none
    ├─ UnknownIssuer                    the responder does not serve the issuer
    ├─ RequestNotSigned                 the responder requires a signature
    ├─ RequestorNotTrusted              no trusted requestor has signed the request
    ├─ RetentionOver                    the certificate ended too long ago
    ├─ ImportRefused(ValueError)        a file with statuses cannot be imported
    ├─ StatusNotGiven                   a charging station got no OCSP response
    ├─ StatusChangeRefused              a change of a certificate's status was refused
    │  ├─ UnknownCertificate(LookupError)
    │  ├─ AlreadyRevoked(ValueError)
    │  └─ NotOnHold(ValueError)
    └─ BackendError                     a component failed at run time
       ├─ SourceUnavailable             a status source
       ├─ SignerUnavailable             a signer, a token for instance
       ├─ StoreError                    a file or a store; ``__cause__`` says how
       ├─ UnreadableFile                missing, too large, or not a regular file
       ├─ HookFailed                    a command of the operator failed
       └─ PublishingFailed              an answer is not published, or a cache not told

``DecodeError`` means that the received data is at fault; ``BuildError`` and
``ConfigError`` mean that the arguments of the caller are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocsp.errors.configuration import ConfigurationError, ConfigurationProblem
from ocsp.errors.general import (
    AlreadyRevoked,
    BackendError,
    BodyTooLarge,
    BrokenReply,
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
    ImportRefused,
    IssuerNotFound,
    LimitExceeded,
    MissingExtraError,
    MultipleRequestsError,
    MultipleResponsesError,
    NoCRLURL,
    NoResponderURL,
    NotOnHold,
    OCSPError,
    OlderThanKnown,
    PublishingFailed,
    RedirectRefused,
    RequestNotSigned,
    RequestorNotTrusted,
    ResponderBackedOff,
    ResponseStatusError,
    RetentionOver,
    RevocationIndeterminate,
    RevokedBefore,
    SchemaError,
    SignatureInvalid,
    SignerUnavailable,
    SourceUnavailable,
    StapleEnded,
    StapleMissing,
    StapleUnobtainable,
    StatusChangeRefused,
    StatusNotGiven,
    StoreError,
    TLSPeerError,
    TLSPeerNotTrusted,
    TLSPeerWrongName,
    TransportError,
    UnknownCertificate,
    UnknownIssuer,
    UnreadableFile,
    UnsupportedError,
    ValueTypeError,
)

if TYPE_CHECKING:
    from ocsp.errors.verification import (
        CertHashMismatch,
        CertIDMismatch,
        CertificateNotGood,
        CertificateNotIssued,
        CertificateRevoked,
        CertificateStatusUnknown,
        ConflictingResponses,
        CRLExpired,
        CRLIssuerMismatch,
        CRLNotYetValid,
        CRLScopeMismatch,
        CRLSignatureInvalid,
        CRLSignerNotSuitable,
        DeltaCRLMismatch,
        Finding,
        IncompleteResponse,
        MalformedCRL,
        MalformedResponse,
        MissingOCSPSigningEKU,
        MustStapleViolation,
        NextUpdateMissing,
        NonceMismatch,
        NonceMissing,
        NoResponderCertificate,
        ProducedAtInvalid,
        ReasonsNotCovered,
        ResponderCertificateExpired,
        ResponderCertificateNotSuitable,
        ResponderIDMismatch,
        ResponderNotAuthorized,
        ResponderRevocationUnknown,
        ResponderRevoked,
        ResponseExpired,
        ResponseNotYetValid,
        ResponseSignatureInvalid,
        RevocationDateInvalid,
        RevocationUndetermined,
        RevokedButStale,
        SignatureAlgorithmNotAllowed,
        StatusNotAvailable,
        UnhandledCriticalExtension,
        UnsuccessfulResponse,
        ValidityIntervalNotAllowed,
        VerificationError,
    )

__all__ = [
    "AlreadyRevoked",
    "BackendError",
    "BodyTooLarge",
    "BrokenReply",
    "BuildError",
    "CRLExpired",
    "CRLIssuerMismatch",
    "CRLNotYetValid",
    "CRLScopeMismatch",
    "CRLSignatureInvalid",
    "CRLSignerNotSuitable",
    "CertHashMismatch",
    "CertIDMismatch",
    "CertificateNotGood",
    "CertificateNotIssued",
    "CertificateRevoked",
    "CertificateStatusUnknown",
    "ConfigError",
    "ConfigurationError",
    "ConfigurationProblem",
    "ConflictingResponses",
    "ContentTypeError",
    "DERError",
    "DecodeError",
    "DeltaCRLMismatch",
    "FetchError",
    "FetchTimeout",
    "Finding",
    "ForbiddenResponderURL",
    "HTTPStatusError",
    "HookFailed",
    "ImportRefused",
    "IncompleteResponse",
    "IssuerNotFound",
    "LimitExceeded",
    "MalformedCRL",
    "MalformedResponse",
    "MissingExtraError",
    "MissingOCSPSigningEKU",
    "MultipleRequestsError",
    "MultipleResponsesError",
    "MustStapleViolation",
    "NextUpdateMissing",
    "NoCRLURL",
    "NoResponderCertificate",
    "NoResponderURL",
    "NonceMismatch",
    "NonceMissing",
    "NotOnHold",
    "OCSPError",
    "OlderThanKnown",
    "ProducedAtInvalid",
    "PublishingFailed",
    "ReasonsNotCovered",
    "RedirectRefused",
    "RequestNotSigned",
    "RequestorNotTrusted",
    "ResponderBackedOff",
    "ResponderCertificateExpired",
    "ResponderCertificateNotSuitable",
    "ResponderIDMismatch",
    "ResponderNotAuthorized",
    "ResponderRevocationUnknown",
    "ResponderRevoked",
    "ResponseExpired",
    "ResponseNotYetValid",
    "ResponseSignatureInvalid",
    "ResponseStatusError",
    "RetentionOver",
    "RevocationDateInvalid",
    "RevocationIndeterminate",
    "RevocationUndetermined",
    "RevokedBefore",
    "RevokedButStale",
    "SchemaError",
    "SignatureAlgorithmNotAllowed",
    "SignatureInvalid",
    "SignerUnavailable",
    "SourceUnavailable",
    "StapleEnded",
    "StapleMissing",
    "StapleUnobtainable",
    "StatusChangeRefused",
    "StatusNotAvailable",
    "StatusNotGiven",
    "StoreError",
    "TLSPeerError",
    "TLSPeerNotTrusted",
    "TLSPeerWrongName",
    "TransportError",
    "UnhandledCriticalExtension",
    "UnknownCertificate",
    "UnknownIssuer",
    "UnreadableFile",
    "UnsuccessfulResponse",
    "UnsupportedError",
    "ValidityIntervalNotAllowed",
    "ValueTypeError",
    "VerificationError",
]


def __getattr__(name: str) -> object:
    """
    Import the errors of verification at their first use: reading messages needs none.

    Raises:
        AttributeError: If there is no such name.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ocsp.errors import verification

    found: object = getattr(verification, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
