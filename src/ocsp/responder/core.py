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
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes

from ocsp import limits
from ocsp.asn1.times import later, utc
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
from ocsp.responder.authority import Authority, UnknownSerialPolicy
from ocsp.responder.canned import CannedAuthority
from ocsp.responder.entries import AnswerTimes, Entry, check_retention, encode_entry
from ocsp.responder.foreign import Forward
from ocsp.responder.requests.issuers import AnyAuthority, IssuerMatch, Issuers
from ocsp.responder.requests.options import NoncePolicy, nonce_to_echo, read_options
from ocsp.responder.requests.requestors import Requestors
from ocsp.responder.schedule import due_at, is_current, is_usable
from ocsp.responder.signed_response import encode_tbs, wrap
from ocsp.responder.signers import AuthoritySigner, by_preference, common_signers
from ocsp.responder.source import StatusQuery, StatusRecord
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


_REFUSALS = (
    DecodeError,
    UnknownIssuer,
    RequestNotSigned,
    RequestorNotTrusted,
    SourceUnavailable,
)


class _Signed(NamedTuple):
    """
    A new signature.

    Attributes:
        tbs: The DER of ResponseData.

        signature: The signature over it.

        freshness: thisUpdate of the latest entry, and the earliest nextUpdate.
    """

    tbs: bytes
    signature: bytes
    freshness: Freshness


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
        self._validity = validity
        self._backdate = backdate
        self._encoding = encoding
        self._both_hashes = both_hashes
        self._requestors = requestors
        self._latest: tuple[tuple[object, ...], AnswerTimes] | None = None

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
        usual = _signers(authorities, now, ())
        signers = usual
        if preferred:
            signers = _signers(authorities, now, preferred)
        form = self._form(matches)
        is_usual = nonce is None and signers == usual
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
            signers=signers,
            stored_form=form if is_usual else None,
            fallback_form=None if self._nonce is NoncePolicy.REQUIRE else form,
            tolerated=request.tolerated,
        )

    def _elsewhere(self, cert_ids: Sequence[CertID], now: datetime.datetime) -> Answer:
        """
        Return the answer if others sign for the issuer.

        Raises:
            UnknownIssuer: If no authority serves the issuer, or the request needs
                several answers.
            SourceUnavailable: If the signed answers have ended.
        """
        found = {self._issuers.find_elsewhere(each) for each in cert_ids}
        authority = found.pop()
        if authority is None or found:
            raise UnknownIssuer("this responder does not serve that issuer")
        if isinstance(authority, CannedAuthority):
            return authority.answer(cert_ids, now)
        if len(cert_ids) > 1:
            raise UnknownIssuer("another responder is asked for one CertID at a time")
        return error_answer(
            OCSPResponseStatus.TRY_LATER,
            "the request was not passed on to the responder of that issuer",
        )._replace(forward=Forward(authority, cert_ids[0], now))

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
            signed = self._sign(lookup, records)
        except (SignerUnavailable, SourceUnavailable) as error:
            return error_response(error)
        # Caches must not keep an answer for a serial number without a record: the CA
        # may issue that certificate in the next minute.
        cacheable = lookup.nonce is None and None not in records
        return Answer(
            der=wrap(lookup.signers, signed.tbs, signed.signature),
            status=OCSPResponseStatus.SUCCESSFUL,
            freshness=signed.freshness if cacheable else None,
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
        if not is_usable(found.stored, int(lookup.now.timestamp())):
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
            new = self._sign_to_store(lookup.authority, lookup.signers, due, lookup.now)
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

    def presign(self, due: DueAnswer, now: datetime.datetime) -> NewAnswer:
        """
        Sign an answer before a client asks for it.

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
        now = utc(now)
        authority = self._issuers.by_key(due.query.issuer)
        if authority is None:
            raise UnknownIssuer("this responder does not serve that issuer")
        check_retention(due.record, authority, now)
        return self._sign_to_store(authority, _signers((authority,), now, ()), due, now)

    # --- a signature ------------------------------------------------------------------

    def _sign(self, lookup: Lookup, records: Sequence[StatusRecord | None]) -> _Signed:
        times = self._times(lookup.signers, lookup.now)
        if lookup.stored_form is CertIDForm.BOTH and records[0] is not None:
            query = lookup.queries[0]
            entries = _entries(
                lookup.authority, query, CertIDForm.BOTH, records[0], times
            )
        else:
            entries = [
                encode_entry(cert_id.der, record, authority, times)
                for cert_id, record, authority in zip(
                    lookup.cert_ids, records, lookup.authorities, strict=True
                )
            ]
        return _signed(lookup.signers[0], times, entries, lookup.nonce)

    def _sign_to_store(
        self,
        authority: Authority,
        signers: Sequence[AuthoritySigner],
        due: DueAnswer,
        now: datetime.datetime,
    ) -> NewAnswer:
        times = self._times(signers, now)
        entries = _entries(authority, due.query, due.form, due.record, times)
        signed = _signed(signers[0], times, entries, None)
        this_update, next_update = (
            int(signed.freshness.this_update.timestamp()),
            int(signed.freshness.next_update.timestamp()),
        )
        answer = StoredAnswer(
            version=due.version,
            signer=signers[0].identifier,
            due=due_at(
                due.query,
                due.form,
                int(now.timestamp()),
                int(self._validity.total_seconds()),
                next_update,
            ),
            this_update=this_update,
            next_update=next_update,
            tbs=signed.tbs,
            signature=signed.signature,
        )
        return NewAnswer(due.query, due.form, answer)

    def _times(
        self, signers: Sequence[AuthoritySigner], now: datetime.datetime
    ) -> AnswerTimes:
        """
        Return the times of an answer; the same objects for all answers of one second.

        Raises:
            SignerUnavailable: If there is no signer.
        """
        if not signers:
            raise SignerUnavailable(f"no signer's certificate is valid at {now}")
        begin = max(each.begin for each in signers)
        end = min(each.end for each in signers)
        key = now, begin, end
        latest = self._latest
        if latest is not None and latest[0] == key:
            return latest[1]
        # RFC 9919 takes Last-Modified from producedAt in §6 and from thisUpdate in
        # §7.2. With equal values both are right.
        times = AnswerTimes(
            now,
            max(now - self._backdate, _time(begin)),
            min(later(now, self._validity), _time(end)),
        )
        self._latest = key, times
        return times


def _time(second: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(second, datetime.UTC)


def _signers(
    authorities: Sequence[Authority],
    now: datetime.datetime,
    preferred: Sequence[PreferredSignatureAlgorithm],
) -> tuple[AuthoritySigner, ...]:
    """
    Return a signer for each different authority, all with one key.

    Empty if there is one authority, and no certificate of its signers is valid now.

    Raises:
        UnknownIssuer: If no valid signer is common to several authorities.
    """
    second = int(now.timestamp())
    if len(authorities) == 1 and not preferred:
        return authorities[0].valid_signers(second)[:1]
    different = dict.fromkeys(authorities)
    candidates = [each.valid_signers(second) for each in different]
    if preferred:
        candidates = [by_preference(each, preferred) for each in candidates]
    found = common_signers(candidates)
    if not found and len(different) > 1:
        raise UnknownIssuer(
            "the request names certificates of several issuers, and no signer has"
            " certificates of all of them"
        )
    return found


def _refusal(lookup: Lookup, records: Sequence[StatusRecord | None]) -> Answer | None:
    """Return the error *unauthorized* if a certificate gets it, otherwise ``None``."""
    for record, authority in zip(records, lookup.authorities, strict=True):
        if record is not None:
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


def _signed(
    signer: AuthoritySigner,
    times: AnswerTimes,
    entries: Sequence[Entry],
    nonce: bytes | None,
) -> _Signed:
    this_update = max(each.this_update for each in entries)
    next_update = min(each.next_update for each in entries)
    # A source can know a status since a moment after the usual thisUpdate.
    produced_at = max(times.this_update, this_update)
    tbs = encode_tbs(signer, produced_at, entries, nonce)
    signature = signer.sign(tbs)
    freshness = Freshness(this_update=this_update, next_update=next_update)
    return _Signed(tbs, signature, freshness)


_FORM_HASHES: dict[CertIDForm, tuple[hashes.HashAlgorithm, ...]] = {
    CertIDForm.SHA1: (hashes.SHA1(),),
    CertIDForm.SHA256: (hashes.SHA256(),),
    CertIDForm.BOTH: (hashes.SHA1(), hashes.SHA256()),
}


def _entries(
    authority: Authority,
    query: StatusQuery,
    form: CertIDForm,
    record: StatusRecord,
    times: AnswerTimes,
) -> list[Entry]:
    """Return the entries of an answer about one certificate in this form."""
    cert_ids = [
        CertID.for_serial(authority.issuer, query.serial_number, each)
        for each in _FORM_HASHES[form]
    ]
    return [encode_entry(each.der, record, authority, times) for each in cert_ids]


def _stored(authority: Authority, stored: StoredAnswer) -> Answer | None:
    """Return *stored* as an answer; ``None`` if its signer is no longer configured."""
    signer = authority.find_signer(stored.signer)
    return None if signer is None else _answer(signer, stored)


def _answer(
    signer: AuthoritySigner, stored: StoredAnswer, new: NewAnswer | None = None
) -> Answer:
    times = _time(stored.this_update), _time(stored.next_update)
    return Answer(
        der=wrap((signer,), stored.tbs, stored.signature),
        status=OCSPResponseStatus.SUCCESSFUL,
        freshness=Freshness(this_update=times[0], next_update=times[1]),
        new=new,
    )


def _current(lookup: Lookup, found: LookupResult) -> Answer | None:
    """Return the stored answer if it has not ended, otherwise ``None``."""
    if found.stored is None:
        return None
    if not is_current(found.stored, int(lookup.now.timestamp())):
        return None
    return _stored(lookup.authority, found.stored)
