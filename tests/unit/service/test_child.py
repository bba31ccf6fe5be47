"""A process as its supervisor sees it, with small programs in the place of a worker."""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
import sys
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from ocsp.metrics import Counter
from ocsp.process_clock import ProcessClock
from ocsp.service.processes import child as module
from ocsp.service.processes.child import Child, Program

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no processes that inherit sockets"
)

HEAD = """
import json, socket, sys
channel = socket.socket(fileno=int(sys.argv[1]))
lines = channel.makefile("r")
def say(*message):
    channel.sendall(json.dumps(message).encode() + b"\\n")
configuration = json.loads(lines.readline())[1]
"""

OBEDIENT = """
say("configured", None)
for line in lines:
    kind, content = json.loads(line)
    if kind == "configuration":
        if content.get("bad"):
            say("refused", "it is bad")
        else:
            say("configured", None)
    elif kind == "ping":
        say("pong", None)
    else:
        sys.exit(0)
"""


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(module, "LONGEST_PAUSE_SECONDS", 0.03)
    monkeypatch.setattr(module, "PING_SECONDS", 0.05)


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Callable[..., None]:
    """Run a test with a child that runs a script."""
    caplog.set_level(logging.INFO, "ocsp.service")
    restarts = Counter()

    def run_one(
        script: str,
        test: Callable[[Child, Counter], Coroutine[Any, Any, None]],
        configuration: dict[str, Any] | None = None,
    ) -> None:
        def command(_: Program, channel: socket.socket) -> list[str]:
            return [sys.executable, "-c", HEAD + script, str(channel.fileno())]

        monkeypatch.setattr(Program, "command", command)

        async def main() -> None:
            with socket.socket() as reports:
                program = Program(
                    role="worker",
                    name="worker-1",
                    sockets=(),
                    reports=reports,
                    clock=ProcessClock(),
                )
                child = Child(program, configuration or {}, restarts)
                try:
                    async with asyncio.timeout(30):
                        await test(child, restarts)
                finally:
                    await child.stop()

        asyncio.run(main())

    return run_one


Run = Callable[..., None]


async def _wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def test_a_process_takes_configurations_and_stops(run: Run) -> None:
    """A refused one leaves the one before in force; the exit code is 0."""

    async def test(child: Child, restarts: Counter) -> None:
        assert await child.start() == ""
        assert await child.configure({"bad": True}) == "it is bad"
        assert await child.configure({"good": True}) == ""
        await child.stop()
        assert child.pid is None
        assert restarts.value == 0

    run(OBEDIENT, test)


def test_a_first_configuration_that_is_refused_is_the_result_of_the_start(
    run: Run,
) -> None:
    """The supervisor then stops everything."""

    async def test(child: Child, _: Counter) -> None:
        assert await child.start() == "the key is gone"

    run('say("refused", "the key is gone"); sys.exit(1)', test)


def test_a_process_that_ends_again_and_again_is_started_with_growing_pauses(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """At once after the first time, then with pauses that double up to the longest."""

    async def test(child: Child, restarts: Counter) -> None:
        assert await child.start() == "ended with exit code 3"
        await _wait_for(lambda: restarts.value >= 4)

    run("sys.exit(3)", test)
    pauses = [
        each.getMessage().removeprefix("starting worker-1 again in ")
        for each in caplog.records
        if "again in" in each.getMessage()
    ]
    assert pauses[:5] == ["0 s", "0.01 s", "0.02 s", "0.03 s", "0.03 s"][: len(pauses)]
    assert len(pauses) >= 4


def test_a_killed_process_is_started_with_the_newest_configuration(run: Run) -> None:
    """Not with that of its first start."""

    async def test(child: Child, restarts: Counter) -> None:
        assert await child.start() == ""
        assert await child.configure({"number": 2}) == ""
        child.kill()
        await _wait_for(lambda: restarts.value == 1)
        assert await child.configure({"number": 2}) == ""

    run(
        'if configuration.get("number", 1) not in (1, 2): sys.exit(9)\n' + OBEDIENT,
        test,
        {"number": 1},
    )


def test_a_silent_process_is_killed_and_started_again(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It neither works nor ends, for example because its event loop is blocked."""
    monkeypatch.setattr(module, "MAX_SILENT_PINGS", 4)

    async def test(child: Child, restarts: Counter) -> None:
        assert await child.start() == ""
        await _wait_for(lambda: restarts.value == 1)

    run('say("configured", None)\nimport time; time.sleep(99)', test)
    assert "worker-1 is silent since 0.2 s; killing it" in caplog.text
    assert "ended with signal 9" in caplog.text


def test_time_that_passes_at_once_silences_no_process(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine, or the supervisor, stood still."""
    jumps = itertools.count(0, 1000)
    clock = SimpleNamespace(monotonic=lambda: next(jumps))
    monkeypatch.setattr(module, "time", clock)

    async def test(child: Child, restarts: Counter) -> None:
        assert await child.start() == ""
        for number in range(9):
            assert await child.configure({"number": number}) == ""
            await asyncio.sleep(module.PING_SECONDS)
        assert restarts.value == 0

    run(OBEDIENT, test)


def test_a_process_that_does_not_stop_is_killed(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After the time that it has to finish its requests."""
    monkeypatch.setattr(module, "DRAIN_SECONDS", 0.2)

    async def test(child: Child, _: Counter) -> None:
        assert await child.start() == ""
        await child.stop()

    run('say("configured", None)\nimport time; time.sleep(99)', test)
    assert "did not finish its requests within 0.2 s and was killed" in caplog.text


def test_a_program_that_does_not_exist_is_said(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error of the system is in the result."""
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")

    async def test(child: Child, _: Counter) -> None:
        assert await child.start() == "cannot be started: No such file or directory"

    run(OBEDIENT, test)
