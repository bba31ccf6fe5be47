"""Measure new processes: their CPU time, or what they print."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["answer", "cpu_microseconds"]


def cpu_microseconds(
    arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> float:
    """Return the CPU microseconds of a process that runs *arguments*."""
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return (usage.ru_utime + usage.ru_stime) * 1e6


def answer(module: str, *arguments: str) -> Any:
    """Return the JSON that ``python -m module arguments`` prints."""
    command = [sys.executable, "-m", module, *arguments]
    return json.loads(subprocess.check_output(command))
