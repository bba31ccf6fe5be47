"""
GeneralizedTime in the form of OCSP: ``YYYYMMDDHHMMSSZ`` (RFC 6960 §4.2.2.1).

Seconds are always present, fractions never, and the time zone is always Z (RFC 5280
§4.1.2.5.2). Reading returns aware datetimes in UTC. Writing takes naive datetimes as
UTC, converts aware ones to UTC, and drops microseconds.
"""

from __future__ import annotations

import datetime
import sys
import warnings
from functools import lru_cache
from typing import Final

from cryptography import utils

from ocsp.asn1.der import (
    GENERALIZED_TIME,
    any_value,
    content,
    context,
    encode,
    end_of,
    fail,
)
from ocsp.errors import SchemaError

__all__ = [
    "UTC_TIME",
    "encode_time",
    "explicit_time",
    "generalized_time",
    "later",
    "moment_from",
    "moments",
    "naive",
    "timestamp",
    "utc",
    "utc_or_generalized_time",
    "warn_naive",
]

UTC_TIME: Final = 0x17

_UTC: Final = datetime.UTC
_from_iso: Final = datetime.datetime.fromisoformat


def generalized_time(
    data: bytes, position: int, end: int, name: str
) -> tuple[slice, int]:
    """
    Return where the text of the GeneralizedTime at *position* is, and its end.

    Raises:
        DERError: If it is not a valid date and time in the form above.
    """
    start, stop = content(data, position, end, GENERALIZED_TIME, name)
    text = data[start:stop]
    try:
        _ = moments[text]
    except ValueError:
        fail(f"{text!r} is not a time YYYYMMDDHHMMSSZ", name, position)
    return slice(start, stop), stop


def explicit_time(
    data: bytes, position: int, end: int, number: int, name: str
) -> tuple[slice, int]:
    """Return the same for a GeneralizedTime in the EXPLICIT tag *number*."""
    start, stop = content(data, position, end, context(number), name)
    text, start = generalized_time(data, start, stop, name)
    end_of(start, stop, name)
    return text, stop


def utc_or_generalized_time(
    data: bytes, position: int, end: int, name: str
) -> tuple[datetime.datetime, int]:
    """
    Return the Time at *position*, aware, in UTC, and where it ends (RFC 5280 §4.1.2.5).

    Raises:
        DERError: If it is not ``YYMMDDHHMMSSZ`` or ``YYYYMMDDHHMMSSZ``.
        SchemaError: If it is another type.
    """
    tag, start, stop = any_value(data, position, end, name)
    if tag not in (UTC_TIME, GENERALIZED_TIME):
        raise SchemaError("is not a time", path=name, offset=position)
    text = whole = data[start:stop]
    if tag == UTC_TIME:  # The years 50 to 99 are those of the 20th century.
        whole = (b"19" if text >= b"5" else b"20") + text
    try:
        return moments[whole], stop
    except ValueError:
        return fail(f"{text!r} is not a time", name, position)


MAX_MOMENTS: Final = 1024
"""Texts in a generation of the cache. Thousands of responses share a few times."""

MAX_HOURS: Final = 512
"""Hours whose beginnings are cached; most times are within a few days."""


class Moments(dict[bytes, datetime.datetime]):
    """
    The times that were read last, by their texts: ``moments[text]`` reads others.

    As a mapping, it contains the younger generation of the cache only.
    """

    __slots__ = ()

    def __missing__(self, text: bytes) -> datetime.datetime:
        """
        Return the aware datetime in UTC of *text*, and store it.

        Times that are not cached are mostly within the same few hours. To add to the
        beginning of an hour takes less time than to read a whole text.

        Raises:
            ValueError: If it is not a valid date and time in the form above.
        """
        when = _older.get(text)
        if when is None:
            hour, rest = text[:10], text[10:]
            begin, offset = _hours.get(hour), _offsets.get(rest)
            when = (begin or _read_hour(hour)) + (
                _read_offset(rest) if offset is None else offset
            )
        if len(self) >= MAX_MOMENTS:
            _older.clear()
            _older.update(self)
            self.clear()
        self[text] = when
        return when


moments: Final = Moments()

_older: Final[dict[bytes, datetime.datetime]] = {}
_hours: Final[dict[bytes, datetime.datetime]] = {}
_offsets: Final[dict[bytes, datetime.timedelta]] = {}


