"""The samples for nginx and Varnish, with the real programs and the real responder."""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import http.client
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
from cryptography import x509

import ocsp
from ocsp.cli import main
from ocsp.http import REQUEST_TYPE, RESPONSE_TYPE, read_target
from ocsp.publishing import GetTargets
from ocsp.responder import CertIDForm
from ocsp.store import SQLiteStore
from tests.ca_folder import CAFolder
from tests.integration.services import running, serving
from tests.integration.web_servers import free_port, until
from tests.servers.web_caches import nginx, sample, varnish

pytestmark = pytest.mark.programs

GOOD, REVOKED = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
SHA1, SHA256, _ = CertIDForm
BOUND = 1.0
"""Seconds after which a revocation is visible."""


class Reply(NamedTuple):
    """The answer of a web server."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def response(self) -> ocsp.OCSPResponse:
        """Return the OCSP response."""
        assert self.status == 200
        assert self.headers["Content-Type"] == RESPONSE_TYPE
        response = ocsp.load_der_ocsp_response(self.body)
        assert response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
        return response

    @property
    def certificate_status(self) -> ocsp.OCSPCertStatus:
        """Return the status of the certificate."""
        return self.response().certificate_status


class Site:
    """A responder with a good certificate and others, and a web server in front."""

    def __init__(self, files: CAFolder, port: int) -> None:
        self.files = files
        self.port = port

    def target(self, certificate: Certificate, form: CertIDForm = SHA1) -> str:
        """Return the target of a GET, without the slash before it."""
        issuer = GetTargets(self.files.ca.certificate)
        return issuer.of(certificate.serial_number, form)[0]

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Reply:
        """Send a request; an underscore in a name of a header is a hyphen."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in names.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        reply = connection.getresponse()
        joined = {name: reply.getheader(name, "") for name, _ in reply.getheaders()}
        found = Reply(reply.status, joined, reply.read())
        connection.close()
        return found

    def get(self, certificate: Certificate, form: CertIDForm = SHA1) -> Reply:
        """Ask as a client that escapes all letters."""
        return self.ask("/" + quote(self.target(certificate, form), safe=""))

    def post(self, certificate: Certificate) -> Reply:
        """Ask with POST."""
        der = read_target(f"/{self.target(certificate)}".encode())
        return self.ask("/", "POST", der, Content_Type=REQUEST_TYPE)

    def issue(self, name: str) -> Certificate:
        """Issue a certificate, and wait until the responder knows it."""
        certificate = self.files.issue(name)
        until(lambda: is_successful(self.post(certificate)), lambda: "no answer")
        return certificate

    def revoke(self, certificate: Certificate) -> float:
        """Revoke without waiting for any process, and return when it was done."""
        with SQLiteStore(self.files.folder / "status.db") as store:
            store.revoke(self.files.ca.certificate, certificate.serial_number)
        return time.monotonic()

    def await_revoked(self, certificate: Certificate) -> float:
        """Revoke, and return after how many seconds a GET says so."""
        begin = self.revoke(certificate)
        while self.get(certificate).certificate_status is not REVOKED:
            assert time.monotonic() < begin + 20
            time.sleep(0.02)
        return time.monotonic() - begin


def date(text: str) -> datetime.datetime:
    """Return a date in a header."""
    return email.utils.parsedate_to_datetime(text)


def check_headers(reply: Reply, *, counts: bool = True) -> None:
    """Check that caches use the answer until a second before nextUpdate."""
    answer = reply.response()
    end = answer.next_update_utc
    assert end is not None
    assert date(reply.headers["Expires"]) <= end
    assert date(reply.headers["Expires"]) >= end - datetime.timedelta(seconds=2)
    assert date(reply.headers["Last-Modified"]) == answer.this_update_utc
    for directive in ("public", "no-transform", "must-revalidate"):
        assert directive in reply.headers["Cache-Control"]
    age = re.search(r"max-age=(\d+)", reply.headers["Cache-Control"])
    assert (age is not None) == counts
    if age is not None:
        used = int(age[1]) - int(reply.headers.get("Age", 0))
        left = (end - date(reply.headers["Date"])).total_seconds()
        assert left - 5 <= used < left


class Numbered(NamedTuple):
    """As much of a certificate as these tests use."""

    serial_number: int


Certificate = x509.Certificate | Numbered


