"""
Define the report of a step: one for each certificate.

This module has values only; the command line formats them for people.
"""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes

from ocsp.asn1.certificates import validity_of
from ocsp.errors import OCSPError
from ocsp.stapling.need import NotNeeded
from ocsp.stapling.site import Site
from ocsp.verification.evidence import VerifiedResponse

__all__ = [
    "DroppedContent",
    "StapleEvent",
    "StapleReport",
    "StapleState",
    "compatibility_warnings",
]


class StapleEvent(enum.Enum):
    """What happened in a step."""

    WRITTEN = "written"
    """The stapler wrote a newer staple to the file."""

    UNCHANGED = "unchanged"
    """The responder was asked and returned nothing newer."""

    YOUNG = "young"
    """The responder was not asked, because the staple is not due for renewal yet."""

    FAILED = "failed"
    """There was no response, or the response cannot be used as a staple."""

    NOT_NEEDED = "not-needed"
    """The certificate needs no staple. Only the first step that finds this out has
    this event; later steps have ``YOUNG``."""


class StapleState(enum.Enum):
    """The state of the staple file after a step."""

    HOLDS = "holds"
    """The staple is valid."""

    ENDING = "ending"
    """The staple is valid, but in the last quarter of its validity: renewing it has
    failed for a long time."""

    MISSING = "missing"
    """There is no valid staple. There may be a file that is not valid."""

    NOT_NEEDED = "not-needed"
    """There is no staple, and none is needed."""


class DroppedContent(enum.Enum):
    """What a new staple replaced, if that was no verified staple of the certificate."""

    OTHER_CERTIFICATE = "other-certificate"
    """A response for another certificate."""

    NOT_VERIFIED = "not-verified"
    """A response that was never valid, for example because another key signed it."""

    UNREADABLE = "unreadable"
    """Something else than a response."""

    @property
    def words(self) -> str:
        """What it is, for a sentence."""
        return _DROPPED[self]


_DROPPED = {
    DroppedContent.OTHER_CERTIFICATE: "a response for another certificate",
    DroppedContent.NOT_VERIFIED: "a response that fails verification",
    DroppedContent.UNREADABLE: "something else than an OCSP response",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StapleReport:
    """The result of a step for one certificate."""

    site: Site
    """The certificate and its files."""

    at: datetime.datetime
    """When the report was made, aware, in UTC."""

    event: StapleEvent
    """What happened in the step."""

    state: StapleState
    """The state of the staple now."""

    evidence: VerifiedResponse | None
    """The verified staple in the file; its status may be *revoked*."""

    next_at: datetime.datetime
    """When the responder is asked the next time, aware, in UTC."""

    not_needed: NotNeeded | None = None
    """Why the certificate needs no staple; ``None`` if it needs one."""

    dropped: DroppedContent | None = None
    """What the new staple replaced; ``None`` if that was a staple or nothing."""

    failure: OCSPError | None = None
    """Why the staple could not be renewed, or why the hook failed."""


def compatibility_warnings(evidence: VerifiedResponse) -> tuple[str, ...]:
    """
    Return why some servers and clients cannot use a staple, though it is valid.

    HAProxy, Apache and curl search an answer by the CertID that OpenSSL makes by
    default, which has SHA-1. HAProxy accepts only a response with exactly one entry,
    and only with nextUpdate. HAProxy sends a staple until nextUpdate, but clients
    reject it after the end of its signer's certificate.
    """
    found = []
    if not isinstance(evidence.cert_id.hash_algorithm, hashes.SHA1):
        found.append(f"names the issuer by {evidence.cert_id.hash_algorithm.name}")
    if sum(1 for _ in evidence.response.responses) > 1:
        found.append("is about several certificates")
    if evidence.next_update is None:
        found.append("has no nextUpdate")
    elif validity_of(evidence.responder)[1] < evidence.next_update:
        found.append("has a nextUpdate after the end of its signer's certificate")
    return tuple(found)
