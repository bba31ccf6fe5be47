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

from ocsp import limits
from ocsp.asn1.times import utc
from ocsp.errors import (
    ConfigError,
    DecodeError,
    LimitExceeded,
    RequestNotSigned,
    RequestorNotTrusted,
    RetentionOver,
    SignerUnavailable,
    SourceUnavailable,
    UnknownIssuer,
)
from ocsp.http import Freshness
from ocsp.messages.certid import CertID
from ocsp.messages.extension_types import PreferredSignatureAlgorithm
from ocsp.messages.message import EncodingRules, check_rules
from ocsp.messages.requests.request import load_der_ocsp_request
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.responder.answer import Answer, Lookup, error_answer, error_response
from ocsp.responder.answer_signer import AnswerBatch, AnswerSigner, choose_signers
from ocsp.responder.authority import Authority, UnknownSerialPolicy
from ocsp.responder.canned import CannedAuthority
from ocsp.responder.entries import check_retention
from ocsp.responder.foreign import Forward
from ocsp.responder.requests.issuers import (
    AnyAuthority,
    IssuerMatch,
    Issuers,
    SignedElsewhere,
)
from ocsp.responder.requests.options import NoncePolicy, nonce_to_echo, read_options
from ocsp.responder.requests.requestors import Requestors
from ocsp.responder.schedule import is_current, is_usable, second_of, time_of
from ocsp.responder.signed_response import wrap
from ocsp.responder.signers import AuthoritySigner
from ocsp.responder.source import IssuerKey, StatusQuery, StatusRecord
from ocsp.responder.stored_answer import (
    CertIDForm,
    DueAnswer,
    LookupResult,
    NewAnswer,
    StoredAnswer,
)

__all__ = ["NoncePolicy", "Responder"]

DEFAULT_VALIDITY = datetime.timedelta(hours=8)
"""The shortest validity that the Baseline Requirements allow (§4.9.9). After this time
no client uses a response from before a revocation."""

DEFAULT_BACKDATE = datetime.timedelta(minutes=5)
"""How far a client's clock may be behind before thisUpdate is in its future."""


_SUCCESSFUL = OCSPResponseStatus.SUCCESSFUL
"""A name of the module: access to a member of an enumeration is slower."""

_REFUSALS = (
    DecodeError,
    UnknownIssuer,
    RequestNotSigned,
    RequestorNotTrusted,
    SourceUnavailable,
)


