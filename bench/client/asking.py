"""
Measure the client with a responder on the loopback interface, in another process.

The peers are the lines that a program would have without the client: a fast HTTP client
fetches the same octets by prepared URLs, and ``ocsp.verify`` judges them. What the
client does besides is: check the URL and the address, limit time and size, read the
times of the answer, and remember it.
"""

from __future__ import annotations

import asyncio
import http.client
import multiprocessing
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from urllib.parse import urlsplit

import aiohttp
import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from yarl import URL

import ocsp
from bench.caches import empty_caches
from bench.client.checking import ENVIRONMENT
from bench.corpora.certificates import MOMENT
from bench.measure import Pair, Row
from bench.signatures.material import Case, ca, cases
from ocsp.client import CheckStatus
from ocsp.http import get_url

__all__ = ["rows", "serving"]

ASKED = 1_000
"""Certificates that are checked: enough to hide the start of the client."""

AT_ONCE = 8
"""Connections and requests at the same time."""

Fetch = Callable[[str, list[Case]], None]


def rows() -> list[Row]:
    """Return the rows of this group."""
    many = f"check_many, async, {ASKED:,} certificates"
    return [
        _row(many, "aiohttp and ocsp.verify", _check_many, _by_aiohttp, 1.1),
        _row(many, "httpx and ocsp.verify", _check_many, _by_httpx),
        _row(
            f"check, {ASKED:,} certificates",
            "http.client and ocsp.verify",
            _check_each,
            _by_http_client,
        ),
    ]


def _row(
    what: str, peer: str, ours: Fetch, theirs: Fetch, target: float | None = None
) -> Row:
    def measure(rounds: int) -> Pair:
        with serving() as url:
            return Pair.of(
                [
                    (_microseconds(ours, url), _microseconds(theirs, url))
                    for _ in range(max(3, rounds // 12))
                ]
            )

    return Row(
        group="check",
        what=what,
        repeated="no certificate or answer; the responder and its connections",
        peer=peer,
        measure=measure,
        target=target,
    )


def _microseconds(fetch: Fetch, url: str) -> float:
    """Return the CPU time for a certificate; the responder's is not measured."""
    empty_caches()
    asked = list(cases(count=ASKED))
    start = time.process_time_ns()
    fetch(url, asked)
    return (time.process_time_ns() - start) / 1000 / len(asked)


# --- the responder ---------------------------------------------------------------


@cache
def _targets() -> tuple[str, ...]:
    """Return the targets of the GET requests, as the client sends them."""
    return tuple(get_url("", _request(case)) for case in cases(count=ASKED))


def _request(case: Case) -> bytes:
    builder = ocsp.OCSPRequestBuilder()
    builder = builder.add_certificate(case.certificate, ca(), hashes.SHA256())
    return builder.build().public_bytes(Encoding.DER)


@cache
def _replies() -> dict[bytes, bytes]:
    """Return the replies of the responder, by the target of the request."""
    return {
        target.encode(): b"HTTP/1.1 200 OK\r\n"
        b"Content-Type: application/ocsp-response\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(case.response), case.response)
        for target, case in zip(_targets(), cases(count=ASKED), strict=True)
    }


class _Responder(asyncio.Protocol):
    """A minimal responder that returns answers from a table."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._read = b""

    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            head, _, self._read = self._read.partition(b"\r\n\r\n")
            self._transport.write(_replies()[head.split(b" ", 2)[1]])


def _serve(bound: socket.socket) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(_Responder, sock=bound)
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def serving() -> Iterator[str]:
    """Run the responder in a forked process; return its URL."""
    _replies()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as bound:
        fork = multiprocessing.get_context("fork")
        process = fork.Process(target=_serve, args=(bound,), daemon=True)
        process.start()
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            process.terminate()
            process.join()


# --- the client and its peers ----------------------------------------------------


def _check_many(url: str, asked: list[Case]) -> None:
    async def main() -> None:
        items = [(case.certificate, ca()) for case in asked]
        async with ocsp.AsyncClient(environment=ENVIRONMENT) as client:
            found = await client.check_many(items, url=url, concurrency=AT_ONCE)
        assert all(outcome.status is CheckStatus.GOOD for outcome in found)

    asyncio.run(main())


def _check_each(url: str, asked: list[Case]) -> None:
    with ocsp.Client(environment=ENVIRONMENT) as client:
        for case in asked:
            client.check(case.certificate, ca(), url=url).require_good()


def _verify(case: Case, body: bytes) -> None:
    ocsp.verify(body, case.certificate, ca(), at=MOMENT).require_good()


async def _share(fetch: Callable[[str], Awaitable[bytes]], asked: list[Case]) -> None:
    """Fetch and verify all, so many at once as the client does."""
    waiting = iter(zip(_targets(), asked, strict=True))

    async def work() -> None:
        for target, case in waiting:
            _verify(case, await fetch(target))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def _by_aiohttp(url: str, asked: list[Case]) -> None:
    async def main() -> None:
        connector = aiohttp.TCPConnector(limit=AT_ONCE)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def fetch(target: str) -> bytes:
                async with session.get(URL(url + target, encoded=True)) as reply:
                    assert reply.status == 200
                    return await reply.read()

            await _share(fetch, asked)

    asyncio.run(main())


def _by_httpx(url: str, asked: list[Case]) -> None:
    async def main() -> None:
        async with httpx.AsyncClient(trust_env=False) as session:

            async def fetch(target: str) -> bytes:
                reply = await session.get(url + target)
                assert reply.status_code == 200
                return reply.content

            await _share(fetch, asked)

    asyncio.run(main())


def _by_http_client(url: str, asked: list[Case]) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    for target, case in zip(_targets(), asked, strict=True):
        connection.request("GET", target)
        reply = connection.getresponse()
        assert reply.status == 200
        _verify(case, reply.read())
    connection.close()
