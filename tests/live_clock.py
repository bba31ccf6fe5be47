"""A clock for a running service that a test can set, with libfaketime."""

from __future__ import annotations

import time
from pathlib import Path

from tests.integration.services import Service
from tests.live_faults import LiveFault, kill_updater, kill_worker, reload
from tests.live_history import LiveHistory

__all__ = ["FORGETFUL", "LIBRARY", "ServiceClock", "jump_and_return"]

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
"""The library, if it is installed."""

FORGETFUL = (reload, kill_worker, kill_updater)
"""What makes objects or processes anew that have seen the clock jump."""


class ServiceClock:
    """The time of day of all processes of a service; their monotonic time is real."""

    def __init__(self, folder: Path) -> None:
        """Keep the time in *folder*."""
        self._file = folder / "clock"
        self.jump(0)

    @property
    def environment(self) -> dict[str, str]:
        """The variables for the service."""
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def jump(self, seconds: int) -> None:
        """Set the clock to so many seconds from the real time."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}")
        new.replace(self._file)


def jump_and_return(
    history: LiveHistory,
    service: Service,
    clock: ServiceClock,
    seconds: int,
    *meanwhile: LiveFault,
) -> None:
    """
    Set the clock wrong for a moment; answers may be missing, and not be wrong.

    Args:
        history: Records the answers.

        service: The service.

        clock: Its clock.

        seconds: How far the clock jumps, before it is set right again.

        meanwhile: What else happens while the clock is wrong.
    """
    with history.fault(after=1.0):
        clock.jump(seconds)
        time.sleep(1.5)
        for fault in meanwhile:
            fault(history, service)
            history.wait_for_answers(50)
        clock.jump(0)
