"""Mutations of whole messages, repeatable from a seed."""

from __future__ import annotations

import random

from tests.mutators.octets import BLIND, flip_bit
from tests.mutators.structured import STRUCTURED
from tests.mutators.tree import parse, serialize, walk

__all__ = ["mutate"]


def _bad_length(rng: random.Random, data: bytes) -> bytes:
    """Write one length of the document in a form that DER forbids."""
    at = rng.randrange(1, len(data))
    length = data[at]
    forms = (b"\x80", b"\x81" + bytes((length,)), b"\x82\x00" + bytes((length,)))
    return data[:at] + rng.choice(forms) + data[at + 1 :]


def _structured(rng: random.Random, data: bytes) -> bytes:
    try:
        nodes = parse(data)
    except (ValueError, RecursionError):
        return flip_bit(rng, data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = walk(nodes)
        if not places:
            break
        rng.choice(STRUCTURED)(rng, *rng.choice(places))
    return serialize(nodes)


def _splice(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """Replace a value of *data* by a value of *other*."""
    try:
        nodes, donors = parse(data), walk(parse(other))
    except ValueError:
        return flip_bit(rng, data)
    holder, at = rng.choice(walk(nodes))
    donor, index = rng.choice(donors)
    holder[at] = donor[index]
    return serialize(nodes)


def mutate(rng: random.Random, data: bytes, other: bytes) -> tuple[str, bytes]:
    """
    Return a mutation of *data*, and what was done.

    Args:
        rng: Where all choices come from.

        data: The document to change.

        other: Another one, to take values from.
    """
    draw = rng.random()
    if draw < 0.70:
        return "structured", _structured(rng, data)
    if draw < 0.75:
        return "splice", _splice(rng, data, other)
    if draw < 0.80 and len(data) > 1:
        return "bad length", _bad_length(rng, data)
    blind = rng.choice(BLIND)
    return blind.__name__.strip("_"), blind(rng, data)
