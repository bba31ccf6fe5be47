"""
Check a responder: its store, its signers, the age of its answers, its clock.

Each returns a level and the reason. They run in threads; see
:mod:`ocsp.admin.readiness`.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ocsp.admin.live_state import ConfiguredIssuer
from ocsp.admin.readiness import Check, Level
from ocsp.asn1.certificates import validity_of
from ocsp.inspection.signer_names import signer_names
from ocsp.inspection.vocabulary import span
from ocsp.metrics import Totals
from ocsp.responder import Authority, IssuerKey, SignerTrust, StatusQuery
from ocsp.signers import self_test
from ocsp.signing.signer import Signer
from ocsp.store import DatabaseAddress, open_store

__all__ = ["responder_checks"]

TEST_SIGNATURE_SECONDS = 30.0
"""How long the result of a test signature is kept: a token should not sign for checks
all the time."""

LATE_SECONDS = 300.0
"""How long after its time a stored answer may wait for its next signature."""

MOST_DUE = 100
"""Answers that are compared, for each issuer: those that wait longest come first."""

JUMP_SECONDS = 5.0
"""How far the clock may move against the monotonic clock between two checks."""

JUMP_SHOWN_SECONDS = 900.0
"""How long a jump of the clock is reported."""

Result = tuple[Level, str]
"""What a check returns: the level, and what is wrong."""


def responder_checks(
    configured: Callable[[], Sequence[ConfiguredIssuer]],
    store: DatabaseAddress | None,
    totals: Totals,
    *,
    alarm: datetime.timedelta = datetime.timedelta(days=14),
) -> Callable[[], list[Check]]:
    """
    Return a function that returns the checks of the present configuration.

    Args:
        configured: Returns the issuers of the present configuration.

        store: Where the store is, or ``None`` if there is none.

        totals: The metrics, which tell which processes report.

        alarm: How long before the end of a signer the warnings begin.
    """
    clock = _Clock()
    freshness = None if store is None else _Freshness(store)

    def checks() -> list[Check]:
        issuers = configured()
        found = [
            *_source_checks(issuers),
            *_signer_checks(issuers, alarm),
            Check(name="clock", test=clock.check),
            Check(name="processes", test=lambda: _check_processes(totals)),
        ]
        if store is not None and freshness is not None:
            found[:0] = [
                Check(name="store", test=partial(_check_store, issuers, store)),
                Check(name="freshness", test=partial(freshness.check, issuers)),
            ]
        return found

    return checks


def _check_store(
    configured: Sequence[ConfiguredIssuer], address: DatabaseAddress
) -> Result:
    """Open the store anew, and look a certificate of each issuer up."""
    keys = [each.authority.key for each in configured if not each.source]
    if keys:
        with open_store(address, read_only=True, program="ocsp serve") as store:
            for key in keys:
                store.find(key, 1)
    return Level.OK, ""


def _source_checks(configured: Sequence[ConfiguredIssuer]) -> Iterator[Check]:
    """Ask each source that is not the store about a certificate."""
    for each in configured:
        if each.look_up is not None:
            test = partial(_check_source, each.look_up, each.authority.key)
            yield Check(name=f"source {each.name}", test=test)


def _check_source(
    look_up: Callable[[StatusQuery], object], issuer: IssuerKey
) -> Result:
    look_up(StatusQuery(issuer, 1))
    return Level.OK, ""


def _signer_checks(
    configured: Sequence[ConfiguredIssuer], alarm: datetime.timedelta
) -> Iterator[Check]:
    names = signer_names([each.authority for each in configured])
    for certificate, name in names.items():
        users = [
            (each.authority, signer)
            for each in configured
            for signer in each.authority.signers
            if signer.certificate == certificate
        ]
        yield Check(
            name=f"signer {name}",
            test=partial(_check_signer, users, alarm),
            every=TEST_SIGNATURE_SECONDS,
        )


def _check_signer(
    users: Sequence[tuple[Authority, Signer]], alarm: datetime.timedelta
) -> Result:
    """Let a signer sign for each of its issuers, and verify that as clients do."""
    now = datetime.datetime.now(datetime.UTC)
    failures = [
        (each.signer_at(now) in {signer, None}, why)
        for each, signer in users
        for why in _test_failures(each, signer, now)
    ]
    if failures:
        is_needed = any(needed for needed, _ in failures)
        reasons = "; ".join(dict.fromkeys(why for _, why in failures))
        return Level.FAILED if is_needed else Level.DEGRADED, reasons
    _, end = validity_of(users[0][1].certificate)
    left = end - now
    if left < alarm:
        return (
            Level.DEGRADED,
            f"its certificate ends in {span(int(left.total_seconds()))}",
        )
    return Level.OK, ""


def _test_failures(
    authority: Authority, signer: Signer, now: datetime.datetime
) -> Sequence[str]:
    begin, end = validity_of(signer.certificate)
    if not begin <= now <= end:
        return [f"its certificate is valid from {begin} to {end}"]
    if authority.trust is SignerTrust.LOCAL:
        signer.sign(b"test")  # clients do not verify who issued its certificate
        return ()
    return self_test(Authority(authority.issuer, [signer]), now).failures


class _Freshness:
    """Finds answers that wait too long for their next signature."""

    def __init__(self, address: DatabaseAddress) -> None:
        self._address = address
        self._seen: dict[tuple[object, ...], float] = {}

    def check(self, configured: Sequence[ConfiguredIssuer]) -> Result:
        """Compare what is due with what was due before: a revocation is due at once."""
        now = time.monotonic()
        with open_store(self._address, read_only=True, program="ocsp serve") as store:
            due = [
                (each.query, each.form, each.version)
                for issuer in configured
                for each in store.due_answers(
                    issuer.authority.key, int(time.time()), MOST_DUE
                )
            ]
        self._seen = {each: self._seen.get(each, now) for each in due}
        waited = now - min(self._seen.values(), default=now)
        if waited <= LATE_SECONDS:
            return Level.OK, ""
        return Level.DEGRADED, f"stored answers are overdue since {span(int(waited))}"


def _check_processes(totals: Totals) -> Result:
    """Find processes that stopped reporting."""
    silent, known = totals.silent_processes(), totals.processes()
    if not silent:
        return Level.OK, ""
    why = ", ".join(
        f"{name} has been silent for {span(int(seconds))}"
        for name, seconds in sorted(silent.items())
    )
    workers = {name for name in known if name.startswith("worker")}
    return Level.FAILED if workers and workers <= set(silent) else Level.DEGRADED, why


class _Clock:
    """Compares the clock with the monotonic clock, which never jumps."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()
        self._jump = 0.0
        self._jumped = -JUMP_SHOWN_SECONDS

    def check(self) -> Result:
        now = time.monotonic()
        offset = time.time() - now
        moved, self._offset = offset - self._offset, offset
        if abs(moved) > JUMP_SECONDS:
            self._jump, self._jumped = moved, now
        if now - self._jumped < JUMP_SHOWN_SECONDS:
            way = "forward" if self._jump > 0 else "back"
            seconds = span(round(abs(self._jump)))
            return Level.DEGRADED, f"the clock jumped {way} by {seconds}"
        return Level.OK, ""
