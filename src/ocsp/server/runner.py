"""
Run the native server: in the foreground, or in a thread.

The parser of HTTP comes with the extra ``server``.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from ocsp.errors import MissingExtraError
from ocsp.server.request_handler import RequestHandler
from ocsp.server.sockets import base_url

if TYPE_CHECKING:
    from ocsp.server.native import NativeServer

Result = TypeVar("Result")

__all__ = ["run_loop", "serve", "serve_in_thread", "tune_garbage_collection"]


def serve(handler: RequestHandler, bound: socket.socket) -> None:
    """
    Serve on *bound* until SIGINT or SIGTERM, then finish the requests in work.

    Args:
        handler: Answers the requests.

        bound: The socket from :func:`ocsp.server.bind`; closed at the end.

    Raises:
        MissingExtraError: If httptools is not installed.
        KeyboardInterrupt: After SIGINT.
    """
    with bound:
        server = _server(handler)
        signals: list[int] = []

        async def main() -> None:
            stop, loop = asyncio.Event(), asyncio.get_running_loop()

            def end(number: int) -> None:
                signals.append(number)
                stop.set()

            for each in (signal.SIGINT, signal.SIGTERM):
                # Windows has none; there, SIGINT raises KeyboardInterrupt.
                with contextlib.suppress(NotImplementedError):
                    loop.add_signal_handler(each, end, each)
            await server.serve([bound], stop, started=tune_garbage_collection)

        run_loop(main())
    if signal.SIGINT in signals:
        raise KeyboardInterrupt


@contextlib.contextmanager
def serve_in_thread(handler: RequestHandler, bound: socket.socket) -> Iterator[str]:
    """
    Serve in a thread while the ``with`` block runs, and yield the URL.

    Args:
        handler: Answers the requests, in that thread.

        bound: The socket from :func:`ocsp.server.bind`; closed at the end.

    Raises:
        MissingExtraError: If httptools is not installed.
    """
    with bound:
        server = _server(handler)
        started: Future[Callable[[], object]] = Future()

        async def main() -> None:
            stop, loop = asyncio.Event(), asyncio.get_running_loop()
            started.set_result(lambda: loop.call_soon_threadsafe(stop.set))
            await server.serve([bound], stop)

        thread = threading.Thread(
            target=lambda: run_loop(main()), name="ocsp-responder"
        )
        thread.start()
        end = started.result()
        try:
            yield base_url(bound)
        finally:
            end()
            thread.join()


def tune_garbage_collection() -> None:
    """
    Collect garbage less often, and do not look at what exists now.

    For a process that does nothing but serve. A request leaves no reference cycles, and
    a collection that looks at all answers in memory takes some 20 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, 50, 50)


_ALLOCATIONS = 50_000
"""Objects that are made until the youngest are looked at: about 50 MiB at most."""


def run_loop(main: Coroutine[Any, Any, Result]) -> Result:
    """Run *main* in a new event loop, of uvloop if that is installed."""
    try:
        import uvloop
    except ModuleNotFoundError:  # it does not exist for Windows
        factory = None
    else:
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def _server(handler: RequestHandler) -> NativeServer:
    try:
        from ocsp.server.native import NativeServer
    except ModuleNotFoundError as error:
        raise MissingExtraError("serving over HTTP", "server") from error
    return NativeServer(handler)
