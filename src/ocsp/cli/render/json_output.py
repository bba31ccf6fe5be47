"""
Write a document as JSON, with the version of its format.

Every document is an object. ``schema_version`` is the version of the keys and their
meaning: a new key leaves it as it is, a removed key or another meaning increases it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import chain, islice

import click

__all__ = ["SCHEMA_VERSION", "stream_json", "write_json"]

SCHEMA_VERSION = 1
"""The version of all JSON documents of the command line."""

_BATCH = 1000
"""Items that are written together; one by one, writing takes longer than the rest."""


def write_json(document: Mapping[str, object], *, one_line: bool = False) -> None:
    """
    Write *document* to standard output, with ``schema_version`` as its first key.

    Args:
        document: The document. It has a ``type``.

        one_line: Whether to write one line, for a stream of documents.
    """
    versioned = {"schema_version": SCHEMA_VERSION, **document}
    click.echo(json.dumps(versioned, indent=None if one_line else 2))


def stream_json(
    document: Mapping[str, object], key: str, items: Iterable[object]
) -> None:
    """
    Write *document* with the array *items* as its last key, one item a line.

    The items are written as they come, so that an array of any length takes the same
    memory. If they end with an exception, the document stays without its end: no
    parser takes it for a complete one.

    Args:
        document: The other keys. One of them is ``type``.

        key: The key of the array.

        items: The items of the array.
    """
    versioned = {"schema_version": SCHEMA_VERSION, **document}
    head = json.dumps(versioned, indent=2).removesuffix("\n}")
    click.echo(f"{head},\n  {json.dumps(key)}: [", nl=False)
    rest = iter(items)
    separator = ""
    for first in rest:
        batch = chain((first,), islice(rest, _BATCH - 1))
        lines = ",".join(f"\n    {json.dumps(each)}" for each in batch)
        click.echo(f"{separator}{lines}", nl=False)
        separator = ","
    click.echo("\n  ]\n}" if separator else "]\n}")
