"""
Sign in threads: few signatures at once, few requests waiting, and none for long.

Each signer has its own threads and its own line, so a token that hangs stops only the
requests that need it. The threads are daemons: a token that never returns does not keep
the process from ending.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar, final

from ocsp import limits
from ocsp.errors import SignerUnavailable

__all__ = ["SigningSlots"]

Result = TypeVar("Result")

_IDLE_SECONDS = 10.0
"""How long a thread waits for work before it ends."""


@final
class SigningSlots:
    """
    Bounds the signatures that are made and waited for, for each signer by itself.

    Attributes:
        in_flight: How many signatures of one signer are made at once, at most.

        waiting: How many more requests may wait for each signer.

        deadline: After how many seconds a request gives up.
    """

    def __init__(
        self,
        in_flight: int = 32,
        waiting: int = 200,
        *,
        deadline: float | None = None,
    ) -> None:
        """
        Set the bounds; nothing starts yet.

        Args:
            in_flight: How many signatures of one signer are made at once, at most. A
                signer with the attribute ``parallel`` can lower this.

            waiting: How many more requests may wait for each signer.

            deadline: After how many seconds a request gives up, from when it began to
                wait; by default ``limits.MAX_SIGNING_SECONDS``.
        """
        self.in_flight = in_flight
        self.waiting = waiting
        self.deadline = limits.MAX_SIGNING_SECONDS if deadline is None else deadline
        self._lanes: dict[int, _Lane] = {}

    async def run(
        self, function: Callable[[], Result], *, signer: object = None
    ) -> Result:
        """
        Call *function* in a thread of *signer*, and return its result.

        A request that gives up in the line is never signed. A call that began is not
        interrupted: its thread is in use until it returns.

        Args:
            function: Signs, for example by :meth:`ocsp.responder.Responder.finish`.

            signer: The signer that *function* calls, which decides the threads; calls
                without one share a line of their own.

        Raises:
            SignerUnavailable: At once, if the line is full or all threads of the signer
                have been hanging for longer than the deadline; or at the deadline.
        """
        future = self._lane(signer).submit(function)
        try:
            async with asyncio.timeout(self.deadline) as limit:
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            if not limit.expired():  # *function* raised it
                raise
            raise self._overdue() from error

    def call(self, function: Callable[[], Result]) -> Result:
        """
        Do the same as :meth:`run` in a thread that has no event loop, and wait there.

        Args:
            function: What to call, in the line of the calls without a signer.

        Raises:
            SignerUnavailable: At once or at the deadline, as with :meth:`run`.
        """
        future = self._lane(None).submit(function)
        try:
            return future.result(self.deadline)
        except TimeoutError as error:
            if future.done():  # *function* raised it
                raise
            future.cancel()
            raise self._overdue() from error

    def _overdue(self) -> SignerUnavailable:
        return SignerUnavailable(
            f"the signer made no signature within {self.deadline:g} s"
        )

    def busy(self, signer: object = None) -> int:
        """Return how many calls for *signer* are made or waiting now."""
        lane = self._lanes.get(id(signer))
        return 0 if lane is None else lane.busy()

    def count_waiting(self) -> int:
        """Return how many calls wait for a thread now, for all signers together."""
        return sum(each.count_waiting() for each in self._lanes.values())

    def _lane(self, signer: object) -> _Lane:
        lane = self._lanes.get(id(signer))
        if lane is None:
            width = min(self.in_flight, getattr(signer, "parallel", self.in_flight))
            self._lanes = {
                number: each for number, each in self._lanes.items() if each.is_in_use()
            }
            lane = _Lane(signer, width, self.waiting, self.deadline)
            self._lanes[id(signer)] = lane
        return lane


class _Job(Generic[Result]):
    """A function to call, and the future that gets its result."""

    __slots__ = ("_function", "future")

    def __init__(self, function: Callable[[], Result]) -> None:
        self._function = function
        self.future: Future[Result] = Future()

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self._function()
        except BaseException as error:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class _Lane:
    """The threads and the line of one signer, which it keeps alive."""

    def __init__(
        self, signer: object, width: int, waiting: int, deadline: float
    ) -> None:
        self._signer = signer
        self._width = width
        self._waiting = waiting
        self._deadline = deadline
        self._changed = threading.Condition()
        self._line: deque[_Job[Any]] = deque()
        self._begun: dict[threading.Thread, float] = {}
        self._idle = 0
        self._threads = 0

    def submit(self, function: Callable[[], Result]) -> Future[Result]:
        """
        Put *function* into the line.

        Raises:
            SignerUnavailable: If the line is full, or all threads hang.
        """
        job = _Job(function)
        with self._changed:
            self._require_room()
            self._line.append(job)
            if self._idle >= len(self._line):
                self._changed.notify()
            elif self._threads < self._width:
                self._start()
        return job.future

    def _require_room(self) -> None:
        free = self._threads - len(self._begun)  # idle, or just started
        if free > len(self._line) or self._threads < self._width:
            return
        limit = time.monotonic() - self._deadline
        begun = self._begun.values()
        if len(begun) == self._width and all(each < limit for each in begun):
            raise SignerUnavailable(
                f"the signer has made no signature for {self._deadline:g} s"
            )
        if len(self._line) < self._waiting + free:
            return
        # Requests that gave up do not wait any more.
        self._line = deque(each for each in self._line if not each.future.cancelled())
        if len(self._line) >= self._waiting + free:
            raise SignerUnavailable(
                f"{len(self._line)} requests wait for the signer already"
            )

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name="ocsp-signing", daemon=True)
        self._threads += 1
        try:
            thread.start()
        except RuntimeError as error:
            self._threads -= 1
            if self._threads == 0:
                self._line.pop()
                raise SignerUnavailable(f"no thread can be started: {error}") from error

    def _work(self) -> None:
        while (job := self._next()) is not None:
            job.run()

    def _next(self) -> _Job[Any] | None:
        """Return the next job, or ``None`` if none comes and the thread should end."""
        this = threading.current_thread()
        with self._changed:
            self._begun.pop(this, None)
            self._idle += 1
            self._changed.wait_for(lambda: self._line, _IDLE_SECONDS)
            self._idle -= 1
            if not self._line:
                self._threads -= 1
                return None
            self._begun[this] = time.monotonic()
            return self._line.popleft()

    def busy(self) -> int:
        with self._changed:
            return len(self._begun) + len(self._line)

    def count_waiting(self) -> int:
        with self._changed:
            return sum(not each.future.cancelled() for each in self._line)

    def is_in_use(self) -> bool:
        with self._changed:
            return self._threads > 0
