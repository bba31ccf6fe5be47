"""
The responder: a request in, a response out, without I/O and without a clock.

RFC 6960 §2 and §4.2, RFC 9919 §3.2, RFC 9654.

Every request gets a well-formed response. Errors are cheap and unsigned. The responder
signs only the status that the source returns, or, for a serial number without a record,
what the authority's :class:`UnknownSerialPolicy` says. Every CertID of a request gets
one entry, which repeats the DER of the CertID octet for octet.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.asn1.certificates import validity_of
from ocsp.asn1.der import Deviation
from ocsp.asn1.times import later, utc
from ocsp.errors import (
    ConfigError,
    DecodeError,
    LimitExceeded,
    SignerUnavailable,
    SourceUnavailable,
    UnknownIssuer,
)
from ocsp.http import Freshness
from ocsp.messages.certid import CertID
from ocsp.messages.extension_types import ExtendedRevoke
from ocsp.messages.message import EncodingRules, check_rules
from ocsp.messages.requests.request import load_der_ocsp_request
from ocsp.messages.responses.response_builder import OCSPResponseBuilder
from ocsp.messages.statuses import (
    OCSPCertStatus,
    OCSPResponderEncoding,
    OCSPResponseStatus,
)
from ocsp.responder.authority import Authority, UnknownSerialPolicy
from ocsp.responder.issuers import Issuers
from ocsp.responder.options import NoncePolicy, nonce_to_echo, read_options
from ocsp.responder.source import StatusQuery, StatusRecord

__all__ = ["Answer", "Lookup", "NoncePolicy", "Responder", "error_response"]

DEFAULT_VALIDITY = datetime.timedelta(hours=8)
"""The shortest validity that the Baseline Requirements allow (§4.9.9). After this time
no client uses a response from before a revocation."""

DEFAULT_BACKDATE = datetime.timedelta(minutes=5)
"""How far a client's clock may be behind before thisUpdate is in its future."""

