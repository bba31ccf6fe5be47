"""The moment for which the verifier judges, at the ends of what ``datetime`` has."""

from __future__ import annotations

import datetime

import pytest

import ocsp
from ocsp.asn1.times import later
from ocsp.errors import VerificationError
from ocsp.linting import lint_response
from ocsp.verification.clock import moment_of
from tests.pki import NOW, ca, leaf

HOUR = datetime.timedelta(hours=1)
FIRST = datetime.datetime.min.replace(tzinfo=datetime.UTC)
LAST = datetime.datetime.max.replace(tzinfo=datetime.UTC)


def _zone(hours: int) -> datetime.timezone:
    return datetime.timezone(hours * HOUR)


ENDS = [
    (FIRST.replace(tzinfo=_zone(1)), FIRST),
    (FIRST.replace(tzinfo=_zone(23)), FIRST),
    (LAST.replace(tzinfo=_zone(-1)), LAST),
    (LAST.replace(tzinfo=_zone(-23)), LAST),
    (FIRST, FIRST),
    (LAST, LAST),
]


@pytest.mark.parametrize(("at", "moment"), ENDS)
def test_a_moment_that_utc_cannot_express_becomes_the_nearest(
    at: datetime.datetime, moment: datetime.datetime
) -> None:
    """Before the year 1 and after the year 9999, in UTC."""
    assert moment_of(at) == moment


@pytest.mark.parametrize("at", [at for at, _ in ENDS])
def test_every_moment_can_be_judged(at: datetime.datetime) -> None:
    """With the largest policy, too, and by the linter."""
    longest = datetime.timedelta.max
    for policy in (ocsp.Policy(), ocsp.Policy(clock_skew=longest, max_age=longest)):
        for verify in (ocsp.verify, ocsp.verify_staple, ocsp.verify_crl):
            with pytest.raises(VerificationError):
                verify(b"\x30\x00", leaf(), ca(), at=at, policy=policy)
    assert lint_response(b"\x30\x00", at=at).findings


def test_no_sum_goes_beyond_the_year_9999() -> None:
    """A span that is too long ends with it."""
    assert later(NOW, HOUR) == NOW + HOUR
    assert later(NOW, datetime.timedelta.max) == LAST
    assert later(LAST, HOUR) == LAST
    assert later(LAST - HOUR, HOUR) == LAST
