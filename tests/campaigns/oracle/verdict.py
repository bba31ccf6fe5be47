"""What the oracle is asked, and what it answers."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

__all__ = ["Demands", "Question", "Verdict", "demands"]

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What a policy demands beyond RFC 6960, as ``docs/verification.md`` describes it."""

    skew: datetime.timedelta = datetime.timedelta(minutes=5)
    """By how much two clocks may differ."""

    without_next_update: datetime.timedelta | None = DAY
    """For how long a response without nextUpdate counts; ``None``: not at all."""

    longest: datetime.timedelta | None = None
    """The longest time from thisUpdate to nextUpdate, for an end entity."""

    shortest: datetime.timedelta = datetime.timedelta(0)
    """The shortest one, for an end entity."""

    longest_of_ca: datetime.timedelta | None = None
    """The same for a CA."""

    nonce: bool = True
    """Whether a response to a request with a nonce has to contain one."""

    delegate_status: bool = False
    """Whether a delegate without nocheck needs evidence in any case."""

    no_delegate_status: bool = False
    """Whether the status of a delegate is not demanded at all."""

    issuer_key_usage: bool = False
    """Whether an issuer with keyUsage needs digitalSignature to sign responses."""

    archive_cutoff: bool = False
    """Whether *good* for an expired certificate needs an archive cutoff."""

    tolerant: bool = False
    """Whether messages that are not DER are read."""

    weak: bool = False
    """Whether SHA-1 signatures and small keys are accepted."""


def demands(policy: str) -> Demands:
    """Return the demands of the profile with this name."""
    return {
        "default": Demands(),
        "strict": Demands(
            delegate_status=True, issuer_key_usage=True, archive_cutoff=True
        ),
        "webpki": Demands(
            longest=10 * DAY,
            shortest=DAY / 3,
            longest_of_ca=366 * DAY,
            without_next_update=None,
            nonce=False,
            delegate_status=True,
            issuer_key_usage=True,
        ),
        "rfc9919": Demands(without_next_update=None, nonce=False),
        "unsafe-legacy": Demands(
            skew=datetime.timedelta(minutes=15),
            nonce=False,
            no_delegate_status=True,
            tolerant=True,
            weak=True,
        ),
    }[policy]


@dataclass(frozen=True, kw_only=True)
class Question:
    """Whether a response proves the status of a certificate."""

    response: bytes
    """The response."""

    cert: bytes
    """The certificate in question."""

    issuer: bytes
    """The certificate of its issuer."""

    at: datetime.datetime
    """The moment."""

    nonce: bytes | None = None
    """The nonce of the request, if it had one."""

    responders: tuple[bytes, ...] = ()
    """Certificates that the relying party has authorized."""

    candidates: tuple[bytes, ...] = ()
    """Certificates from elsewhere that may be the signer's."""

    policy: str = "default"
    """The name of the policy."""

    delegates_checked: bool = False
    """Whether the relying party may have evidence about a delegate."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Which results are right."""

    may: frozenset[str]
    """``good``, ``revoked`` and ``unknown``, as far as they may be accepted."""

    must: bool = False
    """Whether the status has to be accepted; ``may`` then has one member."""

    why: str = ""
    """Why nothing may be accepted."""
