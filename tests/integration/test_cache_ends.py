"""
The samples for nginx and Varnish never give an answer after its end.

The responder behind them is a stand-in that sends what a test wants, and goes away.
"""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import http.server
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from ocsp.http import RESPONSE_TYPE
from tests.integration.web_servers import until
from tests.servers.web_caches import nginx, sample, varnish

pytestmark = pytest.mark.programs

PATH = "/MFEwTzBNMEswSTAJ"
HOSTILE = ("-t", "86400", "-p", "default_grace=86400", "-p", "default_keep=86400")
"""Settings of an operator who wants stale objects."""


class Origin(http.server.ThreadingHTTPServer):
    """Sends one answer with the headers of a test, and counts the requests."""

    def __init__(self) -> None:
        """Listen."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[Mapping[str, str]] = []
        self.left = 60.0
        self.headers: dict[str, str] = {}

    def present(self) -> dict[str, str]:
        """Return the headers of the answer as it is now."""
        end = time.time() + self.left
        return {
            "Content-Type": RESPONSE_TYPE,
            "ETag": '"same"',
            "Expires": email.utils.formatdate(end, usegmt=True),
            "Cache-Control": f"max-age={max(0, int(self.left) - 1)}, public",
            **self.headers,
        }


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Origin
    protocol_version = "HTTP/1.0"  # no connection outlives the origin

    def do_GET(self) -> None:
        self.server.seen.append(dict(self.headers.items()))
        is_known = "If-None-Match" in self.headers
        body = b"" if is_known else b"answer"
        self.send_response(304 if is_known else 200)
        for name, value in self.server.present().items():
            if value:
                self.send_header(name, value)
        if not is_known:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Reply(NamedTuple):
    """The answer of a cache."""

    status: int
    headers: Mapping[str, str]


class Cache(NamedTuple):
    """A cache in front of an origin."""

    port: int
    origin: Origin

    def get(self) -> Reply:
        """Ask once."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{PATH}", timeout=20) as reply:
                return Reply(reply.status, dict(reply.headers.items()))
        except HTTPError as error:
            with error:
                return Reply(error.code, dict(error.headers.items()))

    def is_kept(self) -> bool:
        """Return whether a second request does not reach the origin."""
        self.get()
        before = len(self.origin.seen)
        self.get()
        return len(self.origin.seen) == before


@contextlib.contextmanager
def _origin() -> Iterator[Origin]:
    with Origin() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(name="cache")
def _cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cache]:
    with _origin() as origin, contextlib.ExitStack() as stack:
        port = origin.server_address[1]
        if request.param == "varnish":
            vcl = sample("varnish/ocsp.vcl", ('.port = "8080"', f'.port = "{port}"'))
            front = stack.enter_context(varnish(tmp_path, vcl, *HOSTILE))
        else:
            text = sample(
                "nginx/ocsp-cache.conf",
                ("127.0.0.1:8080", f"127.0.0.1:{port}"),
                ("/var/cache/nginx/ocsp", str(tmp_path / "cache")),
            )
            front = stack.enter_context(nginx(tmp_path, text))
        yield Cache(front, origin)


VARNISH = pytest.mark.parametrize("cache", ["varnish"], indirect=True)
NGINX = pytest.mark.parametrize("cache", ["nginx"], indirect=True)
BOTH = pytest.mark.parametrize("cache", ["nginx", "varnish"], indirect=True)


@BOTH
def test_an_answer_is_kept_that_ends_later(cache: Cache) -> None:
    """The control of the tests below."""
    cache.origin.left = 600
    cache.origin.headers = {"xkey": "cert-1"}
    assert cache.is_kept()


@VARNISH
@pytest.mark.parametrize(
    "headers",
    [
        {"xkey": "cert-1"},
        {},  # without a tag
        {"Cache-Control": "max-age=86400, stale-while-revalidate=86400"},
        {"Cache-Control": ""},
    ],
    ids=["usual", "no tag", "stale", "no max-age"],
)
def test_varnish_gives_nothing_after_its_end(
    cache: Cache, headers: dict[str, str]
) -> None:
    """Also while the responder is away, whatever its settings are."""
    cache.origin.left = 3
    cache.origin.headers = headers
    first = cache.get()
    assert first.status == 200
    end = email.utils.parsedate_to_datetime(first.headers["Expires"])
    cache.origin.shutdown()
    cache.origin.socket.close()
    while True:
        asked = datetime.datetime.now(datetime.UTC)
        if cache.get().status != 200:
            break
        assert asked < end


@VARNISH
def test_varnish_keeps_nothing_without_an_end(cache: Cache) -> None:
    """An answer without `Expires`, or one that has ended already."""
    cache.origin.headers = {"Expires": "", "xkey": "cert-1"}
    assert not cache.is_kept()
    cache.origin.headers = {"xkey": "cert-1"}
    cache.origin.left = -5
    cache.origin.headers["Cache-Control"] = "max-age=86400"
    assert not cache.is_kept()


@NGINX
@pytest.mark.parametrize("left", [0, 5, 40, 59])
def test_nginx_keeps_nothing_that_ends_sooner_than_it_would_forget(
    cache: Cache, left: int
) -> None:
    """It keeps for a minute, whatever the headers say."""
    cache.origin.left = left
    assert not cache.is_kept()
    cache.origin.left = 61
    assert cache.is_kept()


def test_nginx_does_not_prolong_an_answer(tmp_path: Path) -> None:
    """With 304 it would keep it for another minute, also if it ends within that."""
    with _origin() as origin:
        origin.left = 600
        text = sample(
            "nginx/ocsp-cache.conf",
            ("127.0.0.1:8080", f"127.0.0.1:{origin.server_address[1]}"),
            ("/var/cache/nginx/ocsp", str(tmp_path / "cache")),
            ("200 60s", "200 1s"),
        )
        with nginx(tmp_path, text) as port:
            cache = Cache(port, origin)
            until(lambda: cache.get().status == 200 and len(origin.seen) > 2, str)
    assert not any("If-None-Match" in each for each in origin.seen)
