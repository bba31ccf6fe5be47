"""
Run the application with uvicorn: in the foreground, or in a thread.

This module binds the socket itself: so the caller learns which port was chosen for
port 0, and a port in use is a clear error. uvicorn comes with the extra ``server``.
"""

from __future__ import annotations

import contextlib
import enum
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ocsp.errors import ConfigError, MissingExtraError
from ocsp.server.asgi import Application

if TYPE_CHECKING:
    import uvicorn

__all__ = ["base_url", "bind", "bind_balanced", "serve", "serve_in_thread"]

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
    return _listen(host, port)


def bind_balanced(host: str, port: int, count: int) -> list[socket.socket]:
    """
    Return *count* listening sockets with the same address and port.

    The kernel gives each connection to one of them (``SO_REUSEPORT`` of Linux), so that
    several processes can have one each.

    Args:
        host: The address or name of an interface; ``127.0.0.1`` for this machine only.

        port: The port; 0 for any free port, the same for all sockets.

        count: How many sockets.

    Raises:
        ConfigError: If the address does not exist, or the port is in use.
    """
    with contextlib.ExitStack() as opened:
        # Another process that already listens is an error: so the first socket asks for
        # the port without sharing it, and shares it afterwards.
        first = opened.enter_context(_listen(host, port, _Share.AFTER))
        bound = [first]
        for _ in range(count - 1):
            port = first.getsockname()[1]
            bound.append(opened.enter_context(_listen(host, port, _Share.BEFORE)))
        opened.pop_all()
    return bound


class _Share(enum.Enum):
    """When a socket begins to share its port with other sockets of this user."""

    NEVER = enum.auto()
    BEFORE = enum.auto()
    """Before it is bound: the port may be in use by sockets that share it."""
    AFTER = enum.auto()
    """After it is bound: the port must be free."""


def _listen(host: str, port: int, share: _Share = _Share.NEVER) -> socket.socket:
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
        if family == socket.AF_INET6:
            # So that 0.0.0.0 and :: can have the same port, on every system.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if share is _Share.BEFORE:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
        if share is _Share.AFTER:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
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
