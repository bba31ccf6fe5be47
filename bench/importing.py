"""Measure how long ``import ocsp`` takes, in new processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

from bench.measure import Pair, Row

__all__ = ["rows"]

OURS, PEER, NOTHING = "import ocsp", "import cryptography.x509", "pass"


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [
        Row(
            group="import",
            what="ocsp",
            peer="cryptography.x509",
            measure=_measure,
            target=1.25,
        )
    ]


def _measure(rounds: int) -> Pair:
    """Start interpreters in turn, and subtract the time of an empty one."""
    taken: dict[str, list[float]] = {OURS: [], PEER: [], NOTHING: []}
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for code in taken:  # the first run compiles to bytecode
            _process(code, environment)
        for _ in range(rounds):
            for code, times in taken.items():
                times.append(_process(code, environment))
    empty = statistics.median(taken[NOTHING])
    ours = [each - empty for each in taken[OURS]]
    peer = [each - empty for each in taken[PEER]]
    return Pair(
        ours=statistics.median(ours),
        peer=statistics.median(peer),
        ratio=statistics.median(a / b for a, b in zip(ours, peer, strict=True)),
    )


def _process(code: str, environment: dict[str, str]) -> float:
    """Return the CPU microseconds that an interpreter takes to run *code*."""
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, code)
    return (usage.ru_utime + usage.ru_stime) * 1e6
