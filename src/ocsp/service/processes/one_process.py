"""A worker and an updater in one process, without a supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

from ocsp.metrics import Totals
from ocsp.process_clock import ProcessClock
from ocsp.server.runner import run_loop
from ocsp.service.building import build_degraded
from ocsp.service.configuration import Configuration
from ocsp.service.processes.updater import Updater
from ocsp.service.processes.worker import Worker

__all__ = ["OneProcess", "serve_in_thread"]


class OneProcess:
    """The responder of a configuration, whose tasks share one event loop."""

    def __init__(
        self,
        configuration: Configuration,
        public: Sequence[socket.socket],
        admin: socket.socket | None,
    ) -> None:
        """
        Load the keys and open the database.

        Args:
            configuration: The configuration. Its addresses are not used.

            public: Listening sockets, for clients.

            admin: A listening socket, for operators.

        Raises:
            ConfigurationError: If a file cannot be used.
        """
        totals, clock = Totals(), ProcessClock()
        self._worker = Worker("worker-1", public, totals.add, clock)
        sockets = [] if admin is None else [admin]
        self._updater = Updater("updater", sockets, totals, clock)
        self._answering = self._worker.use(build_degraded(configuration))
        self._updater.use(build_degraded(configuration))

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until *stop* is set."""
        with self._answering:
            await asyncio.gather(self._worker.run(stop), self._updater.run(stop))


@contextlib.contextmanager
def serve_in_thread(
    configuration: Configuration, public: socket.socket, admin: socket.socket
) -> Iterator[None]:
    """
    Serve in a thread while the ``with`` block runs.

    Args:
        configuration: The configuration. Its addresses are not used.

        public: A listening socket, for clients; closed at the end.

        admin: A listening socket, for operators; closed at the end.

    Raises:
        ConfigurationError: If a file cannot be used.
    """
    with public, admin:
        responder = OneProcess(configuration, [public], admin)
        started: Future[Callable[[], object]] = Future()

        async def main() -> None:
            stop, loop = asyncio.Event(), asyncio.get_running_loop()
            started.set_result(lambda: loop.call_soon_threadsafe(stop.set))
            await responder.run(stop)

        thread = threading.Thread(
            target=lambda: run_loop(main()), name="ocsp-responder"
        )
        thread.start()
        end = started.result()
        try:
            yield
        finally:
            end()
            thread.join()
