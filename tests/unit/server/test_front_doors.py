"""One table of requests over both front doors: the answers are the same, and right."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives import hashes
from starlette.applications import Starlette
from starlette.routing import Mount

from ocsp import limits
from ocsp.http import get_url
from ocsp.server import Application, RequestHandler
from tests.unit.server.scene import (
    GOOD,
    MALFORMED,
    NEVER,
    REVOKED,
    UNAUTHORIZED,
    Client,
    Clock,
    handler,
    request,
    status_of,
)

Headers = list[tuple[str, str]]


class Received(NamedTuple):
    """What a client received."""

    status: int
    headers: dict[str, str]
    body: bytes


def _native(
    given: RequestHandler, method: str, target: str, headers: Headers, body: bytes
) -> Received:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    if body:
        lines += f"Content-Length: {len(body)}\r\n"
    head = f"{method} {target} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()
    sent = Client(given).send(head + body)
    start, _, rest = sent.partition(b"\r\n\r\n")
    status, *fields = start.decode().split("\r\n")
    found = dict(line.lower().split(": ", 1) for line in fields)
    return Received(int(status.split()[1]), found, rest)


def _asgi(
    given: RequestHandler, method: str, target: str, headers: Headers, body: bytes
) -> Received:
    return _call(Application(given), method, target, headers, body)


def _call(
    application: Any, method: str, target: str, headers: Headers, body: bytes
) -> Received:
    path, _, query = target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
        "method": method, "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(application(scope, receive, send))
    found = {
        name.decode(): value.decode().lower() for name, value in sent[0]["headers"]
    }
    return Received(sent[0]["status"], found, sent[1]["body"])


DOORS: dict[str, Callable[..., Received]] = {"native": _native, "asgi": _asgi}
LETTERS = base64.b64encode(request()).decode()


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "status", "expected"),
    [
        ("GET", get_url("", request()), [], b"", 200, "GOOD"),
        ("GET", "/" + LETTERS, [], b"", 200, "GOOD"),
        ("GET", "//" + LETTERS.rstrip("="), [], b"", 200, "GOOD"),
        ("GET", "/pki/ocsp/" + LETTERS + "?x=y", [], b"", 200, "GOOD"),
        ("GET", get_url("", request(REVOKED)), [], b"", 200, "REVOKED"),
        ("GET", get_url("", request(NEVER)), [], b"", 200, UNAUTHORIZED),
        ("GET", "/%zz%00" + LETTERS, [], b"", 200, MALFORMED),
        ("GET", "/favicon.ico", [], b"", 200, MALFORMED),
        ("GET", "/", [], b"", 200, None),
        ("HEAD", "/", [], b"", 200, b""),
        ("HEAD", get_url("", request()), [], b"", 200, b""),
        ("HEAD", "/" + "M" * 20_000, [], b"", 200, b""),
        ("POST", "/", [], request(), 200, "GOOD"),
        ("POST", "/any/path", [], request(algorithm=hashes.SHA1()), 200, "GOOD"),
        ("POST", "/", [("Content-Type", "text/html")], request(), 200, "GOOD"),
        ("POST", "/", [], b"", 200, MALFORMED),
        ("POST", "/", [], LETTERS.encode(), 200, MALFORMED),
        ("POST", get_url("", request()), [], b"", 200, MALFORMED),
        ("PUT", "/", [], request(), 405, b""),
        ("OPTIONS", "/", [], b"", 405, b""),
        ("DELETE", get_url("", request()), [], b"", 405, b""),
        ("GET", get_url("", request()), [("If-None-Match", "*")], b"", 304, b""),
        ("GET", get_url("", request()), [("If-None-Match", '"x"')], b"", 200, "GOOD"),
        ("HEAD", get_url("", request()), [("If-None-Match", "*")], b"", 304, b""),
        ("POST", "/", [("If-None-Match", "*")], request(), 200, "GOOD"),
        ("PUT", "/", [("If-None-Match", "*")], b"", 405, b""),
    ],
)  # fmt: skip
def test_both_front_doors_give_the_same_answer(
    method: str,
    target: str,
    headers: Headers,
    body: bytes,
    status: int,
    expected: str | bytes | None,
) -> None:
    """Twice each: the second time from memory, where that is allowed."""
    given = handler()
    received = [
        door(given, method, target, headers, body)
        for door in (_native, _asgi, _asgi, _native)
    ]
    for each in received:
        assert each.status == status
        if isinstance(expected, str):
            assert status_of(each.body) == expected
        elif expected is not None:
            assert each.body == expected
        found = {name: v.lower() for name, v in each.headers.items()}
        first = {name: v.lower() for name, v in received[0].headers.items()}
        assert found | {"connection": ""} == first | {"connection": ""}
        assert each.body == received[0].body


@pytest.mark.parametrize("door", DOORS)
def test_errors_and_nonces_are_not_cacheable(door: str) -> None:
    """RFC 9919 §7.2: they carry no-store, and no validator."""
    clock = Clock()
    given = handler(clock=clock)
    nonce = request(nonce=bytes(range(32)))
    for body in (b"garbage", request(NEVER), nonce):
        received = DOORS[door](given, "POST", "/", [], body)
        assert received.headers["cache-control"] == "no-store"
        assert "etag" not in received.headers
    first = DOORS[door](given, "POST", "/", [], nonce).body
    clock.advance(1)
    assert DOORS[door](given, "POST", "/", [], nonce).body != first


@pytest.mark.parametrize("door", DOORS)
def test_the_tag_stays_until_the_answer_changes(door: str) -> None:
    """By GET and by POST, and with its tag a client gets 304."""
    given = handler()
    target = get_url("", request(GOOD))
    first = DOORS[door](given, "GET", target, [], b"")
    other = DOORS[door](given, "POST", "/", [], request(GOOD))
    assert first.headers["etag"] == other.headers["etag"]
    known = [("If-None-Match", f'"other", W/{first.headers["etag"]}')]
    assert DOORS[door](given, "GET", target, known, b"").status == 304


@pytest.mark.parametrize("door", DOORS)
def test_a_target_or_body_above_its_limit_is_malformed(
    monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    """Both front doors have the same limits."""
    monkeypatch.setattr(limits, "MAX_HTTP_TARGET_BYTES", 50)
    monkeypatch.setattr(limits, "MAX_HTTP_REQUEST_BYTES", 50)
    given = handler()
    for method, target, body in (
        ("GET", get_url("", request()), b""),
        ("POST", "/", request()),
    ):
        received = DOORS[door](given, method, target, [], body)
        assert (received.status, received.body) == (200, MALFORMED)
        assert received.headers["connection"] == "close"


def test_starlette_mounts_the_application_below_a_path() -> None:
    """The raw path stays as the client sent it."""
    app = Starlette(routes=[Mount("/ocsp", Application(handler()))])
    for target in (get_url("/ocsp", request()), "/ocsp//" + LETTERS):
        received = _call(app, "GET", target, [], b"")
        assert status_of(received.body) == "GOOD"
    assert status_of(_call(app, "POST", "/ocsp/", [], request()).body) == "GOOD"
