"""
Store the answers that were signed for clients, without letting the clients wait.

A thread writes them, all that have come while it wrote before in one transaction.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from cryptography import x509

from ocsp.errors import BackendError
from ocsp.responder import AnswerWriter, NewAnswer
from ocsp.server.counting import RequestCounts
from ocsp.server.event_log import EventLog
from ocsp.server.memory.response_cache import CachedResponse

__all__ = ["SignedAnswer", "WriteBack"]

MAX_WAITING = 2_000
"""Answers that wait for the thread. One that is not stored is signed again when a
client asks for it; so a slow store costs signatures, and never memory."""


class SignedAnswer(NamedTuple):
    """
    A new answer.

    Attributes:
        new: What to store.

        signer: The certificate of its signer.

        entry: The same answer in memory.
    """

    new: NewAnswer
    signer: x509.Certificate
    entry: CachedResponse


class WriteBack:
    """Stores new answers, one batch at a time."""

    def __init__(
        self, store: AnswerWriter, log: EventLog, counts: RequestCounts
    ) -> None:
        """Store answers in *store*; report failures to *log*, and in *counts*."""
        self._store = store
        self._counts = counts
        self._log = log
        self._waiting: list[SignedAnswer] = []
        self._writing: asyncio.Future[int] | None = None
        self._batch: list[SignedAnswer] = []
        self._signers: set[bytes] = set()
        self._thread: ThreadPoolExecutor | None = None
        self._is_closing = False

    def add(self, signed: SignedAnswer, now: int) -> None:
        """Store *signed* soon; *now* is in seconds since 1970."""
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append(signed)
        if self._writing is None:
            self._start(now)

    def _start(self, now: int) -> None:
        self._batch, self._waiting = self._waiting, []
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "ocsp-write-back")
        loop = asyncio.get_running_loop()
        self._writing = loop.run_in_executor(
            self._thread, self._write, self._batch, now
        )
        self._writing.add_done_callback(lambda done: self._written(done, now))

    def _write(self, batch: list[SignedAnswer], now: int) -> int:
        """Store *batch* in the thread, and return how many of it were not stored."""
        for each in batch:
            if each.new.answer.signer not in self._signers:
                self._store.add_signer(each.signer)
                self._signers.add(each.new.answer.signer)
        stored = self._store.store_answers([each.new for each in batch], now)
        return len(batch) - stored

    def _written(self, done: asyncio.Future[int], now: int) -> None:
        batch, self._batch, self._writing = self._batch, [], None
        if done.cancelled():
            return
        error = done.exception()
        if error is not None:
            self._counts.not_stored("store", len(batch))
            self._report(error)
            self._signers = set()  # the store that comes back may be another one
            if self._is_closing:
                self._waiting = []  # the next batch would fail after the same wait
        elif refused := done.result():
            self._counts.not_stored("version", refused)
            # Another process was faster, and its answers stay: all clients get those.
            for each in batch:
                each.entry.end()
        if self._waiting:
            self._start(now)

    def _report(self, error: BaseException) -> None:
        known = isinstance(error, BackendError)
        self._log.report(
            logging.WARNING,
            "store",
            f"cannot store signed answers: {error}",
            error=None if known else error,
        )

    async def close(self) -> None:
        """Wait until everything is stored, or a batch cannot be; end the thread."""
        self._is_closing = True
        while self._writing is not None:
            await asyncio.wait([self._writing])
            await asyncio.sleep(0)
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None
