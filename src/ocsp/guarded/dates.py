"""Read dates in HTTP headers (RFC 9110 §5.6.7), of servers that send anything."""

from __future__ import annotations

import datetime
from email.utils import parsedate_to_datetime

from ocsp.errors import SchemaError
from ocsp.guarded.boundary import read_foreign

__all__ = ["http_date"]


def http_date(text: str) -> datetime.datetime | None:
    """
    Return the moment *text*, aware, in UTC, or ``None`` if it is not a date.

    A date that ``datetime`` cannot express in UTC is not a date. The zone ``-0000``
    means UTC, as every date in HTTP.
    """
    if not text.isascii():
        return None
    try:
        return read_foreign(lambda: _in_utc(parsedate_to_datetime(text)))
    except SchemaError:
        return None


def _in_utc(moment: datetime.datetime) -> datetime.datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=datetime.UTC)
    return moment.astimezone(datetime.UTC)
