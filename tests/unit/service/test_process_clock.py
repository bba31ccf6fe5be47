"""The processes of a responder know their clock over reloads and changes of signers."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from ocsp.http import CacheableAnswer, HTTPAnswer
from ocsp.metrics import Totals
from ocsp.process_clock import ProcessClock
from ocsp.server import RequestHandler
from ocsp.service import BuiltService, build_service, read_configuration
from ocsp.service.processes.updater import Updater
from ocsp.service.processes.worker import Worker
from ocsp.service.signing_ahead import SigningAhead
from tests.ca_folder import CAFolder
from tests.integration.services import request_for
from tests.unit.server.scene import status_of

HOUR = 3600.0


class _Machine:
    """A machine whose clock a test sets, and a responder on it."""

    def __init__(self, folder: Path) -> None:
        self.files = CAFolder(folder)
        self.jumped, self.up = 0.0, 0.0
        self.clock = ProcessClock(self.now, lambda: self.up)

    def now(self) -> datetime.datetime:
        """Return the time of day."""
        seconds = datetime.timedelta(seconds=self.up + self.jumped)
        return self.files.now + seconds

    def build(self) -> BuiltService:
        """Build the responder, as a reload does."""
        settings = read_configuration(self.files.configuration).configuration
        return build_service(settings)

    def ask(self, handler: RequestHandler) -> str:
        """Return what a client gets a second later: a status, or an error."""
        self.up += 1
        files = self.files
        der = request_for(files.web, files.ca.certificate)
        reply = handler.handle("POST", b"/", der)
        assert isinstance(reply, (HTTPAnswer, CacheableAnswer))
        return status_of(reply.body)


@pytest.fixture(name="machine")
def _machine(tmp_path: Path) -> _Machine:
    return _Machine(tmp_path)


def _reload(task: Worker | Updater, machine: _Machine) -> None:
    task.use(machine.build())


def _change_signers(task: Worker | Updater, machine: _Machine) -> None:
    service = task._service
    assert service is not None
    task._swap(service.with_signers(each.signers for each in service.authorities))


Change = Callable[[Worker | Updater, _Machine], None]
changes = pytest.mark.parametrize("change", [_reload, _change_signers])
jumps = pytest.mark.parametrize("seconds", [-HOUR, HOUR])


@changes
@jumps
def test_a_worker_signs_nothing_after_a_jump(
    machine: _Machine, change: Change, seconds: float
) -> None:
    """Whatever is replaced, until the clock is set back."""

    async def main() -> None:
        worker = Worker("worker-1", [], Totals().add, machine.clock)
        worker.use(machine.build())
        handler, service = worker._handler, worker._service
        assert handler is not None
        machine.jumped = seconds
        for _ in range(3):
            assert machine.ask(handler) == "TRY_LATER"
            change(worker, machine)
        machine.jumped = 0.0
        assert machine.ask(handler) == "GOOD"
        await handler.close()
        assert service is not None
        service.close()

    asyncio.run(main())


@changes
@jumps
def test_an_updater_signs_nothing_after_a_jump(
    machine: _Machine,
    change: Change,
    seconds: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor does readiness forget it."""
    monkeypatch.setattr(SigningAhead, "start", lambda _: None)

    async def main() -> None:
        updater = Updater("updater", [], Totals(), machine.clock)
        updater.use(machine.build())

        def sign() -> int:
            machine.up += 2
            assert updater._signing is not None
            presigner = updater._signing.presigner
            presigner.sign_round()
            return presigner.counts.signed

        machine.jumped = seconds
        for _ in range(3):
            assert sign() == 0
            change(updater, machine)
        assert machine.clock.step_within(60) == pytest.approx(seconds, abs=3)
        machine.jumped = 0.0
        assert sign() == 2
        await asyncio.to_thread(updater._present().close)

    asyncio.run(main())


def test_an_updater_without_signatures_compares_with_no_database(
    machine: _Machine,
) -> None:
    """After a reload, what the database said while it signed does not count any more."""
    files = machine.files
    files.write("ocsp.toml", files.settings(top='role = "serve"'))
    machine.clock.compare(90.0)
    updater = Updater("updater", [], Totals(), machine.clock)
    updater.use(machine.build())
    assert machine.clock.is_trusted
    updater._present().close()
