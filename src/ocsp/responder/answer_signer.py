"""
Sign answers: decide their times, encode their entries, and have a key sign them.

An answer never begins before its signer's certificate and never ends after it, and it
keeps to the times of the source (RFC 6960 §2.5).
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes

from ocsp.asn1.der import integer_octets
from ocsp.asn1.times import later
from ocsp.errors import SignerUnavailable, UnknownIssuer
from ocsp.http import Freshness
from ocsp.messages.certid import CertID
from ocsp.messages.extension_types import PreferredSignatureAlgorithm
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder.answer import Lookup
from ocsp.responder.authority import Authority
from ocsp.responder.entries import AnswerTimes, Entry, encode_entry
from ocsp.responder.schedule import due_at, second_of, time_of
from ocsp.responder.signed_response import encode_tbs
from ocsp.responder.signers import AuthoritySigner, by_preference, common_signers
from ocsp.responder.source import StatusQuery, StatusRecord
from ocsp.responder.stored_answer import (
    CertIDForm,
    DueAnswer,
    NewAnswer,
    StoredAnswer,
)

__all__ = ["AnswerBatch", "AnswerSigner", "SignedAnswer", "choose_signers"]


class SignedAnswer(NamedTuple):
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


class AnswerSigner:
    """Signs answers with one validity; a signature costs little more than the key's."""

    def __init__(
        self, validity: datetime.timedelta, backdate: datetime.timedelta
    ) -> None:
        """
        Sign answers.

        Args:
            validity: The time from now to nextUpdate.

            backdate: The time from thisUpdate to now.
        """
        self._validity = validity
        self._backdate = backdate
        self._shared = _Shared(_BEGIN)

    def sign(
        self, lookup: Lookup, records: Sequence[StatusRecord | None]
    ) -> SignedAnswer:
        """
        Sign the answer to one request.

        Args:
            lookup: The request.

            records: The record for each of its queries, in order.

        Raises:
            SignerUnavailable: If there is no signer, or it cannot sign now.
            SourceUnavailable: If a record has ended, or begins in the future.
        """
        times = self._times(lookup.signers, lookup.now)
        if len(records) == 1 and _is_plainly_good(records[0], lookup.authority):
            signed = self._sign_good(lookup, times)
            if signed is not None:
                return signed
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

    def _sign_good(self, lookup: Lookup, times: AnswerTimes) -> SignedAnswer | None:
        """
        Sign an answer that says *good*; ``None`` if its octets cannot be prepared.

        The answers of one second about one issuer differ in the serial number and in
        the nonce only: the rest is encoded once.
        """
        size = len(integer_octets(lookup.queries[0].serial_number))
        if size < _DISTINCT_OCTETS or lookup.stored_form is _BOTH:
            return None
        cert_id, nonce = lookup.cert_ids[0].der, lookup.nonce or b""
        issuer, serial = cert_id[:-size], cert_id[-size:]
        known = self._shared_at(lookup.now).good
        key = lookup.signers, issuer, len(nonce)
        prepared = known.get(key)
        if prepared is None:
            prepared = _prepare_good(lookup, times, issuer, size)
            if len(known) < MAX_PREPARED:
                known[key] = prepared
        tbs = b"".join((prepared.before, serial, prepared.after, nonce))
        return SignedAnswer(tbs, lookup.signers[0].sign(tbs), prepared.freshness)

    def sign_to_store(
        self,
        authority: Authority,
        signers: Sequence[AuthoritySigner],
        due: DueAnswer,
        now: datetime.datetime,
    ) -> NewAnswer:
        """
        Sign an answer for the store.

        Args:
            authority: The authority of the certificate.

            signers: Its signer; empty if no certificate of a signer is valid.

            due: The answer to sign.

            now: The current time, aware, in whole seconds.

        Raises:
            SignerUnavailable: If there is no signer, or it cannot sign now.
            SourceUnavailable: If the record has ended, or begins in the future.
        """
        batches = self._shared_at(now).batches
        key = authority, tuple(signers)
        batch = batches.get(key)
        if batch is None:
            batch = batches[key] = self.batch(authority, signers, now)
        return batch.sign(due)

    def batch(
        self,
        authority: Authority,
        signers: Sequence[AuthoritySigner],
        now: datetime.datetime,
    ) -> AnswerBatch:
        """
        Return what signs answers for the store; its answers share what they can.

        Args:
            authority: The authority of the certificates.

            signers: Its signer; empty if no certificate of a signer is valid.

            now: The current time, aware, in whole seconds.

        Raises:
            SignerUnavailable: If there is no signer.
        """
        times = self._times(signers, now)
        return AnswerBatch(authority, signers[0], times, self._validity)

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
        known = self._shared_at(now).times
        key = tuple(signers)
        times = known.get(key)
        if times is None:
            begin = time_of(max(each.begin for each in signers))
            end = time_of(min(each.end for each in signers))
            # RFC 9919 takes Last-Modified from producedAt in §6 and from thisUpdate in
            # §7.2. With equal values both are right.
            times = known[key] = AnswerTimes(
                now,
                now - min(self._backdate, now - begin),
                min(later(now, self._validity), end),
            )
        return times

    def _shared_at(self, now: datetime.datetime) -> _Shared:
        # Threads that sign at different times each have what belongs to their time.
        shared = self._shared
        if shared.now != now:
            shared = self._shared = _Shared(now)
        return shared


