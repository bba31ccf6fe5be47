"""
Claim answers that are due: the open transaction is the lease.

A claim locks rows of answers and of events only: a change of a status
waits for no signer. The locks end with the transaction, so also with the connection of
a process that dies; the server ends that of a process that hangs. Other claims skip
rows that are locked. Statuses are read after the locks were taken, so they are newer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from ocsp.asn1.der import integer_octets
from ocsp.errors import StoreError
from ocsp.responder.source import IssuerKey, StatusQuery
from ocsp.responder.stored_answer import CertIDForm, DueAnswer, NewAnswer
from ocsp.store.claim import Claim
from ocsp.store.postgresql.answers import (
    FUTURE_SECONDS,
    POSTPONED_SECONDS,
    STALE,
    write_answers,
    write_due,
)
from ocsp.store.postgresql.database.arrays import NumberArray, OctetArray
from ocsp.store.postgresql.database.failures import reported
from ocsp.store.postgresql.database.pool import Connection, Pool
from ocsp.store.postgresql.partitions import Partitions
from ocsp.store.rows import due_from

__all__ = ["LEASE_SECONDS", "claim_due"]

LEASE_SECONDS = 30.0
"""How long a claim may do nothing: then the server ends its connection. A signer that
hangs is left after 10 s, so this is for processes and machines that hang."""

Rows = list[tuple[Any, ...]]

_LEASE = "SELECT set_config('idle_in_transaction_session_timeout', %s, true)"
_OPEN = """
SELECT due, id, serial FROM event
WHERE issuer_id = %s AND due <= %s AND (due, id) > (%s, %s)
ORDER BY due, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
"""
# OFFSET 0 keeps the planner from reading all certificates when few answers are due.
_CHANGED = """
SELECT a.serial, a.form FROM unnest(%b::bytea[]) s (serial)
CROSS JOIN LATERAL (
    SELECT version FROM certificate c
    WHERE c.issuer_id = %s AND c.serial = s.serial OFFSET 0
) c
JOIN answer a ON a.issuer_id = %s AND a.serial = s.serial AND a.version <> c.version
LIMIT %s FOR NO KEY UPDATE OF a SKIP LOCKED
"""
_DUE = """
SELECT serial, form FROM {leaf} WHERE issuer_id = %s AND due <= %s
ORDER BY due LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
"""
# Answers that were signed while the clock was wrong are due last of all.
_FROM_THE_FUTURE = """
SELECT serial, form FROM {leaf} WHERE issuer_id = %s AND this_update > %s
    AND due >= (SELECT min(due) FROM (SELECT due FROM {leaf} WHERE issuer_id = %s
        ORDER BY due DESC LIMIT %s) last)
ORDER BY due DESC LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
"""
_STATUS = """
SELECT c.serial, revoked, reason, invalid, expires, cert_hash, version
FROM unnest(%b::bytea[]) s (serial)
CROSS JOIN LATERAL (
    SELECT * FROM certificate c
    WHERE c.issuer_id = %s AND c.serial = s.serial OFFSET 0
) c
"""
# The claim has locked the rows, so no other process has signed them meanwhile. Most
# answers of a batch have the values in common that are no arrays.
_SIGNED = """
UPDATE answer a SET version = %s, signer_id = (SELECT id FROM signer WHERE digest = %s),
    due = n.due, this_update = %s, next_update = %s, tbs = n.tbs,
    signature = n.signature
FROM unnest(%b::bytea[], %b::bigint[], %b::bytea[], %b::bytea[])
    n (serial, due, tbs, signature)
