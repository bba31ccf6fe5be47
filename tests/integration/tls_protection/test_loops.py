"""
Event loops: no handshake stops them for longer than one bounded wait for each check.

The responder answers when the test lets it, so no test depends on the time that
something takes.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
import trio
import uvloop

import ocsp
from ocsp import OCSPCertStatus
from ocsp.client import FailMode, Outcome
from ocsp.tls import RevocationPending, RevocationRefused, connecting, protect
from ocsp.tls.refusal import find_pending
from tests.integration.tls_protection.scene import NAME, Scene, TLSServer

Talk = Callable[[ssl.SSLContext, TLSServer], Awaitable[bytes]]


class Held(ocsp.Client):
    """
    A client whose checks wait until the test lets them end.

    Attributes:
        release: Lets them end.
    """

    def __init__(self, real: ocsp.Client) -> None:
        super().__init__(real.options)
        self.release = threading.Event()
        self.asked = 0

    def ask(self, *args: Any) -> Outcome:
        """Wait, and check."""
        self.asked += 1
        self.release.wait(30)
        return super().ask(*args)


@pytest.fixture(name="held")
def _held(scene: Scene) -> Held:
    return scene.close_later(Held(scene.client))  # type: ignore[return-value]


async def _talk_asyncio(context: ssl.SSLContext, server: TLSServer) -> bytes:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", server.port, ssl=context, server_hostname=NAME
    )
    try:
        writer.write(b"hi")
        return await reader.read(50)
    finally:
        writer.transport.abort()


async def _talk_trio(context: ssl.SSLContext, server: TLSServer) -> bytes:
    raw = await trio.open_tcp_stream("127.0.0.1", server.port)
    async with raw:
        tls = trio.SSLStream(raw, context, server_hostname=NAME)
        await tls.send_all(b"hi")
        return bytes(await tls.receive_some(50))


RUNS: dict[str, tuple[Callable[[Callable[[], Any]], Any], Talk]] = {
    "asyncio": (lambda work: asyncio.run(work()), _talk_asyncio),
    "uvloop": (lambda work: uvloop.run(work()), _talk_asyncio),
    "trio": (trio.run, _talk_trio),
}


@pytest.fixture(name="loop", params=RUNS)
def _loop(request: pytest.FixtureRequest) -> tuple[Callable[..., Any], Talk]:
    return RUNS[request.param]


async def _each(works: list[Callable[[], Awaitable[Any]]]) -> list[Any]:
    """Run all at the same time; return their results and errors."""
    results: list[Any] = [None] * len(works)

    async def run(number: int) -> None:
        try:
            results[number] = await works[number]()
        except Exception as error:
            results[number] = error

    if asyncio._get_running_loop() is not None:
        await asyncio.gather(*(run(number) for number in range(len(works))))
    else:
        async with trio.open_nursery() as nursery:
            for number in range(len(works)):
                nursery.start_soon(run, number)
    return results


def test_good_and_revoked_servers(scene: Scene, loop: Any) -> None:
    """The check is quick here, so that the first handshake waits for it."""
    run, talk = loop
    context = scene.client_context()
    protect(context, scene.client, loop_wait=10)
    good = scene.serve(scene.server_context(scene.good()))
    revoked = scene.serve(scene.server_context(scene.revoked()))
    assert run(lambda: talk(context, good)) == b"srv:hi"
    with pytest.raises((ssl.SSLError, trio.BrokenResourceError)) as raised:
        run(lambda: talk(context, revoked))
    error: BaseException | None = raised.value
    while error is not None and not isinstance(error, RevocationRefused):
        error = error.__cause__
    assert isinstance(error, RevocationRefused)
    assert "revoked" in str(error)
    assert revoked.got == []


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_tls_on_an_open_connection(scene: Scene, run: Any) -> None:
    """STARTTLS, with ``loop.start_tls``."""
    context = scene.client_context()
    protect(context, scene.client, loop_wait=10)
    good = scene.serve(scene.server_context(scene.good()))
    revoked = scene.serve(scene.server_context(scene.revoked()))

    async def talk(server: TLSServer) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            await writer.start_tls(context, server_hostname=NAME)
            writer.write(b"hi")
            return await reader.read(50)
        finally:
            writer.transport.abort()

    assert run(talk(good)) == b"srv:hi"
    with pytest.raises(RevocationRefused, match="revoked"):
        run(talk(revoked))
    assert revoked.got == []


def test_a_check_that_takes_long_is_pending_for_all(
    scene: Scene, held: Held, loop: Any
) -> None:
    """20 connections, one check: none blocks the loop, and none gets through."""
    run, talk = loop
    context = scene.client_context()
    protect(context, held, loop_wait=0)
    server = scene.serve(scene.server_context(scene.good()))

    async def work() -> list[Any]:
        results = await _each([lambda: talk(context, server)] * 20)
        held.release.set()
        pending = find_pending(results[0])
        assert pending is not None
        await pending.settled()
        return [*results, await talk(context, server)]

    *results, later = run(work)
    assert [each for each in results if find_pending(each) is None] == []
    assert later == b"srv:hi"
    assert held.asked == 1


def test_connecting_again_after_the_check(scene: Scene, held: Held, loop: Any) -> None:
    """20 connections through ``connecting``: all get through, after one check."""
    run, talk = loop
    context = scene.client_context()
    protect(context, held, loop_wait=0)
    server = scene.serve(scene.server_context(scene.good()))
    threading.Timer(0.2, held.release.set).start()
    work = lambda: connecting(lambda: talk(context, server))  # noqa: E731
    assert run(lambda: _each([work] * 20)) == [b"srv:hi"] * 20
    assert held.asked == 1


def test_connecting_to_several_servers_in_turn(scene: Scene, loop: Any) -> None:
    """As a library does that follows redirects: each server has its own check."""
    run, talk = loop
    context = scene.client_context()
    protect(context, scene.client, loop_wait=0)
    servers = [
        scene.serve(scene.server_context(scene.pki.issue(NAME))) for _ in range(4)
    ]
    follow = lambda: _in_turn([lambda s=s: talk(context, s) for s in servers])  # type: ignore[misc]  # noqa: E731
    assert run(lambda: connecting(follow)) == [b"srv:hi"] * 4


async def _in_turn(works: list[Callable[[], Awaitable[bytes]]]) -> list[bytes]:
    return [await each() for each in works]


def test_connecting_ends(scene: Scene) -> None:
    """Here no check ever says anything: its error is raised after bounded attempts."""

    class Broken(ocsp.Client):
        """A client whose checks raise, so that each handshake starts another one."""

        def ask(self, *args: Any) -> Outcome:
            raise RuntimeError("broken")

    context = scene.client_context()
    protect(context, scene.close_later(Broken(scene.client.options)), loop_wait=0)
    server = scene.serve(scene.server_context(scene.good()))
    with pytest.raises(RevocationPending):
        asyncio.run(connecting(lambda: _talk_asyncio(context, server)))
    server.join()
    assert server.got == []


def test_only_one_handshake_waits(scene: Scene, held: Held) -> None:
    """For the bounded time: the others are pending at once."""
    context = scene.client_context()
    protect(context, held, loop_wait=0.3)
    server = scene.serve(scene.server_context(scene.good()))
    started = time.monotonic()
    results = asyncio.run(_each([lambda: _talk_asyncio(context, server)] * 20))
    assert time.monotonic() - started < 20 * 0.3 / 2
    assert {type(each) for each in results} == {RevocationPending}
    held.release.set()


def test_the_loop_stands_still_for_one_wait_at_most(scene: Scene, held: Held) -> None:
    """A heartbeat in the loop measures it: less than two waits for 20 connections."""
    context = scene.client_context()
    protect(context, held, loop_wait=0.5)
    server = scene.serve(scene.server_context(scene.good()))

    async def work() -> float:
        beats: list[float] = []

        async def beat() -> None:
            while True:
                beats.append(time.monotonic())
                await asyncio.sleep(0.005)

        heart = asyncio.create_task(beat())
        await _each([lambda: _talk_asyncio(context, server)] * 20)
        heart.cancel()
        beats.append(time.monotonic())
        return max(later - earlier for earlier, later in pairwise(beats))

    assert asyncio.run(work()) < 1.0
    held.release.set()


def test_a_revoked_server_is_refused_after_the_second_connection(
    scene: Scene, loop: Any
) -> None:
    """With the reason, not as pending again."""
    run, talk = loop
    context = scene.client_context()
    protect(context, scene.client, loop_wait=0)
    server = scene.serve(scene.server_context(scene.revoked()))
    with pytest.raises((ssl.SSLError, trio.BrokenResourceError)) as raised:
        run(lambda: connecting(lambda: talk(context, server)))
    assert find_pending(raised.value) is None
    assert server.got == []


@pytest.mark.parametrize("fail", FailMode)
def test_a_check_without_status_ends_after_the_second_connection(
    scene: Scene, fail: FailMode
) -> None:
    """The responder is away. Soft failing lets the peer pass, hard failing does not."""
    leaf = scene.pki.issue(NAME, ocsp_urls=["http://127.0.0.1:1/"])
    context = scene.client_context()
    protect(context, scene.new_client(retries=0), loop_wait=0, fail=fail)
    server = scene.serve(scene.server_context(leaf))
    work = lambda: connecting(lambda: _talk_asyncio(context, server))  # noqa: E731
    if fail is FailMode.UNSAFE_SOFT:
        assert asyncio.run(work()) == b"srv:hi"
        return
    with pytest.raises(RevocationRefused) as raised:
        asyncio.run(work())
    assert isinstance(raised.value.__cause__, ocsp.RevocationIndeterminate)


def test_errors_that_are_not_pending_are_raised_at_once() -> None:
    """The function is called once."""
    calls = []

    async def connect() -> None:
        calls.append(1)
        raise OSError("refused")

    with pytest.raises(OSError, match="refused"):
        asyncio.run(connecting(connect))
    assert calls == [1]


def test_a_pending_error_is_found_wherever_libraries_put_it() -> None:
    """Causes, contexts, groups, arguments; in a circle too."""
    pending = RevocationPending("not yet", ())
    outer = OSError("broken")
    outer.__cause__ = ExceptionGroup("all", [ValueError("a"), OSError(1, pending)])
    assert find_pending(outer) is pending
    one, two = OSError("one"), OSError("two")
    one.__cause__, two.__cause__ = two, one
    assert find_pending(one) is None


def test_a_server_in_a_loop(scene: Scene, held: Held) -> None:
    """Clients with certificates: the first connection is refused, the second served."""
    context = scene.server_context(scene.good(), ssl.CERT_REQUIRED)
    protect(context, held, loop_wait=0)
    good = scene.client_context(scene.pki.issue("client"))
    revoked = scene.client_context(
        scene.pki.issue("client", status=OCSPCertStatus.REVOKED)
    )
    held.release.set()

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"srv:" + await reader.read(50))
        await writer.drain()
        writer.transport.abort()

    async def work() -> list[bytes]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        found = []
        for client in (good, revoked):
            for _ in range(50):
                try:
                    reader, writer = await asyncio.open_connection(
                        "127.0.0.1", port, ssl=client, server_hostname=NAME
                    )
                    writer.write(b"hi")
                    found.append(await reader.read(50))
                    writer.transport.abort()
                except OSError:
                    found.append(b"")
                if found[-1]:
                    break
                await asyncio.sleep(0.01)
        server.close()
        return found

    found = asyncio.run(work())
    assert found[0] == b""
    assert found.count(b"srv:hi") == 1
    assert found[-1] == b""
