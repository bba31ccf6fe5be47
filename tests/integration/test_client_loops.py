"""One client in several event loops, threads and processes; cancelling and closing."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import pickle
import socket
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp.client import CheckStatus, MemoryCache, Options, ResponderOrder
from ocsp.client.transport.forking import ForkSafeLock
from ocsp.client.transport.pool import ConnectionPool, Stream
from ocsp.testing import PKI, Identity, LoopbackResponder

Run = Callable[[Callable[[], Awaitable[Any]]], Any]

RUNS: dict[str, Run] = {
    "asyncio": lambda work: asyncio.run(work()),  # type: ignore[arg-type]
    "trio": trio.run,
}


@pytest.fixture(name="responder")
def _responder() -> Iterator[LoopbackResponder]:
    with LoopbackResponder() as responder:
        yield responder


def _uncached(**options: Any) -> ocsp.AsyncClient:
    return ocsp.AsyncClient(Options(**options), cache=MemoryCache(max_entries=0))


def _leaf(responder: LoopbackResponder) -> Identity:
    return responder.pki.issue()


@pytest.mark.parametrize("first", RUNS)
@pytest.mark.parametrize("second", RUNS)
def test_one_client_works_in_one_event_loop_after_another(
    responder: LoopbackResponder, first: str, second: str
) -> None:
    """It never touches a connection of a loop that has ended, and leaks none."""
    leaf, client = _leaf(responder), _uncached()

    async def work() -> list[CheckStatus]:
        found = [
            await client.check(leaf.certificate, leaf.issuer, url=responder.url)
            for _ in range(2)
        ]
        return [outcome.status for outcome in found]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in (first, second, first):
            assert RUNS[name](work) == [CheckStatus.GOOD] * 2
        gc.collect()


@pytest.mark.parametrize("name", RUNS)
def test_every_kind_of_check_works_in_every_event_loop(
    responder: LoopbackResponder, name: str
) -> None:
    """Chains, many certificates, hedged responders and retries."""
    leaves = [_leaf(responder) for _ in range(5)]

    async def work() -> None:
        hedged = ResponderOrder.HEDGED
        async with _uncached(responder_order=hedged) as client, client:
            pairs = [(leaf.certificate, leaf.issuer) for leaf in leaves]
            url = [responder.url, f"{responder.url}/"]
            many = await client.check_many(pairs, url=url)
            assert {outcome.status for outcome in many} == {CheckStatus.GOOD}
            chain = [leaves[0].certificate, leaves[0].issuer]
            report = await client.check_chain(chain, url=responder.url)
            report.require_good()
        # After aclose() a request opens new connections.
        again = await client.check(*pairs[0], url=responder.url)
        assert again.status is CheckStatus.GOOD
        await client.aclose()
        await client.aclose()

    RUNS[name](work)


def test_one_async_client_works_in_several_threads(
    responder: LoopbackResponder,
) -> None:
    """Each thread runs an event loop of its own."""
    leaf, client = _leaf(responder), _uncached()
    found: list[CheckStatus] = []

    async def work() -> None:
        for _ in range(5):
            outcome = await client.check(
                leaf.certificate, leaf.issuer, url=responder.url
            )
            found.append(outcome.status)

    threads = [
        threading.Thread(target=RUNS[name], args=(work,))
        for name in ("asyncio", "trio", "asyncio")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [CheckStatus.GOOD] * 15


@pytest.mark.parametrize("name", RUNS)
def test_cancelling_ends_a_check(name: str) -> None:
    """The tasks that it has started end too, and no exception group appears."""
    ended = []

    class Endless:
        async def send(self, request: Any) -> Any:
            try:
                await anyio.sleep_forever()
            finally:
                ended.append(request.url)

        async def aclose(self) -> None:
            """Do nothing: no connection is open."""

    async def work() -> None:
        client = ocsp.AsyncClient(transport=Endless())
        leaf = PKI().issue()
        with anyio.move_on_after(0.05) as scope:
            await client.check_chain([leaf.certificate, leaf.issuer], url="http://a.b")
        assert scope.cancelled_caught

    RUNS[name](work)
    assert len(ended) == 1


@pytest.mark.parametrize("name", RUNS)
def test_an_exception_of_a_callback_leaves_a_check_unchanged(
    responder: LoopbackResponder, name: str
) -> None:
    """The caller gets the exception itself, not a group."""
    leaf = _leaf(responder)

    def stop(_: object) -> None:
        raise LookupError

    async def work() -> None:
        pairs = [(leaf.certificate, leaf.issuer)] * 3
        with pytest.raises(LookupError):
            await _uncached().check_many(pairs, url=responder.url, progress=stop)

    RUNS[name](work)


# --- processes ------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_opens_connections_of_its_own(
    responder: LoopbackResponder,
) -> None:
    """Parent and child go on with the same client, also while a lock is held."""
    leaf = _leaf(responder)
    client = ocsp.Client(cache=MemoryCache(max_entries=0))

    def good() -> bool:
        found = client.check(leaf.certificate, leaf.issuer, url=responder.url)
        return found.status is CheckStatus.GOOD

    assert good()
    held, release = threading.Event(), threading.Event()
    transport: Any = client.transport()

    def hold() -> None:
        with transport._pool._lock:
            held.set()
            release.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    child = os.fork()
    if child == 0:
        os._exit(0 if good() and good() else 1)  # no clean-up of the parent's tests
    _, status = os.waitpid(child, 0)
    release.set()
    thread.join(30)
    assert status == 0
    assert good()
    client.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_lock_is_free_in_a_forked_child() -> None:
    """Although another thread held it in the parent."""
    lock = ForkSafeLock()
    with lock:
        child = os.fork()
        if child == 0:
            with lock:
                os._exit(0)
        assert os.waitpid(child, 0)[1] == 0


def test_a_pool_gives_a_child_no_connection_of_its_parent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It returns them for closing."""
    ours, theirs = socket.socketpair()
    pool: ConnectionPool[Stream] = ConnectionPool(2)
    stream = Stream(ours)
    assert pool.give_back("key", stream) == []
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert pool.take("key") == (None, [stream])
    stream.close()
    theirs.close()