_EXTENDED_REVOKE = ExtendedRevoke()
_NEVER_ISSUED = StatusRecord.revoked(
    # RFC 6960 §2.2: *revoked* for a certificate that was never issued has this time
    # and reason.
    datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC),
    x509.ReasonFlags.certificate_hold,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What the responder returns to the client.

    Attributes:
        der: The response, in DER.

        status: Its responseStatus.

        freshness: Its times if HTTP caches may store it, otherwise ``None``.

        cause: The reason for an error. It is for logs and is never sent to the client.
    """

    der: bytes
    status: OCSPResponseStatus
    freshness: Freshness | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """
    A valid request that needs the status of its certificates from the source.

    Attributes:
        queries: The queries for the source, one for each CertID.

        authority: The authority that will sign the response.

        cert_ids: The CertIDs of the request.

        nonce: The nonce to echo, or ``None``.

        now: The time at which the request was received.

        tolerated: How the encoding of the request deviates from DER. It is for logs.
    """

    queries: tuple[StatusQuery, ...]
    authority: Authority
    cert_ids: tuple[CertID, ...]
    nonce: bytes | None
    now: datetime.datetime
    tolerated: tuple[Deviation, ...] = ()


class Responder:
    """
    Answers requests for a set of authorities.

    Immutable. Several threads may use one responder if its signers allow that.
    """

    def __init__(
        self,
        authorities: Iterable[Authority],
        *,
        nonce: NoncePolicy = NoncePolicy.ECHO,
        validity: datetime.timedelta = DEFAULT_VALIDITY,
        backdate: datetime.timedelta = DEFAULT_BACKDATE,
        encoding: EncodingRules = EncodingRules.TOLERANT,
    ) -> None:
        """
        Answer requests for *authorities*.

        Args:
            authorities: The authorities to answer for. Two with the same issuer are
                allowed while a signer is being replaced: the first whose signer's
                certificate is valid signs.

            nonce: What to do with a nonce in the request.

            validity: The time from now to nextUpdate.

            backdate: The time from thisUpdate to now.

            encoding: The encodings of requests that are answered. The default includes
                those of macOS, which encode the default version v1. With ``DER`` such
                requests are *malformedRequest*, as RFC 6960 §4.1 allows.

        Raises:
            ConfigError: If there is no authority, *validity* is not positive, or
                *backdate* is negative.
            TypeError: If *encoding* is no member of :class:`ocsp.EncodingRules`.
        """
        if validity <= datetime.timedelta():
            raise ConfigError("validity", f"{validity} is not positive")
        if backdate < datetime.timedelta():
            raise ConfigError(
                "backdate",
                f"{backdate} is negative: thisUpdate would be in the future",
            )
        check_rules(encoding)
        self._issuers = Issuers(authorities)
        self._nonce = nonce
        self._validity = validity
        self._backdate = backdate
        self._encoding = encoding

    def receive(self, der: bytes, now: datetime.datetime) -> Answer | Lookup:
        """
        Read a request.

        Args:
            der: The request.

            now: The current time, aware.

        Returns:
            An :class:`Answer`, which is an error, if the request cannot be answered;
            otherwise a :class:`Lookup` for the source, to pass to :meth:`finish`.
        """
        try:
            return self._plan(der, utc(now))
        except (DecodeError, UnknownIssuer, SignerUnavailable) as error:
            return error_response(error)

    def _plan(self, der: bytes, now: datetime.datetime) -> Answer | Lookup:
        request = load_der_ocsp_request(
            der, allow_multiple=True, encoding=self._encoding
        )
        cert_ids = tuple(entry.cert_id for entry in request.requests)
        if len(cert_ids) > limits.MAX_REQUEST_CERTIFICATES:
            raise LimitExceeded(
                "MAX_REQUEST_CERTIFICATES",
                len(cert_ids),
                limits.MAX_REQUEST_CERTIFICATES,
                path="tbsRequest.requestList",
            )
        nonce = read_options(request)
        if nonce is None and self._nonce is NoncePolicy.REQUIRE:
            return _error(OCSPResponseStatus.UNAUTHORIZED, "the request has no nonce")
        authority = self._authority(cert_ids, now)
        return Lookup(
            queries=tuple(
                StatusQuery(authority.key, cert_id.serial_number)
                for cert_id in cert_ids
            ),
            authority=authority,
            cert_ids=cert_ids,
            nonce=nonce_to_echo(nonce, self._nonce),
            now=now,
            tolerated=request.tolerated,
        )

    def _authority(
        self, cert_ids: tuple[CertID, ...], now: datetime.datetime
    ) -> Authority:
        """
        Return the authority for all of *cert_ids*: a response has one signature.

        Raises:
            UnknownIssuer: If this responder does not serve the issuer, or the CertIDs
                name several issuers.
            SignerUnavailable: If no signer's certificate is valid at *now*.
        """
        found = self._issuers.find(cert_ids[0])
        if not found:
            raise UnknownIssuer("this responder does not serve that issuer")
        keys = {authority.key for authority in found}
        for cert_id in cert_ids[1:]:
            keys &= {authority.key for authority in self._issuers.find(cert_id)}
        if not keys:
            raise UnknownIssuer("the request names certificates of several issuers")
        for authority in found:
            if authority.valid_at(now):
                return authority
        begin, end = validity_of(found[-1].signer.certificate)
        raise SignerUnavailable(
            f"no signer's certificate is valid at {now}: the last one is valid from"
            f" {begin} to {end}"
        )

    def finish(self, lookup: Lookup, records: Sequence[StatusRecord | None]) -> Answer:
        """
        Return the answer, given the records from the source.

        Args:
            lookup: The result of :meth:`receive`.

            records: The record for each of ``lookup.queries``, in order; ``None`` where
                the source has none.
        """
        unlisted = lookup.authority.unlisted
        if None in records and unlisted is UnknownSerialPolicy.UNAUTHORIZED:
            return _error(
                OCSPResponseStatus.UNAUTHORIZED, "no record of the serial number"
            )
        try:
            return self._sign(lookup, records)
        except SignerUnavailable as error:
            return error_response(error)

    def _sign(self, lookup: Lookup, records: Sequence[StatusRecord | None]) -> Answer:
        authority, signer = lookup.authority, lookup.authority.signer
        # RFC 9919 takes Last-Modified from producedAt in §6 and from thisUpdate in
        # §7.2. With equal values both are right.
        this_update = lookup.now - self._backdate
        _, signer_ends = validity_of(signer.certificate)
        next_update = min(later(lookup.now, self._validity), signer_ends)
        builder = OCSPResponseBuilder(allow_multiple=True).produced_at(this_update)
        for cert_id, record in zip(lookup.cert_ids, records, strict=True):
            builder = _with_entry(
                builder,
                cert_id,
                record or _placeholder_record(authority),
                this_update,
                next_update,
            )
        # RFC 9919 §3.2.2: new responders use the byKey choice of ResponderID.
        builder = builder.responder_id(OCSPResponderEncoding.HASH, signer.certificate)
        if authority.delegate is not None:
            builder = builder.certificates([authority.delegate])
        if None in records and authority.unlisted is UnknownSerialPolicy.REVOKED:
            builder = builder.add_extension(_EXTENDED_REVOKE, critical=False)
        if lookup.nonce is not None:
            nonce = x509.OCSPNonce(lookup.nonce)
            builder = builder.add_extension(nonce, critical=False)
        freshness = Freshness(this_update=this_update, next_update=next_update)
        # Caches must not keep an answer for a serial number without a record: the CA
        # may issue that certificate in the next minute.
        cacheable = lookup.nonce is None and None not in records
        return Answer(
            der=builder.sign_with(signer).public_bytes(Encoding.DER),
            status=OCSPResponseStatus.SUCCESSFUL,
            freshness=freshness if cacheable else None,
        )


def _placeholder_record(authority: Authority) -> StatusRecord | None:
    return _NEVER_ISSUED if authority.unlisted is UnknownSerialPolicy.REVOKED else None


def _with_entry(
    builder: OCSPResponseBuilder,
    cert_id: CertID,
    record: StatusRecord | None,
    this_update: datetime.datetime,
    next_update: datetime.datetime,
) -> OCSPResponseBuilder:
    if record is None:
        return builder.add_response_by_id(
            cert_id, OCSPCertStatus.UNKNOWN, this_update, next_update, None, None
        )
    reason = record.revocation_reason
    if reason is x509.ReasonFlags.unspecified:
        reason = None  # RFC 5280 §5.3.1: omit the reason instead of unspecified
    return builder.add_response_by_id(
        cert_id,
        record.status,
        this_update,
        next_update,
        record.revocation_time,
        reason,
    )


def error_response(error: Exception) -> Answer:
    """
    Return the OCSP error for an exception (RFC 6960 §2.3).

    Args:
        error: The exception. Any class without its own error is *internalError*.
    """
    match error:
        case DecodeError():
            status = OCSPResponseStatus.MALFORMED_REQUEST
        case UnknownIssuer():
            status = OCSPResponseStatus.UNAUTHORIZED
        case SourceUnavailable() | SignerUnavailable():
            status = OCSPResponseStatus.TRY_LATER
        case _:
            status = OCSPResponseStatus.INTERNAL_ERROR
    return _error(status, str(error) or type(error).__name__)


def _error(status: OCSPResponseStatus, cause: str) -> Answer:
    response = OCSPResponseBuilder.build_unsuccessful(status)
    return Answer(der=response.public_bytes(Encoding.DER), status=status, cause=cause)
