"""
Measure hostile responses and CRLs of 56 KB, compared with ordinary ones of that size.

Each row has the most costly kind of :mod:`tests.hostile` or :mod:`tests.hostile_crls`.
No result is cached.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import cache

from cryptography import x509

import ocsp
from bench.caches import empty_caches
from bench.measure import Pair, Row
from ocsp.client import Environment, HTTPReply, HTTPRequest, Options
from ocsp.http import RESPONSE_TYPE
from ocsp.linting import lint_response
from ocsp.verification import verify_crl
from tests import hostile_crls
from tests.cases.model import NOW
from tests.hostile import BUILD, KINDS, ordinary

__all__ = ["rows"]

Make = Callable[[], bytes]
Kinds = dict[str, Make]

MOST_BLOCKED = 50_000.0
"""The microseconds that an event loop may stand still."""

_ENVIRONMENT = Environment(now=lambda: NOW)
_OPTIONS = Options(retries=0)
_URL = "http://responder.example"


@cache
def _leaf() -> x509.Certificate:
    return x509.load_der_x509_certificate(BUILD.leaf.der)


@cache
def _ca() -> x509.Certificate:
    return x509.load_der_x509_certificate(BUILD.ca.der)


def _verify(data: bytes) -> None:
    try:
        ocsp.verify(data, _leaf(), _ca(), at=NOW)
    except ocsp.VerificationError as error:
        str(error)


def _verify_crl(data: bytes) -> None:
    try:
        verify_crl(data, _leaf(), _ca(), at=NOW)
    except ocsp.VerificationError as error:
        str(error)


def _lint(data: bytes) -> None:
    lint_response(data, issuer=_ca(), cert=_leaf(), at=NOW)


class _Transport:
    """A transport that always returns the same answer."""

    def __init__(self, data: bytes) -> None:
        headers = (("content-type", RESPONSE_TYPE),)
        self._reply = HTTPReply(status=200, headers=headers, body=data)

    def send(self, _: HTTPRequest) -> HTTPReply:
        return self._reply

    def close(self) -> None:
        """Do nothing: no connection is open."""


class _AsyncTransport(_Transport):
    """The same for tasks."""

    async def send(self, request: HTTPRequest) -> HTTPReply:  # type: ignore[override]
        return super().send(request)

    async def aclose(self) -> None:
        """Do nothing: no connection is open."""


def _check(data: bytes) -> None:
    client = ocsp.Client(_OPTIONS, transport=_Transport(data), environment=_ENVIRONMENT)
    client.check(_leaf(), _ca(), url=_URL)


def _without_caches(use: Callable[[bytes], None], data: bytes) -> float:
    """Return the CPU microseconds of *use*, in all threads."""
    empty_caches()
    start = time.process_time_ns()
    use(data)
    return (time.process_time_ns() - start) / 1000


def _compared(
    use: Callable[[bytes], None], kinds: Kinds = KINDS, usual: Make = ordinary
) -> Callable[[int], Pair]:
    """Return how to measure *use* with the worst of *kinds* and the *usual* message."""

    def measure(rounds: int) -> Pair:
        pairs = (
            _pair(use, make(), usual(), max(3, rounds // 12)) for make in kinds.values()
        )
        return max(pairs, key=lambda pair: pair.ratio)

    return measure


def _pair(use: Callable[[bytes], None], data: bytes, usual: bytes, rounds: int) -> Pair:
    """Measure *use* with *data* and with the *usual* message, in turn."""
    return Pair.of(
        [
            (_without_caches(use, data), _without_caches(use, usual))
            for _ in range(rounds)
        ]
    )


async def _longest_stop(data: bytes) -> float:
    """Return the longest time in microseconds that a check stops its event loop."""
    longest, last = 0.0, time.perf_counter()

    async def tick() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.005)
    longest = 0.0
    client = ocsp.AsyncClient(
        _OPTIONS, transport=_AsyncTransport(data), environment=_ENVIRONMENT
    )
    await client.check(_leaf(), _ca(), url=_URL)
    await asyncio.sleep(0.002)
    ticking.cancel()
    return longest * 1e6


def _blocked(rounds: int) -> Pair:
    def least(data: bytes) -> float:
        """Return the shortest of several: other processes only make it longer."""
        empty_caches()
        return min(
            asyncio.run(_longest_stop(data)) for _ in range(max(2, rounds // 20))
        )

    worst = max(least(make()) for make in KINDS.values())
    return Pair.of([(worst, MOST_BLOCKED)])


def rows() -> list[Row]:
    """Return the rows of this group."""
    measures = {
        "verified": _compared(_verify),
        "linted": _compared(_lint),
        "checked by the client": _compared(_check),
        "a CRL, verified": _compared(
            _verify_crl, hostile_crls.KINDS, hostile_crls.ordinary
        ),
    }
    compared = [
        Row(
            group="attack",
            what=f"56 KB, {what}",
            repeated="one message of the worst kind, from empty caches",
            peer="ordinary 56 KB",
            measure=measure,
            target=10,
        )
        for what, measure in measures.items()
    ]
    blocked = Row(
        group="attack",
        what="56 KB, stop of an event loop",
        repeated="one message of the worst kind, from empty caches",
        peer="50 ms",
        measure=_blocked,
        target=1,
    )
    return [*compared, blocked]
