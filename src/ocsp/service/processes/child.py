"""
A process of the responder, as its supervisor sees it: started, watched, started again.

Processes are started, not forked: a session of a PKCS #11 token does not survive a
fork. A process that ends is started again at once, and after repeated failures with
growing pauses. A process that does not answer for a while is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ocsp.metrics import Counter
from ocsp.process_clock import ProcessClock
from ocsp.service.processes.channel import Channel
from ocsp.service.systemd import without_systemd

__all__ = ["Child", "Program"]

logger = logging.getLogger("ocsp.service")

PING_SECONDS = 5.0
"""How often the supervisor asks each process for a sign of life."""

MAX_SILENT_PINGS = 6
"""
After how many pings without a sign of life a process is killed: 30 s. Building a
responder, with its signers and their checks, happens outside of its event loop and does
not silence it. Pings are counted because the time also passes while the machine, or the
supervisor, stands still.
"""

DRAIN_SECONDS = 30.0
"""How long a process may take to finish its requests when it is stopped."""

HEALTHY_SECONDS = 60.0
"""After this time a process counts as one that works: the pauses start over."""

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 10.0
"""The pauses between starts double from the first to the longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """
    What a process runs.

    Attributes:
        role: ``worker`` or ``updater``.

        name: Its name in the log.

        sockets: The sockets that it serves.

        reports: The socket to which it sends its counts, or from which it reads them.

        clock: What the supervisor knows of the clock is told to it, at each start.
    """

    role: str
    name: str
    sockets: Sequence[socket.socket]
    reports: socket.socket
    clock: ProcessClock

    def command(self, channel: socket.socket) -> list[str]:
        """Return the command line: the numbers of the descriptors are inherited."""
        sockets = ",".join(str(each.fileno()) for each in self.sockets)
        return [
            *(sys.executable, "-P", "-m", "ocsp.service.processes"),
            *(self.role, self.name),
            *(str(channel.fileno()), sockets, str(self.reports.fileno())),
            json.dumps(self.clock.memory),
        ]

    def descriptors(self, channel: socket.socket) -> list[int]:
        """Return the descriptors that the process inherits."""
        return [each.fileno() for each in (channel, *self.sockets, self.reports)]


class Child:
    """One process, which is kept running until it is stopped."""

    def __init__(
        self, program: Program, configuration: dict[str, Any], restarts: Counter
    ) -> None:
        """
        Prepare a process; :meth:`start` starts it.

        Args:
            program: What it runs.

            configuration: The configuration, in JSON.

            restarts: Counts how often it is started again.
        """
        self._restarts = restarts
        self._program = program
        self._configuration = configuration
        self._process: asyncio.subprocess.Process | None = None
        self._channel: Channel | None = None
        self._answer: asyncio.Future[str] | None = None
        self._stopping = asyncio.Event()
        self._heard = 0
        self._failures = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The name of the process in the log."""
        return self._program.name

    @property
    def pid(self) -> int | None:
        """The id of the process, or ``None`` between two starts."""
        return None if self._process is None else self._process.pid

    async def start(self) -> str:
        """Start the process, and return why it cannot work, or an empty text."""
        started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answer = started
        self._task = asyncio.create_task(self._keep_running())
        return await started

    async def configure(self, configuration: dict[str, Any]) -> str:
        """
        Let the process use *configuration*, and return why it does not.

        An empty text means that it does. A process that is just being started uses it
        when it starts.
        """
        before, self._configuration = self._configuration, configuration
        channel = self._channel
        if channel is None:
            return ""
        self._answer = asyncio.get_running_loop().create_future()
        with contextlib.suppress(ConnectionError):
            await channel.send("configuration", configuration)
        reason = await self._answer
        if reason:
            self._configuration = before
        return reason

    async def stop(self) -> None:
        """Let the process finish its requests, and wait for its end."""
        self._stopping.set()
        if self._channel is not None:
            with contextlib.suppress(ConnectionError):
                await self._channel.send("stop")
        if self._task is not None:
            _, pending = await asyncio.wait([self._task], timeout=DRAIN_SECONDS)
            if pending:
                logger.error(
                    "%s did not finish its requests within %g s and was killed",
                    self.name,
                    DRAIN_SECONDS,
                )
                self.kill()
                await asyncio.wait([self._task])

    def kill(self) -> None:
        """Kill the process."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _keep_running(self) -> None:
        while not self._stopping.is_set():
            begin = time.monotonic()
            await self._run_once()
            if self._stopping.is_set():
                return
            if time.monotonic() - begin >= HEALTHY_SECONDS:
                self._failures = 0
            await self._pause()
            self._restarts.value += 1

    async def _pause(self) -> None:
        """Wait before the next start: not at all after the first failure."""
        pause = 0.0
        if self._failures:
            doubled = FIRST_PAUSE_SECONDS * 2 ** (self._failures - 1)
            pause = min(LONGEST_PAUSE_SECONDS, doubled)
        self._failures += 1
        logger.error("starting %s again in %g s", self.name, pause)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause)

    async def _run_once(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._program.command(theirs),
                    pass_fds=self._program.descriptors(theirs),
                    env=without_systemd(),
                    stdin=asyncio.subprocess.DEVNULL,
                )
            except OSError as error:
                ours.close()
                self._settle(f"cannot be started: {error.strerror}")
                logger.error("%s cannot be started: %s", self.name, error.strerror)
                return
        self._channel = await Channel.over(ours)
        try:
            await self._talk(self._channel, self._process)
        finally:
            self._channel.close()
            self._channel = None
            await self._reap(self._process)

    async def _reap(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self._settle(f"ended with {how}")
        self._process = None
        if not self._stopping.is_set():
            logger.error("%s (process %d) ended with %s", self.name, process.pid, how)

    async def _talk(
        self, channel: Channel, process: asyncio.subprocess.Process
    ) -> None:
        """Exchange messages until the process ends."""
        with contextlib.suppress(ConnectionError):
            await channel.send("configuration", self._configuration)
        watch = asyncio.create_task(self._watch(channel))
        try:
            while (message := await channel.receive()) is not None:
                self._heard += 1
                kind, content = message
                if kind == "configured":
                    logger.info("%s (process %d) is ready", self.name, process.pid)
                    self._settle("")
                elif kind == "refused":
                    logger.error("%s refuses the configuration: %s", self.name, content)
                    self._settle(content)
        finally:
            watch.cancel()
        if not self._stopping.is_set():
            # The process ends without its channel; it must not outlive it.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), DRAIN_SECONDS)
            self.kill()

    async def _watch(self, channel: Channel) -> None:
        """Ask for signs of life, and kill the process if there are none."""
        silent = 0
        while silent < MAX_SILENT_PINGS:
            heard = self._heard
            with contextlib.suppress(ConnectionError):
                await channel.send("ping")
            await asyncio.sleep(PING_SECONDS)
            silent = silent + 1 if self._heard == heard else 0
        seconds = silent * PING_SECONDS
        logger.error("%s is silent since %g s; killing it", self.name, seconds)
        self.kill()

    def _settle(self, reason: str) -> None:
        """Answer the caller that waits for the process to be configured."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(reason)
