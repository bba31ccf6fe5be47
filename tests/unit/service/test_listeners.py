"""The listening sockets: shared by workers, refused where in use."""

from __future__ import annotations

import socket
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocsp.errors import ConfigurationError
from ocsp.service.configuration.values import TCPAddress, UnixAddress
from ocsp.service.listeners import (
    IS_BALANCED,
    Listeners,
    open_admin_socket,
    open_listeners,
)
from ocsp.service.time.clock import is_synchronised

ANY = TCPAddress("127.0.0.1", 0)
ANY6 = TCPAddress("::1", 0)


def test_workers_have_sockets_with_one_address() -> None:
    """Of their own on Linux, where the kernel distributes connections."""
    listeners = open_listeners([ANY, ANY6], 3)
    try:
        groups = [listeners.of_worker(number, 3) for number in range(3)]
        ports = {tuple(each.getsockname()[1] for each in group) for group in groups}
        assert len(ports) == 1
        own = {each.fileno() for group in groups for each in group}
        assert len(own) == (6 if IS_BALANCED else 2)
    finally:
        listeners.close()


@given(st.integers(1, 9), st.integers(1, 9))
def test_every_socket_has_a_worker_and_every_worker_a_socket(
    sockets: int, workers: int
) -> None:
    """Also after a reload with another number of workers."""
    group = [socket.socket() for _ in range(sockets)]
    listeners = Listeners({ANY: group})
    served = [listeners.of_worker(number, workers) for number in range(workers)]
    assert {each for some in served for each in some} == set(group)
    assert all(served)
    assert sum(map(len, served)) == max(sockets, workers)
    listeners.close()


@pytest.mark.skipif(not IS_BALANCED, reason="only Linux distributes connections")
def test_the_kernel_gives_connections_to_each_worker() -> None:
    """Of a hundred connections, each of two sockets has some."""
    listeners = open_listeners([ANY], 2)
    (first,), (second,) = (listeners.of_worker(number, 2) for number in (0, 1))
    clients = [socket.create_connection(first.getsockname()) for _ in range(100)]
    try:
        for each in (first, second):
            each.settimeout(5)
            each.accept()[0].close()
    finally:
        for client in clients:
            client.close()
        listeners.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_port_in_use_is_an_error(workers: int) -> None:
    """Also if the other process would share it."""
    taken = open_listeners([ANY], workers)
    (group,) = taken.groups.values()
    address = TCPAddress(*group[0].getsockname())
    try:
        with pytest.raises(ConfigurationError, match="listen: cannot listen on 127"):
            open_listeners([ANY, address], workers)
        again = open_listeners([address], workers, Listeners({address: group}))
        assert again.groups == {address: group}
    finally:
        taken.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Unix sockets here")
def test_the_admin_socket_is_made_and_made_again() -> None:
    """Only the user and the group may connect; a used one is an error."""
    with tempfile.TemporaryDirectory() as folder:
        address = UnixAddress(Path(folder) / "admin.sock")
        with open_admin_socket(address) as bound:
            assert address.path.stat().st_mode & 0o777 == 0o660
            with pytest.raises(ConfigurationError, match="already in use"):
                open_admin_socket(address)
            assert bound.fileno() > 0
        with open_admin_socket(address):
            assert address.path.is_socket()
        address.path.unlink()
        address.path.write_text("not a socket")
        with pytest.raises(ConfigurationError, match="already in use"):
            open_admin_socket(address)
        assert address.path.read_text() == "not a socket"
        gone = UnixAddress(Path(folder) / "gone" / "admin.sock")
        with pytest.raises(ConfigurationError, match="/gone does not exist"):
            open_admin_socket(gone)


def test_the_state_of_the_clock_is_known_on_linux() -> None:
    """The kernel says it to every process."""
    assert (is_synchronised() is None) == (sys.platform != "linux")
