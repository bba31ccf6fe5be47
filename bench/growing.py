"""
Measure how the time grows with the size of the work.

A row measures sizes that double and fits ``time = a * size ** exponent`` to the largest
four, where the fixed part of the time counts least. Work of linear time has the
exponent 1; a little more allows for the caches of the processor.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from cryptography import x509
from cryptography.x509 import ocsp as upstream

import ocsp
from bench import corpora
from bench.caches import empty_caches
from bench.client.checking import ENVIRONMENT
from bench.client.storing import SIZES, evidence_of, file_with, times_of_puts
from bench.corpora import Answer, Kind
from bench.corpora.certificates import MOMENT
from bench.measure import Pair, Row
from bench.reading.fields import ENTRIES
from bench.signatures.material import DISTINCT, ca
from ocsp.client import HTTPReply, HTTPRequest, RequestMethod
from ocsp.http import RESPONSE_TYPE

__all__ = ["FITTED", "MOST", "exponent", "rows"]

MOST = 1.1
"""The largest exponent."""

FITTED = 4
"""Sizes that the fit takes, the largest ones."""

REPEATS = 5
"""Measurements of one size. The fastest counts: other processes only slow it down."""

PUTS = 40
"""Answers that are stored in a measurement; no answer can be stored twice."""

Item = TypeVar("Item")
Measured = Callable[[], float]
"""Returns the CPU microseconds of the work of one size."""


def rows() -> list[Row]:
    """Return the rows of this group."""
    entries, decoys = _doubling(1, 512), _doubling(1, 64)
    return [
        _row("read 1 to 512 entries, all fields", entries, _reading),
        _row("verify a response with 1 to 512 entries", entries, _verifying_entries),
        _row("verify a response with 0 to 63 decoys", decoys, _verifying_decoys),
        _row("check_chain, 1 to 32 certificates", _doubling(1, 32), _checking),
        _row("SQLiteCache.put, 10,000 to 1,000,000 entries", SIZES, _storing),
    ]


def exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    """Return the exponent of the power of *sizes* that fits *times* best."""
    logarithms = [list(map(math.log, values[-FITTED:])) for values in (sizes, times)]
    return statistics.linear_regression(*logarithms).slope


def _doubling(first: int, last: int) -> list[int]:
    sizes = [first]
    while sizes[-1] < last:
        sizes.append(2 * sizes[-1])
    return sizes


def _row(what: str, sizes: Sequence[int], make: Callable[[int], Measured]) -> Row:
    """Measure *make(size)*, which returns the CPU microseconds of one call."""

    def measure(rounds: int) -> Pair:
        measured = [make(size) for size in sizes]
        found = []
        for _ in range(max(3, rounds // 12)):
            times = [min(each() for _ in range(REPEATS)) for each in measured]
            found.append((exponent(sizes, times), 1.0))
        return Pair.of(found)

    return Row(
        group="growth",
        what=what,
        repeated="one message of each size, from empty caches",
        peer="1, linear",
        measure=measure,
        target=MOST,
        unit="exponent",
    )


def _timed(action: Callable[[], object]) -> Measured:
    """Return a function that measures *action* from empty caches, in all threads."""

    def measure() -> float:
        empty_caches()
        start = time.process_time_ns()
        action()
        return (time.process_time_ns() - start) / 1000

    return measure


def _reading(entries: int) -> Measured:
    (message,) = corpora.with_entries(entries, 1)
    return _timed(partial(ENTRIES.ours, message))


def _verifying(answer: Answer) -> Measured:
    def verify() -> None:
        cert = x509.load_der_x509_certificate(answer.certificate)
        ocsp.verify(answer.response, cert, ca(), at=MOMENT).require_good()

    return _timed(verify)


def _verifying_entries(entries: int) -> Measured:
    return _verifying(corpora.about_many(entries))


def _verifying_decoys(certificates: int) -> Measured:
    return _verifying(corpora.with_decoys(certificates - 1))


class _Replies:
    """A transport that returns the response for each serial number."""

    def __init__(self, responses: Sequence[bytes]) -> None:
        self._responses = responses

    def send(self, request: HTTPRequest) -> HTTPReply:
        asked = upstream.load_der_ocsp_request(request.body).serial_number
        body = self._responses[asked ^ corpora.FIRST_OF_CHAIN]
        headers = (("content-type", RESPONSE_TYPE),)
        return HTTPReply(status=200, headers=headers, body=body)

    def close(self) -> None:
        """Do nothing: no connection is open."""


def _checking(length: int) -> Measured:
    encoded, responses = corpora.chain(length)
    options = ocsp.Options(method=RequestMethod.POST)
    replies = _Replies(responses)

    def check() -> None:
        chained = [x509.load_der_x509_certificate(each) for each in encoded]
        with ocsp.Client(options, transport=replies, environment=ENVIRONMENT) as client:
            client.check_chain(chained, url="http://ocsp.example").require_good()

    return _timed(check)


def _storing(entries: int) -> Measured:
    path = file_with(entries)
    batches = batched(evidence_of(Kind.REVOKED, 0, DISTINCT), PUTS)
    return lambda: times_of_puts(path, next(batches), 10 * entries, PUTS)[0]


def batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Return *items* in batches."""
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]
