"""Publish as long as the process runs: rounds, and changes of status in between."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ocsp.errors import BackendError, OCSPError
from ocsp.guarded.files import read_file
from ocsp.publishing.publisher import Publisher

__all__ = ["boot_identifier", "watch_answers"]

_log = logging.getLogger("ocsp.publishing")

FOLLOW_SECONDS = 0.5
"""How often changes of status are looked for."""

LOST_SECONDS = 5.0
"""The pause after an error of the database or of the target."""

RENEW_SECONDS = 60.0
"""How often the configuration is read again while answers have an unknown signer."""

_BOOT = "/proc/sys/kernel/random/boot_id"


def watch_answers(
    publisher: Publisher,
    seconds: int,
    stop: threading.Event,
    renew: Callable[[], Publisher] | None = None,
) -> None:
    """
    Make a round every *seconds*, and follow changes of status, until *stop* is set.

    An error of the database or of the target is logged, and the work tried again.

    Args:
        publisher: What publishes; it has made its first round.

        seconds: The time from the begin of a round to that of the next one.

        stop: Ends the work.

        renew: Returns a publisher that knows the present signers; called when answers
            have another one.
    """
    due, pause = time.monotonic() + seconds, FOLLOW_SECONDS
    renewed = 0.0
    while not stop.wait(pause):
        try:
            now = time.monotonic()
            if renew and publisher.counts.left_out and now > renewed + RENEW_SECONDS:
                renewed = due = now
                publisher = renew()
            if now >= due:
                publisher.run(stop=stop)
                due = time.monotonic() + seconds
            else:
                publisher.follow()
        except OCSPError as error:
            if pause != LOST_SECONDS:
                _log.error("publishing is interrupted, and tried again: %s", error)
            pause = LOST_SECONDS
        else:
            if pause == LOST_SECONDS:
                _log.warning("publishing goes on")
            pause = FOLLOW_SECONDS


def boot_identifier() -> str:
    """Return what identifies this run of the system; empty if it tells nothing."""
    try:
        return read_file(_BOOT, 64).decode("ascii").strip()
    except (BackendError, UnicodeDecodeError):
        return ""