def _read_hour(text: bytes) -> datetime.datetime:
    """Return the beginning of the hour ``YYYYMMDDHH``."""
    if len(text) != 10 or not text.isdigit():
        raise ValueError("not in the form YYYYMMDDHHMMSSZ")
    if text.endswith(b"24"):
        raise ValueError("hour 24")  # newer versions of fromisoformat accept it
    written = text.decode()
    begin = _from_iso(f"{written[:8]}T{written[8:]}Z")
    if len(_hours) >= MAX_HOURS:
        _hours.clear()
    _hours[text] = begin
    return begin


def _read_offset(text: bytes) -> datetime.timedelta:
    """Return the time from the beginning of the hour to ``MMSSZ``."""
    minutes, seconds = _MINUTES.get(text[:2]), _SECONDS.get(text[2:4])
    if minutes is None or seconds is None or text[4:] != b"Z":
        raise ValueError("not in the form YYYYMMDDHHMMSSZ")
    offset = minutes + seconds
    _offsets[text] = offset  # there are 3,600
    return offset


_MINUTES: Final = {b"%02d" % n: datetime.timedelta(0, 60 * n) for n in range(60)}
_SECONDS: Final = {b"%02d" % n: datetime.timedelta(0, n) for n in range(60)}


def utc(when: datetime.datetime) -> datetime.datetime:
    """Return *when* as aware UTC in whole seconds; a naive one is taken as UTC."""
    if when.tzinfo is _UTC:  # the most frequent case
        return when.replace(microsecond=0) if when.microsecond else when
    if when.utcoffset() is None:
        return when.replace(microsecond=0, tzinfo=_UTC)
    return when.astimezone(_UTC).replace(microsecond=0)


def later(moment: datetime.datetime, span: datetime.timedelta) -> datetime.datetime:
    """Return *moment*, aware, plus *span*; the end of the year 9999 at the latest."""
    return moment + span if span < _END_OF_TIME - moment else _END_OF_TIME


_END_OF_TIME: Final = datetime.datetime.max.replace(tzinfo=_UTC)


def timestamp(when: datetime.datetime) -> str:
    """Return *when* in ISO 8601, UTC, whole seconds: ``2026-07-01T12:00:00Z``."""
    return f"{utc(when).replace(tzinfo=None).isoformat()}Z"


def moment_from(text: str) -> datetime.datetime:
    """
    Parse a time in ISO 8601; without a zone it is UTC.

    Raises:
        ValueError: If *text* is not such a time, or its year in UTC is not between 1
            and 9999.
    """
    try:
        moment = _from_iso(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time in ISO 8601") from None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=_UTC)
    try:
        return moment.astimezone(_UTC)
    except OverflowError:
        raise ValueError(f"{text!r} is outside the years 1 to 9999 in UTC") from None


def naive(when: datetime.datetime | None) -> datetime.datetime | None:
    """Return *when* without its time zone."""
    return None if when is None else when.replace(tzinfo=None)


def warn_naive(name: str) -> None:
    """
    Warn that the property *name* is naive, as ``cryptography`` does since 43.0.

    The warning points at the first caller outside of this package.
    """
    # Counted, because compiled functions have no frame.
    level = 1
    while sys._getframe(level - 1).f_globals.get("__name__", "").startswith("ocsp."):
        level += 1
    warnings.warn(
        "Properties that return a naïve datetime object have been deprecated. "
        f"Please switch to {name}_utc.",
        utils.DeprecatedIn43,
        stacklevel=level,
    )


def encode_time(when: datetime.datetime) -> bytes:
    """Return the GeneralizedTime of *when*."""
    return _encode_utc(when if when.tzinfo is _UTC else utc(when))


@lru_cache(maxsize=1024)
def _encode_utc(when: datetime.datetime) -> bytes:
    """
    Return the GeneralizedTime of *when*, which is in UTC; cached.

    In another time zone, two times of a repeated hour are equal as cache keys.
    """
    text = b"%04d%02d%02d%02d%02d%02dZ" % (
        when.year,
        when.month,
        when.day,
        when.hour,
        when.minute,
        when.second,
    )
    return encode(GENERALIZED_TIME, text)
