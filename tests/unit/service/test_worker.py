"""A worker takes from each configuration what its request handler needs."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path

import pytest

from ocsp.metrics import Totals
from ocsp.process_clock import ProcessClock
from ocsp.service import build_service, read_configuration
from ocsp.service.processes.worker import Worker
from ocsp.testing.throwaway_ca import Validity
from tests.ca_folder import CAFolder
from tests.integration.services import request_for

DAY = datetime.timedelta(days=1)


def test_a_worker_warns_of_the_end_as_early_as_its_configuration_says(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Also after a reload."""
    files = CAFolder(tmp_path)
    now = files.now
    files.add_delegate("responder", Validity(now - 90 * DAY, now + 10 * DAY))
    request = request_for(files.web, files.ca.certificate)

    async def main() -> None:
        seconds = 0.0
        clock = ProcessClock(
            lambda: now + datetime.timedelta(seconds=seconds), lambda: seconds
        )
        worker = Worker("worker-1", [], Totals().add, clock)
        for alarm, warnings in ((9, 0), (11, 1)):
            top = f'signing = {{ alarm = "{alarm}d" }}'
            files.write("ocsp.toml", files.settings(top=top))
            settings = read_configuration(files.configuration).configuration
            service = worker.use(build_service(settings))
            handler = worker._handler
            assert handler is not None
            seconds += 1
            caplog.clear()
            handler.handle("POST", b"/", request)
            found = [each for each in caplog.messages if "replace it soon" in each]
            assert len(found) == warnings
        await handler.close()
        service.close()

    asyncio.run(main())
