"""
Sign answers: decide their times, encode their entries, and have a key sign them.

An answer never begins before its signer's certificate and never ends after it, and it
keeps to the times of the source (RFC 6960 §2.5).
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes

from ocsp.asn1.times import later
from ocsp.errors import SignerUnavailable, UnknownIssuer
from ocsp.http import Freshness
from ocsp.messages.certid import CertID
from ocsp.messages.extension_types import PreferredSignatureAlgorithm
from ocsp.responder.answer import Lookup
from ocsp.responder.authority import Authority
from ocsp.responder.entries import AnswerTimes, Entry, encode_entry
from ocsp.responder.schedule import due_at, time_of
from ocsp.responder.signed_response import encode_tbs
from ocsp.responder.signers import AuthoritySigner, by_preference, common_signers
from ocsp.responder.source import StatusQuery, StatusRecord
from ocsp.responder.stored_answer import (
    CertIDForm,
    DueAnswer,
    NewAnswer,
    StoredAnswer,
)

__all__ = ["AnswerSigner", "SignedAnswer", "choose_signers"]


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
        self._latest: tuple[tuple[object, ...], AnswerTimes] | None = None

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
        times = self._times(signers, now)
        entries = _entries(authority, due.query, due.form, due.record, times)
        signed = _signed(signers[0], times, entries, None)
        second, next_update = _second(now), _second(signed.freshness.next_update)
        validity = int(self._validity.total_seconds())
        answer = StoredAnswer(
            version=due.version,
            signer=signers[0].identifier,
            due=due_at(due.query, due.form, second, validity, next_update),
            this_update=_second(signed.freshness.this_update),
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
            max(now - self._backdate, time_of(begin)),
            min(later(now, self._validity), time_of(end)),
        )
        self._latest = key, times
        return times


def _second(when: datetime.datetime) -> int:
    return int(when.timestamp())


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
    second = _second(now)
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
