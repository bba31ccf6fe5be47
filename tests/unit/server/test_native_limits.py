"""The limits of a connection: each one is exceeded, and each fitting value is served."""

from __future__ import annotations

import gc

import pytest

import ocsp
from ocsp import limits
from ocsp.server.native.connection import Connection
from ocsp.server.native.request_reader import RequestReader
from tests.unit.server.scene import (
    GOOD,
    MALFORMED,
    Client,
    Clock,
    ask,
    bodies,
    get,
    handler,
    post,
    request,
    status_of,
)

LANDING = b"GET / HTTP/1.1\r\nHost: x\r\n%b\r\n"


@pytest.mark.requirement("R9919-13")
@pytest.mark.parametrize(
    ("limit", "lowered", "fitting", "larger"),
    [
        ("MAX_HTTP_REQUEST_BYTES", len(request()), post(request()), post(request() + b"\0")),
        ("MAX_HTTP_TARGET_BYTES", 200, get(request()), get(request() + bytes(100))),
        ("MAX_HTTP_HEADERS", 3, LANDING % b"A: b\r\nC: d\r\n", LANDING % (b"A: b\r\n" * 3)),
        (
            "MAX_HTTP_MESSAGE_BYTES", 900,
            b"\r\n" * 100 + get(request()), b"\r\n" * 3000 + get(request()),
        ),
        (
            "MAX_HTTP_MESSAGE_BYTES", 900, get(request()),
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1" + b";a=b" * 4000,
        ),
        ("MAX_HTTP_HEAD_BYTES", 600, LANDING % b"A: b\r\n", LANDING % (b"A: %b\r\n" % (b"x" * 600))),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [None, 1, 7])
def test_a_request_above_a_limit_is_malformed(
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    lowered: int,
    fitting: bytes,
    larger: bytes,
    size: int | None,
) -> None:
    """It gets an OCSP error while it is read, and the connection ends."""
    monkeypatch.setattr(limits, limit, lowered)
    client = Client(handler())
    (body,) = bodies(client.send(fitting, size=size))
    assert body != MALFORMED
    assert bodies(client.send(larger, size=size)) == [MALFORMED]
    assert client.is_ended


def test_a_header_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser collects a header, so the limit also counts what is not complete."""
    monkeypatch.setattr(limits, "MAX_HTTP_HEAD_BYTES", 10_000)
    client = Client(handler())
    client.send(b"GET / HTTP/1.1\r\nX: ")
    sent = 0
    while not client.is_ended:
        client.send(b"a" * 1000)
        sent += 1000
    assert sent < 10_000 + 2 * 4096
    assert bodies(client.transport.sent) == [MALFORMED]


def test_a_connection_ends_after_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last answer says so."""
    monkeypatch.setattr(limits, "MAX_CONNECTION_REQUESTS", 2)
    client = Client(handler())
    assert b"Connection: close" not in client.send(post(request()))
    assert b"Connection: close" in client.send(post(request()))
    assert client.is_ended


def test_a_refused_client_may_send_a_little_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So it reads the answer before its system sees the end."""
    monkeypatch.setattr(limits, "MAX_CLOSING_BYTES", 10)
    client = Client(handler())
    assert bodies(client.send(b"\0")) == [MALFORMED]
    client.send(b"0123456789")
    assert not client.transport.is_closed
    client.send(b"!")
    assert client.transport.is_aborted


@pytest.mark.parametrize(
    ("limit", "lowered", "sent", "expected"),
    [
        ("MAX_IDLE_SECONDS", 0, get(request()), []),
        ("MAX_REQUEST_SECONDS", 0, get(request()) + b"GET", [MALFORMED]),
        ("MAX_CLOSING_SECONDS", 0, b"\0", []),
    ],
)
def test_a_deadline_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    lowered: float,
    sent: bytes,
    expected: list[bytes],
) -> None:
    """One sweep ends what is over its deadline."""
    monkeypatch.setattr(limits, limit, lowered)
    client = Client(handler())
    client.send(sent)
    begin = len(client.transport.sent)
    client.connections.sweep()
    assert bodies(client.transport.sent[begin:]) == expected
    assert client.is_ended


def test_a_slow_client_does_not_get_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time counts from the first octet of a request, not from the last."""
    client = Client(handler())
    client.send(b"GET")
    first = client.connection.deadline
    client.send(b" / HTTP/1.1\r\n")
    assert client.connection.deadline == first
    monkeypatch.setattr(limits, "MAX_REQUEST_SECONDS", 20)
    client.send(b"\r\nG")
    assert client.connection.deadline > first


def test_a_slow_client_that_asks_for_another_protocol_does_not_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The body after its head is read by another parser, as part of one request."""
    client = Client(handler())
    data = post(request(), "Upgrade: h2c\r\nConnection: Upgrade\r\n")
    client.send(data[:20])
    first = client.connection.deadline
    monkeypatch.setattr(limits, "MAX_REQUEST_SECONDS", 20)
    client.send(data[20:-1])
    assert client.connection.deadline == first
    assert len(bodies(client.send(data[-1:]))) == 1


def test_a_client_that_does_not_read_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing more is read from it, and after a time the connection ends."""
    monkeypatch.setattr(limits, "MAX_UNREAD_SECONDS", 0)
    client = Client(handler())
    client.connection.pause_writing()
    assert client.transport.is_paused
    assert client.send(get(request())) == b""
    client.connection.resume_writing()
    client.outbox.send()
    assert len(bodies(client.transport.sent)) == 1
    assert not client.transport.is_paused
    client.connection.pause_writing()
    client.connections.sweep()
    assert client.transport.is_aborted


def test_a_request_gets_its_time_after_the_client_has_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server read nothing meanwhile, so the client could not send the rest."""
    client = Client(handler())
    client.send(get(request()) + b"GET /M")
    client.connection.pause_writing()
    monkeypatch.setattr(limits, "MAX_REQUEST_SECONDS", 100)
    before = client.connection.deadline
    client.connection.resume_writing()
    assert client.connection.deadline > before + 80


@pytest.mark.requirement("R9919-13")
def test_the_connection_that_waited_longest_is_shed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """New clients are served, also while others hold all connections."""
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", 2)
    given = handler()
    first = Client(given)
    second = Client(given, first.connections)
    third = Client(given, first.connections)
    assert first.transport.is_aborted
    assert not second.transport.is_closed
    assert status_of(bodies(third.send(get(request(GOOD))))[0]) == "GOOD"
    assert len(first.connections) == 2


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without room nothing is kept, and everything is answered."""
    monkeypatch.setattr(limits, "MAX_RESPONSE_CACHE_BYTES", 0)
    assert len(_bodies_of_two_moments()) == 2
    monkeypatch.setattr(limits, "MAX_RESPONSE_CACHE_BYTES", 1 << 20)
    assert len(_bodies_of_two_moments()) == 1


def _bodies_of_two_moments() -> set[bytes]:
    """Return the answers of one handler to a request that comes again a second later."""
    clock = Clock()
    given, found = handler(clock=clock), set()
    for _ in range(2):
        found.add(ask(get(request()), given).partition(b"\r\n\r\n")[2])
        clock.advance(1)
    return found


def test_limits_are_named(caplog: pytest.LogCaptureFixture) -> None:
    """The log says which limit a client exceeded, and not what it sent."""
    with caplog.at_level("INFO", "ocsp.responder"):
        ask(b"GET /" + b"secret" * 4000)
    (line,) = [
        record.getMessage()
        for record in caplog.records
        if "closed" in record.getMessage()
    ]
    assert "MAX_HTTP_TARGET_BYTES" in line
    assert "secret" not in line
    assert ocsp.limits.MAX_HTTP_TARGET_BYTES < 24_000


def test_a_connection_that_has_ended_leaves_nothing() -> None:
    """Its memory is free at once: a responder seldom lets Python look for cycles."""

    def count() -> int:
        return sum(
            type(each) in {Connection, RequestReader} for each in gc.get_objects()
        )

    served = handler()
    gc.collect()
    gc.disable()
    try:
        before = count()
        for sent in (get(request()), post(request())[:-5], b"X" * 99):
            client = Client(served)
            client.send(sent)
            client.connection.connection_lost(None)
            del client
        assert count() == before
    finally:
        gc.enable()
