"""
Load 100,000 messages and keep them: ``python -m bench.reading.held ocsp``.

It prints the octets of memory for each, without those of the DER, and the CPU time of a
full garbage collection. It runs in a process of its own, so that all memory that the
process gets is the messages'.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cryptography.x509 import ocsp as upstream

import ocsp
from bench.corpora import web_mix

__all__ = ["HELD", "LOADERS", "Held", "hold"]

HELD = 100_000
COLLECTIONS = 5

LOADERS: dict[str, Callable[[bytes], object]] = {
    "ocsp": ocsp.load_der_ocsp_response,
    "cryptography": upstream.load_der_ocsp_response,
}


class Held(NamedTuple):
    """
    What kept messages cost.

    Attributes:
        octets: The memory of each, in octets.

        collection: The CPU microseconds of a full collection in this process.
    """

    octets: float
    collection: float


def hold(load: Callable[[bytes], object], count: int) -> Held:
    """Load and keep *count* messages of the web mix."""
    messages = web_mix(count)
    load(messages[0])
    gc.collect()
    before = _resident()
    kept = [load(message) for message in messages]
    octets = (_resident() - before) / len(kept)
    return Held(octets, min(_collection() for _ in range(COLLECTIONS)))


def _collection() -> float:
    """Return the CPU microseconds of a full collection."""
    start = time.process_time_ns()
    gc.collect()
    return (time.process_time_ns() - start) / 1000


def _resident() -> int:
    """Return the octets of memory of this process."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()


if __name__ == "__main__":
    print(json.dumps(hold(LOADERS[sys.argv[1]], HELD)._asdict()))
