"""The moment for which the verifier judges: the argument *at*, or the current time."""

from __future__ import annotations

import datetime

__all__ = ["moment_of"]


def moment_of(at: datetime.datetime | None) -> datetime.datetime:
    """
    Return *at* in UTC, or the current time if *at* is ``None``.

    A moment before the year 1 or after the year 9999 in UTC, which ``datetime`` cannot
    express, becomes the nearest one that it can.

    Raises:
        TypeError: If *at* is not a datetime, or is naive.
    """
    if at is None:
        return datetime.datetime.now(datetime.UTC)
    if type(at) is datetime.datetime and at.tzinfo is datetime.UTC:
        return at
    if not isinstance(at, datetime.datetime):
        raise TypeError("at must be a datetime object")
    if at.utcoffset() is None:
        raise TypeError(
            "at must be aware; if it is in UTC, pass at.replace(tzinfo=datetime.UTC)"
        )
    try:
        return at.astimezone(datetime.UTC)
    except OverflowError:
        return _FIRST if at.year == _FIRST.year else _LAST


_FIRST = datetime.datetime.min.replace(tzinfo=datetime.UTC)
_LAST = datetime.datetime.max.replace(tzinfo=datetime.UTC)