class Responder:
    """
    Answers requests for a set of authorities.

    Immutable. Several threads may use one responder if its signers allow that.

    ::

        step = responder.receive(der, now)
        if isinstance(step, Lookup):
            if step.stored_form is None:
                answer = responder.finish(step, source.look_up(step.queries))
            else:
                found = store.look_up_with_answer(step.queries[0], step.stored_form)
                answer = responder.finish_stored(step, found)
    """

    def __init__(
        self,
        authorities: Iterable[AnyAuthority],
        *,
        nonce: NoncePolicy = NoncePolicy.ECHO,
        validity: datetime.timedelta = DEFAULT_VALIDITY,
        backdate: datetime.timedelta = DEFAULT_BACKDATE,
        encoding: EncodingRules = EncodingRules.TOLERANT,
        both_hashes: bool = False,
        requestors: Requestors | None = None,
    ) -> None:
        """
        Answer requests for *authorities*.

        Args:
            authorities: The authorities to answer for, each with another issuer: also
                those whose answers were signed elsewhere (:class:`CannedAuthority`), or
                whose own responder answers (:class:`ForeignAuthority`).

            nonce: What to do with a nonce in the request.

            validity: The time from now to nextUpdate.

            backdate: The time from thisUpdate to now.

            encoding: The encodings of requests that are answered. The default includes
                those of macOS, which encode the default version v1. With ``DER`` such
                requests are *malformedRequest*, as RFC 6960 §4.1 allows.

            both_hashes: Answer a request for one certificate by SHA-1 or SHA-256 with
                two entries, one for each hash (RFC 9919 §3.2.1), so that one stored
                answer is enough. An answer with a nonce has one entry.

            requestors: Which clients are trusted to sign requests. By default
                signatures of requests are ignored (RFC 9919 §3.1.2).

        Raises:
            ConfigError: If there is no authority, two have the same issuer, *validity*
                is shorter than a second, or *backdate* is negative.
            TypeError: If *encoding* is no member of :class:`ocsp.EncodingRules`.
        """
        if validity < datetime.timedelta(seconds=1):
            raise ConfigError("validity", f"{validity} is shorter than a second")
        if backdate < datetime.timedelta():
            raise ConfigError(
                "backdate",
                f"{backdate} is negative: thisUpdate would be in the future",
            )
        check_rules(encoding)
        self._issuers = Issuers(authorities)
        self._nonce = nonce
        self._signer = AnswerSigner(validity, backdate)
        self._encoding = encoding
        self._both_hashes = both_hashes
        self._requestors = requestors
        self._batch: tuple[tuple[IssuerKey, datetime.datetime], AnswerBatch] | None
        self._batch = None

    # --- a request --------------------------------------------------------------------

    def receive(self, der: bytes, now: datetime.datetime) -> Answer | Lookup:
        """
        Read a request.

        Args:
            der: The request.

            now: The current time, aware.

        Returns:
            An :class:`Answer` if the request needs no source: an error, an answer that
            was signed elsewhere, or one with a request to pass on
            (:attr:`Answer.forward`). Otherwise a :class:`Lookup` for the source, to
            pass to :meth:`finish` or :meth:`finish_stored`.
        """
        try:
            return self._plan(der, utc(now))
        except _REFUSALS as error:
            return error_response(error)

    def _plan(self, der: bytes, now: datetime.datetime) -> Answer | Lookup:
        request = load_der_ocsp_request(
            der, allow_multiple=True, encoding=self._encoding
        )
        cert_ids = request.cert_ids
        if len(cert_ids) > limits.MAX_REQUEST_CERTIFICATES:
            raise LimitExceeded(
                "MAX_REQUEST_CERTIFICATES",
                len(cert_ids),
                limits.MAX_REQUEST_CERTIFICATES,
                path="tbsRequest.requestList",
            )
        options = read_options(request)
        preferred = options.preferred
        if self._requestors is not None:
            algorithm = self._requestors.check(request, now)
            if algorithm is not None:
                preferred += (PreferredSignatureAlgorithm(algorithm),)
        nonce = nonce_to_echo(options.nonce, self._nonce)
        if nonce is None and self._nonce is NoncePolicy.REQUIRE:
            return error_answer(
                OCSPResponseStatus.UNAUTHORIZED,
                "the request has no nonce of 16 to 32 octets",
            )
        matches = [match for each in cert_ids if (match := self._issuers.find(each))]
        if len(matches) < len(cert_ids):
            return self._elsewhere(cert_ids, now)
        authorities = tuple([each.authority for each in matches])
        form = self._form(matches)
        return Lookup(
            queries=tuple(
                [
                    StatusQuery(authority.key, cert_id.serial_number)
                    for authority, cert_id in zip(authorities, cert_ids, strict=True)
                ]
            ),
            authorities=authorities,
            cert_ids=cert_ids,
            nonce=nonce,
            now=now,
            signers=choose_signers(authorities, now, preferred),
            stored_form=None if nonce or _chooses(preferred, authorities) else form,
            fallback_form=None if self._nonce is NoncePolicy.REQUIRE else form,
            tolerated=request.tolerated,
        )

    def _elsewhere(self, cert_ids: Sequence[CertID], now: datetime.datetime) -> Answer:
        """
        Return the answer, or the error, if others sign for the issuer.

        Raises:
            UnknownIssuer: If no authority serves the issuer.
        """
        found = {self._issuers.find_elsewhere(each) for each in cert_ids}
        authority = found.pop()
        if authority is None or found:
            raise UnknownIssuer("this responder does not serve that issuer")
        try:
            answer = _from_others(authority, cert_ids, now)
        except _REFUSALS as error:
            answer = error_response(error)
        return answer._replace(issuer=authority.key)

    def _form(self, matches: Sequence[IssuerMatch]) -> CertIDForm | None:
        """Return the form of a stored answer to a request, or ``None``."""
        if len(matches) > 1:
            return None
        authority, form = matches[0]
        if form is None or authority.compromised is not None:
            return None
        return CertIDForm.BOTH if self._both_hashes else form

    # --- an answer --------------------------------------------------------------------

    def refusal(
        self, lookup: Lookup, records: Sequence[StatusRecord | None]
    ) -> Answer | None:
        """
        Return the error *unauthorized* if a record demands it, otherwise ``None``.

        :meth:`finish` returns the same error, and also needs no signature for it.

        Args:
            lookup: The result of :meth:`receive`.

            records: The record for each of ``lookup.queries``, in order.
        """
        return _refusal(lookup, records)

    def finish(self, lookup: Lookup, records: Sequence[StatusRecord | None]) -> Answer:
        """
        Sign the answer, given the records from the source.

        Args:
            lookup: The result of :meth:`receive`.

            records: The record for each of ``lookup.queries``, in order; ``None`` where
                the source has none.
        """
        refusal = _refusal(lookup, records)
        if refusal is not None:
            return refusal
        try:
            signed = self._signer.sign(lookup, records)
        except (SignerUnavailable, SourceUnavailable) as error:
            return error_response(error)
        # Caches must not keep an answer for a serial number without a record: the CA
        # may issue that certificate in the next minute.
        cacheable = lookup.nonce is None and None not in records
        return Answer(
            wrap(lookup.signers, signed.tbs, signed.signature),
            _SUCCESSFUL,
            signed.freshness if cacheable else None,
        )

    def stored_answer(
        self, lookup: Lookup, found: LookupResult | None
    ) -> Answer | None:
        """
        Return the answer if no signature is needed, otherwise ``None``.

        That is a stored answer that is usable now, or an error. The stored answer must
        be from a signer that the authority still has.

        Args:
            lookup: The result of :meth:`receive`, with a ``stored_form``.

            found: What the store has about ``lookup.queries[0]`` in this form.
        """
        records = (None if found is None else found.record,)
        refusal = _refusal(lookup, records)
        if refusal is not None or found is None or found.stored is None:
            return refusal
        if lookup.stored_form is None:
            return None
        if not is_usable(found.stored, second_of(lookup.now)):
            return None
        return _stored(lookup.authority, found.stored)

    def finish_stored(self, lookup: Lookup, found: LookupResult | None) -> Answer:
        """
        Return the stored answer if it is usable now, otherwise sign.

        A stored answer that is about to end is used if the signer is away. An answer
        that is signed here is in :attr:`Answer.new`, for the store.

        Args:
            lookup: The result of :meth:`receive`, with a ``stored_form``.

            found: What the store has about ``lookup.queries[0]`` in this form.
        """
        answer = self.stored_answer(lookup, found)
        if answer is not None:
            return answer
        if found is None or lookup.stored_form is None:
            return self.finish(lookup, [None if found is None else found.record])
        query, form = lookup.queries[0], lookup.stored_form
        due = DueAnswer(query, form, found.record, found.version)
        try:
            new = self._signer.sign_to_store(
                lookup.authority, lookup.signers, due, lookup.now
            )
        except SignerUnavailable as error:
            return _current(lookup, found) or error_response(error)
        except SourceUnavailable as error:
            return error_response(error)
        return _answer(lookup.signers[0], new.answer, new)

    def finish_without_signer(
        self, lookup: Lookup, found: LookupResult | None
    ) -> Answer:
        """
        Return the stored answer, as the signer is away: busy, refusing, or hanging.

        The answer has no nonce, and not always the algorithm that the client prefers
        (RFC 9919 §3.2.1). It is *tryLater* if no stored answer is valid now.

        Args:
            lookup: The result of :meth:`receive`, with a ``fallback_form``.

            found: What the store has about ``lookup.queries[0]`` in this form.
        """
        records = (None if found is None else found.record,)
        refusal = _refusal(lookup, records)
        if refusal is None and found is not None:
            refusal = _current(lookup, found)
        return refusal or error_answer(
            OCSPResponseStatus.TRY_LATER,
            "the signer is not available, and there is no stored answer",
        )

    def encode_stored(self, issuer: IssuerKey, stored: StoredAnswer) -> bytes | None:
        """
        Return a stored answer as a response, or ``None`` if it must not be given.

        That is so if this responder does not serve *issuer*, has no longer the signer,
        or has the issuer as compromised.

        Not checked: the times of the answer, and whether the status has changed.

        Args:
            issuer: The issuer of the certificate.

            stored: The answer.
        """
        authority = self._issuers.by_key(issuer)
        if authority is None or authority.compromised is not None:
            return None
        answer = _stored(authority, stored)
        return None if answer is None else answer.der

    def copied_answer(self, lookup: Lookup, stored: StoredAnswer) -> Answer | None:
        """
        Return a copy of a stored answer, without the status of the certificate.

        For the time when the database is away. Not checked: that the copy is about this
        certificate, and that its status has not changed.

        Args:
            lookup: The result of :meth:`receive`, with a ``fallback_form``.

            stored: The copy.

        Returns:
            The answer; ``None`` if it is not usable now, or its signer is not one of
            the authority.
        """
        if not is_usable(stored, second_of(lookup.now)):
            return None
        answer = _stored(lookup.authority, stored)
        return None if answer is None else answer._replace(origin="valkey")

    def presign(self, due: DueAnswer, now: datetime.datetime) -> NewAnswer:
        """
        Sign an answer before a client asks for it.

        Consecutive answers of one issuer at the same time share what they can.

        Args:
            due: The answer to sign.

            now: The current time, aware.

        Raises:
            UnknownIssuer: If no authority has this issuer.
            RetentionOver: If the certificate ended longer ago than its status is
                retained; clients then get *unauthorized*.
            SourceUnavailable: If the record has ended, or begins in the future.
            SignerUnavailable: If the signer cannot sign now.
        """
        batch = self._batch
        key = due.query.issuer, now
        if batch is None or batch[0] != key:
            batch = self._batch = key, self._begin_batch(due.query.issuer, utc(now))
        signing = batch[1]
        check_retention(due.record, signing.authority, signing.now)
        return signing.sign(due)

    def _begin_batch(self, issuer: IssuerKey, now: datetime.datetime) -> AnswerBatch:
        authority = self._issuers.by_key(issuer)
        if authority is None:
            raise UnknownIssuer("this responder does not serve that issuer")
        signers = choose_signers((authority,), now, ())
        return self._signer.batch(authority, signers, now)