def special(files: CAFolder) -> dict[str, Certificate]:
    """Return certificates whose targets have what is odd for a web server."""
    found: dict[str, Certificate] = {}
    targets = GetTargets(files.ca.certificate)
    wanted: dict[str, Callable[[str], bool]] = {
        "double": lambda target: "//" in target.rstrip("/"),
        "ending": lambda target: target.endswith("/"),
        "plus": lambda target: "+" in target and "/" in target,
    }
    number = 0
    with SQLiteStore(files.folder / "status.db") as store:
        while wanted.keys() - found.keys():
            number += 1
            serial = int.from_bytes(b"\x4f\xff\xfb\xff" + number.to_bytes(2)) << 24
            serial |= 0xFBFFFF
            for extra in (b"", b"\xff", b"\xff\xff"):
                octets = serial.to_bytes(9) + extra
                target = targets.of(int.from_bytes(octets), SHA1)[0]
                for name in [
                    each
                    for each in wanted
                    if each not in found and wanted[each](target)
                ]:
                    store.add(files.ca.certificate, int.from_bytes(octets))
                    found[name] = Numbered(int.from_bytes(octets))
    return found


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> CAFolder:
    return CAFolder(tmp_path)


# --- static files ---------------------------------------------------------------------


@pytest.fixture(name="static")
def _static(files: CAFolder) -> Iterator[Site]:
    """Publish once, and run nginx without a responder behind it."""
    assert main(["presign", str(files.configuration)]) == 0
    folder = files.folder
    to = folder / "www"
    assert main(["publish", str(files.configuration), "--to", str(to)]) == 0
    configuration = sample(
        "nginx/ocsp-files.conf",
        ("/srv/ocsp", str(to)),
        ("127.0.0.1:8080", f"127.0.0.1:{free_port()}"),
    )
    with nginx(folder, configuration) as port:
        yield Site(files, port)


def test_nginx_sends_files_with_right_headers(static: Site) -> None:
    """For both hashes; HEAD too; and 304 for those who have it."""
    web = static.files.web
    for form in (SHA1, SHA256):
        reply = static.get(web, form)
        assert reply.certificate_status is GOOD
        check_headers(reply)
    path = "/" + static.target(web)
    reply = static.ask(path)
    head = static.ask(path, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(reply.body))
    for known in (
        {"If_None_Match": reply.headers["ETag"]},
        {"If_Modified_Since": reply.headers["Last-Modified"]},
    ):
        assert static.ask(path, **known).status == 304
    other = {"If_Modified_Since": email.utils.formatdate(usegmt=True)}
    assert static.ask(path, **other).status == 200


def test_nginx_finds_every_spelling(files: CAFolder) -> None:
    """Escaped by Java and Windows, partly, not at all; with one more slash before it."""
    odd = special(files)
    folder = files.folder
    assert main(["presign", str(files.configuration)]) == 0
    to = folder / "www"
    assert main(["publish", str(files.configuration), "--to", str(to)]) == 0
    configuration = sample(
        "nginx/ocsp-files.conf",
        ("/srv/ocsp", str(to)),
        ("127.0.0.1:8080", f"127.0.0.1:{free_port()}"),
    )
    with nginx(folder, configuration) as port:
        site = Site(files, port)
        for certificate in (files.web, *odd.values()):
            target = site.target(certificate)
            for safe in ("", "/", "+", "=", "/+", "/+="):
                for slashes in ("/", "//"):
                    reply = site.ask(slashes + quote(target, safe=safe))
                    found = reply.response().serial_number
                    assert found == certificate.serial_number, (target, safe)


def test_without_a_responder_other_paths_are_an_error(static: Site) -> None:
    """Neither the state nor a folder is sent."""
    for path in ("/", "/state.db", "/answers", "/until/", "/MFE=", "/new/"):
        assert static.ask(path).status == 502, path


def test_nginx_sends_nothing_after_the_publisher_has_gone(static: Site) -> None:
    """The links end: so the answers that may have ended are not found."""
    web = static.files.web
    assert static.get(web).status == 200
    links = static.files.folder / "www" / "until"
    present = int(time.time()) // 100
    for number in (present, present + 1):
        (links / str(number)).unlink(missing_ok=True)
    assert static.get(web).status == 502


