"""
Effects: what a flow asks its driver to do.

A flow is a generator. It yields an effect; the driver carries it out and sends the
result into the flow, or throws the error. Flows take all decisions, drivers take none.
A flow runs another flow with ``yield from``.
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

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Send:
    """Send an HTTP request. The result is the reply; failures are ``FetchError``."""

    request: HTTPRequest


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for a number of seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """
    Call a function that may block, and return its result.

    With *seconds*, the driver waits so long at most, and then raises ``TimeoutError``.
    The function goes on in its thread, and its result is lost.
    """

    function: Callable[[], object]
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Race:
    """
    Run flows concurrently; the result is a list of the results of those that finished.

    The list has the order of *flows*. A flow starts when an earlier one has finished or
    *delay* has passed; with a delay of 0 all start at once. When ``is_final`` accepts a
    result, the driver cancels the flows that are still running and starts no more.
    """

    flows: tuple[Flow[Any], ...]
    delay: float
    is_final: Callable[[Any], bool]


Effect: TypeAlias = Send | Pause | Call | Race

Flow: TypeAlias = Generator[Effect, Any, Result]


def send(request: HTTPRequest) -> Flow[HTTPReply]:
    """
    Return the reply to *request*.

    Raises:
        FetchError: If there is no reply.
    """
    reply: HTTPReply = yield Send(request)
    return reply


def pause(seconds: float) -> Flow[None]:
    """Wait for *seconds*."""
    yield Pause(seconds)


def call(function: Callable[[], Result], seconds: float | None = None) -> Flow[Result]:
    """
    Return the result of *function*, which may block.

    Raises:
        TimeoutError: If it has none after *seconds*; see :class:`Call`.
    """
    found: Result = yield Call(function, seconds)
    return found


def race(
    flows: tuple[Flow[Result], ...],
    delay: float = 0,
    is_final: Callable[[Result], bool] = lambda _: False,
) -> Flow[list[Result]]:
    """Return the results of those *flows* that finished; see :class:`Race`."""
    found: list[Result] = yield Race(flows, delay, is_final)
    return found