class _Good(NamedTuple):
    """
    What answers share that say *good* to a request for one certificate.

    Attributes:
        before: The DER of ResponseData before the serial number.

        after: The DER after it, up to the nonce.

        freshness: Their times.
    """

    before: bytes
    after: bytes
    freshness: Freshness


class _Shared:
    """
    What answers share that are signed at one time.

    Attributes:
        now: The time, aware.

        times: The times of answers, by their signers.

        good: What is around the serial numbers, by signers, CertID and size of nonce.

        batches: What signs for the store, by authority and signers.
    """

    __slots__ = ("batches", "good", "now", "times")

    def __init__(self, now: datetime.datetime) -> None:
        self.now = now
        self.times: dict[tuple[AuthoritySigner, ...], AnswerTimes] = {}
        self.good: dict[tuple[tuple[AuthoritySigner, ...], bytes, int], _Good] = {}
        self.batches: dict[
            tuple[Authority, tuple[AuthoritySigner, ...]], AnswerBatch
        ] = {}


MAX_PREPARED = 64
"""Beginnings of CertIDs, with sizes of nonces, for which octets are prepared at once:
as many as clients of some issuers send in one second."""

_BEGIN = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _prepare_good(
    lookup: Lookup, times: AnswerTimes, issuer: bytes, size: int
) -> _Good:
    """
    Encode an answer about a serial number that occurs nowhere else in it.

    Args:
        lookup: A request for one certificate.

        times: The times of the answer.

        issuer: The DER of its CertID before the serial number.

        size: The number of octets of the serial number.
    """
    marker = _marker(size)
    entry = encode_entry(issuer + marker, StatusRecord(), lookup.authority, times)
    nonce = None if lookup.nonce is None else bytes(len(lookup.nonce))
    tbs = encode_tbs(lookup.signers[0], times.this_update, [entry], nonce)
    before, after = tbs[: len(tbs) - len(nonce or b"")].split(marker)
    return _Good(before, after, Freshness(entry.this_update, entry.next_update))


def _marker(size: int) -> bytes:
    """Return the content of a serial number of *size* octets, all of them random."""
    marker = hashlib.shake_256(b"a serial number").digest(size)
    return bytes((marker[0] & 0x3F | 0x40,)) + marker[1:]


