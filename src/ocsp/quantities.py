"""Durations and sizes as text, with units: ``1h30m``, ``64MiB``."""

from __future__ import annotations

import datetime
import re

__all__ = ["duration_from", "duration_text", "size_from", "size_text"]

_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,6})?"
_PART = re.compile(f"({_NUMBER})([dhms])")
_DURATION = re.compile(
    f"(?=.)(?:{_NUMBER}d)?(?:{_NUMBER}h)?(?:{_NUMBER}m)?(?:{_NUMBER}s)?"
)
_DURATION_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}

_SIZE = re.compile("([0-9]{1,9})(B|KiB|MiB|GiB)")
_SIZE_UNITS = {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10, "B": 1}


def duration_from(text: str) -> datetime.timedelta:
    """
    Return the duration *text*: ``30s``, ``5m``, ``36h``, ``10d``.

    Several may follow each other, the longest unit first, as in ``1h30m``.

    Raises:
        ValueError: If *text* has another form, or the duration is too long.
    """
    if _DURATION.fullmatch(text):
        parts = {
            _DURATION_UNITS[unit]: float(number) for number, unit in _PART.findall(text)
        }
        try:
            return datetime.timedelta(**parts)
        except OverflowError as error:
            raise ValueError(f"{text!r} is too long a duration") from error
    raise ValueError(f"{text!r} is not a duration; write it like 30s, 5m, 1h30m or 10d")


def duration_text(duration: datetime.timedelta) -> str:
    """Return *duration*, which is not negative, as :func:`duration_from` reads it."""
    seconds = duration.seconds
    fraction = (
        f".{duration.microseconds:06}".rstrip("0") if duration.microseconds else ""
    )
    parts = (
        (duration.days, "d"),
        (seconds // 3600, "h"),
        (seconds // 60 % 60, "m"),
    )
    text = "".join(f"{number}{unit}" for number, unit in parts if number)
    if seconds % 60 or fraction or not text:
        text += f"{seconds % 60}{fraction}s"
    return text


def size_from(text: str) -> int:
    """
    Return the number of octets of the size *text*: ``512B``, ``64KiB``, ``64MiB``.

    Raises:
        ValueError: If *text* has another form.
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a size; write it like 64KiB, 64MiB or 1GiB")
    return int(found[1]) * _SIZE_UNITS[found[2]]


def size_text(octets: int) -> str:
    """Return the size *octets* as :func:`size_from` reads it, in the largest unit."""
    unit = next(
        unit
        for unit, factor in _SIZE_UNITS.items()
        if factor == 1 or (octets and octets % factor == 0)
    )
    return f"{octets // _SIZE_UNITS[unit]}{unit}"
