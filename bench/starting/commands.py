"""Measure how long the command line takes to start, in new processes."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.corpora import web_mix
from bench.measure import Pair, Row
from bench.processes import cpu_microseconds

__all__ = ["bytecode_of_its_own", "rows"]

PROGRAM = (sys.executable, "-m", "ocsp")


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [
        _row("ocsp --version", 60, lambda _: ("--version",)),
        _row("ocsp inspect FILE", 120, lambda folder: ("inspect", _file(folder))),
        _row("ocsp check --help", 120, lambda _: ("check", "--help")),
    ]


def _file(folder: Path) -> str:
    path = folder / "response.der"
    path.write_bytes(web_mix(1)[0])
    return str(path)


def _row(
    what: str, milliseconds: int, arguments: Callable[[Path], tuple[str, ...]]
) -> Row:
    """Compare the CPU time of a process with a limit."""

    def measure(rounds: int) -> Pair:
        limit = milliseconds * 1000.0
        with bytecode_of_its_own() as (folder, environment):
            command = (*PROGRAM, *arguments(folder))
            cpu_microseconds(command, environment)  # compiles to bytecode
            return Pair.of(
                [
                    (cpu_microseconds(command, environment), limit)
                    for _ in range(max(5, rounds // 4))
                ]
            )

    return Row(
        group="start",
        what=what,
        repeated="a new process each time; the files are in the memory of the system",
        peer=f"{milliseconds} ms",
        measure=measure,
        target=1.0,
    )


@contextmanager
def bytecode_of_its_own() -> Iterator[tuple[Path, dict[str, str]]]:
    """Return a folder, and an environment in which Python keeps bytecode there."""
    with tempfile.TemporaryDirectory() as name:
        environment = os.environ | {"PYTHONPYCACHEPREFIX": f"{name}/bytecode"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        yield Path(name), environment
