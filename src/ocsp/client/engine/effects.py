"""
Effects: what the flow asks its driver to do.

A flow is a generator: it yields an effect, and gets back what came of it, or the error
thrown in. All that is decided is decided in flows; drivers only do.

Rules of this file: no logic. Flows inside of flows are started with ``yield from``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from ocsp.client.transport.protocol import HTTPReply, HTTPRequest

__all__ = [
    "Call",
    "Effect",
    "Flow",
    "Pause",
    "Race",
    "Send",
    "call",
    "pause",
    "race",
    "send",
]

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Send:
    """Send an HTTP request; gives the reply, or throws a ``FetchError``."""

    request: HTTPRequest


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """Call a function that may block for a while."""

    function: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Race:
    """
    Run flows side by side; gives the results of those that finished, by position.

    Each starts when the one before has finished or *delay* has passed. As soon as a
    result is final, the others are cancelled. With a delay of 0 and nothing final, all
    run together.
    """

    flows: tuple[Flow[Any], ...]
    delay: float
    is_final: Callable[[Any], bool]


Effect: TypeAlias = Send | Pause | Call | Race

Flow: TypeAlias = Generator[Effect, Any, Found]


def send(request: HTTPRequest) -> Flow[HTTPReply]:
    """
    Return the answer to *request*.

    Raises:
        FetchError: If there is none.
    """
    reply: HTTPReply = yield Send(request)
    return reply


def pause(seconds: float) -> Flow[None]:
    """Wait."""
    yield Pause(seconds)


def call(function: Callable[[], Found]) -> Flow[Found]:
    """Return what *function* returns, which may block."""
    found: Found = yield Call(function)
    return found


def race(
    flows: tuple[Flow[Found], ...],
    delay: float = 0,
    is_final: Callable[[Found], bool] = lambda _: False,
) -> Flow[list[Found]]:
    """Return the results of *flows* that finished; see :class:`Race`."""
    found: list[Found] = yield Race(flows, delay, is_final)
    return found
