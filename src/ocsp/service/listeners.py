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
from collections.abc import Sequence
from pathlib import Path

from ocsp.errors import ConfigError, ConfigurationError, ConfigurationProblem
from ocsp.server import bind, bind_balanced
from ocsp.service.configuration.values import TCPAddress, UnixAddress

__all__ = ["Listeners", "open_admin_socket", "open_listeners"]

IS_BALANCED = sys.platform == "linux"
"""Whether the kernel distributes connections among sockets with the same address."""

_UNIX_BACKLOG = 128


class Listeners:
    """
    The public sockets, for each worker.

    Attributes:
        addresses: The addresses that were asked for.
    """

    def __init__(
        self,
        addresses: Sequence[TCPAddress],
        groups: Sequence[Sequence[socket.socket]],
    ) -> None:
        """
        Keep the sockets *groups*, one group for each address.

        Worker *n* has the *n*-th socket of each group, and starts over where a group is
        shorter.
        """
        self.addresses = tuple(addresses)
        self._groups = groups

    def of_worker(self, number: int) -> list[socket.socket]:
        """Return the sockets of the worker *number*, from 0."""
        return [group[number % len(group)] for group in self._groups]

    @property
    def first_of_each(self) -> list[socket.socket]:
        """One socket for each address."""
        return [group[0] for group in self._groups]

    def close(self) -> None:
        """Close all sockets in this process."""
        for group in self._groups:
            for each in group:
                each.close()


def open_listeners(addresses: Sequence[TCPAddress], workers: int) -> Listeners:
    """
    Listen on *addresses*, for so many *workers*.

    Raises:
        ConfigurationError: If an address does not exist, or is in use.
    """
    with contextlib.ExitStack() as opened:
        groups = []
        for number, address in enumerate(addresses):
            try:
                group = _group(address, workers)
            except ConfigError as error:
                reason = f"cannot listen on {error.key}: {error.reason}"
                problem = ConfigurationProblem(("listen", number), reason)
                raise ConfigurationError("", [problem]) from error
            for each in group:
                opened.enter_context(each)
            groups.append(group)
        opened.pop_all()
    return Listeners(addresses, groups)


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
        raise ConfigError(str(path), error.strerror or str(error)) from error
    return bound


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            return False
    return True
