"""
Write a document as JSON, with the version of its format.

Every document is an object. ``schema_version`` is the version of the keys and their
meaning: a new key leaves it as it is, a removed key or another meaning increases it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import typer

__all__ = ["SCHEMA_VERSION", "write_json"]

SCHEMA_VERSION = 1
"""The version of all JSON documents of the command line."""


def write_json(document: Mapping[str, object], *, one_line: bool = False) -> None:
    """
    Write *document* to standard output, with ``schema_version`` as its first key.

    Args:
        document: The document. It has a ``type``.

        one_line: Whether to write one line, for a stream of documents.
    """
    versioned = {"schema_version": SCHEMA_VERSION, **document}
    typer.echo(json.dumps(versioned, indent=None if one_line else 2))
