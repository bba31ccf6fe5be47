"""The endpoints for programs, and who may use the admin port."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import socket
import threading
import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ocsp import limits
from ocsp.admin import Check, Level, application, serve
from ocsp.admin.access import COOKIE, SESSION_SECONDS, Access
from ocsp.admin.gate import OPEN_PATHS, Gate
from ocsp.admin.readiness import CheckResult, Readiness
from ocsp.errors import ConfigError, SourceUnavailable
from ocsp.metrics import Metrics, Totals
from tests.admin_example import (
    TOKEN,
    ExampleState,
    example_checks,
    example_state,
    example_totals,
    served,
)

PAGES = (
    "/",
    "/issuers/issuing-1",
    "/signers/ocsp-2026",
    "/certificates",
    "/certificates?issuer=issuing-1&serial=7982",
    "/inspector",
    "/log",
)


class Client:
    """A client of an application, without a server; it keeps cookies."""

    def __init__(self, gate: Gate) -> None:
        self._transport = httpx.ASGITransport(gate)
        self._cookies = httpx.Cookies()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request; redirects are not followed."""

        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport,
                base_url="http://localhost:9080",
                cookies=self._cookies,
            ) as client:
                response = await client.request(method, path, **options)
                self._cookies = client.cookies
                return response

        return asyncio.run(send())

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Send a GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """Send a POST."""
        return self.request("POST", path, **options)


@pytest.fixture(name="open_client")
def _open_client() -> Client:
    return Client(application(example_state(), example_totals(), example_checks))


@pytest.fixture(name="client")
def _token_client() -> Client:
    return Client(
        application(example_state(), example_totals(), example_checks, token=TOKEN)
    )


BEARER = {"authorization": f"Bearer {TOKEN}"}


# --- programs --------------------------------------------------------------------------


def test_live_says_that_the_process_runs(open_client: Client) -> None:
    """It asks nothing else."""
    response = open_client.get("/live")
    assert (response.status_code, response.text) == (200, "live\n")


def test_ready_names_each_check_and_its_level(open_client: Client) -> None:
    """A degraded responder is ready: clients get answers."""
    response = open_client.get("/ready")
    document = response.json()
    assert response.status_code == 200
    assert (document["ready"], document["level"]) == (True, "degraded")
    assert {each["name"]: each["level"] for each in document["checks"]} == {
        "source": "ok",
        "signer ocsp-2026": "ok",
        "freshness": "degraded",
        "clock": "ok",
    }
    assert "overdue" in document["checks"][2]["why"]
    assert document["checks"][0]["since"].endswith("Z")


@pytest.mark.parametrize(
    "error", [SourceUnavailable("status.db was deleted"), ZeroDivisionError("bug")]
)
def test_a_failed_check_makes_the_responder_not_ready(error: Exception) -> None:
    """Also if the check itself has an error."""

    def fail() -> tuple[Level, str]:
        raise error

    client = Client(
        application(
            example_state(), Totals(), lambda: [Check(name="source", test=fail)]
        )
    )
    response = client.get("/ready")
    assert response.status_code == 503
    assert str(error) in response.json()["checks"][0]["why"]


def test_metrics_are_in_the_format_of_prometheus() -> None:
    """With the gauges about signers and stores of the present state."""
    totals = example_totals()
    failing = Check(
        name="source partner", test=lambda: (Level.FAILED, "the CRL has ended")
    )
    metrics = Metrics(
        totals.add,
        process="updater",
        signers={b"1": "ocsp-2026", b"2": "ocsp-2027"},
        stores=["status"],
        issuers={each.key: each.name for each in example_state().issuers()},
    )
    client = Client(
        application(example_state(), totals, lambda: [failing], metrics=metrics)
    )
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {
        each.name: each for each in text_string_to_metric_families(response.text)
    }
    left = {
        each.labels["signer"]: each.value
        for each in families["ocsp_signer_left_seconds"].samples
    }
    assert left["ocsp-2026"] == pytest.approx(9 * 86400, abs=9000)
    assert [each.value for each in families["ocsp_store_up"].samples] == [1]
    sources = {
        each.labels["issuer"]: each.value for each in families["ocsp_source_up"].samples
    }
    assert sources == {"issuing-1": 1, "partner": 0}
    assert families["ocsp_responses"].samples[0].value > 0


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_html_with_protection(open_client: Client, path: str) -> None:
    """No script, no foreign content, no frame, and no copy in a cache."""
    response = open_client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "unsafe" not in response.headers["content-security-policy"]
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "<script" not in response.text
    assert " style=" not in response.text