class AnswerBatch:
    """
    Signs answers about certificates of one authority, by one signer at one moment.

    Answers that say *good* differ in the serial number and in the signature only. All
    else is encoded once for each length of a serial number.

    Attributes:
        authority: The authority.

        now: The moment, aware.
    """

    __slots__ = (
        "_parts",
        "_second",
        "_sign",
        "_signer",
        "_times",
        "_validity",
        "authority",
        "now",
    )

    def __init__(
        self,
        authority: Authority,
        signer: AuthoritySigner,
        times: AnswerTimes,
        validity: datetime.timedelta,
    ) -> None:
        """
        Sign answers of *authority* with *signer*.

        Args:
            authority: The authority.

            signer: Its signer.

            times: The times of the answers, if the source does not limit them.

            validity: The usual time from a signature to nextUpdate.
        """
        self.authority = authority
        self.now = times.now
        self._signer = signer
        self._sign = signer.signer.sign if signer.is_local else signer.sign
        self._times = times
        self._second = second_of(times.now)
        self._validity = int(validity.total_seconds())
        self._parts: dict[int, _Parts] = {}

    def sign(self, due: DueAnswer) -> NewAnswer:
        """
        Sign an answer.

        Raises:
            SignerUnavailable: If the signer cannot sign now.
            SourceUnavailable: If the record has ended, or begins in the future.
        """
        query, form, record, version = due
        serial = integer_octets(query.serial_number)
        parts = None
        if _is_plainly_good(record, self.authority):
            parts = self._shared(query, form, len(serial))
        if parts is None:
            parts = self._encode(query, form, record)
            tbs = parts.around[0]
        else:
            tbs = serial.join(parts.around)
        next_update = parts.next_update
        # Positional arguments: with keywords, the two tuples take twice the time.
        answer = StoredAnswer(
            version,
            self._signer.identifier,
            due_at(query, form, self._second, self._validity, next_update),
            parts.this_update,
            next_update,
            tbs,
            self._sign(tbs),
        )
        return NewAnswer(query, form, answer, record)

    def _encode(
        self, query: StatusQuery, form: CertIDForm, record: StatusRecord
    ) -> _Parts:
        """Return an answer about one certificate, in one part."""
        entries = _entries(self.authority, query, form, record, self._times)
        this_update, next_update = _common_times(entries)
        produced_at = max(self._times.this_update, this_update)
        tbs = encode_tbs(self._signer, produced_at, entries, None)
        return _Parts((tbs,), second_of(this_update), second_of(next_update))

    def _shared(self, query: StatusQuery, form: CertIDForm, size: int) -> _Parts | None:
        """
        Return what is around the serial number in answers that say *good*.

        Args:
            query: The certificate.

            form: Which CertIDs the answer has.

            size: The number of octets of the serial number.
        """
        key = size * _FORMS + form  # hashing a member of an enumeration is slow
        found = self._parts.get(key)
        if found is None and size >= _DISTINCT_OCTETS:
            found = self._separate(query, form, size)
            self._parts[key] = found
        return found

    def _separate(self, query: StatusQuery, form: CertIDForm, size: int) -> _Parts:
        """Encode an answer about a serial number that occurs nowhere else in it."""
        marker = _marker(size)
        number = int.from_bytes(marker)
        (tbs,), *times = self._encode(
            StatusQuery(query.issuer, number), form, StatusRecord()
        )
        return _Parts(tuple(tbs.split(marker)), *times)


class _Parts(NamedTuple):
    """
    The DER of ResponseData, in one part or without the serial number.

    Attributes:
        around: The DER before, between and after the places of the serial number.

        this_update: thisUpdate, in seconds since 1970.

        next_update: nextUpdate, in seconds since 1970.
    """

    around: tuple[bytes, ...]
    this_update: int
    next_update: int


_GOOD = OCSPCertStatus.GOOD  # access to a member of an enumeration is slower

_BOTH = CertIDForm.BOTH

_FORMS = max(CertIDForm) + 1

_DISTINCT_OCTETS = 8
"""Octets of a serial number from which on a given one occurs nowhere by chance."""


def _is_plainly_good(record: StatusRecord | None, authority: Authority) -> bool:
    """Return whether *record* says *good*, and an answer needs no more of it."""
    return (
        record is not None
        and record.status is _GOOD
        and not (authority.cert_hash and record.cert_hash)
        and record.this_update is None
        and record.next_update is None
    )


def choose_signers(
    authorities: Sequence[Authority],
    now: datetime.datetime,
    preferred: Sequence[PreferredSignatureAlgorithm],
) -> tuple[AuthoritySigner, ...]:
    """
    Return a signer for each different authority, all with one key.

    Args:
        authorities: The authorities that a request names.

        now: The current time, aware.

        preferred: The algorithms that the client prefers, best first.

    Returns:
        The signers; none if there is one authority, and no certificate of its signers
        is valid now.

    Raises:
        UnknownIssuer: If no valid signer is common to several authorities.
    """
    second = second_of(now)
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


def _signed(
    signer: AuthoritySigner,
    times: AnswerTimes,
    entries: Sequence[Entry],
    nonce: bytes | None,
) -> SignedAnswer:
    this_update, next_update = _common_times(entries)
    # A source can know a status since a moment after the usual thisUpdate.
    produced_at = max(times.this_update, this_update)
    tbs = encode_tbs(signer, produced_at, entries, nonce)
    signature = signer.sign(tbs)
    freshness = Freshness(this_update=this_update, next_update=next_update)
    return SignedAnswer(tbs, signature, freshness)


def _common_times(
    entries: Sequence[Entry],
) -> tuple[datetime.datetime, datetime.datetime]:
    """Return the latest thisUpdate and the earliest nextUpdate."""
    if len(entries) == 1:
        return entries[0].this_update, entries[0].next_update
    return (
        max(each.this_update for each in entries),
        min(each.next_update for each in entries),
    )


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
