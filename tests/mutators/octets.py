"""Mutations of octets anywhere in a document, which know nothing of its structure."""

from __future__ import annotations

import random

__all__ = ["BLIND", "flip_bit"]


def flip_bit(rng: random.Random, data: bytes) -> bytes:
    """Return *data* with one bit flipped."""
    changed = bytearray(data)
    changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set_octet(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[rng.randrange(len(data))] = rng.choice((0x00, 0x01, 0x7F, 0x80, 0xFF, 0x30))
    return bytes(changed)


def _truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.randint(1, 4)) + data[at:]


def _delete(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.randint(1, 4) :]


def _append(rng: random.Random, data: bytes) -> bytes:
    return data + rng.choice((b"\x00", b"\x05\x00", data[:1], data))


BLIND = (flip_bit, flip_bit, _set_octet, _truncate, _insert, _delete, _append)
