"""Caches are told of every change: twice, in order, and again after a failure."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import sqlite3
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote

import pytest

import ocsp
from ocsp.errors import ConfigError, PublishingFailed
from ocsp.http import CacheTag
from ocsp.publishing import (
    Command,
    Delivery,
    GetTargets,
    Notice,
    Purger,
    PurgeRequests,
    Webhook,
    open_deliveries,
)
from ocsp.publishing.purging import purger as module
from ocsp.store import SQLiteStore
from tests.pki import ca
from tests.unit.store.scene import query

ISSUERS = {query(1).issuer: GetTargets(ca())}


class Recorder:
    """A delivery that notes what it is given, and fails as often as it is told to."""

    name = "recorder"

    def __init__(self) -> None:
        self.notices: list[list[int]] = []
        self.failures = 0

    def send(self, notice: Notice) -> None:
        """Note the serial numbers."""
        if self.failures:
            self.failures -= 1
            raise PublishingFailed("the cache is away")
        self.notices.append([each.serial_number for each in notice.queries])


class Bench:
    """A store, a delivery, and a clock that the test moves on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = SQLiteStore(path, create=True)
        for serial in range(1, 10):
            self.store.add(ca(), serial)
        self.delivery = Recorder()
        self.time = 100.0
        self.start()

    def start(self) -> None:
        """Begin as a new process does."""
        assert isinstance(self.delivery, Recorder)
        delivery: Delivery = self.delivery
        self.purger = Purger(self.store, [ca()], delivery, monotonic=lambda: self.time)

    def revoke(self, *serials: int) -> None:
        """Revoke certificates."""
        for serial in serials:
            self.store.revoke(ca(), serial)

    def take(self) -> list[list[int]]:
        """Return what was sent since the last call."""
        found, self.delivery.notices = self.delivery.notices, []
        return found


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "status.db")
    with bench.store:
        yield bench


def test_each_change_is_sent_twice(bench: Bench) -> None:
    """At once, and when caches and responders cannot have the old answer any more."""
    bench.revoke(9)
    assert bench.purger.step() == module.POLL_SECONDS
    assert bench.take() == []  # what was before the first start
    bench.revoke(1, 2)
    bench.purger.step()
    assert bench.take() == [[1, 2]]
    bench.purger.step()
    bench.time += module.AGAIN_SECONDS - 0.1
    bench.revoke(3)
    bench.purger.step()
    assert bench.take() == [[3]]
    bench.time += 0.1
    bench.purger.step()
    assert bench.take() == [[1, 2]]
    bench.time += module.AGAIN_SECONDS
    bench.purger.step()
    assert bench.take() == [[3]]
    bench.time += 100
    bench.purger.step()
    assert bench.take() == []


def test_nothing_is_forgotten_by_a_restart(bench: Bench) -> None:
    """What was not sent twice is sent again; what was is not."""
    bench.purger.step()
    bench.revoke(1)
    bench.purger.step()
    bench.time += module.AGAIN_SECONDS
    bench.purger.step()
    bench.revoke(2)
    bench.purger.step()
    bench.revoke(3)
    bench.take()
    bench.start()
    bench.purger.step()
    assert bench.take() == [[2, 3]]


