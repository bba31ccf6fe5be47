"""
Messages that all differ in their shape.

No two have the same tags and lengths, also not in the part with the entries alone: the
lengths of serial number, name, nonce and signature differ, and hash, status and
extensions. No name, key or certificate occurs twice either.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from functools import cache, partial

from bench.corpora import certificates, der
from bench.corpora.asked import nonce, request
from bench.corpora.authorities import authority
from bench.corpora.responses import HASHES, cert_id

__all__ = ["UNMET", "unmet_requests", "unmet_responses"]

UNMET = 2_000

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@cache
def unmet_responses(count: int = UNMET, *, delegates: int = 0) -> tuple[bytes, ...]:
    """Return *count* responses, each of another CA with so many *delegates*."""
    make = partial(_response, delegates=delegates)
    return _different("unmet responses", make, count)


@cache
def unmet_requests(count: int = UNMET) -> tuple[bytes, ...]:
    """Return *count* requests, each of another shape."""
    return _different("unmet requests", _request, count)


def _different(
    seed: str, make: Callable[[random.Random], tuple[bytes, bytes]], count: int
) -> tuple[bytes, ...]:
    """Return messages of *make*, which returns the part that must differ too."""
    chosen = random.Random(seed)
    met: set[tuple[object, ...]] = set()
    made: list[bytes] = []
    while len(made) < count:
        message, part = make(chosen)
        shape = der.skeleton(part)
        if shape not in met:
            met.add(shape)
            made.append(message)
    return tuple(made)


def _response(chosen: random.Random, delegates: int) -> tuple[bytes, bytes]:
    made = authority(f"unmet {chosen.random()}", delegates=delegates)
    hash_algorithm = chosen.choice(tuple(HASHES))
    size = HASHES[hash_algorithm]
    made = dataclasses.replace(
        made,
        hash_algorithm=hash_algorithm,
        name_hash=chosen.randbytes(size),
        key_hash=chosen.randbytes(size),
        serial_bits=8 * chosen.randint(2, 20),
        cutoff=chosen.random() < 0.2,
    )
    said = made.tail(chosen, extensions=_nonces(chosen))
    return made.complete(chosen, said), said


def _nonces(chosen: random.Random) -> tuple[bytes, ...]:
    """Return a nonce of random length, or seldom none."""
    if chosen.random() < 0.05:
        return ()
    return (nonce(chosen.randbytes(chosen.randint(1, 64))),)


def _request(chosen: random.Random) -> tuple[bytes, bytes]:
    hash_algorithm = chosen.choice(tuple(HASHES))
    size = HASHES[hash_algorithm]
    hashes = (chosen.randbytes(size), chosen.randbytes(size))
    bits = 8 * chosen.randint(1, 20) - 2
    serial = chosen.getrandbits(bits) | 1 << bits
    requestor = b""
    if chosen.random() < 0.2:
        common = "".join(chosen.choices(_LETTERS, k=chosen.randint(1, 40)))
        requestor = certificates.name(common, "Requestor")
    message = request(
        [cert_id(hash_algorithm, *hashes, serial)], _nonces(chosen), requestor
    )
    return message, message
