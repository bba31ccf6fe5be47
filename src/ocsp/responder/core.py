"""
The responder itself: a request in, a response out, without I/O and without a clock.

RFC 6960 §2 and §4.2, RFC 9919 §3.2, RFC 9654.

Rules of this file: whatever comes in gets a well-formed answer. Errors are cheap and
unsigned; signed is only what the source knows, or what the authority has chosen to say
of serial numbers without a record. Every CertID of a request gets one entry, which
repeats the CertID octet for octet.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import limits
from ocsp.asn1.times import utc
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
"""The shortest that the Baseline Requirements allow (§4.9.9): a revocation is with
every client after this time at the latest."""

DEFAULT_BACKDATE = datetime.timedelta(minutes=5)
"""How far clients' clocks may be behind without an answer being from their future."""

_EXTENDED_REVOKE = ExtendedRevoke()
_NEVER_ISSUED = StatusRecord.revoked(
    # RFC 6960 §2.2: what *revoked* says of a certificate that was never issued.
    datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC),
    x509.ReasonFlags.certificate_hold,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What goes back.

    Attributes:
        der: The response.

        status: Its responseStatus.

        freshness: Its times if caches may keep it, otherwise ``None``.

        cause: For an error, the reason; for logs, never for the client.
    """

    der: bytes
    status: OCSPResponseStatus
    freshness: Freshness | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """
    A request that waits for the status of its certificates.

    Attributes:
        queries: What to ask the source.

        authority: Who will answer.

        cert_ids: The certificates, as the client has named them.

        nonce: The nonce to repeat, or ``None``.

        now: The moment of the answer.
    """

    queries: tuple[StatusQuery, ...]
    authority: Authority
    cert_ids: tuple[CertID, ...]
    nonce: bytes | None
    now: datetime.datetime


class Responder:
    """
    Answers for some authorities.

    Immutable, and safe to use from several threads if the signers are.
    """

    def __init__(
        self,
        authorities: Iterable[Authority],
        *,
        nonce: NoncePolicy = NoncePolicy.ECHO,
        validity: datetime.timedelta = DEFAULT_VALIDITY,
        backdate: datetime.timedelta = DEFAULT_BACKDATE,
    ) -> None:
        """
        Answer for *authorities*.

        Args:
            authorities: Who is spoken for. Two with the same issuer are one authority
                whose signer is being replaced: the first that is valid signs.

            nonce: What to do with a nonce.

            validity: From the moment of the answer to its nextUpdate.

            backdate: From its thisUpdate to the moment of the answer.

        Raises:
            ConfigError: If there is no authority, or a time is not positive.
        """
        if validity <= datetime.timedelta():
            raise ConfigError("validity", "answers have to be valid for some time")
        if backdate < datetime.timedelta():
            raise ConfigError("backdate", "answers cannot be from the future")
        self._issuers = Issuers(authorities)
        self._nonce = nonce
        self._validity = validity
        self._backdate = backdate

    def receive(self, der: bytes, now: datetime.datetime) -> Answer | Lookup:
        """
        Take a request.

        Args:
            der: The request.

            now: The moment, aware.

        Returns:
            The answer where it is known already, which is an error; otherwise what
            has to be looked up for it.
        """
        try:
            return self._plan(der, utc(now))
        except (DecodeError, UnknownIssuer, SignerUnavailable) as error:
            return error_response(error)

    def _plan(self, der: bytes, now: datetime.datetime) -> Answer | Lookup:
        request = load_der_ocsp_request(der, allow_multiple=True)
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
            return _error(OCSPResponseStatus.UNAUTHORIZED, "no nonce")
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
        )

    def _authority(
        self, cert_ids: tuple[CertID, ...], now: datetime.datetime
    ) -> Authority:
        """
        Return who answers: one for all, as a response has one signature.

        Raises:
            UnknownIssuer: If there is no such authority here.
            SignerUnavailable: If no signer's certificate is valid at *now*.
        """
        found = self._issuers.find(cert_ids[0])
        if not found:
            raise UnknownIssuer("no authority over the issuer")
        keys = {authority.key for authority in found}
        for cert_id in cert_ids[1:]:
            keys &= {authority.key for authority in self._issuers.find(cert_id)}
        if not keys:
            raise UnknownIssuer("certificates of several issuers")
        for authority in found:
            if authority.valid_at(now):
                return authority
        raise SignerUnavailable("no signer's certificate is valid now")

    def finish(self, lookup: Lookup, records: Sequence[StatusRecord | None]) -> Answer:
        """
        Return the answer, given what the source knows.

        Args:
            lookup: What :meth:`receive` has returned.

            records: What the source has for each of its queries, in order.
        """
        unlisted = lookup.authority.unlisted
        if None in records and unlisted is UnknownSerialPolicy.UNAUTHORIZED:
            return _error(OCSPResponseStatus.UNAUTHORIZED, "no record of the serial")
        try:
            return self._sign(lookup, records)
        except SignerUnavailable as error:
            return error_response(error)

    def _sign(self, lookup: Lookup, records: Sequence[StatusRecord | None]) -> Answer:
        authority, signer = lookup.authority, lookup.authority.signer
        # RFC 9919 §6 takes Last-Modified from producedAt, §7.2 from thisUpdate: with
        # both the same, both are right.
        this_update = lookup.now - self._backdate
        next_update = min(
            lookup.now + self._validity, signer.certificate.not_valid_after_utc
        )
        builder = OCSPResponseBuilder(allow_multiple=True).produced_at(this_update)
        for cert_id, record in zip(lookup.cert_ids, records, strict=True):
            builder = _with_entry(
                builder,
                cert_id,
                record or _placeholder_record(authority),
                this_update,
                next_update,
            )
        # RFC 9919 §3.2.2: new responders name themselves by key.
        builder = builder.responder_id(OCSPResponderEncoding.HASH, signer.certificate)
        if authority.delegate is not None:
            builder = builder.certificates([authority.delegate])
        if None in records and authority.unlisted is UnknownSerialPolicy.REVOKED:
            builder = builder.add_extension(_EXTENDED_REVOKE, critical=False)
        if lookup.nonce is not None:
            nonce = x509.OCSPNonce(lookup.nonce)
            builder = builder.add_extension(nonce, critical=False)
        freshness = Freshness(this_update=this_update, next_update=next_update)
        # What was said of a serial number without a record is not for caches: it may
        # be issued the next minute.
        for_all = lookup.nonce is None and None not in records
        return Answer(
            der=builder.sign_with(signer).public_bytes(Encoding.DER),
            status=OCSPResponseStatus.SUCCESSFUL,
            freshness=freshness if for_all else None,
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
        reason = None  # RFC 5280 §5.3.1: leave it out rather than write unspecified
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
    Return the answer to what went wrong (RFC 6960 §2.3).

    Args:
        error: What was raised. What is not known here is *internalError*.
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
