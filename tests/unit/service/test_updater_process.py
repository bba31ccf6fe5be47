"""The process of the updater: it changes what it works with while it runs."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from ocsp.metrics import Totals
from ocsp.process_clock import ProcessClock
from ocsp.service import BuiltService, build_service, read_configuration
from ocsp.service.processes.updater import Updater
from ocsp.service.signing_ahead import SigningAhead
from tests.ca_folder import CAFolder


def test_the_event_loop_does_not_wait_for_the_batch_in_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither when signers are swapped, nor when a configuration is replaced."""
    files = CAFolder(tmp_path)
    waited_in: list[threading.Thread] = []
    stop_signing = SigningAhead.stop

    def note_thread(self: SigningAhead) -> None:
        waited_in.append(threading.current_thread())
        stop_signing(self)

    def build() -> BuiltService:
        return build_service(read_configuration(files.configuration).configuration)

    async def main() -> None:
        updater, stop = (
            Updater("updater", [], Totals(), ProcessClock()),
            asyncio.Event(),
        )
        first = updater.use(build())
        running = asyncio.create_task(updater.run(stop))
        monkeypatch.setattr(SigningAhead, "stop", note_thread)
        updater._swap(first.with_signers(each.signers for each in first.authorities))
        updater.use(build())
        assert threading.current_thread() not in waited_in
        stop.set()
        await running

    asyncio.run(main())
    assert len(waited_in) == 2
