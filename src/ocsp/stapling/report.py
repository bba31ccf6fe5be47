"""
What became of a staple: one report for each certificate and step.

Rules of this file: values only. What a person reads of it is made on the floor above.
"""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes

from ocsp.errors import OCSPError
from ocsp.stapling.site import Site
from ocsp.verification.evidence import VerifiedResponse

__all__ = ["StapleEvent", "StapleReport", "StapleState", "compatibility_warnings"]


class StapleEvent(enum.Enum):
    """What has happened in a step."""

    WRITTEN = "written"
    """There is a newer staple in the file."""

    UNCHANGED = "unchanged"
    """The responder was asked, and had nothing newer."""

    YOUNG = "young"
    """Nobody was asked: it is not time yet."""

    FAILED = "failed"
    """No answer, or none that is good enough to be a staple."""

    NOT_NEEDED = "not-needed"
    """The certificate says that it has no status (RFC 9608)."""


class StapleState(enum.Enum):
    """What there is after a step."""

    HOLDS = "holds"
    """A staple that holds."""

    ENDING = "ending"
    """One in the last quarter of its life: renewing it has failed for a long time."""

    MISSING = "missing"
    """None that holds. A file may be there nevertheless."""

    NOT_NEEDED = "not-needed"
    """None, and none is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StapleReport:
    """What became of the staple of one certificate."""

    site: Site
    """Which certificate."""

    at: datetime.datetime
    """When, aware, in UTC."""

    event: StapleEvent
    """What has happened."""

    state: StapleState
    """What there is now."""

    evidence: VerifiedResponse | None
    """What the file proves; it may say *revoked*."""

    next_at: datetime.datetime
    """When the responder is asked the next time, aware, in UTC."""

    failure: OCSPError | None = None
    """Why there is nothing newer, or the hook did not run."""


def compatibility_warnings(evidence: VerifiedResponse) -> tuple[str, ...]:
    """
    Return what servers and clients stumble over, though the staple is right.

    They look an answer up by the CertID that OpenSSL makes by default, with SHA-1
    (HAProxy, Apache, curl), and HAProxy takes one entry with nextUpdate only.
    """
    found = []
    if not isinstance(evidence.cert_id.hash_algorithm, hashes.SHA1):
        found.append(f"names the issuer by {evidence.cert_id.hash_algorithm.name}")
    if sum(1 for _ in evidence.response.responses) > 1:
        found.append("is about several certificates")
    if evidence.next_update is None:
        found.append("has no nextUpdate")
    return tuple(found)
