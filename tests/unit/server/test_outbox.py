"""Answers of one turn of the event loop are sent together."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocsp.server.native import outbox
from ocsp.server.native.outbox import Outbox
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

Later = list[Callable[[], None]]


class _Sender:
    """Counts how often it has sent."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.count = 0

    def flush(self) -> None:
        self.count += 1
        if self.error is not None:
            raise self.error


def test_answers_wait_for_the_end_of_the_turn() -> None:
    """All requests that have arrived are read before the first answer is sent."""
    later: Later = []
    shared = Outbox(later.append)
    given = handler()
    clients = [Client(given, outbox=shared) for _ in range(3)]
    for client in clients:
        client.connection.data_received(get(request()))
    assert [client.transport.sent for client in clients] == [b"", b"", b""]
    assert len(later) == 1
    later.pop()()
    for client in clients:
        assert len(bodies(client.transport.sent)) == 1


def test_the_number_that_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer does not wait for a thousand others."""
    monkeypatch.setattr(outbox, "MAX_WAITING", 2)
    later: Later = []
    box = Outbox(later.append)
    senders = [_Sender() for _ in range(3)]
    for sender in senders:
        box.add(sender)
    assert [sender.count for sender in senders] == [1, 1, 0]
    for function in later:
        function()
    assert [sender.count for sender in senders] == [1, 1, 1]


def test_one_that_fails_does_not_keep_the_others() -> None:
    """They are sent in the next turn."""
    later: Later = []
    box = Outbox(later.append)
    broken, sender = _Sender(RuntimeError("broken")), _Sender()
    box.add(broken)
    box.add(sender)
    with pytest.raises(RuntimeError, match="broken"):
        later.pop()()
    later.pop()()
    assert (broken.count, sender.count) == (1, 1)
    assert not later


def test_what_is_ready_is_sent_before_the_connection_ends() -> None:
    """The client ends its direction, or the server stops, in the same turn."""
    for end in ("eof_received", "end_if_idle"):
        client = Client(handler())
        client.connection.data_received(get(request()))
        getattr(client.connection, end)()
        assert len(bodies(client.transport.sent)) == 1
        assert client.transport.is_closed
        client.outbox.send()  # has nothing more to send


def test_nothing_is_sent_to_a_client_that_is_gone() -> None:
    """The transport is closed: it would raise."""
    client = Client(handler())
    client.connection.data_received(get(request()))
    client.transport.is_closed = True
    client.connection.connection_lost(None)
    client.outbox.send()
    assert client.transport.sent == b""


def test_the_answer_is_before_the_permission_to_go_on() -> None:
    """A request that waits for 100 (Continue) follows another one at once."""
    client = Client(handler())
    body = request()
    head = post(body, "Expect: 100-continue\r\n").removesuffix(body)
    client.connection.data_received(get(request()) + head)
    first, _, rest = client.transport.sent.rpartition(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert len(bodies(first)) == 1
    assert rest == b""
    assert len(bodies(client.send(body))) == 1


def test_a_long_refused_request_ends_in_one_direction_only() -> None:
    """Closed at once, the client would get a reset in place of the answer."""
    client = Client(handler())
    client.send(b"POST / HTTP/1.1\r\nContent-Length: 1\r\nX: \0\r\n" + bytes(9000))
    assert [len(body) for body in bodies(client.transport.sent)] == [5]
    assert client.transport.has_ended
    assert not client.transport.is_closed


@given(
    pieces=st.lists(st.integers(1, 400), max_size=12),
    turns=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_the_turns_do_not_change_what_is_sent(
    pieces: list[int], turns: list[bool]
) -> None:
    """Whenever answers are sent, they are the same octets in the same order."""
    data = get(request()) + post(request(REVOKED)) + get(request(REVOKED))
    client = Client(handler())
    for size, ends in zip(pieces, turns, strict=False):
        client.connection.data_received(data[:size])
        data = data[size:]
        if ends:
            client.outbox.send()
    client.connection.data_received(data)
    client.outbox.send()
    found = [status_of(body) for body in bodies(client.transport.sent)]
    assert found == ["GOOD", "REVOKED", "REVOKED"]


def test_the_last_answer_of_a_connection_is_sent_at_once() -> None:
    """The client has no other request in it, and the connection ends with it."""
    client = Client(handler())
    client.connection.data_received(get(request(), "Connection: close\r\n"))
    assert len(bodies(client.transport.sent)) == 1
    assert client.transport.is_closed
