"""Turn errors of psycopg into those of this package, in words for operators."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg
from psycopg import errors
from psycopg_pool import PoolTimeout

from ocsp.errors import SourceUnavailable, StoreError

__all__ = ["error_text", "reported"]

_WORDS: tuple[tuple[type[psycopg.Error], str], ...] = (
    (
        errors.ReadOnlySqlTransaction,
        "it can only be read: it is a standby, or was opened as readonly",
    ),
    (errors.LockNotAvailable, "another transaction has locked what is to be written"),
    (errors.InsufficientPrivilege, "the user lacks a permission: {}"),
    (
        errors.UndefinedTable,
        "has no tables of ocsp ({}); make them with: ocsp status upgrade",
    ),
)


@contextlib.contextmanager
def reported(name: str, kind: type[StoreError | SourceUnavailable]) -> Iterator[None]:
    """
    Turn errors of psycopg into *kind*.

    Args:
        name: The address of the database, without its password.

        kind: ``SourceUnavailable`` for what reads, ``StoreError`` for what writes.
    """
    try:
        yield
    except psycopg.Error as error:
        raise kind(f"{name}: {error_text(error)}") from error


def error_text(error: psycopg.Error) -> str:
    """Return what *error* says, in one line."""
    text = error.diag.message_primary or " ".join(str(error).split())
    if isinstance(error, PoolTimeout):
        return f"no connection: {text}"
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words.format(text)
    return text or type(error).__name__