def test_head_has_no_body(open_client: Client) -> None:
    """As for any GET."""
    assert open_client.request("HEAD", "/").content == b""


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/issuers/nothing", 404),
        ("GET", "/signers/nothing", 404),
        ("GET", "/static/../pages/endpoints.py", 404),
        ("GET", "/static/%2e%2e/endpoints.py", 404),
        ("POST", "/", 405),
        ("POST", "/certificates", 405),
        ("GET", "/logout", 405),
        ("PUT", "/", 405),
        ("DELETE", "/certificates?issuer=issuing-1&serial=1", 405),
    ],
)
def test_other_requests_are_refused(
    open_client: Client, method: str, path: str, code: int
) -> None:
    """The reply says so, with the same headers."""
    response = open_client.request(method, path)
    assert response.status_code == code
    assert "content-security-policy" in response.headers
    assert (code != 405) or "allow" in response.headers


def test_a_database_that_cannot_be_read_is_said(open_client: Client) -> None:
    """The page has the reason and the code 503."""
    state = ExampleState(failure="status.db was deleted")
    response = Client(application(state, Totals())).get("/")
    assert response.status_code == 503
    assert "status.db was deleted" in response.text


# --- who may use it --------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:9080",
        "127.0.0.1",
        "[::1]:9080",
        "192.0.2.7:80",
        "ocsp.example",
    ],
)
def test_known_hosts_are_served(host: str) -> None:
    """An IP address cannot be rebound, so all are known."""
    gate = application(example_state(), Totals(), allowed_hosts=["OCSP.example"])
    assert Client(gate).get("/live", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "attacker.example", "localhost.attacker.example", "127.0.0.1.attacker.example",
        "127.1", "0x7f000001", "", "localhost:80:80", "[::1", "[::1]x", "[::1]:x", "localhost@x", "[]",
        "ocsp.example.", "xn--localhost", "localhost/x",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "path", ["/live", "/ready", "/metrics", "/", "/static/style.css", "/nothing"]
)
def test_other_hosts_are_refused(host: str, path: str) -> None:
    """DNS rebinding: the page of an attacker has the name of the attacker as Host."""
    gate = application(example_state(), Totals(), allowed_hosts=["ocsp.example"])
    response = Client(gate).get(path, headers={"host": host})
    assert response.status_code == 421
    assert "issuing" not in response.text


def test_two_hosts_are_refused(open_client: Client) -> None:
    """A proxy and the server could read different ones."""
    response = open_client.get(
        "/live", headers=[("host", "localhost"), ("host", "localhost")]
    )
    assert response.status_code == 421


@pytest.mark.parametrize("path", [*PAGES, "/ready", "/metrics", "/nothing", "/logout"])
def test_without_the_token_nothing_is_shown(client: Client, path: str) -> None:
    """A browser is sent to the login, a program gets 401."""
    browser = client.get(path, headers={"accept": "text/html"})
    assert (browser.status_code, browser.headers["location"]) == (303, "/login")
    program = client.get(path)
    assert (program.status_code, program.headers["www-authenticate"]) == (
        401,
        'Bearer realm="ocsp"',
    )
    assert "issuing-1" not in browser.text + program.text


@pytest.mark.parametrize("path", sorted(OPEN_PATHS))
def test_what_needs_no_token_shows_nothing(client: Client, path: str) -> None:
    """Liveness, the form for the token, and the files for its look."""
    response = client.get(path)
    assert response.status_code == 200
    assert "issuing-1" not in response.text


@pytest.mark.parametrize("path", [*PAGES, "/ready", "/metrics"])
def test_the_token_opens_everything(client: Client, path: str) -> None:
    """As a bearer token."""
    assert client.get(path, headers=BEARER).status_code == 200


@pytest.mark.parametrize(
    "value",
    [
        "", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}",
        TOKEN, f"Bearer {TOKEN.upper()}", "Bearer é", f"Bearer {TOKEN} {TOKEN}",
    ],
)  # fmt: skip
def test_wrong_credentials_open_nothing(client: Client, value: str) -> None:
    """Whatever their form."""
    headers = {"authorization": value.encode("latin-1")}
    assert client.get("/metrics", headers=headers).status_code == 401


def test_a_login_starts_a_session(client: Client) -> None:
    """The cookie is for this server and its own pages only; logging out ends it."""
    wrong = client.post("/login", data={"token": "wrong"})
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (403, False)
    response = client.post("/login", data={"token": TOKEN})
    assert (response.status_code, response.headers["location"]) == (303, "/")
    cookie = response.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    assert client.get("/").status_code == 200
    assert client.post("/logout").headers["location"] == "/login"
    assert client.get("/metrics").status_code == 401


