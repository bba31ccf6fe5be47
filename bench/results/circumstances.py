"""Find what the figures depend on: machine, versions and revision."""

from __future__ import annotations

import datetime
import os
import platform
import sqlite3
import ssl
import subprocess
from importlib.metadata import version
from pathlib import Path

import ocsp

__all__ = ["date", "is_compiled", "machine", "revision", "versions"]

PEERS = ("cryptography", "asn1crypto", "aiohttp", "httpx")


def date() -> str:
    """Return the time in UTC."""
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC"


def revision() -> str:
    """Return the revision of the sources; with ``+`` if they have been changed."""
    found = _git("rev-parse", "--short", "HEAD")
    return f"{found}+" if _git("status", "--porcelain") else found


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def machine() -> dict[str, str]:
    """Return the processor, the cores and the system."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line for line in lines if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else "unknown"


def is_compiled() -> bool:
    """Return whether the package that is imported is the compiled one."""
    return ocsp.compiled


def versions() -> dict[str, str]:
    """Return the versions of Python, of this package and of its peers."""
    return {
        "Python": platform.python_version(),
        "ocsp": ocsp.__version__,
        **{name: version(name) for name in PEERS},
        "OpenSSL": ssl.OPENSSL_VERSION.split()[1],
        "SQLite": sqlite3.sqlite_version,
    }
