"""The resolver: few threads, every caller in time, every exception an ``OSError``."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import pytest

from ocsp import limits
from ocsp.client.transport.resolver import NOT_A_NAME, Resolver

SECONDS = 30.0
"""A limit for what comes at once."""


class Names:
    """A stand-in for ``getaddrinfo``: some names do not resolve before they are freed."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.reached = threading.Event()
        self.asked: list[str] = []
        self.threads: set[int] = set()

    def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
        """Return one address, of a name that hangs only when it is free."""
        self.asked.append(host)
        self.threads.add(threading.get_ident())
        if host.startswith("hangs"):
            self.reached.set()
            assert self.free.wait(SECONDS)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", port))] * 2


@pytest.fixture(name="names")
def _names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    yield names
    names.free.set()


def test_a_name_is_resolved(names: Names) -> None:
    """Each address once."""
    assert Resolver().resolve("a.example", 80, SECONDS) == ["192.0.2.1"]


def test_the_number_of_threads_is_a_limit(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other names wait in the queue, and have their turn."""
    monkeypatch.setattr(limits, "MAX_RESOLVER_THREADS", 2)
    resolver, before = Resolver(), threading.active_count()
    waiting = [resolver.look_up(f"hangs{number}.example", 80) for number in range(50)]
    assert threading.active_count() - before == 2
    with pytest.raises(TimeoutError, match="2 look-ups have no answer yet"):
        resolver.resolve("b.example", 80, 0.01)
    names.free.set()
    assert [each.result(SECONDS) for each in waiting] == [["192.0.2.1"]] * 50
    assert len(names.threads) == 2
    assert resolver.resolve("b.example", 80, SECONDS) == ["192.0.2.1"]
    assert names.asked.count("b.example") == 1  # not for the caller that had left


def test_callers_of_one_name_share_a_thread(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So one name server that does not answer holds one thread."""
    resolver, before = Resolver(), threading.active_count()
    first = [resolver.look_up("hangs.example", 80) for _ in range(100)]
    assert threading.active_count() - before == 1
    for each in first[1:]:
        each.cancel()
    last = resolver.look_up("hangs.example", 80)
    other = resolver.resolve("b.example", 80, SECONDS)
    names.free.set()
    assert first[0].result(SECONDS) == last.result(SECONDS) == other
    assert names.asked.count("hangs.example") == 1


def test_a_caller_that_leaves_costs_nothing(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue and the callers of a look-up do not grow."""
    monkeypatch.setattr(limits, "MAX_RESOLVER_THREADS", 1)
    resolver = Resolver()
    kept = resolver.look_up("hangs.example", 80)
    assert names.reached.wait(SECONDS)
    for number in range(100):
        resolver.look_up("hangs.example", 80).cancel()
        resolver.look_up(f"{number}.example", 80).cancel()
    assert len(resolver._queue) == 1
    assert len(resolver._open) == 2
    assert len(resolver._open["hangs.example", 80].callers) == 2
    names.free.set()
    assert kept.result(SECONDS) == ["192.0.2.1"]


@pytest.mark.parametrize(
    "raised",
    [
        socket.gaierror(socket.EAI_NONAME, "no such name"),
        UnicodeError("label too long"),
        ValueError("embedded null character"),
        OverflowError("port"),
        MemoryError(),
        RuntimeError("odd"),
    ],
    ids=repr,
)
def test_every_exception_becomes_an_os_error(
    monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    """With its text."""

    def getaddrinfo(*_: Any, **__: Any) -> Any:
        raise raised

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(OSError, match=r".") as found:
        Resolver().resolve("a.example", 80, SECONDS)
    assert str(found.value) in {"no such name", NOT_A_NAME, str(raised), repr(raised)}


@pytest.mark.parametrize(
    "host",
    [
        "a..example",
        ".",
        "",
        " ",
        "a" * 64 + ".example",
        "\ud800",
        "a" * 3000,
        "[::1]",
        "%31",
    ],
    ids=ascii,
)
def test_a_name_that_is_none_is_an_os_error(host: str) -> None:
    """The function of the system says so, or the codec of Python."""
    with pytest.raises(OSError, match=r".") as found:
        Resolver().resolve(host, 80, SECONDS)
    assert not isinstance(found.value, TimeoutError)


def test_a_null_character_does_not_end_a_name() -> None:
    """``getaddrinfo`` resolves what is before it."""
    with pytest.raises(OSError, match="null character"):
        Resolver().resolve("127.0.0.1\0.example", 80, SECONDS)


def test_a_system_without_threads_is_an_os_error(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a thread is left, it does the work of all."""
    resolver = Resolver()
    running = resolver.look_up("hangs.example", 80)
    real = threading.Thread.start

    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    second = resolver.look_up("b.example", 80)
    names.free.set()
    wait([running, second], SECONDS)
    assert second.result() == running.result() == ["192.0.2.1"]
    empty = Resolver()
    with pytest.raises(OSError, match="can't start new thread"):
        empty.resolve("c.example", 80, SECONDS)
    monkeypatch.setattr(threading.Thread, "start", real)
    assert empty.resolve("c.example", 80, SECONDS) == ["192.0.2.1"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_process_has_threads_of_its_own(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the parent do not run there, and hold nothing."""
    monkeypatch.setattr(limits, "MAX_RESOLVER_THREADS", 1)
    resolver = Resolver()
    resolver.look_up("hangs.example", 80)
    child = os.fork()
    if child == 0:
        found = resolver.resolve("b.example", 80, SECONDS)
        os._exit(0 if found == ["192.0.2.1"] else 1)
    assert os.waitpid(child, 0)[1] == 0


_PROGRAM = """
import socket, sys, threading, time
import ocsp
from ocsp.client import HTTPRequest
from ocsp.client.transport.tasks import AsyncHTTPTransport
from ocsp.client.transport.threads import HTTPTransport

request = HTTPRequest(
    method="GET", url="http://hangs.example/", max_bytes=1, timeout=0.1, io_timeout=0.1
)
socket.getaddrinfo = lambda *_, **__: threading.Event().wait()

def blocking():
    HTTPTransport().send(request)

async def in_a_task():
    await AsyncHTTPTransport().send(request)

try:
    if sys.argv[1] == "threads":
        blocking()
    elif sys.argv[1] == "asyncio":
        import asyncio
        asyncio.run(in_a_task())
    else:
        import trio
        trio.run(in_a_task)
except ocsp.errors.FetchTimeout as error:
    print(error)
"""


@pytest.mark.parametrize("kind", ["threads", "asyncio", "trio"])
def test_a_look_up_without_end_blocks_neither_the_loop_nor_the_exit(
    tmp_path: Path, kind: str
) -> None:
    """The process ends while a thread still waits."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, kind],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, "no_proxy": "*"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "resolving hangs.example took too long" in done.stdout


def test_a_result_is_not_set_twice(names: Names) -> None:
    """A caller that leaves at the last moment disturbs no other."""
    resolver = Resolver()
    callers: list[Future[list[str]]] = [
        resolver.look_up("hangs.example", 80) for _ in range(3)
    ]
    leave: Callable[[Any], None] = lambda _: callers[1].cancel()  # noqa: E731
    callers[0].add_done_callback(leave)
    names.free.set()
    assert callers[2].result(SECONDS) == ["192.0.2.1"]
    assert callers[1].cancelled()
