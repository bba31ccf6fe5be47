"""Wait for the workers of a running responder, which keep answers in memory."""

from __future__ import annotations

from ocsp.cli.exit_codes import ExitCode
from ocsp.cli.render.console import warn
from ocsp.inspection.vocabulary import count
from ocsp.store import Store

__all__ = ["NOT_CONFIRMED", "wait_for_workers"]

NOT_CONFIRMED = {
    ExitCode.NOT_CONFIRMED: "done, but a worker of the responder has not confirmed it"
}
"""What the exit code means, for the help texts."""

SECONDS = 5.0
"""How long a command waits; workers look for changes every 20 ms."""


def wait_for_workers(store: Store, event: int | None) -> ExitCode:
    """
    Wait until all workers on this machine have seen *event*, and return the exit code.

    A worker that has not seen it in time is named in a warning: it may still give the
    old answer.

    Args:
        store: The status file.

        event: The number of the last change of a status, or ``None`` for no change.
    """
    late = [] if event is None else store.wait_until_seen(event, SECONDS)
    if not late:
        return ExitCode.SUCCESS
    processes = ", ".join(str(each.process) for each in late)
    warn(
        f"{count(len(late), 'process', 'processes')} of the responder did not confirm "
        f"the change within {SECONDS:g} seconds and may still give the old answer: "
        f"process {processes}. Look at its log, and restart it"
    )
    return ExitCode.NOT_CONFIRMED
