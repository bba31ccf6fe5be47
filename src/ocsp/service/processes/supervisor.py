"""
Run a responder in several processes, and keep them running until a signal stops it.

* N workers answer requests. One updater signs answers ahead, and serves the admin port.
  If one of them ends, the others go on, and it is started again.
* SIGTERM and SIGINT stop the service: the workers finish their requests. A second
  signal kills them.
* SIGHUP reloads the configuration, the keys and the certificates. If they cannot be
  used, those before stay in force. A worker keeps its sockets and its connections. If
  a setting changes that a worker takes at its start, such as the addresses to listen on
  or the number of workers, new workers take the place of the old ones, which finish
  their requests.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, NamedTuple

from ocsp.errors import BackendError, ConfigurationError, ConfigurationProblem
from ocsp.metrics import Metrics, ReportSender, report_channel
from ocsp.metrics.table import CONFIG_RELOAD_FAILED, WORKER_RESTARTS
from ocsp.process_clock import ProcessClock
from ocsp.service.configuration import Configuration, ConfigurationFile
from ocsp.service.configuration.values import WITH_PASSWORDS
from ocsp.service.listeners import Listeners, open_admin_socket, open_listeners
from ocsp.service.logs import configure_logging
from ocsp.service.processes.child import Child, Program
from ocsp.service.processes.counting import report
from ocsp.service.systemd import (
    inherited_sockets,
    notify,
    notify_reloading,
    watchdog_seconds,
)
from ocsp.service.time.clock import WARNING, is_synchronised

__all__ = ["Supervisor"]

logger = logging.getLogger("ocsp.service")

_NAME = "supervisor"
"""The name of this process in the log and in the metrics."""

CLOCK_SECONDS = 3600.0
"""How often the supervisor looks whether the clock is synchronised."""

ADMIN_SOCKET_NAME = "admin"
"""The name of the sockets from systemd that are for the admin port
(``FileDescriptorName=``); all others are for requests."""


class Supervisor:
    """Starts, watches, reloads and stops the processes of a responder."""

    def __init__(
        self,
        file: ConfigurationFile,
        reload: Callable[[Configuration], ConfigurationFile],
    ) -> None:
        """
        Open the sockets; :meth:`run` starts the processes.

        Args:
            file: The configuration, which was checked.

            reload: Reads and checks the configuration anew; it gets the one in force.

        Raises:
            ConfigurationError: If an address cannot be listened on.
        """
        configuration = file.configuration
        self._clock = ProcessClock()
        self._configuration = configuration
        self._reload = reload
        self._inherited = _by_name(inherited_sockets())
        try:
            self._admin = self._open_admin(configuration)
            self._listeners = self._open(configuration)
        except ConfigurationError as error:
            raise file.locate(error) from error
        self._receiving, self._sending = report_channel()
        self._metrics = Metrics(ReportSender(self._sending).send, process=_NAME)
        self._restarts = self._metrics.counter(WORKER_RESTARTS)
        self._reload_failed = self._metrics.gauge(CONFIG_RELOAD_FAILED)
        self._reload_failed.value = 0
        self._workers: list[Child] = []
        self._updater: Child | None = None
        self._signals: asyncio.Queue[int] = asyncio.Queue()

    @property
    def sockets(self) -> list[socket.socket]:
        """A listening socket for each address."""
        return self._listeners.first_of_each

    @property
    def admin_socket(self) -> socket.socket | None:
        """The listening socket of the admin port, if there is one."""
        return self._admin

    async def run(self) -> None:
        """
        Run the responder until SIGTERM or SIGINT.

        Raises:
            BackendError: If a process cannot start. Nothing then runs.
            KeyboardInterrupt: After SIGINT, when all processes have ended.
        """
        self._configure_logging(self._configuration)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._signals.put_nowait, number)
        background = [asyncio.create_task(each) for each in self._background()]
        try:
            await self._start()
            notify("READY=1", f"STATUS={self._status()}")
            logger.info("the responder is ready: %s", self._status())
            last = await self._obey_signals()
        finally:
            notify("STOPPING=1")
            await self._stop()
            for task in background:
                task.cancel()
            self._close()
        if last == signal.SIGINT:
            raise KeyboardInterrupt

    # --- start and stop ---------------------------------------------------------------

    async def _start(self) -> None:
        self._updater = self._new_updater(self._configuration)
        (self._workers, reasons), reason = await asyncio.gather(
            self._start_workers(self._configuration, self._listeners),
            self._updater.start(),
        )
        for refusal in filter(None, [*reasons, reason]):
            raise BackendError(f"the responder cannot start: {refusal}")

    async def _start_workers(
        self, configuration: Configuration, listeners: Listeners
    ) -> tuple[list[Child], list[str]]:
        """Return new workers, and why some of them cannot work."""
        count = configuration.serving_processes
        workers = [
            Child(
                Program(
                    role="worker",
                    name=f"worker-{number + 1}",
                    sockets=listeners.of_worker(number, count),
                    reports=self._sending,
                    clock=self._clock,
                ),
                _document(configuration),
                self._restarts,
            )
            for number in range(count)
        ]
        reasons = await asyncio.gather(*(each.start() for each in workers))
        return workers, [
            f"{worker.name} {reason}"
            for worker, reason in zip(workers, reasons, strict=True)
            if reason
        ]

    def _new_updater(self, configuration: Configuration) -> Child:
        sockets = () if self._admin is None else (self._admin,)
        program = Program(
            role="updater",
            name="updater",
            sockets=sockets,
            reports=self._receiving,
            clock=self._clock,
        )
        return Child(program, _document(configuration), self._restarts)

    async def _stop(self) -> None:
        """Stop all processes; kill them at a further signal."""
        children = self._children()
        stopping = asyncio.gather(*(each.stop() for each in children))
        while not stopping.done():
            again = asyncio.ensure_future(self._signals.get())
            done: set[asyncio.Future[Any]] = {stopping, again}
            await asyncio.wait(done, return_when=asyncio.FIRST_COMPLETED)
            again.cancel()
            if not stopping.done():
                for child in children:
                    child.kill()
        await stopping

    def _children(self) -> list[Child]:
        return [*self._workers, *filter(None, [self._updater])]

    def _close(self) -> None:
        self._listeners.close()
        for each in filter(None, (self._admin, self._receiving, self._sending)):
            each.close()

    # --- signals ----------------------------------------------------------------------

    async def _obey_signals(self) -> int:
        """Reload at each SIGHUP, and return the first other signal."""
        while (number := await self._signals.get()) == signal.SIGHUP:
            notify_reloading()
            await self._reload_safely()
            notify("READY=1", f"STATUS={self._status()}")
        return number

    async def _reload_safely(self) -> None:
        """Use the new configuration, or say in the log why not."""
        try:
            file = await asyncio.to_thread(self._reload, self._configuration)
            await self._use_file(file)
        except ConfigurationError as error:
            self._reload_failed.value = 1
            for where, what in error.lines():
                logger.error("not reloaded: %s: %s", where, what)
            logger.error("the configuration before the reload stays in force")
        else:
            self._reload_failed.value = 0
            logger.info("reloaded the configuration, the keys and the certificates")

    async def _use_file(self, file: ConfigurationFile) -> None:
        try:
            await self._use(file.configuration)
        except ConfigurationError as error:
            raise file.locate(error) from error

    async def _use(self, new: Configuration) -> None:
        """
        Let all processes use *new*.

        Raises:
            ConfigurationError: If it cannot be used; the one before is still in force.
        """
        listeners = self._open(new, self._listeners)
        try:
            if self._needs_new_workers(new, listeners):
                await self._replace_workers(new, listeners)
            else:
                await self._reconfigure(new, self._workers)
        except ConfigurationError:
            listeners.close(but=self._listeners)
            raise
        self._listeners.close(but=listeners)
        self._listeners = listeners
        await self._use_in_updater(new)
        self._configuration = new
        self._configure_logging(new)

    def _needs_new_workers(self, new: Configuration, listeners: Listeners) -> bool:
        return (
            _taken_at_start(new) != _taken_at_start(self._configuration)
            or listeners.groups != self._listeners.groups
        )

    async def _replace_workers(self, new: Configuration, listeners: Listeners) -> None:
        workers, reasons = await self._start_workers(new, listeners)
        before, self._workers = self._workers, workers
        if reasons:
            before, self._workers = self._workers, before
        await asyncio.gather(*(each.stop() for each in before))
        _raise_refusals(reasons)

    async def _reconfigure(self, new: Configuration, children: list[Child]) -> None:
        document = _document(new)
        reasons = await asyncio.gather(*(each.configure(document) for each in children))
        refusals = [
            f"{child.name} {reason}"
            for child, reason in zip(children, reasons, strict=True)
            if reason
        ]
        if refusals:  # those that use it already go back
            old = _document(self._configuration)
            await asyncio.gather(*(each.configure(old) for each in children))
        _raise_refusals(refusals)

    async def _use_in_updater(self, new: Configuration) -> None:
        if self._updater is None:
            return
        if new.admin == self._configuration.admin:
            await self._reconfigure(new, [self._updater])
            return
        admin = self._admin
        if _admin_address(new) != _admin_address(self._configuration):
            admin = self._open_admin(new)
        await self._updater.stop()
        if self._admin is not None and self._admin is not admin:
            self._admin.close()
        self._admin = admin
        self._updater = self._new_updater(new)
        _raise_refusals(list(filter(None, [await self._updater.start()])))

    # --- sockets ----------------------------------------------------------------------

    def _open(
        self, configuration: Configuration, before: Listeners | None = None
    ) -> Listeners:
        if self._inherited.public:
            return Listeners({"systemd": self._inherited.public})
        addresses = configuration.serving_addresses
        return open_listeners(addresses, configuration.workers, before)

    def _open_admin(self, configuration: Configuration) -> socket.socket | None:
        if self._inherited.admin is not None:
            return self._inherited.admin
        if configuration.admin is None:
            return None
        return open_admin_socket(configuration.admin.listen)

    # --- in the background ------------------------------------------------------------

    def _configure_logging(self, configuration: Configuration) -> None:
        configure_logging(configuration.log, _NAME, None, self._metrics.lines)

    def _background(self) -> list[Coroutine[Any, Any, None]]:
        tasks = [_watch_clock(), report(self._metrics, self._clock.look)]
        period = watchdog_seconds()
        return tasks if period is None else [*tasks, _feed_watchdog(period / 2)]

    def _status(self) -> str:
        count = len(self._workers)
        return f"{count} {'worker' if count == 1 else 'workers'}"


async def _watch_clock() -> None:
    """Warn while the clock is not synchronised."""
    while True:
        if is_synchronised() is False:
            logger.warning(WARNING)
        await asyncio.sleep(CLOCK_SECONDS)


async def _feed_watchdog(seconds: float) -> None:
    """Show systemd every so many *seconds* that the event loop runs."""
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(seconds)


class _Inherited(NamedTuple):
    """The sockets from systemd: for requests, and for the admin port."""

    public: list[socket.socket]
    admin: socket.socket | None


def _by_name(sockets: Iterable[tuple[str, socket.socket]]) -> _Inherited:
    public: list[socket.socket] = []
    admin = None
    for name, each in sockets:
        if name == ADMIN_SOCKET_NAME:
            admin = each
        else:
            public.append(each)
    return _Inherited(public, admin)


def _taken_at_start(configuration: Configuration) -> tuple[object, ...]:
    """Return the settings that a worker does not change while it runs."""
    return (
        configuration.serving_processes,
        configuration.role,
        configuration.valkey,
        configuration.files,
        configuration.upstream,
        configuration.signing.in_flight,
        configuration.signing.waiting,
        configuration.answers.memory,
        configuration.is_edge and configuration.answers.forms,
        configuration.log.access,
    )


def _admin_address(configuration: Configuration) -> object:
    return None if configuration.admin is None else configuration.admin.listen


def _document(configuration: Configuration) -> dict[str, Any]:
    """Return *configuration* in JSON, with absolute paths."""
    return configuration.model_dump(
        mode="json", exclude_none=True, context=WITH_PASSWORDS
    )


def _raise_refusals(reasons: list[str]) -> None:
    """
    Raise the *reasons* why processes do not use a configuration, if there are any.

    Raises:
        ConfigurationError: With all of them.
    """
    if reasons:
        problems = [ConfigurationProblem((), reason) for reason in reasons]
        raise ConfigurationError("", problems)
