"""Read JSON lines: one object a line, with the keys of ``ocsp status list --json``."""

from __future__ import annotations

import json
from typing import BinaryIO

from ocsp.status.importing.formats.lines import Line, read_lines
from ocsp.status.importing.formats.named_fields import FIELDS, row_of
from ocsp.status.importing.formats.rows import Items, Oddity, ReadOptions

__all__ = ["read_json_lines"]


def read_json_lines(file: BinaryIO, options: ReadOptions) -> Items:
    """Return the rows of the JSON lines in *file*."""
    for line in read_lines(file):
        if isinstance(line, Oddity):
            yield line
        else:
            yield from _items(line, options)


def _items(line: Line, options: ReadOptions) -> Items:
    try:
        fields = _object(line.octets)
    except ValueError as error:
        yield line.odd(str(error))
        return
    yield from row_of(line, fields, options)


def _object(octets: bytes) -> dict[str, object]:
    try:
        fields = json.loads(
            octets.removeprefix(b"\xef\xbb\xbf"), object_pairs_hook=_distinct
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise ValueError("is not an object of JSON")
    unknown = next((each for each in fields if each not in FIELDS), None)
    if unknown is not None:
        raise ValueError(
            f"has the key {unknown!r}, which is not known; known are "
            f"{', '.join(FIELDS)}"
        )
    for name, value in fields.items():
        if isinstance(value, str) and not _is_text(value):
            raise ValueError(f"has half of a surrogate pair in {name}")
    return fields


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """
    Return the object with the members *pairs*.

    Raises:
        ValueError: If a name is there twice: readers differ on which value counts.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it has a key twice")
    return found


def _is_text(value: str) -> bool:
    """Return whether UTF-8 can encode *value*: JSON can escape half of a pair."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
