"""
Separate hosts for a test: network namespaces, joined by a switch.

Each host has one address and one cable to the switch, which can be unplugged. What is
started in :meth:`Host.entered` belongs to the host. Nothing of this is in the namespace
of the machine, so its addresses and rules play no part, and two runs do not meet.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Self

__all__ = ["Host", "Network", "NoNamespaces"]

NET = "198.18.0"
"""The begin of all addresses: a network for tests (RFC 2544 §C.2.2), never routed."""

_NAMESPACES = Path("/run/netns")
_OWN_NAMESPACE = Path("/proc/thread-self/ns/net")
_CLONE_NEWNET = 0x4000_0000
_NAME = re.compile("ocsp-([0-9]+)-.*")
"""A namespace of these tests, with the process that made it."""


class NoNamespaces(Exception):
    """Hosts cannot be made here; the text says why."""


class Host:
    """
    A host.

    Attributes:
        name: Its name on the switch.

        address: Its IPv4 address.
    """

    def __init__(self, namespace: str, switch: str, name: str, address: str) -> None:
        """Make the namespace *namespace*, and plug its cable into the switch."""
        self.name = name
        self.address = address
        self._namespace, self._switch = namespace, switch
        _ip("netns", "add", namespace)
        cable = ("type", "veth", "peer", "name", name, "netns", switch)
        _ip("-n", namespace, "link", "add", "dev", "eth0", *cable)
        _ip("-n", namespace, "address", "add", f"{address}/24", "dev", "eth0")
        for each in ("lo", "eth0"):
            _ip("-n", namespace, "link", "set", "dev", each, "up")
        _ip("-n", switch, "link", "set", "dev", name, "master", "switch", "up")

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Let this thread belong to the host, and each thread and process it starts."""
        with contextlib.ExitStack() as stack:
            before = stack.enter_context(_OWN_NAMESPACE.open("rb"))
            there = stack.enter_context((_NAMESPACES / self._namespace).open("rb"))
            _enter(there.fileno())
            stack.callback(_enter, before.fileno())
            yield

    def unplug(self) -> None:
        """Take its link down: what it sends is lost, and nothing arrives."""
        _ip("-n", self._switch, "link", "set", "dev", self.name, "down")

    def plug_in(self) -> None:
        """Bring its link up again."""
        _ip("-n", self._switch, "link", "set", "dev", self.name, "up")

    @contextlib.contextmanager
    def unplugged(self) -> Iterator[None]:
        """Take its link down for the ``with`` block."""
        self.unplug()
        try:
            yield
        finally:
            self.plug_in()


class Network:
    """
    A switch, and the hosts that are joined by it, for a ``with`` block.

    Attributes:
        hosts: The hosts, by name.
    """

    def __init__(self) -> None:
        self._prefix = f"ocsp-{os.getpid()}-"
        self._switch = f"{self._prefix}switch"
        self.hosts: dict[str, Host] = {}

    def __enter__(self) -> Self:
        """
        Make the switch, and the host ``clients``.

        Raises:
            NoNamespaces: If this user or this kernel cannot have it.
        """
        if shutil.which("ip") is None:
            raise NoNamespaces("the program ip is not installed")
        if os.geteuid() != 0:
            raise NoNamespaces("only root makes network namespaces")
        try:
            _remove_leftovers()
            _ip("netns", "add", self._switch)
            bridge = ("type", "bridge", "forward_delay", "0")
            _ip("-n", self._switch, "link", "add", "dev", "switch", *bridge)
            _ip("-n", self._switch, "link", "set", "dev", "switch", "up")
            with self.add("clients").entered():
                pass
        except (OSError, subprocess.CalledProcessError) as error:
            self.close()
            reason = getattr(error, "stderr", None) or str(error)
            raise NoNamespaces(reason.strip()) from error
        return self

    def add(self, name: str) -> Host:
        """Add a host."""
        number = len(self.hosts) + 1
        namespace = self._prefix + name
        host = Host(namespace, self._switch, name, f"{NET}.{number}")
        self.hosts[name] = host
        return host

    def close(self) -> None:
        """Remove the hosts and the switch. Their processes have ended before."""
        for each in _namespaces():
            if each.startswith(self._prefix):
                _ip("netns", "delete", each)

    def __exit__(self, *_: object) -> None:
        self.close()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


def _enter(namespace: int) -> None:
    """Do what ``os.setns`` does, which Python has since 3.12."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _namespaces() -> list[str]:
    found = _NAMESPACES.iterdir() if _NAMESPACES.is_dir() else ()
    return [each.name for each in found]


def _remove_leftovers() -> None:
    """Remove what a run has left that was killed."""
    for each in _namespaces():
        found = _NAME.fullmatch(each)
        if found and (
            int(found[1]) == os.getpid() or not Path("/proc", found[1]).exists()
        ):
            _ip("netns", "delete", each)
