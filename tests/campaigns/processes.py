"""
Run a campaign in several processes, each of which may end or hang.

A case that ends its process, or that makes no progress for a minute, is a failure of
this case; another process goes on behind it.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from tests.campaigns.campaign import Case, Chunk, Tally, run_case

__all__ = ["run_chunks"]

PATIENCE = 60.0
"""Seconds for one case. An ordinary one takes a few milliseconds."""

MAX_MEMORY = 2 * 2**30
"""Octets of address space that a process may have."""

MAX_RESIDENT = 512 * 2**10
"""KiB of memory that a process may hold: its caches are bounded."""

_CONTEXT = multiprocessing.get_context("spawn")
_NOWHERE = -1


Runs = Callable[[Case, Tally], None]
"""Runs one case and counts what came of it."""


def run_chunks(
    chunks: list[Chunk],
    workers: int,
    report: Callable[[str, int, Tally], None],
    run: Runs = run_case,
) -> None:
    """
    Run all *chunks*.

    Args:
        chunks: The cases.

        workers: How many processes share them.

        report: Called with the target, the number of cases, and what came of them.

        run: Runs one case, in another process.
    """
    rest = iter(chunks)
    running = [_Worker(run) for _ in range(min(workers, len(chunks)))]
    try:
        for each in running:
            each.begin(next(rest))
        while running := [each for each in running if each.chunk is not None]:
            wait([each.answers for each in running], timeout=1)
            for each in running:
                each.advance(rest, report)
    finally:
        for each in running:
            each.stop()


class _Worker:
    """A process, and the chunk that it runs."""

    def __init__(self, run: Runs) -> None:
        self.run = run
        self.chunk: Chunk | None = None
        self.current = _CONTEXT.Value("q", _NOWHERE)
        self._start()

    def _start(self) -> None:
        self.answers, theirs = _CONTEXT.Pipe()
        self.process = _CONTEXT.Process(
            target=_work, args=(theirs, self.current, self.run), daemon=True
        )
        self.process.start()
        theirs.close()

    def begin(self, chunk: Chunk | None) -> None:
        """Give the process its next chunk; ``None`` ends it."""
        self.chunk, self._seen = chunk, (_NOWHERE, time.monotonic())
        if chunk is None:
            self.stop()
            return
        self.current.value = _NOWHERE
        self.answers.send(chunk)

    def advance(
        self, rest: Iterator[Chunk], report: Callable[[str, int, Tally], None]
    ) -> None:
        """Take the result if there is one, or notice that there will be none."""
        assert self.chunk is not None
        if self.answers.poll():
            try:
                tally = self.answers.recv()
            except EOFError:
                self._give_up("it ended its process", rest, report)
                return
            report(self.chunk.target, self.chunk.size, tally)
            self.begin(next(rest, None))
        elif self._is_stuck():
            self._give_up(f"it took longer than {PATIENCE:.0f} seconds", rest, report)

    def _is_stuck(self) -> bool:
        number, since = self._seen
        if self.current.value != number:
            self._seen = (self.current.value, time.monotonic())
            return False
        return number != _NOWHERE and time.monotonic() - since > PATIENCE

    def _give_up(
        self,
        why: str,
        rest: Iterator[Chunk],
        report: Callable[[str, int, Tally], None],
    ) -> None:
        """Count the case as a failure, and go on with the next one."""
        assert self.chunk is not None
        chunk, number = self.chunk, max(self.current.value, self.chunk.first)
        self.stop()
        case = Case(chunk.target, chunk.seed, number)
        code = self.process.exitcode
        tally = Tally(failures=[f"{case.command}\n  {why} (exit code {code})"])
        tally.results["crash"] += 1
        done = number + 1 - chunk.first
        report(chunk.target, done, tally)
        left = chunk._replace(first=number + 1, size=chunk.size - done)
        self._start()
        self.begin(left if left.size else next(rest, None))

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()
        self.answers.close()


def _work(orders: Connection[Tally, Chunk], current: Any, run: Runs) -> None:
    """Run the chunks that arrive, and send back what came of them."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    while True:
        chunk, tally = orders.recv(), Tally()
        for number in range(chunk.first, chunk.first + chunk.size):
            current.value = number
            run(Case(chunk.target, chunk.seed, number), tally)
        held = _most_held()
        if held > MAX_RESIDENT:
            tally.failures.append(f"{chunk}\n  the process holds {held:,} KiB")
        orders.send(tally)


def _most_held() -> int:
    """
    Return the most KiB of memory that this process has held.

    On Linux, ``getrusage`` also counts what the parent held when it started this one.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except FileNotFoundError:  # macOS, where getrusage counts octets
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return int(status.partition("VmHWM:")[2].split()[0])
