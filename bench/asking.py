"""
Measure the client: cached and fetched answers.

A cached answer is compared with one signature check, fetched answers with httpx alone.
"""

from __future__ import annotations

import asyncio
import datetime
import multiprocessing
import socket
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

import ocsp
from bench.measure import Pair, Row, side_by_side
from bench.messages import MOMENT, ca, key, leaf, leaf_key
from ocsp.client import CheckStatus, Environment, HTTPReply, HTTPRequest
from ocsp.http import RESPONSE_TYPE, get_url

__all__ = ["rows"]

MANY = 2000
AT_ONCE = 8

_SHA256 = hashes.SHA256()
_ECDSA = ec.ECDSA(_SHA256)
_ENVIRONMENT = Environment(now=lambda: MOMENT + datetime.timedelta(hours=1))


def _answer(cert: x509.Certificate) -> bytes:
    until = MOMENT + datetime.timedelta(days=7)
    good = ocsp.OCSPCertStatus.GOOD
    builder = ocsp.OCSPResponseBuilder().produced_at(MOMENT)
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, ca())
    builder = builder.add_response(cert, ca(), _SHA256, good, MOMENT, until, None, None)
    return builder.sign(key(), _SHA256).public_bytes(Encoding.DER)


class _FixedTransport:
    """A transport that always returns the same answer."""

    def send(self, _: HTTPRequest) -> HTTPReply:
        headers = (("content-type", RESPONSE_TYPE),)
        return HTTPReply(status=200, headers=headers, body=_answer(leaf()))

    def close(self) -> None:
        """Do nothing: no connection is open."""


def _cached(rounds: int) -> Pair:
    client = ocsp.Client(transport=_FixedTransport(), environment=_ENVIRONMENT)
    url = "http://responder.example"
    client.check(leaf(), ca(), url=url).require_good()
    signature, public = key().sign(b"", _ECDSA), key().public_key()
    return side_by_side(
        lambda: client.check(leaf(), ca(), url=url),
        lambda: public.verify(signature, b"", _ECDSA),
        rounds,
    )


# --- many certificates -----------------------------------------------------------


@cache
def _certificates() -> list[x509.Certificate]:
    begin = MOMENT - datetime.timedelta(days=1)
    return [
        x509.CertificateBuilder(
            issuer_name=ca().subject,
            subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")]),
            public_key=leaf_key(),
            serial_number=number + 1,
            not_valid_before=begin,
            not_valid_after=MOMENT + datetime.timedelta(days=90),
        ).sign(key(), _SHA256)
        for number in range(MANY)
    ]


@cache
def _answers() -> dict[str, bytes]:
    """Return all answers, by the target of the GET request."""
    answers = {}
    for cert in _certificates():
        builder = ocsp.OCSPRequestBuilder().add_certificate(cert, ca(), _SHA256)
        target = get_url("", builder.build().public_bytes(Encoding.DER))
        answers[target] = _answer(cert)
    return answers


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
            body = _answers()[head.split(b" ", 2)[1].decode()]
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            )


def _serve(bound: socket.socket) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(_Responder, sock=bound)
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def _serving() -> Iterator[str]:
    """Run the responder in a forked process, after all answers have been signed."""
    _answers()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as bound:
        fork = multiprocessing.get_context("fork")
        process = fork.Process(target=_serve, args=(bound,), daemon=True)
        process.start()
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            process.terminate()
            process.join()


async def _by_client(url: str) -> None:
    items = [(cert, ca()) for cert in _certificates()]
    async with ocsp.AsyncClient(environment=_ENVIRONMENT) as client:
        found = await client.check_many(items, url=url, concurrency=AT_ONCE)
    assert all(outcome.status is CheckStatus.GOOD for outcome in found)


async def _by_httpx(url: str) -> None:
    targets = iter(_answers())

    async def work(http: httpx.AsyncClient) -> None:
        for target in targets:
            assert (await http.get(url + target)).status_code == 200

    async with httpx.AsyncClient(trust_env=False) as http:
        await asyncio.gather(*(work(http) for _ in range(AT_ONCE)))


def _seconds(action: Callable[[str], Awaitable[None]], url: str) -> float:
    """Return the CPU seconds of this process; the responder's are not measured."""

    async def main() -> None:
        await action(url)

    start = time.process_time()
    asyncio.run(main())
    return time.process_time() - start


def _many(rounds: int) -> Pair:
    with _serving() as url:
        pairs = [
            (_seconds(_by_client, url), _seconds(_by_httpx, url))
            for _ in range(max(2, rounds // 20))
        ]
    return Pair(
        ours=statistics.median(ours for ours, _ in pairs) / MANY * 1e6,
        peer=statistics.median(theirs for _, theirs in pairs) / MANY * 1e6,
        ratio=statistics.median(ours / theirs for ours, theirs in pairs),
    )


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [
        Row(
            group="check",
            what="a cached answer",
            peer="bare P-256 verify",
            measure=_cached,
            target=0.2,
        ),
        Row(
            group="check",
            what=f"{MANY:,} certificates, verified",
            peer="httpx fetching the same",
            measure=_many,
            target=1.25,
        ),
    ]
