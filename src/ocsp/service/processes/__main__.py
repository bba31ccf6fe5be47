"""
A process of the responder: ``python -m ocsp.service.processes``.

Only the supervisor starts it; see :class:`ocsp.service.processes.child.Program` for the
arguments: its role, its name, the numbers of the descriptors that it inherits, and what
the supervisor knows of the clock.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Sequence

from ocsp.metrics import ReportReceiver, ReportSender, Totals
from ocsp.process_clock import ClockMemory, ProcessClock
from ocsp.server.runner import run_loop, tune_garbage_collection
from ocsp.service.processes.channel import Channel
from ocsp.service.processes.task import Task, run_task
from ocsp.service.processes.updater import Updater
from ocsp.service.processes.worker import Worker

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Run the process, and return its exit code."""
    role, name, channel, sockets, reports, memory = arguments
    # These signals go to all processes of a terminal. The supervisor decides on them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    listening = [_inherited(number) for number in sockets.split(",") if number]
    run = _work if role == "worker" else _update
    clock = ProcessClock(memory=ClockMemory(*json.loads(memory)))
    return run_loop(
        run(name, listening, _inherited(reports), _inherited(channel), clock)
    )


async def _work(
    name: str,
    sockets: list[socket.socket],
    reports: socket.socket,
    channel: socket.socket,
    clock: ProcessClock,
) -> int:
    send = ReportSender(reports).send
    worker = Worker(name, sockets, send, clock, started=tune_garbage_collection)
    return await _run(worker, channel)


async def _update(
    name: str,
    sockets: list[socket.socket],
    reports: socket.socket,
    channel: socket.socket,
    clock: ProcessClock,
) -> int:
    totals = Totals()
    receiver = ReportReceiver(reports, totals)
    asyncio.get_running_loop().add_reader(receiver, receiver.drain)
    return await _run(Updater(name, sockets, totals, clock), channel)


async def _run(task: Task, end: socket.socket) -> int:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    channel = await Channel.over(end)
    try:
        return await run_task(task, channel, stop)
    finally:
        channel.close()


def _inherited(number: str) -> socket.socket:
    inherited = socket.socket(fileno=int(number))
    inherited.set_inheritable(False)
    return inherited


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
