"""
Load many messages and keep them: ``python -m bench.reading.held NAME FILE``.

It prints the octets of memory for each, without those of the DER, and the CPU time of a
full garbage collection. It runs in a process of its own and reads the messages from a
file: a process that makes them has freed memory afterwards, in which objects of Python
have room, but those of Rust do not.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.x509 import ocsp as upstream

import ocsp
from bench.corpora.files import read_messages

__all__ = ["LOADERS", "Held", "hold"]

COLLECTIONS = 5

Load = Callable[[bytes], object]


def _with_fields(load: Callable[[bytes], Any]) -> Load:
    """Return a function that also reads the fields of the message that it returns."""

    def read(data: bytes) -> object:
        message = load(data)
        _ = (message.serial_number, message.this_update_utc, message.next_update_utc)
        return message

    return read


LOADERS: dict[str, Load] = {
    "ocsp": ocsp.load_der_ocsp_response,
    "cryptography": upstream.load_der_ocsp_response,
    "ocsp, fields": _with_fields(ocsp.load_der_ocsp_response),
    "cryptography, fields": _with_fields(upstream.load_der_ocsp_response),
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


def hold(load: Load, messages: Sequence[bytes]) -> Held:
    """Load and keep *messages*, after the caches of *load* have met them all."""
    for message in messages:
        load(message)
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
    found = hold(LOADERS[sys.argv[1]], read_messages(Path(sys.argv[2])))
    print(json.dumps(found._asdict()))
