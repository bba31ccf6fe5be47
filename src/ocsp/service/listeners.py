"""
The listening sockets of a responder, which the supervisor opens for its processes.

The supervisor keeps them open: if a process ends, connections wait in the kernel until
the next process accepts them, and a reload refuses no connection. On Linux each worker
has sockets of its own, among which the kernel distributes connections. Elsewhere, and
with sockets from systemd, all workers share the same sockets.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ocsp.errors import ConfigError, ConfigurationError, ConfigurationProblem
from ocsp.guarded.files import why_no_directory
from ocsp.server import bind, bind_balanced
from ocsp.service.configuration.values import TCPAddress, UnixAddress

__all__ = ["Listeners", "open_admin_socket", "open_listeners"]

IS_BALANCED = sys.platform == "linux"
"""Whether the kernel distributes connections among sockets with the same address."""

_UNIX_BACKLOG = 128


class Listeners:
    """
    The public sockets.

    Attributes:
        groups: The sockets of each address, among which the kernel distributes
            connections.
    """

    def __init__(
        self, groups: Mapping[TCPAddress | str, Sequence[socket.socket]]
    ) -> None:
        """Keep the sockets *groups*: one group for each address, or name of systemd."""
        self.groups = dict(groups)

    def of_worker(self, number: int, workers: int) -> list[socket.socket]:
        """
        Return the sockets of the worker *number*, from 0, of so many *workers*.

        Each socket has a worker, and each worker has at least one socket of each group.
        """
        return [
            group[index]
            for group in self.groups.values()
            for index in range(number, len(group), workers) or [number % len(group)]
        ]

    @property
    def first_of_each(self) -> list[socket.socket]:
        """One socket for each address."""
        return [group[0] for group in self.groups.values()]

    def close(self, *, but: Listeners | None = None) -> None:
        """Close all sockets in this process, *but* those that another object has."""
        kept = [] if but is None else list(but.groups.values())
        for group in self.groups.values():
            if group not in kept:
                for each in group:
                    each.close()


def open_listeners(
    addresses: Sequence[TCPAddress], workers: int, before: Listeners | None = None
) -> Listeners:
    """
    Listen on *addresses*, for so many *workers*.

    Args:
        addresses: The addresses.

        workers: How many sockets each address has, where the kernel distributes
            connections among them.

        before: The sockets until now. Those with one of *addresses* are used again.

    Raises:
        ConfigurationError: If an address does not exist, or is in use.
    """
    known = {} if before is None else before.groups
    groups: dict[TCPAddress | str, Sequence[socket.socket]] = {}
    with contextlib.ExitStack() as opened:
        for number, address in enumerate(addresses):
            group = known.get(address)
            if group is None:
                group = _open_group(address, workers, number)
                for each in group:
                    opened.enter_context(each)
            groups[address] = group
        opened.pop_all()
    return Listeners(groups)


def _open_group(address: TCPAddress, workers: int, number: int) -> list[socket.socket]:
    try:
        return _group(address, workers)
    except ConfigError as error:
        reason = f"cannot listen on {error.key}: {error.reason}"
        problem = ConfigurationProblem(("listen", number), reason)
        raise ConfigurationError("", [problem]) from error


def _group(address: TCPAddress, workers: int) -> list[socket.socket]:
    if IS_BALANCED and workers > 1:
        return bind_balanced(address.host, address.port, workers)
    return [bind(address.host, address.port)]


def open_admin_socket(address: TCPAddress | UnixAddress) -> socket.socket:
    """
    Listen on *address* for operators.

    Only the user of the responder and its group can connect to a Unix socket.

    Raises:
        ConfigurationError: If the address does not exist, or is in use.
    """
    try:
        if isinstance(address, TCPAddress):
            return bind(address.host, address.port)
        return _unix_socket(address.path)
    except ConfigError as error:
        reason = f"cannot listen on {error.key}: {error.reason}"
        problem = ConfigurationProblem(("admin", "listen"), reason)
        raise ConfigurationError("", [problem]) from error


def _unix_socket(path: Path) -> socket.socket:
    """
    Return a listening Unix socket.

    A socket file on which no process listens is left from an earlier run, and removed.
    """
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket() and not _is_answered(path):
            path.unlink()
        bound.bind(os.fspath(path))
        path.chmod(0o660)
        bound.listen(_UNIX_BACKLOG)
    except OSError as error:
        bound.close()
        reason = why_no_directory(path) or error.strerror or str(error)
        raise ConfigError(str(path), reason) from error
    return bound


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            return False
    return True
