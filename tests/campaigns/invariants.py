"""What holds for every call: documented exceptions only, and a bounded amount of work."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from ocsp.errors import OCSPError

__all__ = ["Violation", "bounded", "call", "uncounted"]

T = TypeVar("T")


class Violation(Exception):
    """A promise is broken; the text says how."""


class _TooMuchWork(BaseException):
    """The budget is spent. No handler for exceptions catches this."""


def call(
    action: Callable[[], T],
    *documented: type[Exception],
    budget: int,
    fatal: tuple[type[OCSPError], ...] = (),
) -> T | OCSPError | Exception:
    """
    Call *action*, and return its result or the documented exception that it raised.

    Args:
        action: What is called.

        documented: The exceptions besides ``OCSPError`` that its documentation names.

        budget: How many functions it may call, in Python and in C.

        fatal: Errors that are not documented, although they are in the tree.

    Raises:
        Violation: If another exception leaves it, or the budget is spent.
    """
    try:
        return bounded(action, budget)
    except Violation:
        raise
    except fatal as error:
        raise Violation(f"undocumented: {error!r}") from error
    except (OCSPError, *documented) as error:
        return error
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise Violation(f"undocumented: {type(error).__name__}: {error}") from error


def bounded(action: Callable[[], T], budget: int) -> T:
    """
    Return the result of *action*.

    Raises:
        Violation: If it calls more than *budget* functions.
    """
    left = budget

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            sys.setprofile(None)
            raise _TooMuchWork

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.setprofile(count)
        try:
            return action()
        except _TooMuchWork:
            raise Violation(f"more than {budget} calls of functions") from None
        finally:
            sys.setprofile(None)


@contextmanager
def uncounted() -> Iterator[None]:
    """Do not count what the campaign itself does within a call."""
    counting = sys.getprofile()
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.setprofile(counting)
