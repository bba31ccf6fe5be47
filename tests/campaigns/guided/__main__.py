"""
Fuzz with atheris: ``python -m tests.campaigns.guided --runs 100000``.

Exit code 1 if octets break a promise. They are then written to
``tests/campaigns/corpus``, where the tests replay them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from importlib.util import find_spec

from tests.campaigns.guided.attacks import ATTACKS, CORPUS

MISSING = "atheris is not installed: it has wheels for CPython on Linux and macOS only"


def main() -> int:
    """Fuzz every target in a process of its own, and return the exit code."""
    parser = argparse.ArgumentParser(prog="tests.campaigns.guided", description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000, help="for each target")
    parser.add_argument("--target", action="append", choices=ATTACKS)
    options = parser.parse_args()
    if find_spec("atheris") is None:
        print(MISSING)
        return 0
    names = options.target or list(ATTACKS)
    broken = [name for name in names if _fuzz(name, options.runs)]
    return 1 if broken else 0


def _fuzz(name: str, runs: int) -> bool:
    """Fuzz one target, and return whether a promise was broken."""
    print(f"{name}: {runs:,} runs", flush=True)
    with tempfile.TemporaryDirectory(prefix="ocsp-corpus-") as found:
        command = [
            *(sys.executable, "-m", "tests.campaigns.guided.process", name),
            *(found, str(CORPUS / name)),
            *(f"-runs={runs}", f"-artifact_prefix={CORPUS / name}/"),
            *("-max_len=4096", "-timeout=60", "-rss_limit_mb=2048", "-verbosity=0"),
            "-print_final_stats=1",
        ]
        return subprocess.run(command, check=False).returncode != 0


if __name__ == "__main__":
    raise SystemExit(main())