@pytest.mark.parametrize(
    "change", ["", ".", "9999999999.0", "x.y", "²." + "0" * 64, "9" * 5000 + ".x"]
)
def test_a_forged_session_opens_nothing(client: Client, change: str) -> None:
    """Only the server can make one."""
    headers = {"cookie": f"{COOKIE}={change}".encode()}
    assert client.get("/metrics", headers=headers).status_code == 401


@given(st.text(), st.text())
def test_only_the_token_is_the_token(token: str, text: str) -> None:
    """For all texts."""
    if len(token) >= 20:
        access = Access(token=token)
        assert access.is_token(token)
        assert access.is_token(text) == (text == token)


def test_a_session_ends() -> None:
    """After half a day, and with the process."""
    now = [1000.0]
    access = Access(token=TOKEN, clock=lambda: now[0])
    session = access.new_session()
    assert access._is_session(session)
    assert not Access(token=TOKEN, clock=lambda: now[0])._is_session(session)
    now[0] += SESSION_SECONDS + 1
    assert not access._is_session(session)


def test_another_token_ends_sessions() -> None:
    """The same one, read again, does not; one that is too short changes nothing."""
    access = Access(token=TOKEN)
    session = access.new_session()
    access.use_token(TOKEN)
    with pytest.raises(ConfigError):
        access.use_token("short")
    assert access.is_token(TOKEN)
    assert access._is_session(session)
    access.use_token(TOKEN[::-1])
    assert access.is_token(TOKEN[::-1])
    assert not access.is_token(TOKEN)
    assert not access._is_session(session)


def test_a_short_token_is_refused() -> None:
    """It could be guessed."""
    with pytest.raises(ConfigError, match="has 5 characters"):
        application(example_state(), Totals(), token="short")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://attacker.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/login", "/logout", "/inspector"])
def test_a_form_of_another_page_is_refused(
    open_client: Client, path: str, headers: dict[str, str]
) -> None:
    """Cross-site request forgery."""
    assert (
        open_client.post(path, data={"message": "x"}, headers=headers).status_code
        == 403
    )


def test_without_a_token_there_is_no_login(open_client: Client) -> None:
    """The page leads to the overview."""
    assert open_client.get("/login").headers["location"] == "/"


# --- sizes and times -------------------------------------------------------------------


def test_a_large_form_is_refused(
    open_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it is read to its end."""
    monkeypatch.setattr(limits, "MAX_ADMIN_BODY_BYTES", 100)
    assert open_client.post("/inspector", data={"message": "a" * 80}).status_code == 422
    response = open_client.post("/inspector", data={"message": "a" * 100})
    assert (response.status_code, "100 octets" in response.text) == (413, True)


@pytest.mark.parametrize("body", ["&".join(["a=b"] * 9), "message=é"])
def test_an_odd_form_is_refused(open_client: Client, body: str) -> None:
    """It has too many fields, or is not encoded."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    response = open_client.post("/inspector", content=body.encode(), headers=headers)
    assert response.status_code == 400


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/plain", ""])
def test_a_form_of_another_type_is_refused(open_client: Client, kind: str) -> None:
    """Only the type of the pages' own forms is read."""
    response = open_client.post(
        "/inspector", content=b"message=x", headers={"content-type": kind}
    )
    assert response.status_code == 415


def _exchange(address: str, data: bytes) -> bytes:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(data)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_a_large_head_is_refused(monkeypatch: pytest.MonkeyPatch, end: bytes) -> None:
    """With 400, also if it arrives complete; a smaller one is read."""
    monkeypatch.setattr(limits, "MAX_ADMIN_HEAD_BYTES", 1000)
    with served(application(example_state(), Totals())) as url:
        head = b"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: "
        assert _exchange(url, head + b"a" * 500 + b"\r\n\r\n").endswith(b"live\n")
        received = b""
        with contextlib.suppress(ConnectionError):  # it can be reset
            received = _exchange(url, head + b"a" * 70_000 + end)
        assert not received or received.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "before", [b"", b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n"]
)
def test_a_body_in_chunks_is_refused(before: bytes) -> None:
    """Before any chunk is read: a million chunks of one octet take seconds to read."""
    head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    with served(application(example_state(), Totals())) as url:
        received = _exchange(url, before + head + b"\r\n")
        answers = received.count(b"HTTP/1.1 ")
        assert answers == (2 if before else 1)
        assert b"HTTP/1.1 400" in received


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n",
        b"POST /inspector HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nmes",
    ],
)
def test_a_slow_client_is_closed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """However it is slow."""
    monkeypatch.setattr(limits, "MAX_ADMIN_CONNECTION_SECONDS", 0.2)
    with served(application(example_state(), Totals())) as url:
        begin = time.monotonic()
        received = b""
        with contextlib.suppress(ConnectionError):  # it can be reset
            received = _exchange(url, data)
        assert time.monotonic() - begin < 5
        assert received == b"" or received.startswith(b"HTTP/1.1 408")


