"""The protocols of systemd, with a socket in its place."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocsp.service.systemd import (
    inherited_sockets,
    notify,
    notify_reloading,
    watchdog_seconds,
    without_systemd,
)

pytestmark = pytest.mark.skipif(
    not hasattr(socket, "AF_UNIX"), reason="this system has no Unix sockets"
)


@pytest.fixture(params=["path", "abstract"])
def manager(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """Listen as the service manager does."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening,
    ):
        if request.param == "abstract":
            if sys.platform != "linux":
                pytest.skip("only Linux has abstract sockets")
            name = f"@ocsp-test-{os.getpid()}"
            listening.bind(f"\0{name[1:]}")
        else:
            name = str(Path(folder) / "notify")
            listening.bind(name)
        listening.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield listening


def test_the_manager_is_told_the_state(manager: socket.socket) -> None:
    """All assignments are in one datagram."""
    notify("READY=1", "STATUS=2 workers")
    assert manager.recv(1000) == b"READY=1\nSTATUS=2 workers"
    notify_reloading()
    first, _, second = manager.recv(1000).decode().partition("\n")
    assert first == "RELOADING=1"
    assert second.removeprefix("MONOTONIC_USEC=").isdigit()


def test_without_a_manager_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable, or a socket that nothing listens on."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nonexistent/notify")
    notify("READY=1")


@pytest.mark.parametrize(
    ("microseconds", "process", "expected"),
    [
        ("30000000", "", 30.0),
        ("30000000", str(os.getpid()), 30.0),
        ("30000000", "1", None),
        ("", "", None),
        ("x", "", None),
    ],
)
def test_the_watchdog_has_a_period(
    microseconds: str,
    process: str,
    expected: float | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only if it is meant for this process."""
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    if process:
        monkeypatch.setenv("WATCHDOG_PID", process)
    assert watchdog_seconds() == expected


_TAKE = """
import os, sys
from ocsp.service.systemd import inherited_sockets
os.dup2(int(sys.argv[2]), 3)
os.environ["LISTEN_PID"] = sys.argv[1] or str(os.getpid())
for name, each in inherited_sockets():
    print(name, each.getsockname()[1], each.get_inheritable())
"""


def _taken(pid: str) -> str:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        done = subprocess.run(
            [sys.executable, "-c", _TAKE, pid, str(bound.fileno())],
            env=os.environ | {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "http"},
            pass_fds=[bound.fileno()],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.replace(str(bound.getsockname()[1]), "PORT")


def test_sockets_of_systemd_are_taken_with_their_names() -> None:
    """And not passed on by accident."""
    assert _taken("") == "http PORT False\n"


def test_sockets_for_another_process_are_left_alone() -> None:
    """LISTEN_PID names the process that they are for."""
    assert _taken("1") == ""


def test_children_get_nothing_that_is_meant_for_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker must not notify, or take the sockets again."""
    monkeypatch.setenv("NOTIFY_SOCKET", "x")
    monkeypatch.setenv("LISTEN_FDS", "1")
    assert not {"NOTIFY_SOCKET", "LISTEN_FDS"} & set(without_systemd())
    assert list(inherited_sockets()) == []
