"""What CRLs together say about a serial number, and between which times."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ocsp.asn1.der import integer_octets
from ocsp.errors import DecodeError, SourceUnavailable, VerificationError
from ocsp.messages.reasons import REASONS
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder.source import StatusRecord
from ocsp.status.worst import worst_of
from ocsp.verification.crl.entries import CRLEntry
from ocsp.verification.crl.points import ALL_REASONS
from ocsp.verification.crl.reader import ReadCRL
from ocsp.verification.crl.scope import has_same_scope
from ocsp.verification.crl.whole import CRLIssuers, entries_for, verify_delta
from ocsp.verification.evidence import end_of_hold

__all__ = ["CRLView", "Span"]

_REMOVED = 8
"""The number of removeFromCRL (RFC 5280 §5.3.1)."""


class Span(NamedTuple):
    """Between which times a statement holds: thisUpdate and nextUpdate."""

    begin: datetime.datetime
    end: datetime.datetime


class _Part(NamedTuple):
    """A complete CRL with its delta CRL, if there is one."""

    complete: ReadCRL
    delta: ReadCRL | None
    span: Span


class CRLView:
    """
    The CRLs of one issuer at one moment, immutable.

    Several complete CRLs are parts of one list: each is for some certificates or some
    reasons. A certificate is not revoked only if no part lists it.
    """

    def __init__(
        self,
        complete: Sequence[ReadCRL],
        deltas: Sequence[ReadCRL],
        missing: str,
        issuers: CRLIssuers,
        at: datetime.datetime,
    ) -> None:
        """
        Combine verified CRLs.

        Args:
            complete: The complete CRLs.

            deltas: The delta CRLs. One whose number is not above that of its complete
                CRL is not needed.

            missing: Why another CRL is not there, or an empty text.

            issuers: The issuer of the certificates.

            at: The current time, aware.
        """
        self._issuers = issuers
        self._missing = missing
        self._parts: list[_Part] = []
        for crl in complete:
            self._add(crl, deltas, at)
        covered = frozenset[int]().union(
            *(ALL_REASONS if c.scope is None else c.scope.reasons for c in complete)
        )
        if covered != ALL_REASONS and not missing:
            self._missing = "the CRLs do not cover all reasons for a revocation"

    def _add(
        self, crl: ReadCRL, deltas: Iterable[ReadCRL], at: datetime.datetime
    ) -> None:
        fitting = [
            delta
            for delta in deltas
            if has_same_scope(crl, delta) and (delta.number or 0) > (crl.number or 0)
        ]
        delta = max(fitting, key=lambda each: each.number or 0, default=None)
        if delta is not None:
            try:
                verify_delta(crl, delta, self._issuers, at)
            except VerificationError as error:
                self._missing = self._missing or str(error)
                delta = None
        newest = delta or crl
        policy = self._issuers.policy
        end = end_of_hold(newest.this_update, newest.next_update, policy)
        self._parts.append(_Part(crl, delta, Span(newest.this_update, end)))

    def find(self, serial: int, now: datetime.datetime) -> StatusRecord | Span:
        """
        Return the revocation of *serial*, or since and until when it is not revoked.

        A CRL that revokes it for good counts before one that has it on hold, which may
        be an older copy.

        Raises:
            SourceUnavailable: If a CRL has expired or is missing, and no other one
                revokes the certificate; or if its entry is malformed.
        """
        problem, octets = self._missing, integer_octets(serial)
        revocations: list[StatusRecord] = []
        for part in self._parts:
            why = self._why_not_now(part, now)
            if why:
                problem = problem or why
                continue
            try:
                entry = self._revocation(part, octets)
            except (DecodeError, ValueError) as error:
                raise SourceUnavailable(
                    f"{part.complete.name}: the entry of serial number {serial:#x} "
                    f"cannot be used: {error}"
                ) from error
            if entry is not None:
                revocations.append(_record(entry, part.span))
        if revoked := worst_of(revocations):
            return revoked
        if problem or not self._parts:
            raise SourceUnavailable(problem or "there is no CRL")
        spans = [part.span for part in self._parts]
        return Span(min(s.begin for s in spans), min(s.end for s in spans))

    def _why_not_now(self, part: _Part, now: datetime.datetime) -> str:
        newest, (begin, end) = part.delta or part.complete, part.span
        if now >= end:
            return f"{newest.name} expired at {end} (nextUpdate); it is {now}"
        if begin - now > self._issuers.policy.clock_skew:
            return f"{newest.name} is valid from {begin} (thisUpdate); it is {now}"
        return ""

    def _revocation(self, part: _Part, serial: bytes) -> CRLEntry | None:
        """
        Return the entry that revokes *serial*, or ``None``.

        removeFromCRL in a delta CRL changes a revocation to *not revoked*.
        """
        changed: list[CRLEntry] = []
        if part.delta is not None:
            changed = list(entries_for(part.delta, serial, self._issuers))
        listed = changed or list(entries_for(part.complete, serial, self._issuers))
        revoked = [entry for entry in listed if entry.reason != _REMOVED]
        if len(revoked) < len(listed) and not changed:
            raise ValueError("a complete CRL must not have reason removeFromCRL")
        return min(revoked, key=lambda entry: entry.reason == 6, default=None)


def _record(entry: CRLEntry, span: Span) -> StatusRecord:
    return StatusRecord(
        status=OCSPCertStatus.REVOKED,
        revocation_time=entry.time,
        revocation_reason=None if entry.reason is None else REASONS.get(entry.reason),
        invalidity_date=entry.invalidity_date,
        this_update=span.begin,
        next_update=span.end,
    )
