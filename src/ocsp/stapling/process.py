"""
Run a program until it ends, within a time limit, and keep the end of its error output.

A child of the program can keep the error output open, so the end of that output is not
waited for. At the time limit, the program is killed with its process group.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["EndedProcess", "run_process"]

_POLL_SECONDS = 0.02
"""How often to look whether the program has ended."""

_KILL_SECONDS = 1.0
"""How long to wait until a killed program has ended."""

_CHUNK = 1 << 16
"""Octets that are read at once: the size of a pipe on Linux."""

_MAX_CHUNKS = 16
"""How many chunks are read between two looks at the time."""


class EndedProcess(NamedTuple):
    """
    How a program ended.

    Attributes:
        code: Its exit code, the negative number of the signal that killed it, or
            ``None`` if it reached the time limit and was killed.

        errors: The end of its error output, until it ended.
    """

    code: int | None
    errors: bytes


class _Output:
    """A pipe, and the end of what was written to it."""

    def __init__(self, maximum: int) -> None:
        self._pipe, self.writing = os.pipe()
        os.set_blocking(self._pipe, False)
        self._maximum = maximum
        self._is_open = True
        self.end = b""

    def close_writing(self) -> None:
        """Leave the end for writing to the program alone."""
        os.close(self.writing)

    def read(self, seconds: float) -> None:
        """Read what there is; wait at most *seconds* if there is nothing."""
        if not self._is_open:
            time.sleep(seconds)
            return
        with selectors.DefaultSelector() as selector:
            selector.register(self._pipe, selectors.EVENT_READ)
            selector.select(seconds)
        with contextlib.suppress(BlockingIOError):
            for _ in range(_MAX_CHUNKS):
                chunk = os.read(self._pipe, _CHUNK)
                if not chunk:
                    self._is_open = False
                    return
                whole = self.end + chunk
                self.end = whole[max(0, len(whole) - self._maximum) :]

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._pipe)


def run_process(
    command: Sequence[str],
    environment: Mapping[str, str],
    seconds: float,
    max_output: int,
) -> EndedProcess:
    """
    Run *command* without a shell, and wait until it has ended.

    Its input is empty, and its standard output is discarded.

    Args:
        command: The program and its arguments.

        environment: All its environment variables.

        seconds: The time limit.

        max_output: How many octets of its error output are kept.

    Raises:
        OSError: If it cannot be started.
        ValueError: If an argument contains a null character.
    """
    with contextlib.closing(_Output(max_output)) as output:
        try:
            process = subprocess.Popen(  # noqa: S603 the command is the caller's own
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output.writing,
                start_new_session=True,  # a process group of its own
            )
        finally:
            output.close_writing()
        try:
            code = _wait(process, output, time.monotonic() + seconds)
        except BaseException:
            _kill(process)
            raise
        if code is None:
            _kill(process)
        output.read(0)
    return EndedProcess(code, output.end)


def _wait(
    process: subprocess.Popen[bytes], output: _Output, until: float
) -> int | None:
    """Return the exit code, or ``None`` at the time *until*."""
    while True:
        code = process.poll()
        if code is not None or time.monotonic() >= until:
            return code
        output.read(_POLL_SECONDS)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):  # the kernel may hold it
        process.wait(_KILL_SECONDS)
