"""
Run the application with uvicorn: in the foreground, or in a thread.

This module binds the socket itself: so the caller learns which port was chosen for
port 0, and a port in use is a clear error. uvicorn comes with the extra ``server``.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ocsp.errors import ConfigError, MissingExtraError
from ocsp.server.asgi import Application

if TYPE_CHECKING:
    import uvicorn

__all__ = ["base_url", "bind", "serve", "serve_in_thread"]

BACKLOG = 2048
"""How many connections may wait to be accepted; the default of uvicorn."""

STOP_SECONDS = 3
"""How long the server waits for active requests when it stops."""


def bind(host: str, port: int) -> socket.socket:
    """
    Return a listening socket.

    Args:
        host: The address or name of an interface; ``127.0.0.1`` for this machine only.

        port: The port; 0 for any free port.

    Raises:
        ConfigError: If the address does not exist, or the port is in use.
    """
    where = f"{host}:{port}"
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = found[0]
        bound = socket.socket(family, kind, protocol)
    except (OSError, OverflowError, UnicodeError) as error:
        raise ConfigError(where, str(error)) from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise ConfigError(where, error.strerror or str(error)) from error
    return bound


def base_url(bound: socket.socket) -> str:
    """Return the URL of the server that listens on *bound*."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(application: Application, bound: socket.socket) -> None:
    """
    Serve on *bound* until SIGINT or SIGTERM, then finish the active requests.

    Args:
        application: The application that answers.

        bound: The socket from :func:`bind`; closed at the end.

    Raises:
        MissingExtraError: If uvicorn is not installed.
        KeyboardInterrupt: After SIGINT.
    """
    with bound:
        _server(application).run(sockets=[bound])


@contextlib.contextmanager
def serve_in_thread(application: Application, bound: socket.socket) -> Iterator[str]:
    """
    Serve in a thread while the ``with`` block runs, and yield the URL.

    Args:
        application: The application that answers.

        bound: The socket from :func:`bind`; closed at the end.

    Raises:
        MissingExtraError: If uvicorn is not installed.
    """
    with bound:
        server = _server(application)
        # No need to wait until the server is ready: connections wait in the backlog
        # until the server accepts them.
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [bound]}, name="ocsp-responder"
        )
        thread.start()
        try:
            yield base_url(bound)
        finally:
            server.should_exit = True
            thread.join()


def _server(application: Application) -> uvicorn.Server:
    try:
        import uvicorn
    except ModuleNotFoundError as error:
        raise MissingExtraError("serving over HTTP", "server") from error
    # Any: uvicorn types a scope as a TypedDict, this application as any mapping.
    untyped: Any = application
    return uvicorn.Server(
        uvicorn.Config(
            untyped,
            lifespan="on",
            log_config=None,
            # RFC 9919 §8: a log of requests would say who visits which server.
            access_log=False,
            date_header=False,  # ocsp.http has written it
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )
