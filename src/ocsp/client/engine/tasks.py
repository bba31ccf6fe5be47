"""
The driver for asyncio: does what flows ask for, and lets others run meanwhile.

Rules of this file: no decisions. Cancelling the task cancels all that it has started.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ocsp.client.engine.effects import Call, Effect, Flow, Pause, Race, Send
from ocsp.client.transport.protocol import AsyncTransport

__all__ = ["drive"]

Found = TypeVar("Found")
TransportFactory = Callable[[], AsyncTransport]
Sleep = Callable[[float], Awaitable[None]]


async def drive(flow: Flow[Found], transport: TransportFactory, sleep: Sleep) -> Found:
    """
    Return what *flow* returns.

    Args:
        flow: What is to be done.

        transport: Returns what sends; it is not needed where the cache knows.

        sleep: Waits for so many seconds.

    Raises:
        OCSPError: What the flow raises.
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
        result: Found = stop.value
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
    """Return the results of those that finished, by position."""
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
