"""
The contract of every source of status: one set of cases for all of them.

A test makes a :class:`Scene` for its source, and calls :func:`check` with it, or
:func:`check_in_loop` if the source belongs to one event loop. Copies of signed answers
are no sources: ``SharedAnswers`` and ``EdgeAnswers`` return messages, not records, and
do not know who has not been issued; ``tests/integration/test_valkey.py`` and
``test_edge.py`` are about them.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from cryptography import x509

from ocsp import OCSPCertStatus
from ocsp.errors import SourceUnavailable
from ocsp.responder import (
    Changes,
    IssuerKey,
    LocalSource,
    StatusQuery,
    StatusRecord,
    StatusSource,
)
from ocsp.responder.stored_answer import PolledSource
from ocsp.server.memory.change_poll import MAX_AGE_SECONDS
from tests.pki import ca

__all__ = [
    "GOOD",
    "OTHER",
    "REVOKED",
    "STOLEN",
    "UNLISTED",
    "Scene",
    "ask",
    "ask_in_loop",
    "check",
    "check_in_loop",
    "query",
]

GOOD = 0x1000
"""The serial number that is good in each scene."""

REVOKED = 0x2000
"""The serial number that was revoked, with reason keyCompromise."""

UNLISTED = 0x3000
"""The serial number that no scene knows."""

STOLEN = x509.ReasonFlags.key_compromise
"""The reason of ``REVOKED``."""

QUIET = (False, ())
"""What a source says if nothing has changed."""

OTHER = "Another CA"
"""A CA that no scene is about."""


def query(serial: int, issuer: x509.Certificate | None = None) -> StatusQuery:
    """Return the query for *serial* of the test CA, or of *issuer*."""
    return StatusQuery(IssuerKey.of(issuer or ca()), serial)


def ask(source: StatusSource, *serials: int) -> Sequence[StatusRecord | None]:
    """Ask *source* in an event loop of its own."""
    return asyncio.run(ask_in_loop(source, *serials))


async def ask_in_loop(
    source: StatusSource, *serials: int
) -> Sequence[StatusRecord | None]:
    """Ask *source*; what answers without waiting says the same."""
    queries = [query(serial) for serial in serials]
    found = await source.look_up(queries)
    if isinstance(source, LocalSource):
        assert list(source.look_up_now(queries)) == list(found)
    return found


@dataclass(frozen=True, kw_only=True)
class Scene:
    """
    A source in which ``GOOD`` is good and ``REVOKED`` is revoked.

    Attributes:
        source: The source.

        revoke: Revokes ``GOOD``, where the source reads from; ``None`` if a test of the
            source itself does that.

        remove: Takes away what the source reads from; ``None`` if it cannot be.

        seconds: How long a poll may take to notice it; 0 if the next one does.
    """

    source: StatusSource
    revoke: Callable[[], object] | None = None
    remove: Callable[[], object] | None = None
    seconds: float = 0.0


def check(scene: Scene) -> None:
    """Check what holds for every source, in an event loop of its own."""
    asyncio.run(check_in_loop(scene))


async def check_in_loop(scene: Scene) -> None:
    """Check what holds for every source."""
    source = scene.source
    good, revoked, unlisted = await ask_in_loop(source, GOOD, REVOKED, UNLISTED)
    assert good is not None
    assert good.status is OCSPCertStatus.GOOD
    assert revoked is not None
    assert revoked.status is OCSPCertStatus.REVOKED
    assert revoked.revocation_time is not None
    assert revoked.revocation_time.utcoffset() is not None
    assert revoked.revocation_reason is STOLEN
    assert unlisted is None
    await _check_order_and_number(source)
    await _check_other_serials_and_issuers(source)
    _check_polls(source)
    if scene.revoke is not None:
        scene.revoke()
        await _poll_until(scene, lambda changes: _what(changes) != QUIET)
        (now,) = await ask_in_loop(source, GOOD)
        assert now is not None
        assert now.status is OCSPCertStatus.REVOKED
    if scene.remove is not None:
        scene.remove()
        with pytest.raises(SourceUnavailable):
            await ask_in_loop(source, REVOKED)
        with contextlib.suppress(SourceUnavailable):
            await _poll_until(scene, _forbids_memory)


async def _poll_until(scene: Scene, wanted: Callable[[Changes], bool]) -> None:
    """Poll until a poll returns what is *wanted*, if the source can be polled."""
    if not isinstance(scene.source, PolledSource):
        return
    end = time.monotonic() + scene.seconds
    while not wanted(scene.source.poll_changes()):
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


def _what(changes: Changes) -> tuple[bool, Sequence[StatusQuery]]:
    return changes.everything, tuple(changes.queries)


def _forbids_memory(changes: Changes) -> bool:
    """Return whether no answer is used that was made before."""
    return changes.everything or changes.age > MAX_AGE_SECONDS


def _check_polls(source: StatusSource) -> None:
    """Require that a source without changes says so, where it says it at all."""
    if isinstance(source, PolledSource):
        source.poll_changes()
        assert _what(source.poll_changes()) == QUIET


async def _check_order_and_number(source: StatusSource) -> None:
    """Require one record for each query, in its place, also if it comes twice."""
    assert list(await ask_in_loop(source)) == []
    forward = await ask_in_loop(source, REVOKED, GOOD, REVOKED, UNLISTED)
    assert (
        list(await ask_in_loop(source, UNLISTED, REVOKED, GOOD, REVOKED))
        == list(forward)[::-1]
    )
    assert forward[0] == forward[2]


async def _check_other_serials_and_issuers(source: StatusSource) -> None:
    """Require that a record is for one serial number of one issuer: name and key."""
    near = (0, 1, -1, -GOOD, GOOD + 1, GOOD << 8, 0x10, 2**159, 2**700)
    assert list(await ask_in_loop(source, *near)) == [None] * len(near)
    others = [query(GOOD, ca(OTHER)), query(REVOKED, ca(OTHER))]
    key = IssuerKey.of(ca())
    others.append(StatusQuery(IssuerKey(key.name_hash, bytes(32)), GOOD))
    others.append(StatusQuery(IssuerKey(bytes(32), key.key_hash), REVOKED))
    assert list(await source.look_up(others)) == [None] * len(others)
