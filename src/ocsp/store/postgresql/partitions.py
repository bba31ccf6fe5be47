"""
Find the partitions that have the answers of an issuer.

Small issuers share the default partition. A large one can have a partition of its own,
which can be divided again. A claim in one of the parts costs less than in all of them.
"""

from __future__ import annotations

import re
import threading
import time

from ocsp.responder.source import IssuerKey
from ocsp.store.postgresql.database.pool import Connection

__all__ = ["Partitions"]

KEPT_SECONDS = 60.0
"""How long the names of the partitions are kept: an operator can divide one."""

_ISSUERS = "SELECT name_hash, key_hash, id FROM issuer"
_LEAVES = """
SELECT pg_get_expr(part.relpartbound, part.oid), leaf.relid::regclass::text
FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid
CROSS JOIN LATERAL pg_partition_tree(part.oid) leaf
WHERE inhparent = 'answer'::regclass AND leaf.isleaf ORDER BY 2
"""
_DEFAULT = "DEFAULT"


class Partitions:
    """The partitions of the table of answers; threads share what is known."""

    def __init__(self) -> None:
        """Know none yet."""
        self._lock = threading.Lock()
        self._read = float("-inf")
        self._issuers: dict[IssuerKey, int] = {}
        self._bounds: list[tuple[str, str]] = []
        self._turns: dict[int, int] = {}

    def issuer(self, connection: Connection, issuer: IssuerKey) -> int | None:
        """Return the number of *issuer* in the database, or ``None``."""
        with self._lock:
            if issuer not in self._issuers or self._is_old():
                self._read_all(connection)
            return self._issuers.get(issuer)

    def leaves(self, connection: Connection, number: int) -> list[str]:
        """
        Return the partitions of an issuer, each time beginning with the next one.

        Args:
            connection: Where to ask, if the answer is not known.

            number: The number of the issuer.
        """
        with self._lock:
            if self._is_old():
                self._read_all(connection)
            found = [leaf for bound, leaf in self._bounds if _has(bound, number)]
            if not found:
                found = [leaf for bound, leaf in self._bounds if bound == _DEFAULT]
            if not found:
                return []
            turn = self._turns.get(number, 0) % len(found)
            self._turns[number] = turn + 1
            return found[turn:] + found[:turn]

    def forget(self) -> None:
        """Forget all: the database may be another one."""
        self._read = float("-inf")

    def _is_old(self) -> bool:
        return time.monotonic() > self._read + KEPT_SECONDS

    def _read_all(self, connection: Connection) -> None:
        issuers = connection.execute(_ISSUERS).fetchall()
        self._issuers = {IssuerKey(*key): number for *key, number in issuers}
        self._bounds = connection.execute(_LEAVES).fetchall()
        self._turns.clear()
        self._read = time.monotonic()


def _has(bound: str, number: int) -> bool:
    """Return whether a partition, ``FOR VALUES IN (7)``, has the issuer *number*."""
    return str(number) in re.findall(r"\d+", bound)