def _chooses(
    preferred: Sequence[PreferredSignatureAlgorithm], authorities: Sequence[Authority]
) -> bool:
    """Return whether a client chooses among algorithms, so that it needs its answer."""
    return bool(preferred) and len(authorities[0].algorithms) > 1


def _refusal(lookup: Lookup, records: Sequence[StatusRecord | None]) -> Answer | None:
    """Return the error *unauthorized* if a certificate gets it, otherwise ``None``."""
    for record, authority in zip(records, lookup.authorities, strict=True):
        if record is not None:
            if authority.retention is None or record.expires is None:
                continue  # most certificates: what check_retention would find
            try:
                check_retention(record, authority, lookup.now)
            except RetentionOver as error:
                return error_response(error)
        elif _refuses_unlisted(authority):
            return error_answer(
                OCSPResponseStatus.UNAUTHORIZED, "no record of the serial number"
            )
    return None


def _refuses_unlisted(authority: Authority) -> bool:
    if authority.compromised is not None:
        return False
    return authority.unlisted is UnknownSerialPolicy.UNAUTHORIZED


def _stored(authority: Authority, stored: StoredAnswer) -> Answer | None:
    """Return *stored* as an answer; ``None`` if its signer is no longer configured."""
    signer = authority.find_signer(stored.signer)
    return None if signer is None else _answer(signer, stored)