def test_the_oldest_connection_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that idle connections cannot close the port for others."""
    monkeypatch.setattr(limits, "MAX_ADMIN_CONNECTIONS", 3)
    with served(application(example_state(), Totals())) as url:
        host, port = url.removeprefix("http://").split(":")
        idle = [
            socket.create_connection((host, int(port)), timeout=10) for _ in range(10)
        ]
        assert httpx.get(f"{url}/live").status_code == 200
        with contextlib.suppress(ConnectionError):  # it can be reset
            assert idle[0].recv(1) == b""
        for each in idle:
            each.close()


def test_an_open_port_needs_a_token() -> None:
    """Other machines could read everything."""
    with (
        socket.create_server(("0.0.0.0", 0)) as bound,
        pytest.raises(ConfigError, match="token"),
    ):
        asyncio.run(
            serve(application(example_state(), Totals()), [bound], asyncio.Event())
        )


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no Unix sockets")
def test_a_unix_socket_needs_no_token(tmp_path: object) -> None:
    """The rights of the file protect it."""

    async def ask() -> bytes:
        path = f"{tmp_path}/admin.sock"
        bound = socket.socket(socket.AF_UNIX)
        bound.bind(path)
        bound.listen()
        stop = asyncio.Event()
        running = asyncio.create_task(
            serve(application(example_state(), Totals()), [bound], stop)
        )
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(
            b"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        received = await reader.read()
        writer.close()
        stop.set()
        await running
        return received

    assert asyncio.run(ask()).endswith(b"live\n")


# --- checks ----------------------------------------------------------------------------

NOON = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)


def test_a_result_is_kept_and_its_begin_too() -> None:
    """The check runs again when it is due; *since* changes with the level only."""
    now, calls, level = [0.0], [0], [Level.OK]

    def test() -> tuple[Level, str]:
        calls[0] += 1
        return level[0], ""

    checks = [Check(name="signer", test=test, every=30.0)]
    readiness = Readiness(
        lambda: checks,
        clock=lambda: now[0],
        now=lambda: NOON + datetime.timedelta(seconds=now[0]),
    )

    async def ask() -> CheckResult:
        (result,) = await readiness.results()
        return result

    first = asyncio.run(ask())
    now[0] = 29
    assert asyncio.run(ask()) is first
    now[0] = 31
    assert asyncio.run(ask()).since == NOON
    assert calls == [2]
    now[0], level[0] = 62, Level.FAILED
    assert asyncio.run(ask()).since == NOON + datetime.timedelta(seconds=62)


@pytest.mark.parametrize("late", [Level.FAILED, Level.DEGRADED])
def test_a_check_that_hangs(monkeypatch: pytest.MonkeyPatch, late: Level) -> None:
    """It is not started again while it hangs, and is well when it has ended."""
    monkeypatch.setattr(limits, "MAX_CHECK_SECONDS", 0.05)
    release, started = threading.Event(), [0]

    def hang() -> tuple[Level, str]:
        started[0] += 1
        release.wait(10)
        return Level.OK, ""

    checks = [Check(name="signer", test=hang, every=0.0, late=late)]
    readiness = Readiness(lambda: checks)

    async def ask() -> CheckResult:
        (result,) = await readiness.results()
        return result

    for _ in range(3):
        result = asyncio.run(ask())
        assert (result.level, "no result for" in result.why) == (late, True)
    assert started == [1]
    release.set()
    monkeypatch.setattr(limits, "MAX_CHECK_SECONDS", 5.0)
    assert asyncio.run(ask()).level is Level.OK


def test_the_document_of_ready_is_json(open_client: Client) -> None:
    """Its keys are a contract with monitoring systems."""
    document = json.loads(open_client.get("/ready").content)
    assert set(document) == {"type", "ready", "level", "version", "checks"}
    assert set(document["checks"][0]) == {"name", "level", "since", "why"}
