"""How connections end when the server stops, or when clients do not read."""

from __future__ import annotations

import pytest

from ocsp import limits
from ocsp.metrics.table import SHED
from tests.unit.server.scene import (
    Client,
    handler,
    post,
    request,
)


@pytest.fixture(name="client")
def _client() -> Client:
    """Return a client that does not read the answer that it got."""
    client = Client(handler())
    client.send(post(request()))
    client.transport.sent = b""
    client.connection.pause_writing()
    return client


def test_a_client_that_never_reads_does_not_keep_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is left for it is dropped in time, however the connection came to its end."""
    monkeypatch.setattr(limits, "MAX_UNREAD_SECONDS", 0)
    for headers, end in (
        ("", "eof_received"),
        ("", "drain"),
        ("Connection: close\r\n", ""),
    ):
        client = Client(handler())
        client.send(post(request(), headers))
        if end:
            getattr(client.connection, end)()
        assert client.transport.is_closed
        assert not client.transport.is_aborted
        client.connections.sweep()
        assert client.transport.is_aborted


def test_an_idle_connection_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its client has not read the last answer yet, so that it does not end at once."""
    monkeypatch.setattr(limits, "MAX_IDLE_SECONDS", 0)
    given = handler()
    client = Client(given)
    client.send(post(request()))
    client.connections.sweep()
    assert client.transport.is_closed
    client.connections.sweep()
    assert not client.transport.is_aborted
    assert given.metrics.counter(SHED, "idle").value == 1


def test_a_client_may_read_the_last_answers_slowly(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    """It has the time of each client that does not read, and then that to close."""
    monkeypatch.setattr(limits, "MAX_CLOSING_SECONDS", 0)
    client.connection.resume_writing()
    write = client.transport.write

    def fill(data: bytes) -> None:
        write(data)
        client.connection.pause_writing()

    client.transport.write = fill  # type: ignore[method-assign]
    client.send(b"\0")
    client.connections.sweep()
    assert not client.transport.is_aborted
    client.connection.resume_writing()
    client.connections.sweep()
    assert client.transport.is_aborted


def test_the_end_of_a_client_is_noticed_before_it_has_read(client: Client) -> None:
    """A connection that ends does not wait for the answers to be read."""
    client.connection.resume_writing()
    client.send(b"\0")
    client.connection.pause_writing()
    client.end()
    assert client.transport.is_closed