def test_nginx_sends_no_file_that_was_removed(files: CAFolder) -> None:
    """Also if the rest of its configuration lets it keep files open."""
    folder = files.folder
    assert main(["presign", str(files.configuration)]) == 0
    to = folder / "www"
    assert main(["publish", str(files.configuration), "--to", str(to)]) == 0
    text = sample(
        "nginx/ocsp-files.conf",
        ("/srv/ocsp", str(to)),
        ("127.0.0.1:8080", f"127.0.0.1:{free_port()}"),
    )
    keeping = "open_file_cache max=100 inactive=1h; open_file_cache_valid 1h;"
    with nginx(folder, f"{keeping}\n{text}") as port:
        site = Site(files, port)
        for _ in range(3):
            assert site.get(files.web).status == 200
        for path in (to / "answers").rglob("*"):
            if path.is_file():
                path.unlink()
        assert site.get(files.web).status == 502


def test_files_and_a_responder_behind_them(files: CAFolder) -> None:
    """What is not there the responder answers; a revocation is seen by both."""
    folder, other = files.folder, files.issue("other.example.org")
    port = free_port()
    text = files.settings().replace("127.0.0.1:0", f"127.0.0.1:{port}")
    files.write("ocsp.toml", text)
    to = folder / "www"
    configuration = sample(
        "nginx/ocsp-files.conf",
        ("/srv/ocsp", str(to)),
        ("127.0.0.1:8080", f"127.0.0.1:{port}"),
    )
    assert main(["presign", str(files.configuration)]) == 0
    command = [ocsp_program(), "publish", "ocsp.toml", "--to", "www", "--watch"]
    with (
        serving(folder),
        running(command, folder) as publisher,
        nginx(folder, configuration) as front,
    ):
        site = Site(files, front)
        assert publisher.process.stdout is not None
        assert "4 answers published" in publisher.process.stdout.readline()
        stored = next(
            path for path in (to / "answers").rglob("*") if path.is_file()
        ).read_bytes()
        assert ocsp.load_der_ocsp_response(stored).certificate_status is GOOD
        new = site.issue("new.example.org")
        assert site.get(new).certificate_status is GOOD
        assert site.post(files.web).certificate_status is GOOD
        page = site.ask("/")
        assert page.body.startswith(b"This is an OCSP responder")
        assert site.ask("/", "DELETE").status == 405
        # The raw path reaches the responder as the client sent it.
        unknown = site.ask("/" + site.target(new).replace("/", "//"))
        assert unknown.status == 200
        assert site.await_revoked(other) <= BOUND
        assert site.await_revoked(new) <= BOUND
        assert publisher.stop() == 0


# --- objects ------------------------------------------------------------------------


PUBLIC = """
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
 "Action": "s3:GetObject", "Resource": "arn:aws:s3:::answers/*"}]}
"""
"""The policy of a bucket that everybody may read, as a CDN does."""


