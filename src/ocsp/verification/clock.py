"""The moment for which the verifier judges: the argument *at*, or the current time."""

from __future__ import annotations

import datetime

__all__ = ["moment_of"]


def moment_of(at: datetime.datetime | None) -> datetime.datetime:
    """
    Return *at* in UTC, or the current time if *at* is ``None``.

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
    return at.astimezone(datetime.UTC)
