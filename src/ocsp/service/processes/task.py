"""
What every process of the responder does: take configurations, work, and stop.

A configuration is built outside of the event loop, so that the process goes on to work
and to answer its supervisor meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
from typing import Any, Protocol

from ocsp.errors import OCSPError
from ocsp.metrics import Metrics
from ocsp.service.building import BuiltService, build_degraded
from ocsp.service.configuration import configuration_of
from ocsp.service.logs import configure_logging
from ocsp.service.processes.channel import Channel
from ocsp.service.time.ends import ended_issuers

__all__ = ["Task", "run_task"]

logger = logging.getLogger("ocsp.service")


class Task(Protocol):
    """
    What a process does.

    Attributes:
        name: Its name in the log.

        metrics: What it counts, and the lines of its log, for the admin port.
    """

    name: str
    metrics: Metrics

    def use(self, service: BuiltService) -> BuiltService:
        """
        Work with *service* from now on, in place of the one before.

        Returns:
            The service, which may have kept the open database of the one before.
        """
        ...

    async def run(self, stop: asyncio.Event) -> None:
        """
        Work, and follow the signers, until *stop* is set.

        It is called after the first :meth:`use`.
        """
        ...


async def run_task(task: Task, channel: Channel, stop: asyncio.Event) -> int:
    """
    Run *task* until *stop* is set, or the supervisor says so or has ended.

    Returns:
        The exit code of the process: 1 if the first configuration cannot be used.
    """
    messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    listening = asyncio.create_task(_listen(channel, messages, stop))
    stopping = asyncio.create_task(stop.wait())
    running: asyncio.Task[None] | None = None
    try:
        while not stop.is_set():
            next_one = asyncio.create_task(messages.get())
            waiting: set[asyncio.Task[Any]] = {next_one, stopping}
            if running is not None:
                waiting.add(running)
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if not next_one.done():
                next_one.cancel()
                break
            used = await _use(task, channel, next_one.result())
            if running is None:
                if not used:
                    return 1
                running = asyncio.create_task(task.run(stop))
    finally:
        stop.set()
        if running is not None:
            await running
        listening.cancel()
    return 0


async def _listen(
    channel: Channel, messages: asyncio.Queue[dict[str, Any]], stop: asyncio.Event
) -> None:
    """Answer the supervisor, and pass its configurations on."""
    while (message := await channel.receive()) is not None:
        kind, content = message
        if kind == "configuration":
            messages.put_nowait(content)
        elif kind == "ping":
            await _answer(channel, "pong")
        else:
            break
    stop.set()


async def _use(task: Task, channel: Channel, document: dict[str, Any]) -> bool:
    """Let *task* use a configuration, and tell the supervisor whether it does."""
    try:
        configuration = configuration_of(document)
        service = await asyncio.to_thread(build_degraded, configuration)
    except OCSPError as error:
        await _answer(channel, "refused", str(error))
        return False
    configure_logging(configuration.log, task.name, None, task.metrics.lines)
    for problem in ended_issuers(service, datetime.datetime.now(datetime.UTC)):
        logger.warning("%s", problem)
    task.use(service)
    await _answer(channel, "configured")
    return True


async def _answer(channel: Channel, kind: str, content: object = None) -> None:
    with contextlib.suppress(ConnectionError):  # the supervisor has ended
        await channel.send(kind, content)