WHERE a.issuer_id = %s AND a.serial = n.serial AND a.form = %s
"""
_CLOSE = f"""
UPDATE event e SET due = NULL WHERE id = ANY(%s) AND due <= %s AND NOT {STALE}
"""  # noqa: S608 - only names of this package


class _Lease(Claim):
    """Answers whose rows the transaction of a connection has locked."""

    def __init__(
        self,
        pool: Pool,
        connection: Connection,
        number: int,
        answers: Sequence[DueAnswer],
    ) -> None:
        """Claim *answers* of the issuer *number* by the transaction of *connection*."""
        super().__init__(answers)
        self._name = pool.name
        self._connection = connection
        self._number = number

    def store(self, new: Iterable[NewAnswer], now: int) -> int:
        """Store answers; others see them when the claim ends."""
        answers = list(new)
        with reported(self._name, StoreError):
            try:
                with self._connection.transaction():
                    return sum(map(self._write, _alike(answers)))
            except (psycopg.IntegrityError, psycopg.DataError):
                # The database refuses one of them: it is found, and costs no other.
                return write_answers(self._connection, answers, now)

    def _write(self, answers: Sequence[NewAnswer]) -> int:
        """Store answers that have the same values but those of their certificate."""
        _, form, (version, signer, _, this_update, next_update, _, _), _ = answers[0]
        serials = [integer_octets(each.query.serial_number) for each in answers]
        values = (
            *(version, signer, this_update, next_update),
            OctetArray(serials),
            NumberArray([each.answer.due for each in answers]),
            OctetArray([each.answer.tbs for each in answers]),
            OctetArray([each.answer.signature for each in answers]),
            *(self._number, form),
        )
        return self._connection.execute(_SIGNED, values).rowcount

    def postpone(
        self, postponed: Iterable[tuple[StatusQuery, CertIDForm]], until: int
    ) -> None:
        """Let answers be due at *until*, and the changes that they lack."""
        with reported(self._name, StoreError):
            write_due(self._connection, postponed, until)


def _alike(answers: Iterable[NewAnswer]) -> Iterable[list[NewAnswer]]:
    """Return *answers* in groups that one statement stores."""
    groups = defaultdict[tuple[object, ...], list[NewAnswer]](list)
    for new in answers:
        _, form, (version, signer, _, this_update, next_update, _, _), _ = new
        # A number: hashing a member of an enumeration is slow.
        groups[+form, version, signer, this_update, next_update].append(new)
    return groups.values()


@contextmanager
def claim_due(
    pool: Pool, partitions: Partitions, issuer: IssuerKey, now: int, limit: int
) -> Iterator[Claim]:
    """Yield at most *limit* answers of *issuer* that are due, and not claimed."""
    with pool.answering() as connection:
        connection.execute(_LEASE, (str(int(LEASE_SECONDS * 1000)),))
        number = partitions.issuer(connection, issuer)
        if number is None:  # it has no certificate yet
            yield _Lease(pool, connection, 0, ())
            return
        events, rows = _lock_changed(connection, number, now, limit)
        rows += _lock_due(connection, partitions, number, now, limit - len(rows))
        if events:
            rows = list(dict.fromkeys(rows))  # a changed answer can be due as well
        found = due_from(issuer, _with_status(connection, number, rows))
        lease = _Lease(pool, connection, number, found.answers)
        if found.unreadable:
            lease.postpone(found.unreadable, now + POSTPONED_SECONDS)
        yield lease
        if events:
            connection.execute(_CLOSE, (events, now))


def _lock_changed(
    connection: Connection, number: int, now: int, limit: int
) -> tuple[list[int], Rows]:
    """Lock open events, and the answers that lack them; return both."""
    events: list[int] = []
    rows: Rows = []
    last = (-1, 0)
    while not rows:
        found = _fetch(connection, _OPEN, (number, now, *last, limit))
        if not found:
            break
        last = found[-1][:2]
        events += [event for _, event, _ in found]
        serials = OctetArray({serial for _, _, serial in found})
        rows = _fetch(connection, _CHANGED, (serials, number, number, limit))
    return events, rows


def _lock_due(
    connection: Connection, partitions: Partitions, number: int, now: int, limit: int
) -> Rows:
    """Lock answers whose time has come, in one partition after the other."""
    rows: Rows = []
    leaves = partitions.leaves(connection, number)
    for leaf in leaves:
        if len(rows) < limit:
            wanted = limit - len(rows)
            rows += _fetch(connection, _DUE.format(leaf=leaf), (number, now, wanted))
    for leaf in leaves:
        if len(rows) < limit:
            wanted, latest = limit - len(rows), now + FUTURE_SECONDS
            statement = _FROM_THE_FUTURE.format(leaf=leaf)
            values = (number, latest, number, wanted, wanted)
            rows += _fetch(connection, statement, values)
    return rows


def _with_status(connection: Connection, number: int, rows: Rows) -> Rows:
    """Return *rows*, each with the present status of its certificate."""
    if not rows:
        return []
    serials = OctetArray({serial for serial, _ in rows})
    status = {
        each[0]: each[1:] for each in _fetch(connection, _STATUS, (serials, number))
    }
    return [(*row, *status[row[0]]) for row in rows if row[0] in status]


def _fetch(connection: Connection, statement: str, values: Sequence[object]) -> Rows:
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(statement.encode(), values).fetchall()
