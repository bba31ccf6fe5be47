"""
Bind the listening sockets of a server.

The servers of this package do not bind themselves: so the caller learns which port was
chosen for port 0, and a port in use is a clear error.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import socket

from ocsp.errors import ConfigError

__all__ = ["base_url", "bind", "bind_balanced"]

BACKLOG = 2048
"""How many connections may wait in the system to be accepted."""


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
        raise ConfigError(where, _reason(error)) from error
    return bound


def _reason(error: OSError) -> str:
    """Return why a socket cannot listen, and what to do about it."""
    reason = error.strerror or str(error)
    advice = _ADVICE.get(error.errno or 0)
    return reason if advice is None else f"{reason}: {advice}"


_ADVICE = {
    errno.EADDRINUSE: "stop the program that listens there, or use another port",
    errno.EADDRNOTAVAIL: "use an address of this machine",
    errno.EACCES: "use a port from 1024 on, or let systemd open the socket",
}
"""What to do about an error of the system."""


def base_url(bound: socket.socket) -> str:
    """Return the URL of the server that listens on *bound*."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
