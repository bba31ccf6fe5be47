"""
The protocols of systemd: tell it the state of the service, and take sockets from it.

Both are a few lines of the standard library; see sd_notify(3) and sd_listen_fds(3).
Without systemd, the functions do nothing.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator

__all__ = [
    "inherited_sockets",
    "notify",
    "notify_reloading",
    "watchdog_seconds",
    "without_systemd",
]

_FIRST_DESCRIPTOR = 3

_VARIABLES = (
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
)


def without_systemd() -> dict[str, str]:
    """Return the environment of this process without what is meant for it alone."""
    return {name: value for name, value in os.environ.items() if name not in _VARIABLES}


def notify(*assignments: str) -> None:
    """
    Send *assignments*, such as ``READY=1``, to the service manager.

    An error is ignored: the service works without the service manager.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address or not hasattr(socket, "AF_UNIX"):
        return
    if address.startswith("@"):  # a name in the abstract namespace of Linux
        address = f"\0{address[1:]}"
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel,
    ):
        channel.connect(address)
        channel.send("\n".join(assignments).encode())


def notify_reloading() -> None:
    """Tell the service manager that a reload begins (``Type=notify-reload``)."""
    now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notify("RELOADING=1", f"MONOTONIC_USEC={now}")


def watchdog_seconds() -> float | None:
    """Return within which time the service manager expects a sign of life, if any."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    process = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isascii() or not microseconds.isdigit():
        return None
    return int(microseconds) / 1e6 if process == str(os.getpid()) else None


def inherited_sockets() -> Iterator[tuple[str, socket.socket]]:
    """Return each listening socket that systemd opened, after its name."""
    count = os.environ.get("LISTEN_FDS", "")
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdigit():
        return
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    for number in range(int(count)):
        descriptor = _FIRST_DESCRIPTOR + number
        os.set_inheritable(descriptor, False)
        name = names[number] if number < len(names) else ""
        yield name, socket.socket(fileno=descriptor)