def test_a_cache_that_is_away_is_told_later(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """After pauses that double up to a minute; the log has each failure."""
    bench.purger.step()
    bench.revoke(1)
    bench.delivery.failures = 8
    pauses = [bench.purger.step() for _ in range(8)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert "recorder: cannot be told of changes, and is tried again in 1 s" in (
        caplog.text
    )
    bench.revoke(2)
    assert bench.purger.step() == module.POLL_SECONDS
    assert bench.take() == [[1, 2]]
    assert "is told of changes again" in caplog.text
    bench.delivery.failures = 1
    bench.time += module.AGAIN_SECONDS
    assert bench.purger.step() == 1
    bench.purger.step()
    assert bench.take() == [[1, 2]]


def test_many_changes_are_sent_in_batches(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a pause between them; and they do not fill the memory."""
    monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    bench.purger.step()
    bench.revoke(*range(1, 10))
    pauses = [bench.purger.step() for _ in range(5)]
    assert pauses == [0, 0, 0, module.POLL_SECONDS, module.POLL_SECONDS]
    assert bench.take() == [[1, 2], [3, 4], [5, 6]]
    bench.time += module.AGAIN_SECONDS
    for _ in range(3):
        bench.purger.step()
    assert bench.take() == [[1, 2], [3, 4], [5, 6], [7, 8], [9]]


def test_after_deleted_events_everything_is_purged(bench: Bench) -> None:
    """An empty notice: the tags of all issuers."""
    bench.purger.step()
    bench.revoke(1, 2)
    with sqlite3.connect(bench.path) as file:
        file.execute("DROP TRIGGER event_stays")
        file.execute("DELETE FROM event WHERE id <= 10")
    bench.purger.step()
    assert bench.take() == [[]]


def test_certificates_of_other_issuers_are_not_sent(bench: Bench) -> None:
    """Their answers are not from this responder."""
    bench.purger.step()
    other = ca("Other CA")
    bench.store.add(other, 1)
    bench.store.revoke(other, 1)
    bench.purger.step()
    assert bench.take() == []


def test_an_unexpected_error_does_not_end_the_thread(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the notice is tried again."""
    bench.purger.step()
    bench.revoke(1)
    stop = threading.Event()
    calls = []

    def send(notice: Notice) -> None:
        calls.append(notice)
        if len(calls) == 1:
            raise RuntimeError("odd")
        stop.set()

    monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(bench.delivery, "send", send)
    bench.purger.run(stop)
    assert len(calls) == 2
    assert "unexpected" in caplog.text


# --- deliveries -----------------------------------------------------------------------


class Cache(BaseHTTPRequestHandler):
    """An HTTP server that notes requests, and answers with the status of the path."""

    protocol_version = "HTTP/1.1"
    requests: ClassVar[list[tuple[str, str, dict[str, str], bytes]]] = []
    status: ClassVar[int] = 200

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.requests.append((self.command, self.path, dict(self.headers), body))
        self.send_response(self.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_PURGE = _answer  # noqa: N815 - names of the base class

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture(name="url")
def _url() -> Iterator[str]:
    Cache.requests.clear()
    Cache.status = 200
    server = ThreadingHTTPServer(("127.0.0.1", 0), Cache)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/ocsp"
    server.shutdown()
    thread.join()
    server.server_close()


NOTICE = Notice([query(5), query(6), query(5)], ISSUERS)
EVERYTHING = Notice([], ISSUERS)


def test_the_webhook_has_a_signed_document(url: str) -> None:
    """The receiver can check who sent it, and when."""
    Webhook(f"{url}?a=b", b"secret").send(NOTICE)
    ((method, path, headers, body),) = Cache.requests
    assert (method, path) == ("POST", "/ocsp?a=b")
    signed = headers["OCSP-Timestamp"].encode() + b"." + body
    expected = hmac.new(b"secret", signed, hashlib.sha256).hexdigest()
    assert headers["OCSP-Signature"] == f"sha256={expected}"
    document = json.loads(body)
    assert document["tags"] == [query(5).cache_tag, query(6).cache_tag]
    assert document["everything"] is False
    first = document["certificates"][0]
    assert first["serial_number"] == "0x5"
    der = ocsp.http.read_target(b"/" + first["get_paths"][0].encode())
    assert ocsp.load_der_ocsp_request(der).serial_number == 5


def test_without_a_secret_there_is_no_signature(url: str) -> None:
    """And a notice for everything has the tags of the issuers."""
    Webhook(url, b"").send(EVERYTHING)
    ((_, _, headers, body),) = Cache.requests
    assert "OCSP-Signature" not in headers
    document = json.loads(body)
    assert document["everything"] is True
    assert document["tags"] == [query(5).issuer.cache_tag]


@pytest.mark.parametrize(
    ("tag", "name", "separator"),
    [
        (CacheTag.XKEY, "xkey-purge", " "),
        (CacheTag.SURROGATE_KEY, "Surrogate-Key", " "),
        (CacheTag.CACHE_TAG, "Cache-Tag", ", "),
    ],
)
def test_one_purge_names_the_tags(
    url: str, tag: CacheTag, name: str, separator: str
) -> None:
    """In the header that such a cache reads."""
    PurgeRequests(url, tag).send(NOTICE)
    ((method, path, headers, _),) = Cache.requests
    assert (method, path) == ("PURGE", "/ocsp")
    assert headers[name] == separator.join((query(5).cache_tag, query(6).cache_tag))


def test_without_tags_there_is_a_purge_for_each_target(url: str) -> None:
    """As clients write it: with everything escaped, and with nothing escaped."""
    PurgeRequests(url + "/", None).send(NOTICE)
    paths = [path for _, path, _, _ in Cache.requests]
    assert len(paths) == len(set(paths))
    targets = {
        f"/ocsp/{target}"
        for serial in (5, 6)
        for form in (1, 2)
        for target in GetTargets(ca()).of(serial, ocsp.responder.CertIDForm(form))
    }
    assert set(map(unquote, paths)) == targets
    with pytest.raises(PublishingFailed, match="empty the cache"):
        PurgeRequests(url, None).send(EVERYTHING)


def test_a_cache_that_does_not_do_it_is_an_error(url: str) -> None:
    """404 means that it had no such answer."""
    Cache.status = 404
    PurgeRequests(url, CacheTag.XKEY).send(NOTICE)
    for status in (301, 403, 405, 500):
        Cache.status = status
        with pytest.raises(PublishingFailed, match=f"status {status}"):
            PurgeRequests(url, CacheTag.XKEY).send(NOTICE)
    with pytest.raises(PublishingFailed, match="refused"):
        PurgeRequests("http://127.0.0.1:1/", CacheTag.XKEY).send(NOTICE)


def test_no_password_is_in_the_name() -> None:
    """The name is in the log, and in the database."""
    delivery = Webhook("https://user:secret@example.org:8443/hook?token=x", b"k")
    assert delivery.name == "https://example.org:8443/hook"


def test_a_command_gets_the_document(tmp_path: Path) -> None:
    """On its standard input, and the tags in its environment."""
    script = (
        "import os, sys; open('out', 'w').write("
        "os.environ['OCSP_PURGE_TAGS'] + '\\n' + sys.stdin.read())"
    )
    out = tmp_path / "out"
    script = script.replace("'out'", repr(str(out)))
    Command([sys.executable, "-c", script]).send(NOTICE)
    tags, document = out.read_text().split("\n")
    assert tags.split() == json.loads(document)["tags"]
    with pytest.raises(PublishingFailed, match="exited with code 3"):
        Command([sys.executable, "-c", "raise SystemExit(3)"]).send(NOTICE)


def test_tags_have_only_letters_that_every_cache_accepts() -> None:
    """And differ between certificates, issuers, and one with the same number."""
    tags = [query(1).cache_tag, query(2).cache_tag, query(1, ca("Other CA")).cache_tag]
    tags += [query(1).issuer.cache_tag]
    assert len(set(tags)) == 4
    assert all(tag.replace("-", "").isalnum() for tag in tags)


def test_the_log_is_quiet_without_changes(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is written, not even to the database."""
    caplog.set_level(logging.INFO)
    bench.purger.step()
    bench.store.has_changed()
    for _ in range(5):
        bench.time += 1
        bench.purger.step()
    assert not bench.store.has_changed()
    assert caplog.text == ""


def test_the_settings_of_an_operator(tmp_path: Path) -> None:
    """Each is one delivery; a program or a secret that is missing is an error."""
    secret = tmp_path / "secret"
    secret.write_text("key\nmore")
    url = "http://127.0.0.1:1/"
    found = open_deliveries(
        command="true -x", webhook=url, secret_file=secret, urls=[url, url]
    )
    assert [type(each) for each in found] == [
        Command, Webhook, PurgeRequests, PurgeRequests,
    ]  # fmt: skip
    assert open_deliveries() == []
    with pytest.raises(ConfigError, match="not an executable program"):
        open_deliveries(command=["no-such-program"])
    secret.write_text("\n")
    with pytest.raises(ConfigError, match="secret_file: has an empty first line"):
        open_deliveries(webhook=url, secret_file=secret)
