"""``ocsp check`` with a cache that knows a newer answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ocsp import OCSPCertStatus
from ocsp.cli.actions.check import _exit, _without_old_staple
from ocsp.cli.exit_codes import ExitCode
from ocsp.cli.input.targets import Target
from ocsp.cli.render.check_output import Checked, check_document, table
from ocsp.client import Attempt, FailMode, Outcome, Source, SQLiteCache
from tests.pki import NOW, ca, leaf
from tests.unit.client.evidence import HOUR, LATER, answer, key_of
from tests.unit.client.scene import A, Play, certificate, reply, response

GOOD, REVOKED = OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED


@pytest.fixture(name="cache")
def _cache(tmp_path: Path) -> Iterator[SQLiteCache]:
    with SQLiteCache(tmp_path / "answers.db") as cache:
        yield cache


def _stapled(age: float, status: OCSPCertStatus = GOOD) -> Target:
    evidence = answer(1, age * HOUR, status)
    attempt = Attempt(url="staple of example.org")
    outcome = Outcome.of(evidence, leaf(1), ca(), Source.STAPLE, (attempt,))
    return Target(certificate=leaf(1), issuer=ca(), outcome=outcome)


def test_a_staple_older_than_the_newest_known_answer_is_not_used(
    cache: SQLiteCache, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server of a revoked certificate keeps its old staple; the client asks."""
    cache.put(key_of(1), answer(1, status=REVOKED), LATER)
    for age in (1, 2):
        assert _without_old_staple(cache, _stapled(age)).outcome is None
        assert "proves nothing new" in capsys.readouterr().err
    newer = _stapled(0)
    assert _without_old_staple(cache, newer) is newer


def test_a_staple_is_remembered(cache: SQLiteCache) -> None:
    """An older answer does not count after it; without a cache nothing is known."""
    revoked = _stapled(1, REVOKED)
    assert _without_old_staple(None, revoked) is revoked
    assert _without_old_staple(cache, revoked) is revoked
    known = cache.newest(key_of(1))
    assert known is not None
    assert (known.this_update, known.is_revoked) == (NOW - HOUR, True)
    unknown = Target(certificate=leaf(1), issuer=ca())
    assert _without_old_staple(cache, unknown) is unknown


def test_a_revocation_that_is_remembered_counts_as_revoked() -> None:
    """The output says why, and soft-fail does not accept it."""
    answers = [
        reply(response(REVOKED)),
        reply(response(begin=NOW - 2 * HOUR, end=NOW + 90 * HOUR)),
    ]
    play = Play("threads", {A: answers})
    play.check()
    play.clock.seconds = 25 * 3600
    outcome = play.check(certificate(A))
    assert {_exit(outcome, fail) for fail in FailMode} == {ExitCode.REVOKED}
    document = check_document([Checked(outcome)])["certificates"][0]
    assert document["reason"] == "older-than-known"
    assert document["newest_known"] == {
        "status": "revoked",
        "this_update": "2026-07-01T11:00:00Z",
    }
    assert "--url" in document["hint"]
    assert table([Checked(outcome)]) is not None
