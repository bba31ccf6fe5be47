"""
Running the application under uvicorn: in the foreground, or beside other work.

Rules of this file: the socket is bound here, so that port 0 gives a free one and a
taken one is a clear error. uvicorn belongs to the extra ``server``.
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
"""Connections that wait to be accepted, as many as uvicorn itself has."""

STOP_SECONDS = 3
"""How long requests under way may take to finish when the server stops."""


def bind(host: str, port: int) -> socket.socket:
    """
    Return a socket that listens.

    Args:
        host: The address or name of an interface; ``127.0.0.1`` for this machine only.

        port: The port; 0 for any that is free.

    Raises:
        ConfigError: If there is no such address, or the port is taken.
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
    """Return the URL of what listens on *bound*."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(application: Application, bound: socket.socket) -> None:
    """
    Serve on *bound* until SIGINT or SIGTERM, then finish what is under way.

    Args:
        application: What answers.

        bound: From :func:`listen`; closed at the end.

    Raises:
        MissingExtraError: If uvicorn is not installed.
        KeyboardInterrupt: After SIGINT.
    """
    with bound:
        _server(application).run(sockets=[bound])


@contextlib.contextmanager
def serve_in_thread(application: Application, bound: socket.socket) -> Iterator[str]:
    """
    Serve in a thread while the ``with`` block runs, and give it the URL.

    Args:
        application: What answers.

        bound: From :func:`listen`; closed at the end.

    Raises:
        MissingExtraError: If uvicorn is not installed.
    """
    with bound:
        server = _server(application)
        # Connections wait in the backlog until the server accepts them, so there is
        # nothing to wait for here.
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
    called: Any = (
        application  # uvicorn types scopes as closed dicts, ASGI has them open
    )
    return uvicorn.Server(
        uvicorn.Config(
            called,
            lifespan="on",
            log_config=None,
            access_log=False,  # RFC 9919 §8: who asks about whom is not ours to keep
            date_header=False,  # the HTTP binding has written it
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )
