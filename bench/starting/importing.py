"""
Measure how long it takes until a program can read its first response.

``import ocsp`` alone imports nothing: each part is imported when it is used.
"""

from __future__ import annotations

import statistics
import sys

from bench.measure import Pair, Row
from bench.processes import cpu_microseconds
from bench.starting.commands import bytecode_of_its_own

__all__ = ["rows"]

OURS = "import ocsp; ocsp.load_der_ocsp_response"
PEER = "from cryptography.x509 import ocsp; ocsp.load_der_ocsp_response"
NOTHING = "pass"


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [
        Row(
            group="start",
            what="import ocsp and its loader",
            repeated="a new process each time; the time of an empty one is subtracted",
            peer="cryptography.x509.ocsp",
            measure=_measure,
            target=1.25,
        )
    ]


def _measure(rounds: int) -> Pair:
    """Start interpreters in turn, and subtract the time of an empty one."""
    taken: dict[str, list[float]] = {OURS: [], PEER: [], NOTHING: []}
    with bytecode_of_its_own() as (_, environment):
        for code in taken:  # the first run compiles to bytecode
            cpu_microseconds([sys.executable, "-c", code], environment)
        for _ in range(max(5, rounds // 2)):
            for code, times in taken.items():
                command = [sys.executable, "-c", code]
                times.append(cpu_microseconds(command, environment))
    empty = statistics.median(taken[NOTHING])
    ours = [each - empty for each in taken[OURS]]
    peer = [each - empty for each in taken[PEER]]
    return Pair.of(list(zip(ours, peer, strict=True)))