def _check_in_a_process(chain: list[bytes], url: str) -> str:
    leaf, issuer = (x509.load_der_x509_certificate(each) for each in chain)
    with ocsp.Client() as client:
        return client.check(leaf, issuer, url=url).status.value


def test_a_spawned_process_checks(responder: LoopbackResponder) -> None:
    """It gets certificates in DER and returns the value of the status."""
    leaf = _leaf(responder)
    chain = [
        each.public_bytes(Encoding.DER) for each in (leaf.certificate, leaf.issuer)
    ]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply(_check_in_a_process, (chain, responder.url))
    assert found == "good"


def test_outcomes_and_clients_say_why_they_are_not_pickled(
    responder: LoopbackResponder,
) -> None:
    """Attempts, errors, options and status are."""
    leaf = _leaf(responder)
    with ocsp.Client(Options(retries=0)) as client:
        good = client.check(leaf.certificate, leaf.issuer, url=responder.url)
        with pytest.raises(TypeError, match="cannot be pickled, because evidence"):
            pickle.dumps(good)
        with pytest.raises(TypeError, match="create one in each process"):
            pickle.dumps(client)
        refused = client.check(leaf.certificate, leaf.issuer, url="http://127.0.0.1:1")
    with pytest.raises(TypeError, match="create one in each process"):
        pickle.dumps(ocsp.AsyncClient())
    for outcome in (good, refused):
        kept = outcome.status, outcome.reason, outcome.attempts
        twin = pickle.loads(pickle.dumps(kept))
        assert twin[:2] == kept[:2]
        assert list(map(str, twin[2])) == list(map(str, kept[2]))
