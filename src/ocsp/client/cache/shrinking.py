"""
Keep a cache file small: how many rows it has, and which of them leave.

Nothing counts rows. The last row says how many there are, so an answer is stored, and
counted, by a commit that writes few pages. SQLite says how many pages the file has.
Rows leave in portions, with one answer of many, and storing takes the same time however
many rows there are.
"""

from __future__ import annotations

import sqlite3
import time

from ocsp.client.cache.database import PAGE_BYTES

__all__ = [
    "LAST",
    "REMOVE_EXPIRED",
    "SET_ENTRIES",
    "STORED_OCTETS",
    "count",
    "is_due",
    "last",
    "most_removed",
    "shrink",
]

LAST = "SELECT number, entries FROM answer ORDER BY number DESC LIMIT 1"
SET_ENTRIES = """
UPDATE answer SET entries = ? WHERE number = (SELECT max(number) FROM answer)
"""
STORED_OCTETS = "SELECT sum(length(der)) FROM answer WHERE number > ?"
REMOVE_EXPIRED = """
DELETE FROM answer WHERE number IN (
    SELECT number FROM answer
    WHERE revoked = 0 AND expires <= ? ORDER BY expires LIMIT ?
)
"""
_REMOVE_FIRST = """
DELETE FROM answer WHERE number IN (
    SELECT number FROM answer ORDER BY number LIMIT ?
)
"""
"""Both follow an index, and look only at the rows that they remove."""

_PORTION = 16
"""
Answers of which one is stored together with the removal of others. The numbers of the
rows tell which one, so all processes that use the file share this work.
"""

_MOST_REMOVED = 64
"""
Rows that leave at most, which is more than a portion: so a file that was written with a
larger limit becomes smaller.
"""

_ROW_OCTETS = 128
"""
Octets of the file that a row takes at least: 154, if it has no answer. A file that is
too large loses so many more rows that it does not grow, however small they are.
"""

_PAGES_PER_ENTRY = 2
"""Pages of the file for each entry that the cache may remember: 8 kB for about 2 kB."""

_MORE_PAGES = 64
"""More pages, for a cache of few entries: SQLite needs some itself."""

_MOST_ENTRIES = 1 << 48
"""A number of rows that no file has, and the number of a row that no file reaches."""


def is_due(number: int, octets: int, maximum: int) -> bool:
    """
    Tell whether rows may have to leave.

    Args:
        number: The number of the row that was stored.

        octets: The octets of its answer. A large one cannot wait for its turn.

        maximum: How many rows the cache may have.
    """
    return number % _portion(maximum) == 0 or octets >= PAGE_BYTES


def most_removed(octets: int) -> int:
    """Return how many rows :func:`shrink` removes at most; see :func:`is_due`."""
    return _MOST_REMOVED + (_PORTION * PAGE_BYTES + octets) // _ROW_OCTETS


def _portion(maximum: int) -> int:
    return max(min(_PORTION, maximum // 8), 1)


def last(connection: sqlite3.Connection) -> tuple[int, int]:
    """
    Return the number of the last row, and how many rows there are, as that row says.

    The number of rows bounds the file in entries, and its pages bound it in octets. A
    wrong number costs answers at most.

    Raises:
        sqlite3.DatabaseError: If these are numbers that no file reaches.
    """
    match connection.execute(LAST).fetchone():
        case None:
            return 0, 0
        case (int(number), int(entries)) if (
            abs(number) < _MOST_ENTRIES and 0 <= entries < _MOST_ENTRIES
        ):
            return number, entries
    raise sqlite3.DatabaseError("the file does not say how many answers it has")


def count(connection: sqlite3.Connection, entries: int, removed: int) -> None:
    """Write that of so many *entries* some have been *removed*."""
    if removed:
        connection.execute(SET_ENTRIES, (max(entries - removed, 0),))


def shrink(connection: sqlite3.Connection, maximum: int, octets: int) -> None:
    """
    Remove some rows if there are too many, or if they take too much room.

    So many leave that there are no more than *maximum* until this is due again.

    Args:
        connection: The file, in a transaction.

        maximum: How many rows the cache may have.

        octets: The octets of the answer that was stored.
    """
    number, entries = last(connection)
    portion = _portion(maximum)
    wanted = min(entries - (maximum - portion + 1), _MOST_REMOVED)
    if _is_too_large(connection, _PAGES_PER_ENTRY * maximum + _MORE_PAGES):
        row = connection.execute(STORED_OCTETS, (number - portion,)).fetchone()
        wanted = _MOST_REMOVED + (row[0] or 0) // _ROW_OCTETS
        wanted = min(wanted, most_removed(octets))
    if wanted > 0:
        count(connection, entries, _remove(connection, wanted))


def _remove(connection: sqlite3.Connection, wanted: int) -> int:
    """Remove *wanted* rows, if there are so many, and return how many it removed."""
    removed = connection.execute(REMOVE_EXPIRED, (time.time(), wanted)).rowcount
    if removed < wanted:
        removed += connection.execute(_REMOVE_FIRST, (wanted - removed,)).rowcount
    return removed


def _is_too_large(connection: sqlite3.Connection, most_pages: int) -> bool:
    """Tell whether more pages of the file have content."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    if pages <= most_pages:
        return False
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    return bool(pages - free > most_pages)
