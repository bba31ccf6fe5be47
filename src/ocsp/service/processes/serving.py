"""Serve a configuration: in several processes where the system can, or in this one."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence

from ocsp.server.runner import run_loop, tune_garbage_collection
from ocsp.service.configuration import Configuration, ConfigurationFile
from ocsp.service.listeners import open_admin_socket, open_listeners
from ocsp.service.logs import configure_logging
from ocsp.service.processes.one_process import OneProcess
from ocsp.service.processes.supervisor import Supervisor

__all__ = ["Announce", "serve", "stop_at_signals"]

Reload = Callable[[Configuration], ConfigurationFile]
"""Gets the configuration in force, and returns the new one."""

Announce = Callable[[Sequence[socket.socket], socket.socket | None], None]
"""Gets a listening socket for each address, and that of the admin port, if any."""

HAS_PROCESSES = os.name == "posix"
"""Whether processes can inherit sockets, and signals reload and stop them."""


def serve(file: ConfigurationFile, reload: Reload, announce: Announce) -> None:
    """
    Serve until SIGTERM or SIGINT.

    On Windows one process does everything, and nothing is reloaded.

    Args:
        file: The configuration, which was checked.

        reload: Reads and checks the configuration anew, at SIGHUP. It gets the one in
            force.

        announce: Called when the sockets listen, before the first request is answered.

    Raises:
        ConfigurationError: If an address cannot be listened on.
        BackendError: If a process cannot start.
        KeyboardInterrupt: After SIGINT.
    """
    run = (
        _supervise(file, reload, announce) if HAS_PROCESSES else _alone(file, announce)
    )
    run_loop(run)


async def _supervise(
    file: ConfigurationFile, reload: Reload, announce: Announce
) -> None:
    supervisor = Supervisor(file, reload)
    announce(supervisor.sockets, supervisor.admin_socket)
    await supervisor.run()


async def _alone(file: ConfigurationFile, announce: Announce) -> None:
    configuration = file.configuration
    configure_logging(configuration.log, "responder")
    public = open_listeners(configuration.serving_addresses, workers=1).first_of_each
    settings = configuration.admin
    admin = None if settings is None else open_admin_socket(settings.listen)
    announce(public, admin)
    responder, stop = OneProcess(configuration, public, admin), asyncio.Event()
    tune_garbage_collection()
    caught = stop_at_signals(stop)
    await responder.run(stop)
    if signal.SIGINT in caught:
        raise KeyboardInterrupt


def stop_at_signals(stop: asyncio.Event) -> list[int]:
    """Set *stop* at SIGINT and SIGTERM, and return a list that gets the signals."""
    loop, caught = asyncio.get_running_loop(), list[int]()

    def note(number: int, _: object) -> None:
        caught.append(number)
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        # An event loop on Windows has no add_signal_handler.
        signal.signal(number, note)
    return caught
