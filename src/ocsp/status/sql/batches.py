"""
Answer several look-ups together, in threads, each until its deadline.

While all threads work, look-ups wait in a line. A thread that is free takes the whole
line at once, so a database that is slow gets fewer and larger statements.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future

from ocsp import limits
from ocsp.errors import SourceUnavailable
from ocsp.responder.source import StatusQuery, StatusRecord

__all__ = ["Batches", "Found"]

Found = Mapping[StatusQuery, StatusRecord | SourceUnavailable]
"""What was found: a record, or why there is none. A query that is missing has none."""

_Waiting = tuple[Sequence[StatusQuery], "Future[list[StatusRecord | None]]"]


class Batches:
    """The line of look-ups, and the threads that work on it."""

    def __init__(
        self, answer: Callable[[Sequence[StatusQuery]], Found], threads: int
    ) -> None:
        """
        Start no thread yet.

        Args:
            answer: Answers queries; called in several threads at the same time.

            threads: How many threads at most.
        """
        self._answer = answer
        self._most = threads
        self._line: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._threads = self._idle = 0
        self._closed = False

    def add(self, queries: Sequence[StatusQuery]) -> Future[list[StatusRecord | None]]:
        """
        Put a look-up into the line, and return what will have its result.

        Raises:
            SourceUnavailable: If the line has ``MAX_SQL_WAITING`` look-ups.
        """
        future: Future[list[StatusRecord | None]] = Future()
        with self._changed:
            if len(self._line) >= limits.MAX_SQL_WAITING:
                raise SourceUnavailable(
                    f"{len(self._line)} look-ups are waiting for the database"
                )
            if self._closed:
                raise SourceUnavailable("the source was closed")
            self._line.append((queries, future))
            if not self._idle and self._threads < self._most:
                self._threads += 1
                threading.Thread(
                    target=self._work, name="ocsp-sql", daemon=True
                ).start()
            self._changed.notify()
        return future

    def close(self) -> None:
        """End the threads when they have answered what is in the line."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                while not self._line and not self._closed:
                    self._changed.wait()
                self._idle -= 1
                if not self._line:
                    return
                batch = list(self._line)
                self._line.clear()
            self._run([one for one in batch if one[1].set_running_or_notify_cancel()])

    def _run(self, batch: Sequence[_Waiting]) -> None:
        asked = tuple(dict.fromkeys(query for queries, _ in batch for query in queries))
        try:
            found = self._answer(asked) if asked else {}
        except Exception as error:  # each look-up reports it
            for _, future in batch:
                future.set_exception(error)
            return
        for queries, future in batch:
            records = [found.get(query) for query in queries]
            failed = [one for one in records if isinstance(one, SourceUnavailable)]
            if failed:
                future.set_exception(failed[0])
            else:
                future.set_result([r for r in records if not isinstance(r, Exception)])
