"""
Choose among responses that were signed elsewhere, such as those of an offline root.

The key of an offline CA signs in a ceremony, for months ahead: the responder gets the
responses as files, and serves their octets until they end. For each request the newest
one that is valid now is used. *Revoked* is never followed by *good*, except from
certificateHold: once a response says so, no response says otherwise, however new it is.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cryptography import x509

from ocsp.asn1.name_comparison import name_of_subject, text
from ocsp.errors import ConfigError, SourceUnavailable, UnknownIssuer
from ocsp.http import Freshness
from ocsp.messages.certid import CertID
from ocsp.messages.responses.response import OCSPResponse
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.messages.statuses import OCSPCertStatus, OCSPResponseStatus
from ocsp.responder.answer import Answer
from ocsp.responder.schedule import CLOCK_TOLERANCE
from ocsp.responder.source import IssuerKey

__all__ = ["CannedAnswer", "CannedAuthority"]


class CannedAnswer(NamedTuple):
    """
    A response that was signed elsewhere, and that was verified.

    Attributes:
        der: The whole response.

        cert_ids: The CertIDs of its entries.

        revoked_for_good: The serial numbers that it says are revoked, but not on hold.

        this_update: The latest thisUpdate of its entries, aware.

        next_update: When it ends, aware: the earliest nextUpdate of its entries, or the
            end of its signer's certificate.

        file: The file that it is in, for people; may be empty.
    """

    der: bytes
    cert_ids: frozenset[CertID]
    revoked_for_good: frozenset[int]
    this_update: datetime.datetime
    next_update: datetime.datetime
    file: str = ""

    @classmethod
    def of(
        cls,
        der: bytes,
        response: OCSPResponse,
        until: datetime.datetime,
        *,
        file: str = "",
    ) -> CannedAnswer:
        """
        Return the answer with the octets *der*.

        Not checked: the signature, and for which issuer the entries are.

        Args:
            der: The octets to serve.

            response: The same response.

            until: Until when clients accept it at most, aware: the end of its signer's
                certificate.

            file: The file that it is in, for people.

        Raises:
            ConfigError: If there is no entry, or one has no nextUpdate: it would never
                end.
        """
        entries = tuple(response.responses)
        ends = [entry.next_update_utc for entry in entries]
        if not ends or None in ends:
            raise ConfigError("response", "it has no entry, or one without nextUpdate")
        return cls(
            der=der,
            cert_ids=frozenset(entry.cert_id for entry in entries),
            revoked_for_good=frozenset(
                entry.serial_number for entry in entries if _is_for_good(entry)
            ),
            this_update=max(entry.this_update_utc for entry in entries),
            next_update=min(until, *(end for end in ends if end is not None)),
            file=file,
        )

    def contradicts(self, revoked: frozenset[int]) -> bool:
        """Return whether it says anything else of a serial number in *revoked*."""
        known = {cert_id.serial_number for cert_id in self.cert_ids}
        return bool((known & revoked) - self.revoked_for_good)

    def is_current(self, now: datetime.datetime) -> bool:
        """Return whether clients accept it at *now*, aware."""
        tolerance = datetime.timedelta(seconds=CLOCK_TOLERANCE)
        return self.this_update <= now + tolerance and now < self.next_update


def _is_for_good(entry: OCSPSingleResponse) -> bool:
    if entry.certificate_status is not OCSPCertStatus.REVOKED:
        return False
    return entry.revocation_reason is not x509.ReasonFlags.certificate_hold


class CannedAuthority:
    """
    An issuer whose answers were signed elsewhere.

    Attributes:
        issuer: The certificate of the issuer.

        key: The key that identifies the issuer.

        contradictions: The answers that are never used, because another one says that a
            certificate in them is revoked.

        first_end: When the first of its certificates has no answer any more, aware;
            ``None`` if there are no answers.

        last_end: When none of them has one.
    """

    def __init__(
        self, issuer: x509.Certificate, answers: Iterable[CannedAnswer]
    ) -> None:
        """
        Serve *answers* for *issuer*.

        Not checked: the answers. :func:`ocsp.status.load_canned_answers` verifies them.

        Args:
            issuer: The certificate of the issuer.

            answers: The answers; also those that begin later, or that have ended.
        """
        self.issuer = issuer
        self.key = IssuerKey.of(issuer)
        given = tuple(answers)
        revoked = frozenset[int]().union(*(each.revoked_for_good for each in given))
        self.contradictions = tuple(each for each in given if each.contradicts(revoked))
        left = [each for each in given if not each.contradicts(revoked)]
        self._newest_first: dict[CertID, list[CannedAnswer]] = {}
        for each in sorted(left, key=lambda one: one.this_update, reverse=True):
            for cert_id in each.cert_ids:
                self._newest_first.setdefault(cert_id, []).append(each)
        last = {
            max(found, key=lambda one: one.next_update)
            for found in self._newest_first.values()
        }
        self._last = tuple(sorted(last, key=lambda one: one.next_update))
        self.first_end = self._last[0].next_update if self._last else None
        self.last_end = self._last[-1].next_update if self._last else None

    def is_current(self, now: datetime.datetime) -> bool:
        """Return whether clients accept an answer about any certificate at *now*."""
        return any(
            each.is_current(now)
            for found in self._newest_first.values()
            for each in found
        )

    def ended(
        self, now: datetime.datetime, within: datetime.timedelta = datetime.timedelta()
    ) -> tuple[CannedAnswer, ...]:
        """
        Return what has ended at *now* and is the last answer about a certificate.

        Clients that ask about that certificate get *tryLater*.

        Args:
            now: The time, aware.

            within: Also what ends so soon after it.
        """
        return tuple(each for each in self._last if each.next_update - now <= within)

    def answer(self, cert_ids: Sequence[CertID], now: datetime.datetime) -> Answer:
        """
        Return the newest answer that has all of *cert_ids* and is current.

        Args:
            cert_ids: The CertIDs of a request.

            now: The current time, aware.

        Raises:
            UnknownIssuer: If no answer has these CertIDs.
            SourceUnavailable: If all that have them have ended, or have not begun; or
                if there are no answers at all.
        """
        if not self._newest_first:
            raise SourceUnavailable(
                f"{text(name_of_subject(self.issuer))} has no signed answers"
            )
        known = self._newest_first.get(cert_ids[0], ())
        found = [each for each in known if each.cert_ids.issuperset(cert_ids)]
        if not found:
            raise UnknownIssuer("no signed answer is about the certificates")
        for each in found:
            if each.is_current(now):
                return Answer(
                    der=each.der,
                    status=OCSPResponseStatus.SUCCESSFUL,
                    freshness=Freshness(
                        this_update=each.this_update, next_update=each.next_update
                    ),
                    origin="canned",
                )
        raise SourceUnavailable(
            f"no signed answer of {text(name_of_subject(self.issuer))} about the"
            f" certificate is valid at {now}; the newest is valid from"
            f" {found[0].this_update} to {found[0].next_update}"
        )

    def __repr__(self) -> str:
        return f"<CannedAuthority({text(name_of_subject(self.issuer))})>"
