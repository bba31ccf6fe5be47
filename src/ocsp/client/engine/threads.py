"""
The thread driver: carry out the effects of flows and wait for the results.

The driver takes no decisions. Each flow of a race runs in its own thread. When a race
has a final result, the driver cancels the other threads, which then end themselves.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from ocsp import limits
from ocsp.client.engine.effects import Call, Effect, Flow, Pause, Race, Send
from ocsp.client.transport.cancellation import Scope, current_scope, raise_if_cancelled
from ocsp.client.transport.protocol import Transport

__all__ = ["drive"]

Result = TypeVar("Result")
TransportFactory = Callable[[], Transport]
Sleep = Callable[[float], None]


def drive(flow: Flow[Result], transport: TransportFactory, sleep: Sleep) -> Result:
    """
    Run *flow* and return its result.

    Args:
        flow: The flow to run.

        transport: Returns the transport; called only if the flow sends a request.

        sleep: Waits for a number of seconds.

    Raises:
        OCSPError: Whatever the flow raises.
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
        result: Result = stop.value
        return result
    finally:
        flow.close()


def _do(effect: Effect, transport: TransportFactory, sleep: Sleep) -> Any:
    if isinstance(effect, Send):
        return transport().send(effect.request)
    if isinstance(effect, Call):
        return _call(effect)
    if isinstance(effect, Pause):
        return sleep(effect.seconds)
    return _RaceThreads(effect, transport, sleep).run()


class _Finish(NamedTuple):
    position: int = 0
    result: Any = None
    error: BaseException | None = None


def _call(effect: Call) -> Any:
    """Call the function, in a thread of its own if the time for it is limited."""
    if effect.seconds is None:
        return effect.function()
    finished: SimpleQueue[_Finish] = SimpleQueue()

    def run() -> None:
        try:
            finished.put(_Finish(result=effect.function()))
        except BaseException as error:  # raised in the calling thread
            finished.put(_Finish(error=error))

    threading.Thread(target=run, name="ocsp-call", daemon=True).start()
    try:
        finish = finished.get(timeout=max(effect.seconds, 0))
    except Empty:
        raise TimeoutError("the function has not returned") from None
    if finish.error is not None:
        raise finish.error
    return finish.result


class _RaceThreads:
    """The threads of one race, one for each flow."""

    def __init__(self, effect: Race, transport: TransportFactory, sleep: Sleep) -> None:
        self._effect = effect
        self._transport = transport
        self._sleep = sleep
        self._scopes: list[Scope] = []
        self._finished: SimpleQueue[_Finish] = SimpleQueue()

    def run(self) -> list[Any]:
        """Return the results of the flows that finished, in the order of the flows."""
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
        """Wait for the next flow to finish; return ``None`` after starting another."""
        waiting = len(self._scopes) < len(self._effect.flows)
        if waiting and (len(self._scopes) == finished or not self._effect.delay):
            self._start()
            return None
        delay = min(self._effect.delay, limits.MAX_WAIT_SECONDS)
        with contextlib.suppress(Empty):
            return self._finished.get(timeout=delay if waiting else None)
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
        except BaseException as error:  # run() raises it in the calling thread
            self._finished.put(_Finish(position, error=error))
        else:
            self._finished.put(_Finish(position, result))
