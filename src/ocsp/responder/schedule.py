"""
Decide when a stored answer is signed, used and signed again.

Each certificate has its own fixed slots, which are spread evenly over the time: after
an import of a million certificates, the signatures of one hour are about as many as
those of every other hour. All times are in seconds since 1970. Nothing is signed while
the clock is not trusted, because it has jumped.
"""

from __future__ import annotations

import datetime
import hashlib
import math
import struct
from functools import lru_cache
from typing import NamedTuple

from ocsp.responder.source import StatusQuery
from ocsp.responder.stored_answer import CertIDForm, StoredAnswer

__all__ = [
    "CLOCK_TOLERANCE",
    "ClockWatch",
    "clock_difference",
    "due_at",
    "is_current",
    "is_usable",
    "time_of",
    "usable_until",
]

CLOCK_TOLERANCE = 60
"""By how many seconds the clocks of the machines of one responder may differ. An answer
is not used in its last minute, because the client has to use it as well."""

JUMP_SECONDS = 60.0
"""A step of the clock of more seconds is a jump. Time daemons step less, once they have
the time."""

SETTLE_SECONDS = 300.0
"""How long after a jump nothing is signed: time for an operator or a time daemon to set
the clock right. After this time without another jump, the new time counts as right."""

REPORT_SECONDS = 60.0
"""The time between two reports of a clock that differs from that of the database."""

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


class ClockWatch:
    """
    Compares the clock with the monotonic time, and with the clock of a database.

    The monotonic time cannot be set.

    Attributes:
        ahead: By how many seconds the clock is ahead of that of the database; negative
            if it is behind, and 0 without a database on another machine.
    """

    def __init__(self, time: float, monotonic: float) -> None:
        """Begin with the present *time* and *monotonic* time, in seconds."""
        self.ahead = 0.0
        self._next_report = -math.inf
        self._is_steady = True
        self._offset = self._trusted_offset = time - monotonic
        self._settled = 0.0

    @property
    def offset(self) -> float:
        """How many seconds the clock has jumped, in either direction; else 0."""
        return 0.0 if self._is_steady else abs(self._offset - self._trusted_offset)

    @property
    def agrees(self) -> bool:
        """Whether it differs from the clock of the database by a minute at most."""
        return abs(self.ahead) <= CLOCK_TOLERANCE

    @property
    def is_trusted(self) -> bool:
        """
        Whether answers may be signed with the time of the clock.

        They may not while it differs from that of the database, nor after a jump, until
        it is set back or some time passes.
        """
        return self._is_steady and self.agrees

    @property
    def difference(self) -> str:
        """How the clock differs from that of the database, in words."""
        way = "ahead of" if self.ahead > 0 else "behind"
        return (
            f"the clock is {abs(self.ahead):.0f} seconds {way} that of the database:"
            " nothing is signed until they agree"
        )

    def compare(self, ahead: float, monotonic: float) -> bool:
        """
        Note how the clock differs from that of the database.

        Args:
            ahead: By how many seconds it is ahead; negative if it is behind.

            monotonic: The monotonic time, in seconds.

        Returns:
            Whether to report that they do not agree: once a minute as long as it lasts.
        """
        self.ahead = ahead
        if self.agrees:
            self._next_report = monotonic
        elif monotonic >= self._next_report:
            self._next_report = monotonic + REPORT_SECONDS
            return True
        return False

    def look(self, time: float, monotonic: float) -> float:
        """
        Compare the clocks again.

        Args:
            time: The time of day, in seconds since 1970.

            monotonic: The monotonic time, in seconds.

        Returns:
            By how many seconds the clock has jumped since the last call; 0 if not.
        """
        offset = time - monotonic
        step, self._offset = offset - self._offset, offset
        has_jumped = abs(step) > JUMP_SECONDS
        if has_jumped:
            self._settled = monotonic + SETTLE_SECONDS
            self._is_steady = False
        if self._is_steady or monotonic >= self._settled:
            self._is_steady = True
            self._trusted_offset = offset
        elif abs(offset - self._trusted_offset) <= JUMP_SECONDS:
            self._is_steady = True  # it was set back
        return step if has_jumped else 0.0
