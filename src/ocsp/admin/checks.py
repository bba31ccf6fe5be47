"""
Check a responder: its store, its signers, the age of its answers, its clock.

Each returns a level and the reason. They run in threads; see
:mod:`ocsp.admin.readiness`.
"""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from ocsp.admin.live_state import ConfiguredIssuer, PresentConfiguration
from ocsp.admin.readiness import Check, Level
from ocsp.asn1.certificates import validity_of
from ocsp.asn1.times import timestamp
from ocsp.errors import SourceUnavailable, StoreError
from ocsp.inspection.signer_names import signer_names
from ocsp.inspection.vocabulary import span
from ocsp.metrics import Totals
from ocsp.metrics.table import (
    CONFIG_RELOAD_FAILED,
    DATABASE_CLOCK,
    FOREIGN_ANSWERED,
    FOREIGN_FAILED,
    RESPONSE_CACHE_BYTES,
    STORE_UP,
    VALKEY,
)
from ocsp.process_clock import ProcessClock
from ocsp.responder import CannedAuthority, CertIDForm, IssuerKey, StatusQuery
from ocsp.responder.schedule import CLOCK_TOLERANCE
from ocsp.signers import SignerHealth, SignerState
from ocsp.signers.expiry import ends_soon
from ocsp.store import DatabaseAddress, open_store

__all__ = ["responder_checks"]

LATE_SECONDS = 300.0
"""How long after its time a stored answer may wait for its next signature."""

MOST_DUE = 100
"""Answers that are compared, for each issuer: those that wait longest come first."""

JUMP_SHOWN_SECONDS = 900.0
"""How long a step of the clock is reported."""

Result = tuple[Level, str]
"""What a check returns: the level, and what is wrong."""


def responder_checks(
    present: Callable[[], PresentConfiguration],
    totals: Totals,
    test_signers: Callable[[], object],
    clock: ProcessClock,
) -> Callable[[], list[Check]]:
    """
    Return a function that returns the checks of the present configuration.

    Args:
        present: Returns the present configuration.

        totals: The metrics, which tell which processes report, and what they have to
            answer with while the store is away.

        test_signers: Tests the signers whose test is old; called in threads. The
            issuers of *present* then have the results.

        clock: The clock of the process.
    """
    store: _StoreChecks | None = None

    def checks() -> list[Check]:
        nonlocal store
        now = present()
        if now.store is None:
            store = None
        elif store is None or store.address != now.store:
            store = _StoreChecks(now.store, totals)
        return [
            *(() if store is None else store.checks(now)),
            *_source_checks(now.issuers),
            *_signer_checks(present, test_signers),
            *_elsewhere_checks(now, totals),
            Check(name="clock", test=partial(_check_clock, totals, clock)),
            Check(name="processes", test=lambda: _check_processes(totals)),
            Check(name="configuration", test=lambda: _check_configuration(totals)),
        ]

    return checks


class _StoreChecks:
    """The checks of a store, which remember what they have seen of it."""

    def __init__(self, address: DatabaseAddress, totals: Totals) -> None:
        self.address = address
        self._reading = _Reading(address, totals)
        self._freshness = _Freshness(address)

    def checks(self, present: PresentConfiguration) -> Iterator[Check]:
        yield Check(
            name="store",
            test=partial(self._reading.check, present),
            late=self._reading.level_without(present.validity),
        )
        yield Check(
            name="freshness",
            test=partial(self._freshness.check, present.issuers),
            late=Level.FAILED if self.address.path else Level.DEGRADED,
        )


