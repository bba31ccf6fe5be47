"""
Watch what a source was read from: notice each change, and read it again.

Each look-up compares the state of the file (``stat``, some microseconds) with that of
the last reading. Two changes within the resolution of the time stamp look alike, so the
content of a file that has just changed is compared too, for two seconds.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from ocsp import limits
from ocsp.errors import BackendError, DecodeError, SourceUnavailable, UnreadableFile
from ocsp.guarded.files import WatchState, read_file, watch_state

__all__ = ["Watchable", "Watched", "WatchedFile"]

logger = logging.getLogger("ocsp.status")

SETTLED_SECONDS = 2.0
"""How long a file must be unchanged: the coarsest resolution of a time stamp (FAT)."""

RETRY_SECONDS = 60.0
"""How long a content that was refused stays refused; a CRL may be from the future."""

Content = TypeVar("Content")
Value = TypeVar("Value")
Value_co = TypeVar("Value_co", covariant=True)


class Watchable(Protocol[Content, Value_co]):
    """What can be watched: a file or a directory, and how it is read."""

    name: str
    """What it is, for errors."""

    keeps_old: bool
    """Whether the old value is right until there is a new one, as for signed lists."""

    is_text: bool
    """Whether it is text, of which a part can be taken for the whole."""

    def state(self) -> WatchState:
        """
        Return what changes with the content; some microseconds.

        Raises:
            UnreadableFile: If it is missing.
        """
        ...

    def is_small(self, state: WatchState, /) -> bool:
        """Tell whether reading it takes some milliseconds at most."""
        ...

    def read(self) -> Content:
        """
        Return its content.

        Raises:
            UnreadableFile: If it cannot be read.
        """
        ...

    def parse(self, content: Content) -> Value_co:
        """
        Return what *content* says.

        Raises:
            OCSPError: If it cannot be used.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Reading(Generic[Content, Value]):
    """What was read: a value, or why there is none, or why it is an old one."""

    state: WatchState
    since: float
    read: float
    settled: bool
    content: Content | None
    value: Value | None
    error: str

    def result(self) -> Value:
        if self.value is None:
            raise SourceUnavailable(self.error)
        return self.value


class Watched(Generic[Content, Value]):
    """
    The current value of something that is watched.

    Threads may share it. ``current`` never waits: what takes long to read is read in a
    thread, and the value is not available until then.
    """

    def __init__(
        self,
        subject: Watchable[Content, Value],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Watch *subject*, and read it.

        Args:
            subject: What to watch.

            clock: The monotonic clock, in seconds; tests set their own.

        Raises:
            UnreadableFile: If it is missing or cannot be read.
        """
        self._subject = subject
        self._clock = clock
        self._reading: _Reading[Content, Value] | None = None
        self._used: WatchState | None = None
        self._lock = threading.Lock()
        self._read_again(subject.state())

    def current(self) -> Value:
        """
        Return the current value, without waiting.

        Raises:
            SourceUnavailable: If it is gone, cannot be used, or is being read.
        """
        state = self._state()
        reading = self._reading
        if reading is not None and reading.state == state and not self._is_due(reading):
            return reading.result()
        if not self._subject.is_small(state):
            self._start()
        elif self._lock.acquire(blocking=False):
            try:
                return self._read_again(state).result()
            finally:
                self._lock.release()
        if reading is not None and (
            reading.state == state  # its content is only compared once more
            or self._subject.keeps_old
        ):
            return reading.result()
        raise SourceUnavailable(f"{self._subject.name} has changed, and is being read")

    async def fresh(self) -> Value:
        """
        Return the current value, after reading it if it has changed.

        Raises:
            SourceUnavailable: If it is gone, or cannot be used.
        """
        reading, state = self._reading, self._state()
        if self._subject.is_small(state) or (
            reading is not None and (reading.state == state or self._subject.keeps_old)
        ):
            return self.current()
        return await asyncio.to_thread(self._wait)

    def _wait(self) -> Value:
        with self._lock:
            state, reading = self._state(), self._reading
            if reading is not None and reading.state == state:
                return reading.result()
            return self._read_again(state).result()

    def _start(self) -> None:
        """Read in a thread, unless one is reading."""
        if self._lock.acquire(blocking=False):
            threading.Thread(target=self._run, name="ocsp-status", daemon=True).start()

    def _run(self) -> None:
        try:
            self._read_again(self._state())
        except SourceUnavailable:
            pass  # the next look-up says it
        finally:
            self._lock.release()

    def _state(self) -> WatchState:
        try:
            return self._subject.state()
        except UnreadableFile as error:
            self._reading = self._used = None
            raise SourceUnavailable(str(error)) from error

    def _is_due(self, reading: _Reading[Content, Value]) -> bool:
        """Tell whether the content has to be compared, though the state is the same."""
        if reading.error and self._clock() - reading.read >= RETRY_SECONDS:
            return True
        if reading.settled:
            return False
        is_small = self._subject.is_small(reading.state)
        return is_small or self._clock() - reading.since >= SETTLED_SECONDS

    def _read_again(self, state: WatchState) -> _Reading[Content, Value]:
        before, now = self._reading, self._clock()
        known = before if before is not None and before.state == state else None
        since = now if known is None else known.since
        settled = now - since >= SETTLED_SECONDS
        content, value, error = None, None, ""
        try:
            content, value = self._read(state, known, settled=settled)
            self._used = state
        except (BackendError, DecodeError) as failure:
            error = str(failure)
            if before is None or before.error != error:
                logger.error("%s", error)
            if before is not None and self._subject.keeps_old:
                value = before.value
        self._reading = _Reading(state, since, now, settled, content, value, error)
        return self._reading

    def _read(
        self,
        state: WatchState,
        known: _Reading[Content, Value] | None,
        *,
        settled: bool,
    ) -> tuple[Content, Value]:
        subject = self._subject
        content = subject.read()
        if subject.is_text and not settled:
            _require_whole(subject.name, content, state, self._used or state)
        if (
            known is not None
            and known.value is not None
            and known.content == content
            and not known.error
        ):
            return content, known.value
        return content, subject.parse(content)


def _require_whole(
    name: str, content: object, state: WatchState, before: WatchState
) -> None:
    """
    Check that the last line has an end, and that the same file did not become shorter.

    Raises:
        SourceUnavailable: If another process may be writing it.
    """
    shrunk = state.inode == before.inode and state.size < before.size
    cut = isinstance(content, bytes) and content and not content.endswith(b"\n")
    if shrunk or cut:
        raise SourceUnavailable(f"{name}: another process may be writing it")


class WatchedFile(Generic[Value]):
    """A file that is read as a whole; a :class:`Watchable`."""

    keeps_old = False
    is_text = True

    def __init__(
        self,
        path: Path | str,
        maximum: Callable[[], int],
        parse: Callable[[bytes], Value],
    ) -> None:
        """
        Describe how to read *path*.

        Args:
            path: The file.

            maximum: Returns how many octets it may have.

            parse: Returns what the content says, or raises an error of this package.
        """
        self.name = str(path)
        self._path = Path(path)
        self._maximum = maximum
        self.parse = parse

    def state(self) -> WatchState:
        """Return the state of the file."""
        return watch_state(self._path)

    def is_small(self, state: WatchState) -> bool:
        """Tell whether an event loop may read it."""
        return state.size <= limits.MAX_INLINE_STATUS_BYTES

    def read(self) -> bytes:
        """Return the content of the file."""
        return read_file(self._path, self._maximum())