def _answer(
    signer: AuthoritySigner, stored: StoredAnswer, new: NewAnswer | None = None
) -> Answer:
    # Positional arguments: with keywords, the two tuples take twice the time.
    return Answer(
        wrap((signer,), stored.tbs, stored.signature),
        _SUCCESSFUL,
        Freshness(time_of(stored.this_update), time_of(stored.next_update)),
        "",
        new,
    )


def _current(lookup: Lookup, found: LookupResult) -> Answer | None:
    """Return the stored answer if it has not ended, otherwise ``None``."""
    if found.stored is None:
        return None
    if not is_current(found.stored, second_of(lookup.now)):
        return None
    return _stored(lookup.authority, found.stored)


def _from_others(
    authority: SignedElsewhere, cert_ids: Sequence[CertID], now: datetime.datetime
) -> Answer:
    """
    Return the signed answer, or one with a request to pass on.

    Raises:
        UnknownIssuer: If there is no answer, or the request needs several.
        SourceUnavailable: If the signed answers have ended.
    """
    if isinstance(authority, CannedAuthority):
        return authority.answer(cert_ids, now)
    if len(cert_ids) > 1:
        raise UnknownIssuer("another responder is asked for one CertID at a time")
    return error_answer(
        OCSPResponseStatus.TRY_LATER,
        "the request was not passed on to the responder of that issuer",
    )._replace(forward=Forward(authority, cert_ids[0], now))
