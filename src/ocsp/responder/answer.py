"""
Define what the responder returns: an answer, or a look-up that it needs first.

Errors are cheap: they have no signature, and each is encoded once (RFC 6960 §2.3).
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.der import Deviation
from ocsp.errors import (
    DecodeError,
    RequestNotSigned,
    RequestorNotTrusted,
    RetentionOver,
    SignerUnavailable,
    SourceUnavailable,
    UnknownIssuer,
)
from ocsp.http import Freshness
from ocsp.messages.certid import CertID
from ocsp.messages.responses.response_builder import OCSPResponseBuilder
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.responder.authority import Authority
from ocsp.responder.foreign import Forward
from ocsp.responder.signers import AuthoritySigner
from ocsp.responder.source import IssuerKey, StatusQuery
from ocsp.responder.stored_answer import CertIDForm, NewAnswer

__all__ = ["Answer", "Lookup", "error_answer", "error_response"]


class Answer(NamedTuple):
    """
    What the responder returns to the client.

    Attributes:
        der: The response, in DER.

        status: Its responseStatus.

        freshness: Its times if HTTP caches may store it, otherwise ``None``.

        cause: The reason for an error. It is for logs and is never sent to the client.

        new: The answer to store, if it was signed for a store; otherwise ``None``.

        forward: The request to pass on to the responder of another CA, or ``None``. The
            answer here is *tryLater*, for a request handler that passes nothing on.

        origin: Where an answer of others was found, for metrics: one of the values of
            the label ``from``; empty for their responder.

        issuer: The issuer, for logs and metrics, if others sign its answers; otherwise
            ``None``.
    """

    der: bytes
    status: OCSPResponseStatus
    freshness: Freshness | None = None
    cause: str = ""
    new: NewAnswer | None = None
    forward: Forward | None = None
    origin: str = ""
    issuer: IssuerKey | None = None


Queries = tuple[StatusQuery, ...]
Authorities = tuple[Authority, ...]
Signers = tuple[AuthoritySigner, ...]


class Lookup(NamedTuple):
    """
    A valid request that needs the status of its certificates from the source.

    Attributes:
        queries: The queries for the source, one for each CertID.

        authorities: The authority of each query.

        cert_ids: The CertIDs of the request.

        nonce: The nonce to echo, or ``None``.

        now: The time at which the request was received.

        signers: The signer for each different authority, all with one key; empty if no
            certificate of a signer is valid now.

        stored_form: Which CertIDs a stored answer to this request has. ``None``: the
            answer is for this request only, so it is signed now and never stored.

        fallback_form: Which CertIDs a stored answer has that the client may get if the
            signer is away, or ``None``. It is without the nonce of the request.

        tolerated: How the encoding of the request deviates from DER. It is for logs.
    """

    queries: Queries
    authorities: Authorities
    cert_ids: tuple[CertID, ...]
    nonce: bytes | None
    now: datetime.datetime
    signers: Signers
    stored_form: CertIDForm | None
    fallback_form: CertIDForm | None
    tolerated: tuple[Deviation, ...] = ()

    @property
    def authority(self) -> Authority:
        """The authority of the first query."""
        return self.authorities[0]


def error_response(error: Exception) -> Answer:
    """
    Return the OCSP error for an exception (RFC 6960 §2.3).

    Args:
        error: The exception. Any class without its own error is *internalError*.
    """
    match error:
        case DecodeError():
            status = OCSPResponseStatus.MALFORMED_REQUEST
        case RequestNotSigned():
            status = OCSPResponseStatus.SIG_REQUIRED
        case UnknownIssuer() | RequestorNotTrusted() | RetentionOver():
            status = OCSPResponseStatus.UNAUTHORIZED
        case SourceUnavailable() | SignerUnavailable():
            status = OCSPResponseStatus.TRY_LATER
        case _:
            status = OCSPResponseStatus.INTERNAL_ERROR
    return error_answer(status, str(error) or type(error).__name__)


def error_answer(status: OCSPResponseStatus, cause: str) -> Answer:
    """Return the error *status*; *cause* is for logs."""
    return Answer(der=_ERRORS[status], status=status, cause=cause)


_ERRORS: dict[OCSPResponseStatus, bytes] = {
    status: OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
    for status in OCSPResponseStatus
    if status is not OCSPResponseStatus.SUCCESSFUL
}