class _Reading:
    """
    Reads the store, and remembers since when it cannot be read.

    A node that has copies of answers stays in service while a database on another
    machine is away: in Valkey, or in memory as long as they can be valid. One that has
    none can only say *tryLater*, and another node may have some.
    """

    def __init__(self, address: DatabaseAddress, totals: Totals) -> None:
        self._address = address
        self._totals = totals
        self._lost: float | None = None

    def level_without(self, validity: datetime.timedelta) -> Level:
        """Return the level while the store cannot be read."""
        return Level.DEGRADED if self._copies(validity) else Level.FAILED

    def _copies(self, validity: datetime.timedelta) -> str:
        """Return where the node has answers besides the store; empty for nowhere."""
        if self._address.path is not None:
            return ""  # a file that cannot be read: what it says now is not known
        if self._totals.gauges(STORE_UP).get((VALKEY,)):
            return "in Valkey"
        since = time.monotonic() if self._lost is None else self._lost
        if time.monotonic() >= since + validity.total_seconds():
            return ""
        is_kept = any(self._totals.gauges(RESPONSE_CACHE_BYTES).values())
        return "in memory" if is_kept else ""

    def check(self, present: PresentConfiguration) -> Result:
        """Open the store anew, and look a certificate of each issuer up."""
        keys = [each.authority.key for each in present.issuers if not each.source]
        try:
            if keys:
                _read(self._address, keys)
        except (SourceUnavailable, StoreError) as error:
            if self._address.path is not None:
                raise
            self._lost = time.monotonic() if self._lost is None else self._lost
            copies = self._copies(present.validity)
            has = f"answers with copies {copies}" if copies else "has no copies"
            return self.level_without(present.validity), f"the node {has}: {error}"
        self._lost = None
        return Level.OK, ""


def _read(address: DatabaseAddress, keys: Iterable[IssuerKey]) -> None:
    with open_store(address, read_only=True, program="ocsp serve") as store:
        for key in keys:
            store.find(key, 1)


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
    present: Callable[[], PresentConfiguration], test_signers: Callable[[], object]
) -> Iterator[Check]:
    for name in _uses(present().issuers):

        def test(name: str = name) -> Result:
            test_signers()
            tested = present()
            return _judge(_uses(tested.issuers).get(name, []), tested.alarm)

        yield Check(name=f"signer {name}", test=test)


def _elsewhere_checks(present: PresentConfiguration, totals: Totals) -> Iterator[Check]:
    for each in present.elsewhere:
        if isinstance(each.authority, CannedAuthority):
            test = partial(_check_canned, each.authority, present.alarm)
        elif each.authority.urls:
            test = partial(_check_foreign, totals, each.name)
        else:
            continue
        yield Check(name=each.check, test=test)


def _check_canned(authority: CannedAuthority, alarm: datetime.timedelta) -> Result:
    """
    Compare the ends of the responses of an offline CA with the time.

    No end is a reason to take this node out of service: all nodes have the same files,
    and the other issuers are answered.
    """
    now = datetime.datetime.now(datetime.UTC)
    ended = ", ".join(
        f"{each.file} ended at {timestamp(each.next_update)}"
        for each in authority.ended(now)
    )
    if ended or not authority.is_current(now):
        return Level.DEGRADED, ended or "no response is valid now"
    for each in authority.ended(now, alarm):
        words = span(int((each.next_update - now).total_seconds()))
        return Level.DEGRADED, f"{each.file} ends in {words}"
    return Level.OK, ""


def _check_foreign(totals: Totals, issuer: str) -> Result:
    """
    Say how the last request to the responders of another CA has ended.

    If it has failed, that is no reason to take this node out of service: another one
    would not fare better, and the other issuers are answered.
    """
    answered = totals.gauges(FOREIGN_ANSWERED).get((issuer,), 0.0)
    failed = totals.gauges(FOREIGN_FAILED).get((issuer,), 0.0)
    if failed <= answered:
        return Level.OK, ""
    ago = span(max(0, int(time.time() - failed)))
    return Level.DEGRADED, (
        f"the last request to its responders has failed, {ago} ago; the log says why"
    )


class _Use(NamedTuple):
    """A signer of an issuer, and whether another one of it signs."""

    health: SignerHealth
    has_other: bool


def _uses(configured: Sequence[ConfiguredIssuer]) -> dict[str, list[_Use]]:
    """Return the uses of each signer by its name."""
    names = signer_names([each.authority for each in configured])
    found: dict[str, list[_Use]] = {}
    for issuer in configured:
        ready = [each for each in issuer.signers if each.state is SignerState.READY]
        for health in issuer.signers:
            certificate = health.certificate
            name = names.get(certificate, health.name) if certificate else health.name
            has_other = any(each is not health for each in ready)
            found.setdefault(name, []).append(_Use(health, has_other))
    return found


