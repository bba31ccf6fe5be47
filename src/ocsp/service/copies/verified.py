"""Verify an answer that others have signed, and decide which of two is kept."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from cryptography import x509

from ocsp.errors import SourceUnavailable
from ocsp.http import Freshness
from ocsp.messages.certid import CertID
from ocsp.messages.statuses import OCSPCertStatus, OCSPResponseStatus
from ocsp.responder import Answer
from ocsp.responder.schedule import CLOCK_TOLERANCE
from ocsp.verification.evidence import VerifiedResponse
from ocsp.verification.response import verify

__all__ = ["VerifiedAnswer", "verified"]

_TOLERANCE = datetime.timedelta(seconds=CLOCK_TOLERANCE)


class VerifiedAnswer(NamedTuple):
    """
    An answer that clients accept.

    Attributes:
        der: The whole response.

        this_update: thisUpdate, aware.

        next_update: Until when clients accept it, aware.

        revoked: Whether it says *revoked*.

        for_good: Whether it says so, and not for certificateHold.

        version: The version of the status that it was made from; 0 if not known.

        epoch: The mark of the epoch of the database that it is from; empty if not
            known.
    """

    der: bytes
    this_update: datetime.datetime
    next_update: datetime.datetime
    revoked: bool
    for_good: bool
    version: int = 0
    epoch: bytes = b""

    def is_usable(self, now: datetime.datetime) -> bool:
        """Return whether clients can use it at *now*: not in its last minute."""
        margin = min(_TOLERANCE, (self.next_update - self.this_update) / 16)
        return now < self.next_update - margin

    def replaces(self, before: VerifiedAnswer) -> bool:
        """
        Return whether it is used in the place of *before*.

        A revocation for good is never followed by anything else, unless the database
        itself was replaced. Otherwise the version of the status decides, or the times.
        """
        if self.epoch and before.epoch and self.epoch != before.epoch:
            return True
        if before.for_good and not self.revoked:
            return False
        if self.version and before.version and self.version != before.version:
            return self.version > before.version
        return (self.this_update, self.revoked) >= (before.this_update, before.revoked)

    def answer(self, origin: str) -> Answer:
        """Return the answer for clients, which was found in *origin*."""
        times = Freshness(this_update=self.this_update, next_update=self.next_update)
        return Answer(
            self.der, OCSPResponseStatus.SUCCESSFUL, freshness=times, origin=origin
        )


def verified(
    der: bytes, cert_id: CertID, issuer: x509.Certificate, now: datetime.datetime
) -> VerifiedAnswer:
    """
    Verify the answer *der* as clients do.

    Args:
        der: The whole response.

        cert_id: The CertID that it has to be about.

        issuer: The certificate of the issuer.

        now: The current time, aware.

    Raises:
        VerificationError: If clients would reject it.
        SourceUnavailable: If it has no nextUpdate, is about to end, or is from the
            future.
    """
    evidence = verify(der, cert_id, issuer, at=now)
    if evidence.next_update is None:
        raise SourceUnavailable("the answer has no nextUpdate: it would never end")
    found = VerifiedAnswer(
        der,
        evidence.this_update,
        evidence.holds_until,
        evidence.status is OCSPCertStatus.REVOKED,
        _is_for_good(evidence),
    )
    if not found.is_usable(now) or found.this_update > now + _TOLERANCE:
        raise SourceUnavailable(
            f"the answer is valid from {found.this_update} to {found.next_update}"
        )
    return found


def _is_for_good(evidence: VerifiedResponse) -> bool:
    if evidence.status is not OCSPCertStatus.REVOKED:
        return False
    return evidence.revocation_reason is not x509.ReasonFlags.certificate_hold
