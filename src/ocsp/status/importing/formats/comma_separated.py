"""
Read CSV (RFC 4180): one certificate a line, with the names of the columns first.

The separator is the one of ``,``, ``;`` and TAB that gives known names. A line break
inside of quotes is not supported: a missing quote would swallow the lines after it.
"""

from __future__ import annotations

import csv
from typing import BinaryIO

from ocsp.errors import ImportRefused
from ocsp.status.importing.formats.lines import Line, read_lines
from ocsp.status.importing.formats.named_fields import FIELDS, row_of
from ocsp.status.importing.formats.rows import Items, Oddity, ReadOptions

__all__ = ["is_csv_header", "read_csv"]

_SEPARATORS = ",;\t"


def is_csv_header(octets: bytes) -> bool:
    """Tell whether the line *octets* names columns, one of them ``serial_number``."""
    return _columns(octets)[1].count("serial_number") == 1


def read_csv(file: BinaryIO, options: ReadOptions) -> Items:
    """
    Return the rows of the CSV *file*.

    Raises:
        ImportRefused: If the first line does not name the columns, or names one that is
            not known: a misspelt column could hold the revocations.
    """
    separator, columns = ",", list[str]()
    for line in read_lines(file):
        if isinstance(line, Oddity):
            yield line
        elif not columns:
            separator, columns = _columns(line.octets)
            _check(columns, options.name)
        else:
            yield from _items(line, separator, columns, options)


def _items(
    line: Line, separator: str, columns: list[str], options: ReadOptions
) -> Items:
    try:
        values = _values(line.octets, separator)
    except (ValueError, csv.Error) as error:
        yield line.odd(f"is not CSV: {error}")
        return
    if len(values) != len(columns):
        yield line.odd(f"has {len(values)} values for {len(columns)} columns")
        return
    yield from row_of(line, dict(zip(columns, values, strict=True)), options)


def _columns(octets: bytes) -> tuple[str, list[str]]:
    """Return the separator and the names in the first line."""
    found = ",", list[str]()
    for separator in _SEPARATORS:
        try:
            values = _values(octets.removeprefix(b"\xef\xbb\xbf"), separator)
        except (ValueError, csv.Error):
            continue
        names = [each.strip().lower() for each in values]
        if "serial_number" in names:
            return separator, names
        found = (separator, names) if len(names) > len(found[1]) else found
    return found


def _values(octets: bytes, separator: str) -> list[str]:
    rows = csv.reader([octets.decode()], delimiter=separator, strict=True)
    return next(rows, [])


def _check(columns: list[str], name: str) -> None:
    known = ", ".join(FIELDS)
    if "serial_number" not in columns:
        raise ImportRefused(
            name, f"line 1 names no column serial_number; known are {known}"
        )
    for each in columns:
        if each not in FIELDS:
            raise ImportRefused(
                name,
                f"line 1 names the column {each!r}, which is not known; known are "
                f"{known}",
            )
        if columns.count(each) > 1:
            raise ImportRefused(name, f"line 1 names the column {each!r} twice")
