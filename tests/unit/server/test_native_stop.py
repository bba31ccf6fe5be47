"""How connections end when the server stops, or when clients do not read."""

from __future__ import annotations

import pytest

from ocsp import limits
from ocsp.metrics.table import SHED
from tests.unit.server.scene import (
    REVOKED,
    Client,
    bodies,
    get,
    handler,
    post,
    request,
    status_of,
)

CLOSE = b"\r\nConnection: close\r\n"
THREE = get(request()) + post(request(REVOKED)) + post(b"\x30\x00")
ANSWERS = ["GOOD", "REVOKED", "MALFORMED_REQUEST"]


@pytest.fixture(name="client")
def _client() -> Client:
    """Return a client that does not read the answer that it got."""
    client = Client(handler())
    client.send(post(request()))
    client.transport.sent = b""
    client.connection.pause_writing()
    return client


def _stop(client: Client) -> None:
    """Let the server stop."""
    client.connections.drain()
    client.connections.end_idle()


def _read(client: Client) -> list[str]:
    """Let *client* read, and return the answers that it gets then."""
    begin = len(client.transport.sent)
    client.connection.resume_writing()
    client.outbox.send()
    return [status_of(each) for each in bodies(client.transport.sent[begin:])]


@pytest.mark.parametrize("rest", [b"", b"\r\n"])
@pytest.mark.parametrize("count", [1, 20])
def test_what_arrived_before_the_stop_is_answered(
    client: Client, count: int, rest: bytes
) -> None:
    """Though the client read no answer then. The last one says that it is the last."""
    assert client.send(THREE * count + rest) == b""
    _stop(client)
    assert not client.is_ended
    assert _read(client) == ANSWERS * count
    *_, last = client.transport.sent.rpartition(b"HTTP/1.1 200 OK")
    assert CLOSE in last
    assert client.transport.sent.count(CLOSE) == 1
    assert client.transport.has_ended
    assert not client.transport.is_closed  # that could make its system drop answers


def test_a_request_that_is_not_complete_at_the_stop_is_answered(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    """When the rest arrives; what follows was sent after the stop."""
    monkeypatch.setattr(limits, "MAX_CLOSING_SECONDS", 0)
    client.send(THREE + THREE[:50])
    _stop(client)
    assert _read(client) == ANSWERS
    client.connections.sweep()
    assert not client.transport.is_paused
    (last,) = bodies(client.send(THREE[50:] + THREE))
    assert status_of(last) == "GOOD"
    assert client.transport.sent.count(CLOSE) == 1
    assert client.is_ended


def test_a_client_that_read_late_may_have_sent_a_request(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    """The system of the server has it. Without one, the connection ends soon."""
    _stop(client)
    assert _read(client) == []
    assert not client.is_ended
    assert CLOSE in client.send(THREE)
    assert client.transport.has_ended
    second = Client(handler())
    second.send(THREE)
    second.connection.pause_writing()
    _stop(second)
    monkeypatch.setattr(limits, "MAX_CLOSING_SECONDS", 0)
    assert _read(second) == []
    second.connections.sweep()
    assert second.transport.is_closed


def test_a_client_that_never_reads_does_not_keep_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is left for it is dropped in time, however the connection came to its end."""
    monkeypatch.setattr(limits, "MAX_UNREAD_SECONDS", 0)
    for headers, end in (
        ("", "eof_received"),
        ("", "end_if_idle"),
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
