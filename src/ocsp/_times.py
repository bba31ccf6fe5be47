"""
GeneralizedTime as OCSP writes it: ``YYYYMMDDHHMMSSZ`` (RFC 6960 §4.2.2.1).

Rules of this file: seconds always, no fractions, Zulu (RFC 5280 §4.1.2.5.2). Reading
gives aware UTC; writing takes naive times as UTC, turns aware ones to UTC and drops
microseconds.
"""

from __future__ import annotations

import datetime
import warnings

from cryptography import utils

from ocsp._der import GENERALIZED_TIME, content, encode, end_of, fail

__all__ = [
    "encode_time",
    "explicit_time",
    "generalized_time",
    "naive",
    "utc",
    "warn_naive",
]

_UTC = datetime.UTC
_datetime = datetime.datetime


def generalized_time(
    data: bytes, position: int, end: int, name: str
) -> tuple[datetime.datetime, int]:
    """
    Return the aware UTC moment of the GeneralizedTime at *position*, and its end.

    Raises:
        DERError: If it is not a moment of the calendar in the form above.
    """
    start, stop = content(data, position, end, GENERALIZED_TIME, name)
    text = data[start:stop]
    try:
        if stop - start == 15 and text[14] == 0x5A and text[:14].isdigit():
            return (
                _datetime(
                    int(text[:4]),
                    int(text[4:6]),
                    int(text[6:8]),
                    int(text[8:10]),
                    int(text[10:12]),
                    int(text[12:14]),
                    0,
                    _UTC,
                ),
                stop,
            )
    except ValueError:
        pass
    fail(f"{text!r} is not a time YYYYMMDDHHMMSSZ", name, position)


def explicit_time(
    data: bytes, position: int, end: int, name: str
) -> tuple[datetime.datetime, int]:
    """Return the moment in the EXPLICIT tag 0 at *position*, and its end."""
    start, stop = content(data, position, end, 0xA0, name)
    moment, start = generalized_time(data, start, stop, name)
    if start != stop:
        end_of(start, stop, name)
    return moment, stop


def utc(moment: datetime.datetime) -> datetime.datetime:
    """Return *moment* as aware UTC in whole seconds; a naive one is taken as UTC."""
    if moment.tzinfo is None:
        return moment.replace(microsecond=0, tzinfo=_UTC)
    return moment.astimezone(_UTC).replace(microsecond=0)


def naive(moment: datetime.datetime | None) -> datetime.datetime | None:
    """Return *moment* without its time zone."""
    return None if moment is None else moment.replace(tzinfo=None)


def warn_naive(name: str) -> None:
    """Warn that the property *name* is naive, as the original does since 43.0."""
    warnings.warn(
        "Properties that return a naïve datetime object have been deprecated. "
        f"Please switch to {name}_utc.",
        utils.DeprecatedIn43,
        stacklevel=3,
    )


def encode_time(moment: datetime.datetime) -> bytes:
    """Return the GeneralizedTime of *moment*."""
    moment = utc(moment)
    return encode(
        GENERALIZED_TIME,
        b"%04d%02d%02d%02d%02d%02dZ"
        % (
            moment.year,
            moment.month,
            moment.day,
            moment.hour,
            moment.minute,
            moment.second,
        ),
    )
