"""
Call code of other libraries: whatever it raises becomes an error of this package.

A parser raises more than it documents: an ``OverflowError`` for a date, a warning in a
program that turns warnings into errors, or a panic of Rust code, which is not even an
``Exception``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ocsp.errors import SchemaError, ValueTypeError

__all__ = ["is_foreign", "read_foreign"]

Value = TypeVar("Value")


def read_foreign(
    read: Callable[[], Value],
    *expected: type[Exception],
    reason: str = "",
    path: str = "",
    offset: int | None = None,
) -> Value:
    """
    Return what *read* returns.

    Args:
        read: The call of another library.

        expected: Exceptions that the caller handles. They pass.

        reason: What to say of any other exception; by default, its text.

        path: The field that is read, for the error.

        offset: Where the field begins, in octets, for the error.

    Raises:
        SchemaError: If *read* raises anything else, except what ends the program, such
            as ``KeyboardInterrupt``.
    """
    try:
        return read()
    except expected:
        raise
    except BaseException as error:
        if not is_foreign(error):
            raise
        text = reason or str(error) or type(error).__name__
        kind = ValueTypeError if isinstance(error, TypeError) else SchemaError
        raise kind(text, path=path, offset=offset) from error


def is_foreign(error: BaseException) -> bool:
    """
    Return whether *error* is the failure of a call, and not what ends the program.

    The class of a panic of Rust code cannot be imported.
    """
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"
