"""Faults of a running service, for the tests of its history."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping

from ocsp.store.sqlite.copies import backup, restore
from tests.integration.services import Service
from tests.live_history import LiveHistory

__all__ = ["FAULTS", "LiveFault", "kill_updater", "kill_worker", "reload"]

PAUSE = 0.3
"""Seconds that a fault lasts."""

LiveFault = Callable[[LiveHistory, Service], None]


def _kill(service: Service, name: str) -> None:
    process = service.children()[name]
    os.kill(process, signal.SIGKILL)
    service.wait_for(f"(process {process}) ended with signal 9")
    service.wait_for(") is ready")


def kill_worker(history: LiveHistory, service: Service) -> None:
    """Kill a worker; the supervisor starts another one."""
    _kill(service, history.numbers.choice(["worker-1", "worker-2"]))


def kill_updater(history: LiveHistory, service: Service) -> None:
    """Kill the process that signs ahead."""
    _kill(service, "updater")


def kill_import(history: LiveHistory, service: Service) -> None:
    """Kill ``ocsp status import`` in the middle, and run it again."""
    with history.writing:
        history.import_and_kill(len(history.changes))


def reload(history: LiveHistory, service: Service) -> None:
    """Let all processes read the configuration again."""
    service.process.send_signal(signal.SIGHUP)
    service.wait_for("reloaded")


def stop_worker(history: LiveHistory, service: Service) -> None:
    """Freeze a worker for a moment, in the middle of what it does."""
    process = service.children()[history.numbers.choice(["worker-1", "worker-2"])]
    os.kill(process, signal.SIGSTOP)
    time.sleep(PAUSE)
    os.kill(process, signal.SIGCONT)


def lock(history: LiveHistory, service: Service) -> None:
    """Keep all others from writing to the database."""
    connection = sqlite3.connect(history.path, timeout=10, isolation_level=None)
    with history.fault(permits=frozenset()):
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(PAUSE)
        connection.execute("ROLLBACK")
    connection.close()


def restore_backup(history: LiveHistory, service: Service) -> None:
    """Replace the database by its backup; nothing was changed between."""
    with history.writing, history.fault():
        copy = history.path.with_name(f"backup-{time.monotonic_ns()}.db")
        backup(history.path, copy)
        assert restore(copy, history.path).lost == 0


def delete(history: LiveHistory, service: Service) -> None:
    """Move the database away: its status is not known, until it comes back."""
    with history.writing, history.fault(after=1.5):
        away = history.path.with_name("away.db")
        history.path.rename(away)
        time.sleep(1.5)
        away.rename(history.path)


def corrupt(history: LiveHistory, service: Service) -> None:
    """Overwrite the database with nonsense, and restore its backup."""
    with history.writing, history.fault(after=1.0):
        copy = history.path.with_name(f"backup-{time.monotonic_ns()}.db")
        backup(history.path, copy)
        with history.path.open("r+b") as file:
            file.write(b"\xff" * history.path.stat().st_size)
        time.sleep(PAUSE)
        restore(copy, history.path)


def replace_by_nonsense(history: LiveHistory, service: Service) -> None:
    """Put another file in the place of the database, and restore its backup."""
    with history.writing, history.fault(after=1.0):
        copy = history.path.with_name(f"backup-{time.monotonic_ns()}.db")
        backup(history.path, copy)
        nonsense = history.path.with_name("nonsense")
        nonsense.write_bytes(b"this is no database" * 500)
        nonsense.replace(history.path)
        time.sleep(PAUSE)
        restore(copy, history.path)


@contextlib.contextmanager
def _full_disk(service: Service) -> Iterator[None]:
    """Let no process of the service make a file longer."""
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    processes = service.children().values()
    for each in processes:
        resource.prlimit(each, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    yield
    for each in processes:
        resource.prlimit(each, resource.RLIMIT_FSIZE, unlimited)


def fill_disk(history: LiveHistory, service: Service) -> None:
    """Keep the service from writing anything; it answers all the same."""
    with history.fault(permits=frozenset()), _full_disk(service):
        history.wait_for_answers(300)


FAULTS: Mapping[str, LiveFault] = {
    each.__name__: each
    for each in (
        kill_worker,
        kill_updater,
        kill_import,
        reload,
        stop_worker,
        lock,
        restore_backup,
        delete,
        corrupt,
        replace_by_nonsense,
        fill_disk,
    )
}
