"""
The driver for tasks: carry out the effects of flows with AnyIO, in any event loop.

The driver takes no decisions. Cancelling a task cancels all tasks that it has started.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple, TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from ocsp.client.engine.effects import Call, Effect, Flow, Pause, Race, Send
from ocsp.client.transport.protocol import AsyncTransport

__all__ = ["drive", "run_together"]

Result = TypeVar("Result")
TransportFactory = Callable[[], AsyncTransport]
Sleep = Callable[[float], Awaitable[None]]
Work = Callable[[], Awaitable[None]]


async def drive(
    flow: Flow[Result], transport: TransportFactory, sleep: Sleep = anyio.sleep
) -> Result:
    """
    Run *flow* and return its result.

    Args:
        flow: The flow to run.

        transport: Returns the transport; called only if the flow sends a request.

        sleep: Waits for a number of seconds.

    Raises:
        OCSPError: Whatever the flow raises.
    """
    try:
        effect = next(flow)
        while True:
            try:
                found = await _do(effect, transport, sleep)
            except Exception as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(found)
    except StopIteration as stop:
        result: Result = stop.value
        return result
    finally:
        flow.close()


async def _do(effect: Effect, transport: TransportFactory, sleep: Sleep) -> Any:
    if isinstance(effect, Send):
        return await transport().send(effect.request)
    if isinstance(effect, Call):
        with anyio.fail_after(effect.seconds):
            return await anyio.to_thread.run_sync(
                effect.function, abandon_on_cancel=True
            )
    if isinstance(effect, Pause):
        return await sleep(effect.seconds)
    return await _RaceTasks(effect, transport, sleep).run()


async def run_together(works: Iterable[Work]) -> None:
    """
    Run *works* in concurrent tasks until all have ended.

    Raises:
        Exception: The first that one of them raises; the others are cancelled.
    """
    async with _tasks() as tasks:
        for work in works:
            tasks.start(work)


class _Tasks(NamedTuple):
    """The concurrent tasks of an ``async with`` block."""

    group: TaskGroup
    failures: list[Exception]

    def start(self, work: Work) -> None:
        self.group.start_soon(self._run, work)

    async def _run(self, work: Work) -> None:
        try:
            await work()
        except Exception as error:
            self.failures.append(error)
            self.cancel()

    def cancel(self) -> None:
        self.group.cancel_scope.cancel()


@asynccontextmanager
async def _tasks() -> AsyncIterator[_Tasks]:
    """Wait at the end of the block for its tasks; raise their first exception."""
    failures: list[Exception] = []
    async with anyio.create_task_group() as group:
        yield _Tasks(group, failures)
    # The exception itself, not a group: callers of a check catch one error.
    if failures:
        raise failures[0]


class _RaceTasks:
    """The tasks of one race, one for each flow."""

    def __init__(self, effect: Race, transport: TransportFactory, sleep: Sleep) -> None:
        self._effect = effect
        self._transport = transport
        self._sleep = sleep
        self._results: dict[int, Any] = {}
        self._finished = anyio.Event()

    async def run(self) -> list[Any]:
        """Return the results of the flows that finished, in the order of the flows."""
        async with _tasks() as tasks:
            for position in range(len(self._effect.flows)):
                self._finished = anyio.Event()
                tasks.start(partial(self._run, tasks, position))
                if self._effect.delay:
                    with anyio.move_on_after(self._effect.delay):
                        await self._finished.wait()
        return [self._results[position] for position in sorted(self._results)]

    async def _run(self, tasks: _Tasks, position: int) -> None:
        flow = self._effect.flows[position]
        result = await drive(flow, self._transport, self._sleep)
        self._results[position] = result
        self._finished.set()
        if self._effect.is_final(result):
            tasks.cancel()