@pytest.fixture(name="storage")
def _storage(files: CAFolder, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Publish all answers in a storage with the protocol of S3; return its address."""
    moto = pytest.importorskip("moto.server", reason="needs moto")
    pytest.importorskip("obstore", reason="needs the extra publish")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "not-secret")
    server = moto.ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    for path, body in (("/answers", ""), ("/answers?policy", PUBLIC)):
        connection = http.client.HTTPConnection(host, port)
        connection.request("PUT", path, body)
        assert connection.getresponse().status < 300
        connection.close()
    special(files)
    assert main(["presign", str(files.configuration)]) == 0
    to = ["--to", "s3://answers/ocsp", "--endpoint", f"http://{host}:{port}"]
    assert (
        main(["publish", str(files.configuration), *to, "--region", "us-east-1"]) == 0
    )
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture(name="objects")
def _objects(files: CAFolder, storage: str) -> Iterator[Site]:
    """Run nginx in front of the storage, without a responder."""
    with _in_front(files, storage, storage, free_port()) as site:
        yield site


@contextlib.contextmanager
def _in_front(
    files: CAFolder, name: str, address: str, responder: int
) -> Iterator[Site]:
    """Run nginx in front of the storage with *name*, which it seeks at *address*."""
    configuration = sample(
        "nginx/ocsp-objects.conf",
        ("127.0.0.1:9000", address),
        ("storage.example.org", name),
        ("127.0.0.1:8080", f"127.0.0.1:{responder}"),
    )
    with nginx(files.folder, configuration) as port:
        yield Site(files, port)


def test_every_spelling_finds_its_object(objects: Site) -> None:
    """With slashes in a row and at the end, escaped or not."""
    for certificate in (objects.files.web, *special(objects.files).values()):
        target = objects.target(certificate)
        for safe in ("", "/", "+", "=", "/+="):
            for slashes in ("/", "//"):
                path = slashes + quote(target, safe=safe)
                reply = objects.ask(path)
                assert reply.response().serial_number == certificate.serial_number


def test_an_object_has_the_headers_that_caches_need(objects: Site) -> None:
    """No cache keeps it until its end, though the headers do not count down."""
    path = "/" + objects.target(objects.files.web)
    reply = objects.ask(path)
    end = reply.response().next_update_utc
    assert end is not None
    headers = {name.lower(): value for name, value in reply.headers.items()}
    (age,) = re.findall(r"max-age=(\d+), public", headers["cache-control"])
    assert 2 * int(age) <= (end - date(headers["date"])).total_seconds()
    assert not [name for name in headers if name.startswith("x-amz-meta")]
    known = objects.ask(path, If_None_Match=headers["etag"])
    assert (known.status, known.body) == (304, b"")


def test_only_letters_of_base64_reach_the_storage(objects: Site) -> None:
    """A path that ends the line of the request, or begins a query, does not."""
    for path in ("/M%0D%0AX:1/a", "/M%20a", "/Ma%3Fb"):
        assert objects.ask(path).status == 502, path  # no responder runs


def test_a_responder_answers_what_the_storage_does_not_have(
    files: CAFolder, storage: str
) -> None:
    """POST, new certificates, and everything while the storage is away."""
    port = free_port()
    text = files.settings().replace("127.0.0.1:0", f"127.0.0.1:{port}")
    files.write("ocsp.toml", text)
    new = files.issue("new.example.org")
    with serving(files.folder):
        for address in (storage, f"127.0.0.1:{free_port()}"):
            with _in_front(files, storage, address, port) as site:
                assert site.get(files.web).certificate_status is GOOD
                assert site.get(new).certificate_status is GOOD
                assert site.post(files.web).certificate_status is GOOD
                assert site.ask("/").body.startswith(b"This is an OCSP responder")
                assert site.ask("/" + site.target(new), "DELETE").status == 405


def is_successful(reply: Reply) -> bool:
    """Return whether the answer has a status."""
    response = ocsp.load_der_ocsp_response(reply.body)
    return response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL


def ocsp_program() -> str:
    """Return the program of this environment."""
    return str(Path(sys.executable).with_name("ocsp"))


# --- caches ---------------------------------------------------------------------------


@pytest.fixture(name="cached", scope="module")
def _cached(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Run the responder, and the cache that the parameter names, in front of it."""
    folder, port = tmp_path_factory.mktemp("cached"), free_port()
    files = CAFolder(folder)
    text = files.settings().replace("127.0.0.1:0", f"127.0.0.1:{port}")
    if request.param == "nginx":
        files.write("ocsp.toml", text)
        configuration = sample(
            "nginx/ocsp-cache.conf",
            ("127.0.0.1:8080", f"127.0.0.1:{port}"),
            ("/var/cache/nginx/ocsp", str(folder / "cache")),
            ("200 60s", "200 2s"),
        )
        with serving(folder), nginx(folder, configuration) as front:
            yield Site(files, front)
        return
    vcl = sample("varnish/ocsp.vcl", ('.port = "8080"', f'.port = "{port}"'))
    with varnish(folder, vcl) as front:
        purge = f'[purge]\nurls = ["http://127.0.0.1:{front}/"]\n'
        tail = f'[answers]\ncache_tag = "xkey"\n{purge}'
        files.write("ocsp.toml", text.replace("[[issuer]]", f"{tail}[[issuer]]"))
        with serving(folder):
            yield Site(files, front)


BOTH = pytest.mark.parametrize("cached", ["nginx", "varnish"], indirect=True)
VARNISH = pytest.mark.parametrize("cached", ["varnish"], indirect=True)


@BOTH
def test_a_cache_keeps_answers_with_right_headers(cached: Site) -> None:
    """A miss, then hits; the tags are for the cache only."""
    web = cached.issue("kept.example.org")
    first, second = cached.get(web), cached.get(web)
    is_varnish = "Age" in second.headers
    assert first.headers["X-Cache"].lower() == "miss"
    assert second.headers["X-Cache"].lower() == "hit"
    assert first.body == second.body
    for reply in (first, second):
        check_headers(reply, counts=is_varnish)
        assert "xkey" not in reply.headers
    path = "/" + quote(cached.target(web), safe="")
    assert cached.ask(path, If_None_Match=first.headers["ETag"]).status == 304
    assert cached.ask(path, If_None_Match='"other"').status == 200
    since = {"If_Modified_Since": first.headers["Last-Modified"]}
    assert cached.ask(path, **since).status == 200
    head = cached.ask(path, "HEAD")
    assert (head.status, head.body) == (200, b"")


@BOTH
def test_a_cache_asks_the_responder_for_what_must_not_be_kept(cached: Site) -> None:
    """POST, errors, the landing page, and other methods."""
    web = cached.files.web
    for _ in range(2):
        reply = cached.post(web)
        assert reply.certificate_status is GOOD
        assert reply.headers.get("X-Cache", "miss").lower() != "hit"
        wrong = cached.ask("/MFEwTzBNMEswSTAJ")
        assert wrong.status == 200
        assert wrong.headers["X-Cache"].lower() != "hit"
        assert "no-store" in wrong.headers["Cache-Control"]
        status = ocsp.load_der_ocsp_response(wrong.body).response_status
        assert status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    assert cached.ask("/", "DELETE").status == 405
    assert cached.ask("/").body.startswith(b"This is an OCSP responder")


@BOTH
def test_slashes_in_base64_reach_the_responder(cached: Site) -> None:
    """Also two of them, and at the end; in every spelling."""
    odd = special(cached.files)
    last = list(odd.values())[-1]
    until(lambda: is_successful(cached.post(last)), lambda: "no answer")
    for certificate in odd.values():
        target = cached.target(certificate)
        for safe in ("", "/", "/+="):
            reply = cached.ask("/" + quote(target, safe=safe))
            assert reply.response().serial_number == certificate.serial_number


@VARNISH
def test_varnish_drops_a_revoked_answer_within_a_second(cached: Site) -> None:
    """Only that one; other certificates stay in the cache."""
    web, other = cached.issue("a.example.org"), cached.issue("b.example.org")
    for certificate in (web, other):
        for form in (SHA1, SHA256):
            cached.get(certificate, form)
            assert cached.get(certificate, form).headers["X-Cache"] == "hit"
    assert cached.await_revoked(web) <= BOUND
    assert cached.get(web, SHA256).certificate_status is REVOKED
    assert cached.get(other).headers["X-Cache"] == "hit"
    assert cached.get(other, SHA256).headers["X-Cache"] == "hit"


@VARNISH
def test_varnish_has_one_object_for_all_spellings(cached: Site) -> None:
    """Windows and Java escape all letters, curl none."""
    target = cached.target(cached.files.web)
    cached.ask("/" + quote(target, safe=""))
    for safe in ("/", "+", "/+="):
        assert cached.ask("/" + quote(target, safe=safe)).headers["X-Cache"] == "hit"
    assert cached.ask(f"/{target}?x=1").headers["X-Cache"] == "hit"


@VARNISH
def test_who_may_purge(cached: Site) -> None:
    """The machines of the list; and a purge needs tags."""
    purged = cached.ask("/", "PURGE", xkey_purge="cert-1 issuer-1")
    assert (purged.status, purged.headers["X-Purged"]) == (200, "0")
    assert cached.ask("/", "PURGE").status == 400


def test_others_may_not_purge(files: CAFolder) -> None:
    """An address that is not in the list gets 403."""
    vcl = sample("varnish/ocsp.vcl", ('    "127.0.0.1";\n', ""))
    with varnish(files.folder, vcl) as port:
        assert Site(files, port).ask("/", "PURGE", xkey_purge="x").status == 403


@pytest.mark.parametrize("cached", ["nginx"], indirect=True)
def test_nginx_forgets_after_its_time(cached: Site) -> None:
    """It cannot be told; here its time is 2 seconds."""
    certificate = cached.issue("c.example.org")
    cached.get(certificate)
    assert cached.await_revoked(certificate) <= 4
