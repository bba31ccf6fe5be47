"""
Decide when a stored answer is signed, used and signed again.

Each certificate has its own fixed slots, which are spread evenly over the time: after
an import of a million certificates, the signatures of one hour are about as many as
those of every other hour. All times are in seconds since 1970.
"""

from __future__ import annotations

import datetime
import hashlib
import struct
from functools import lru_cache
from typing import NamedTuple

from ocsp.responder.source import StatusQuery
from ocsp.responder.stored_answer import CertIDForm, StoredAnswer

__all__ = [
    "CLOCK_TOLERANCE",
    "clock_difference",
    "due_at",
    "is_current",
    "is_usable",
    "second_of",
    "time_of",
    "usable_until",
]

CLOCK_TOLERANCE = 60
"""By how many seconds the clocks of the machines of one responder may differ. An answer
is not used in its last minute, because the client has to use it as well."""

_DAY = 86400


class _Cycle(NamedTuple):
    """How often an answer with one validity is signed."""

    period: int
    shortest: int


@lru_cache(maxsize=16)
def _cycle(validity: int) -> _Cycle:
    """
    Sign again in the first half of *validity*, and within four days.

    The Baseline Requirements (§4.9.9) demand it. The two parts add up to 15/32 of
    *validity*, or to four days.
    """
    period = max(1, min(validity * 7 // 16, _DAY * 7 // 2))
    return _Cycle(period, max(1, min(validity // 32, _DAY // 2)))


def due_at(
    query: StatusQuery, form: CertIDForm, now: int, validity: int, next_update: int
) -> int:
    """
    Return when an answer that is signed *now* has to be signed again.

    This is the next slot of the certificate, at the latest half way to *next_update*,
    which is earlier than usual if the signer or the source ends.

    Args:
        query: The certificate.

        form: Which CertIDs the answer has.

        now: The time of the signature.

        validity: The usual time from a signature to nextUpdate.

        next_update: nextUpdate of the answer, after *now*.
    """
    period, shortest = _cycle(validity)
    earliest = now + shortest
    (name_hash, key_hash), serial = query
    octets = serial.to_bytes(serial.bit_length() // 8 + 1, signed=True)
    text = b"%b%b%b%c" % (name_hash, key_hash, octets, form)
    # A number below 2**64, which is fixed for each certificate and form.
    share: int = _FIRST_OCTETS(hashlib.sha256(text).digest())[0]
    offset = share * period >> 64
    slot = earliest + (offset - earliest) % period
    return min(slot, (now + next_update) // 2)


_FIRST_OCTETS = struct.Struct("!Q").unpack_from


def is_usable(answer: StoredAnswer, now: int) -> bool:
    """Return whether clients may get *answer*: it is current, and not about to end."""
    return is_current(answer, now) and now < usable_until(answer)


def usable_until(answer: StoredAnswer) -> int:
    """Return until when clients may get *answer*."""
    margin = min(CLOCK_TOLERANCE, (answer.next_update - answer.this_update) // 16)
    return answer.next_update - margin


def is_current(answer: StoredAnswer, now: int) -> bool:
    """Return whether *answer* has not ended, and was not signed in the future."""
    return answer.this_update <= now + CLOCK_TOLERANCE and now < answer.next_update


@lru_cache(maxsize=4096)
def time_of(second: int) -> datetime.datetime:
    """Return the aware time of *second*."""
    return datetime.datetime.fromtimestamp(second, datetime.UTC)


@lru_cache(maxsize=16)
def second_of(time: datetime.datetime) -> int:
    """Return the second of an aware *time*; all requests of a second have the same."""
    return int(time.timestamp())


def clock_difference(theirs: float, before: float, after: float) -> float:
    """
    Return by how many seconds the clock of this machine is ahead of another one.

    It is negative if it is behind, and 0 if they may be the same.

    Args:
        theirs: What the other clock said, in seconds since 1970.

        before: What the clock of this machine said before that.

        after: What it said after that.
    """
    return max(0.0, before - theirs) or min(0.0, after - theirs)
