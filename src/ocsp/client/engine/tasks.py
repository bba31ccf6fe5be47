"""
The asyncio driver: carry out the effects of flows in tasks.

The driver takes no decisions. Cancelling a task cancels all tasks that it has started.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ocsp.client.engine.effects import Call, Effect, Flow, Pause, Race, Send
from ocsp.client.transport.protocol import AsyncTransport

__all__ = ["drive"]

Result = TypeVar("Result")
TransportFactory = Callable[[], AsyncTransport]
Sleep = Callable[[float], Awaitable[None]]


async def drive(
    flow: Flow[Result], transport: TransportFactory, sleep: Sleep
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
        return await asyncio.to_thread(effect.function)
    if isinstance(effect, Pause):
        return await sleep(effect.seconds)
    return await _race(effect, transport, sleep)


async def _race(effect: Race, transport: TransportFactory, sleep: Sleep) -> list[Any]:
    """Return the results of the flows that finished, in the order of the flows."""
    tasks: list[asyncio.Task[Any]] = []
    results: dict[int, Any] = {}
    try:
        while len(results) < len(effect.flows):
            waiting = len(tasks) < len(effect.flows)
            if waiting and (len(tasks) == len(results) or not effect.delay):
                flow = effect.flows[len(tasks)]
                tasks.append(asyncio.create_task(drive(flow, transport, sleep)))
                continue
            running = {task for task in tasks if tasks.index(task) not in results}
            done, _ = await asyncio.wait(
                running,
                timeout=effect.delay if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not done:  # the delay has passed
                flow = effect.flows[len(tasks)]
                tasks.append(asyncio.create_task(drive(flow, transport, sleep)))
            for task in done:
                results[tasks.index(task)] = task.result()
            if any(effect.is_final(task.result()) for task in done):
                break
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [results[position] for position in sorted(results)]
