"""
Send arrays of octets in the binary format of PostgreSQL.

psycopg writes any array, item by item. That of many answers is the larger part of what
a signer does beside signing; this takes half the time.
"""

from __future__ import annotations

import struct
from itertools import chain

from psycopg import Connection, pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.postgres import types

__all__ = ["OctetArray", "adapt_arrays"]

_BYTEA = types["bytea"]
# One dimension, no NULL, the type of the items, their number, the first index.
_HEAD = struct.Struct("!iiIii")
_SIZE = struct.Struct("!i").pack


class OctetArray(list[bytes]):
    """A ``bytea[]`` without NULL."""


class _OctetArrayDumper(Dumper):
    """Writes the octets of an array."""

    format = pq.Format.BINARY
    oid = _BYTEA.array_oid

    def dump(self, obj: OctetArray) -> Buffer:
        """Return the array in the binary format."""
        head = _HEAD.pack(1, 0, _BYTEA.oid, len(obj), 1)
        sizes = map(_SIZE, map(len, obj))
        return head + b"".join(chain.from_iterable(zip(sizes, obj, strict=True)))


def adapt_arrays(connection: Connection[object]) -> None:
    """Let *connection* send each :class:`OctetArray` in this way."""
    connection.adapters.register_dumper(OctetArray, _OctetArrayDumper)
