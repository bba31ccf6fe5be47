"""
Run a program until it ends, within a time limit, and keep what it writes.

A child of the program can keep its output open, so the end of the output is not waited
for. At the time limit, the program is killed with its process group.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import BinaryIO, NamedTuple

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

        output: Its standard output, until it ended; ``None`` if it was more than the
            caller accepts. Empty if the caller discards it.
    """

    code: int | None
    errors: bytes
    output: bytes | None


class _Output:
    """A pipe, and the end of what was written to it."""

    def __init__(self, maximum: int) -> None:
        self._pipe, self.writing = os.pipe()
        os.set_blocking(self._pipe, False)
        self._maximum = maximum
        self._is_open = True
        self.end = b""
        self.is_cut = False

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
                self.is_cut = self.is_cut or len(whole) > self._maximum
                self.end = whole[max(0, len(whole) - self._maximum) :]

    def read_all(self) -> None:
        """Read what there is, and do not wait."""
        if self._is_open:
            self.read(0)

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._pipe)


def run_process(
    command: Sequence[str],
    environment: Mapping[str, str],
    seconds: float,
    max_errors: int,
    *,
    stdin: bytes = b"",
    max_output: int = 0,
) -> EndedProcess:
    """
    Run *command* without a shell, and wait until it has ended.

    Args:
        command: The program and its arguments.

        environment: All its environment variables.

        seconds: The time limit.

        max_errors: How many octets of its error output are kept.

        stdin: Its input.

        max_output: How many octets its standard output may have; 0 discards it.

    Raises:
        OSError: If it cannot be started.
        ValueError: If an argument contains a null character.
    """
    with contextlib.ExitStack() as opened:
        errors = opened.enter_context(contextlib.closing(_Output(max_errors)))
        output = opened.enter_context(contextlib.closing(_Output(max_output)))
        try:
            process = subprocess.Popen(  # noqa: S603 the command is the caller's own
                command,
                env=environment,
                stdin=opened.enter_context(_file_with(stdin)),
                stdout=output.writing if max_output else subprocess.DEVNULL,
                stderr=errors.writing,
                start_new_session=True,  # a process group of its own
            )
        finally:
            errors.close_writing()
            output.close_writing()
        try:
            code = _wait(process, errors, output, time.monotonic() + seconds)
        except BaseException:
            _kill(process)
            raise
        if code is None:
            _kill(process)
        errors.read(0)
        output.read_all()
        return EndedProcess(code, errors.end, None if output.is_cut else output.end)


def _file_with(data: bytes) -> BinaryIO:
    """Return an open file with *data*: a program may read it late, or not at all."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 the caller closes it
    file.write(data)
    file.seek(0)
    return file


def _wait(
    process: subprocess.Popen[bytes], errors: _Output, output: _Output, until: float
) -> int | None:
    """Return the exit code, or ``None`` at the time *until*."""
    while True:
        code = process.poll()
        if code is not None or time.monotonic() >= until:
            return code
        output.read_all()
        errors.read(_POLL_SECONDS)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):  # the kernel may hold it
        process.wait(_KILL_SECONDS)