def _judge(uses: Sequence[_Use], alarm: datetime.timedelta) -> Result:
    """Return what is wrong with a signer; it fails if an issuer has no other one."""
    failures = [
        (has_other, why)
        for health, has_other in uses
        for why in _failures(health, has_other=has_other)
    ]
    if failures:
        is_needed = not all(has_other for has_other, _ in failures)
        reasons = "; ".join(dict.fromkeys(why for _, why in failures))
        return Level.FAILED if is_needed else Level.DEGRADED, reasons
    now = datetime.datetime.now(datetime.UTC)
    found = (each.health.certificate for each in uses)
    ends = [
        validity_of(each)[1]
        for each in found
        if each is not None and ends_soon(each, now, alarm)
    ]
    if ends:
        words = span(int((min(ends) - now).total_seconds()))
        return Level.DEGRADED, f"its certificate ends in {words}"
    return Level.OK, ""


def _failures(health: SignerHealth, *, has_other: bool) -> Sequence[str]:
    """Return why a signer is not used; nothing for one that begins after another."""
    match health.state:
        case SignerState.READY:
            return ()
        case SignerState.FUTURE if has_other:
            return ()
        case SignerState.FUTURE | SignerState.ENDED:
            return [f"its certificate is valid from {health.begin} to {health.end}"]
        case _:
            return health.problems or ["it was not tested yet"]


class _Freshness:
    """Finds answers that wait too long for their next signature."""

    def __init__(self, address: DatabaseAddress) -> None:
        self._address = address
        self._seen: dict[tuple[object, ...], float] = {}

    def check(self, configured: Sequence[ConfiguredIssuer]) -> Result:
        """Compare what is due with what was due before: a revocation is due at once."""
        now = time.monotonic()
        try:
            due = self._due(configured)
        except (SourceUnavailable, StoreError) as error:
            if self._address.path is not None:
                raise
            return Level.DEGRADED, str(error)  # the check of the store says when to act
        self._seen = {each: self._seen.get(each, now) for each in due}
        waited = now - min(self._seen.values(), default=now)
        if waited <= LATE_SECONDS:
            return Level.OK, ""
        return Level.DEGRADED, f"stored answers are overdue since {span(int(waited))}"

    def _due(
        self, configured: Sequence[ConfiguredIssuer]
    ) -> list[tuple[StatusQuery, CertIDForm, int]]:
        with open_store(self._address, read_only=True, program="ocsp serve") as store:
            return [
                (each.query, each.form, each.version)
                for issuer in configured
                for each in store.due_answers(
                    issuer.authority.key, int(time.time()), MOST_DUE
                )
            ]


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


def _check_configuration(totals: Totals) -> Result:
    """Say that the last reload was refused: the service does not do what files say."""
    if not any(totals.gauges(CONFIG_RELOAD_FAILED).values()):
        return Level.OK, ""
    return Level.DEGRADED, (
        "the last reload was refused, for a reason that the log says: the configuration"
        " before it stays in force"
    )


def _check_clock(totals: Totals, clock: ProcessClock) -> Result:
    """
    Say how the clock has moved, and how it differs from that of the database.

    If they differ, either may be the wrong one: so that is no reason to take all nodes
    out of service.
    """
    clock.look()
    apart = max(totals.gauges(DATABASE_CLOCK).values(), default=0.0)
    if apart > CLOCK_TOLERANCE:
        return Level.DEGRADED, (
            f"the clock differs from that of the database by {span(round(apart))}:"
            " nothing is signed"
        )
    step = clock.step_within(JUMP_SHOWN_SECONDS)
    if step:
        way = "forward" if step > 0 else "back"
        why = f"the clock jumped {way} by {span(round(abs(step)))}"
        left = clock.settles_in()
        if left:
            seconds = span(math.ceil(left))
            why += f": nothing is signed for {seconds}, or until it is set right"
        return Level.DEGRADED, why
    return Level.OK, ""
