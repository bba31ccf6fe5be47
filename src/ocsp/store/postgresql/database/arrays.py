"""
Send arrays of octets and of numbers in the binary format of PostgreSQL.

psycopg writes any array, item by item. That of many answers is the larger part of what
a signer does beside signing; this takes half the time.
"""

from __future__ import annotations

import struct
from itertools import chain, repeat

from psycopg import Connection, DataError, pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.postgres import types

__all__ = ["NumberArray", "OctetArray", "adapt_arrays"]

_BYTEA, _BIGINT = types["bytea"], types["bigint"]
# One dimension, no NULL, the type of the items, their number, the first index.
_HEAD = struct.Struct("!iiIii")
_SIZE = struct.Struct("!i").pack
_NUMBER = struct.Struct("!iq").pack  # the size of the number, and the number


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


class NumberArray(list[int]):
    """A ``bigint[]`` without NULL."""


class _NumberArrayDumper(Dumper):
    """Writes the numbers of an array."""

    format = pq.Format.BINARY
    oid = _BIGINT.array_oid

    def dump(self, obj: NumberArray) -> Buffer:
        """
        Return the array in the binary format.

        Raises:
            DataError: If a number has more than 64 bits.
        """
        head = _HEAD.pack(1, 0, _BIGINT.oid, len(obj), 1)
        try:
            return head + b"".join(map(_NUMBER, repeat(8), obj))
        except struct.error as error:
            raise DataError(f"a number of an array is no bigint: {error}") from error


def adapt_arrays(connection: Connection[object]) -> None:
    """Let *connection* send these arrays in this way."""
    connection.adapters.register_dumper(OctetArray, _OctetArrayDumper)
    connection.adapters.register_dumper(NumberArray, _NumberArrayDumper)
