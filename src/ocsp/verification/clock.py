"""The moment of judgement: the one that was given, or now."""

from __future__ import annotations

import datetime

__all__ = ["moment_of"]


def moment_of(at: datetime.datetime | None) -> datetime.datetime:
    """
    Return *at* in UTC, or this moment without one.

    Raises:
        TypeError: If *at* is no datetime, or a naive one.
    """
    if at is None:
        return datetime.datetime.now(datetime.UTC)
    if type(at) is datetime.datetime and at.tzinfo is datetime.UTC:
        return at
    if not isinstance(at, datetime.datetime):
        raise TypeError("at must be a datetime object")
    if at.utcoffset() is None:
        raise TypeError(
            "at must be aware: at.replace(tzinfo=datetime.UTC) if it is UTC"
        )
    return at.astimezone(datetime.UTC)
