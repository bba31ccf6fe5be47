"""
The driver for threads: does what flows ask for, and waits for it.

Rules of this file: no decisions. Flows that race run in threads of their own; those
that have lost are woken and end by themselves.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from ocsp.client.engine.effects import Call, Effect, Flow, Pause, Race, Send
from ocsp.client.transport.cancellation import Scope, current_scope, raise_if_cancelled
from ocsp.client.transport.protocol import Transport

__all__ = ["drive"]

Found = TypeVar("Found")
TransportFactory = Callable[[], Transport]
Sleep = Callable[[float], None]


def drive(flow: Flow[Found], transport: TransportFactory, sleep: Sleep) -> Found:
    """
    Return what *flow* returns.

    Args:
        flow: What is to be done.

        transport: Returns what sends; it is not needed where the cache knows.

        sleep: Waits for so many seconds.

    Raises:
        OCSPError: What the flow raises.
    """
    try:
        effect = next(flow)
        while True:
            raise_if_cancelled()
            try:
                found = _do(effect, transport, sleep)
            except Exception as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(found)
    except StopIteration as stop:
        result: Found = stop.value
        return result
    finally:
        flow.close()


def _do(effect: Effect, transport: TransportFactory, sleep: Sleep) -> Any:
    if isinstance(effect, Send):
        return transport().send(effect.request)
    if isinstance(effect, Call):
        return effect.function()
    if isinstance(effect, Pause):
        return sleep(effect.seconds)
    return _RaceThreads(effect, transport, sleep).run()


class _Finish(NamedTuple):
    position: int
    result: Any = None
    error: BaseException | None = None


class _RaceThreads:
    """Threads that race."""

    def __init__(self, effect: Race, transport: TransportFactory, sleep: Sleep) -> None:
        self._effect = effect
        self._transport = transport
        self._sleep = sleep
        self._scopes: list[Scope] = []
        self._finished: SimpleQueue[_Finish] = SimpleQueue()

    def run(self) -> list[Any]:
        """Return the results of those that finished, by position."""
        results: dict[int, Any] = {}
        try:
            while len(results) < len(self._effect.flows):
                finish = self._next(len(results))
                if finish is None:
                    continue
                if finish.error is not None:
                    raise finish.error
                results[finish.position] = finish.result
                if self._effect.is_final(finish.result):
                    break
        finally:
            for scope in self._scopes:
                scope.cancel()
        return [results[position] for position in sorted(results)]

    def _next(self, finished: int) -> _Finish | None:
        """Return who finished next, having started whoever it is time for."""
        waiting = len(self._scopes) < len(self._effect.flows)
        if waiting and (len(self._scopes) == finished or not self._effect.delay):
            self._start()
            return None
        with contextlib.suppress(Empty):
            return self._finished.get(timeout=self._effect.delay if waiting else None)
        self._start()
        return None

    def _start(self) -> None:
        position, scope = len(self._scopes), Scope(current_scope.get())
        self._scopes.append(scope)
        threading.Thread(
            target=self._run, args=(position, scope), name="ocsp-ask", daemon=True
        ).start()

    def _run(self, position: int, scope: Scope) -> None:
        current_scope.set(scope)
        flow = self._effect.flows[position]
        try:
            result = drive(flow, self._transport, self._sleep)
        except BaseException as error:  # it is raised where the race was started
            self._finished.put(_Finish(position, error=error))
        else:
            self._finished.put(_Finish(position, result))
