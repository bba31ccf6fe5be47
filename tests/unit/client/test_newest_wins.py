"""An answer that is older than the newest verified one proves nothing new."""

from __future__ import annotations

from pathlib import Path

import pytest

import ocsp
from ocsp import OCSPCertStatus
from ocsp.client import Cache, CheckStatus, MemoryCache, Reason, Source, SQLiteCache
from ocsp.errors import OlderThanKnown, RevokedBefore
from tests.pki import NOW
from tests.unit.client.scene import HOUR, A, Play, reply, response

GOOD, REVOKED = OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED
OLD_GOOD = response(begin=NOW - 2 * HOUR, end=NOW + 48 * HOUR)
NEW_REVOKED = response(REVOKED, end=NOW + 12 * HOUR)


@pytest.fixture(name="cache", params=["memory", "file"])
def _cache(request: pytest.FixtureRequest, tmp_path: Path) -> Cache:
    if request.param == "memory":
        return MemoryCache()
    return SQLiteCache(tmp_path / "answers.db")


@pytest.mark.parametrize("hours", [0.1, 9, 11.9])
def test_an_older_good_is_not_returned_while_revoked_is_valid(
    driver: str, cache: Cache, hours: float
) -> None:
    """Neither before nor during the refresh of the cached answer."""
    play = Play(driver, {A: [reply(NEW_REVOKED), reply(OLD_GOOD)]}, cache=cache)
    assert play.check().status is CheckStatus.REVOKED
    play.clock.seconds = hours * 3600
    for _ in range(3):
        outcome = play.check()
        assert (outcome.status, outcome.source) == (CheckStatus.REVOKED, Source.CACHE)


def test_an_older_good_is_not_returned_after_revoked_has_ended(
    driver: str, cache: Cache
) -> None:
    """The outcome is indeterminate and says why; not even soft-fail accepts it."""
    play = Play(driver, {A: [reply(NEW_REVOKED), reply(OLD_GOOD)]}, cache=cache)
    play.check()
    play.clock.seconds = 13 * 3600
    for _ in range(3):
        outcome = play.check()
        assert outcome.status is CheckStatus.INDETERMINATE
        assert outcome.reason is Reason.OLDER_THAN_KNOWN
        assert isinstance(outcome.failure, OlderThanKnown)
        assert outcome.failure.this_update == NOW - 2 * HOUR
        assert outcome.failure.known_this_update == NOW - HOUR
        for fail in ocsp.FailMode:
            with pytest.raises(RevokedBefore):
                outcome.require_good(fail)
