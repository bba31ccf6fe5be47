"""Measure reading one message again and again: the best case of every cache."""

from __future__ import annotations

from functools import partial

from bench.measure import Pair, Row, side_by_side
from bench.reading.fields import (
    ASN1_REQUEST,
    ASN1_RESPONSE,
    FOUR,
    LOAD_REQUEST,
    LOAD_RESPONSE,
    TEN,
    Reading,
    vector,
)

__all__ = ["rows"]

RESPONSES = ("resp-sha256", "resp-revoked", "resp-delegate-unknown-cert")
REQUESTS = ("req-sha1", "req-ext-nonce")


def rows() -> list[Row]:
    """Return the rows of this group."""
    return [
        *(_row("request", name, FOUR, 1.0) for name in REQUESTS),
        _row("request", "req-sha1", LOAD_REQUEST),
        _row("request", "req-sha1", ASN1_REQUEST, 0.05, peer="asn1crypto"),
        *(_row("response", name, TEN, 0.6) for name in RESPONSES),
        *(_row("response", name, LOAD_RESPONSE, 1.0) for name in RESPONSES),
        _row("response", "resp-sha256", ASN1_RESPONSE, peer="asn1crypto"),
    ]


def _row(
    group: str,
    name: str,
    reading: Reading,
    target: float | None = None,
    peer: str = "cryptography",
) -> Row:
    data = vector(name)

    def measure(rounds: int) -> Pair:
        ours, theirs = partial(reading.ours, data), partial(reading.peer, data)
        return side_by_side(ours, theirs, rounds)

    return Row(
        group=group,
        what=f"one, {name}: {reading.what}",
        repeated="the same message again and again",
        peer=peer,
        measure=measure,
        target=target,
    )
