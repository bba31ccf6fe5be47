"""
What the types of documents say about values besides their type.

In ``Annotated``, a text is the description of a key, :class:`Format` the format of a
text, and :class:`OneOf` an enumeration of its values.
"""

from __future__ import annotations

import enum
from typing import Annotated, NamedTuple

__all__ = ["Format", "Moment", "OneOf"]


class Format(NamedTuple):
    """The format of a text, as JSON schemas name it."""

    name: str


class OneOf(NamedTuple):
    """The values that a text can have: those of an enumeration."""

    values: type[enum.Enum]


Moment = Annotated[str, Format("date-time")]
"""A time in ISO 8601, in UTC."""
