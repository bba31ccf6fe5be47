"""
Responses as a client meets them: from many CAs, each message once.

The web mix has 10,000 responses of 150 CAs. How often a CA occurs follows Zipf's law,
and delegates sign for 40 % of them. It has about 832 shapes: two responses have the
same shape if all tags and lengths outside of the certificates are the same.
"""

from __future__ import annotations

import random
from functools import cache

from bench.corpora.authorities import Authority, authority

__all__ = [
    "AUTHORITIES",
    "DELEGATES",
    "FEW",
    "MIX",
    "delegates_in_turn",
    "few_shapes",
    "uniform_mix",
    "web_mix",
]

AUTHORITIES = 150
DELEGATED = 0.4
MIX = 10_000
FEW = 5_000
DELEGATES = 600


@cache
def _authorities(count: int) -> tuple[Authority, ...]:
    chosen = random.Random("delegated 1")
    return tuple(
        authority(
            f"CA {number}",
            delegates=chosen.randint(1, 6) if chosen.random() < DELEGATED else 0,
        )
        for number in range(count)
    )


@cache
def web_mix(count: int = MIX) -> tuple[bytes, ...]:
    """Return *count* responses of 150 CAs, which are chosen by Zipf's law."""
    weights = [1 / rank for rank in range(1, AUTHORITIES + 1)]
    return _mixed("web", weights, count)


@cache
def uniform_mix(count: int = MIX) -> tuple[bytes, ...]:
    """Return *count* responses of the same CAs, all equally frequent."""
    return _mixed("uniform", [1] * AUTHORITIES, count)


def _mixed(seed: str, weights: list[float], count: int) -> tuple[bytes, ...]:
    chosen = random.Random(seed)
    answering = chosen.choices(_authorities(AUTHORITIES), weights, k=count)
    return tuple(each.respond(chosen) for each in answering)


@cache
def delegates_in_turn(count: int = MIX) -> tuple[bytes, ...]:
    """Return *count* responses of 600 CAs in turn; each has one delegate."""
    chosen = random.Random("delegates")
    each = [authority(f"delegating {n}", delegates=1) for n in range(DELEGATES)]
    return tuple(each[n % DELEGATES].respond(chosen) for n in range(count))


@cache
def few_shapes(count: int = FEW) -> tuple[bytes, ...]:
    """Return *count* responses of three CAs that differ in all values."""
    chosen = random.Random("few")
    each = [authority(f"few {n}", delegates=int(n == 0)) for n in range(3)]
    return tuple(chosen.choice(each).respond(chosen) for _ in range(count))
