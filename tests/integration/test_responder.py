"""Test the responder over HTTP on loopback, with httpx and the openssl program."""

from __future__ import annotations

import asyncio
import datetime
import logging
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, OCSPCertStatus, OCSPResponseStatus
from ocsp.http import get_url
from ocsp.process_clock import ProcessClock
from ocsp.responder import (
    Authority,
    IssuerKey,
    Responder,
    StatusQuery,
    StatusRecord,
    StatusSource,
)
from ocsp.server import Application, RequestHandler, bind, serve_in_thread
from ocsp.status import MemorySource
from tests.integration.openssl import ask
from tests.pki import ca, delegate_signer, make

STOLEN = x509.ReasonFlags.key_compromise
NOW = datetime.datetime.now(datetime.UTC)
HOUR = datetime.timedelta(hours=1)
GOOD, REVOKED, NEVER = 0x10, 0x11, 0x12
MALFORMED = b"\x30\x03\x0a\x01\x01"


def _query(serial: int) -> StatusQuery:
    return StatusQuery(IssuerKey.of(ca()), serial)


RECORDS = {
    _query(GOOD): StatusRecord(),
    _query(REVOKED): StatusRecord.revoked(NOW - HOUR, STOLEN),
}


def _handler(source: StatusSource | None = None) -> RequestHandler:
    # The test certificates are valid in July 2026, so the clock is set to that time.
    # openssl uses the system clock, so its tests have other certificates.
    authority = Authority(ca(), [delegate_signer()])
    clock = authority.signers[0].certificate.not_valid_before_utc + HOUR
    return RequestHandler(
        Responder([authority]),
        source or MemorySource(RECORDS),
        clock=ProcessClock(lambda: clock),
    )


@pytest.fixture(name="url", scope="module")
def _url() -> Iterator[str]:
    with serve_in_thread(_handler(), bind("127.0.0.1", 0)) as url:
        yield url


@pytest.fixture(name="http")
def _http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=10) as client:
        yield client


def _request(serial: int = GOOD, *, nonce: bytes | None = None) -> bytes:
    cert_id = CertID.for_serial(ca(), serial, hashes.SHA1())
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id)
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def _status(reply: httpx.Response) -> OCSPCertStatus:
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/ocsp-response"
    return ocsp.load_der_ocsp_response(reply.content).certificate_status


@pytest.mark.requirement("R6960-19")
@pytest.mark.parametrize(
    ("serial", "status"),
    [(GOOD, OCSPCertStatus.GOOD), (REVOKED, OCSPCertStatus.REVOKED)],
)
def test_get_and_post_return_the_same_status(
    url: str, http: httpx.Client, serial: int, status: OCSPCertStatus
) -> None:
    """RFC 6960 App. A.1."""
    der = _request(serial)
    assert _status(http.get(get_url(url, der))) is status
    headers = {"Content-Type": "application/ocsp-request"}
    assert _status(http.post(url, content=der, headers=headers)) is status


def _raw(url: str, request: bytes) -> bytes:
    """Send octets unchanged, and return everything that is received."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("slashes", ["/", "//", "///"])
def test_a_target_with_slashes_is_not_normalised(url: str, slashes: str) -> None:
    """Neither the server nor a framework has changed the raw path."""
    serial = next(
        number for number in range(0x100, 0x10000) if "//" in _letters(_request(number))
    )
    target = slashes + _letters(_request(serial))
    reply = _raw(
        url, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    )
    assert reply.startswith(b"HTTP/1.1 200")
    assert reply.endswith(b"\x30\x03\x0a\x01\x06")  # decoded, but without a record


def _letters(der: bytes) -> str:
    import base64

    return base64.b64encode(der).decode()


@pytest.mark.requirement("R9919-9", "R9919-12")
def test_a_good_answer_is_cacheable(url: str, http: httpx.Client) -> None:
    """A conditional request gets status 304."""
    target = get_url(url, _request())
    reply = http.get(target)
    assert reply.headers["cache-control"].endswith(
        "public, no-transform, must-revalidate"
    )
    assert len(reply.headers.get_list("date")) == 1
    tag = reply.headers["etag"]
    since = {"If-Modified-Since": reply.headers["last-modified"]}
    again = http.get(target, headers=since)
    assert (again.status_code, again.content) == (304, b"")
    assert tag.startswith('"')
    assert http.get(target, headers={"If-None-Match": '"x", "y"'}).status_code == 200
    assert http.get(target, headers={"If-None-Match": "*"}).status_code == 304


def test_head_is_get_without_the_body(url: str, http: httpx.Client) -> None:
    """RFC 9110 §9.3.2."""
    reply = http.head(get_url(url, _request()))
    assert reply.status_code == 200
    assert reply.content == b""
    assert int(reply.headers["content-length"]) > 200


def test_other_methods_are_not_allowed(url: str, http: httpx.Client) -> None:
    """RFC 9110 §15.5.6."""
    reply = http.put(url, content=_request())
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, HEAD, POST")


def test_an_answer_with_a_nonce_is_not_cacheable(url: str, http: httpx.Client) -> None:
    """RFC 9654: the nonce is echoed, and no cache may store the answer."""
    nonce = bytes(range(32))
    reply = http.post(url, content=_request(nonce=nonce))
    (extension,) = ocsp.load_der_ocsp_response(reply.content).extensions
    assert extension.value == x509.OCSPNonce(nonce)
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.requirement("R6960-3")
@pytest.mark.parametrize(
    "garbage", [b"", b"\x00", b"garbage" * 100, b"<html>", b"\x30\x80" * 100]
)
def test_garbage_gets_a_well_formed_error(
    url: str, http: httpx.Client, garbage: bytes
) -> None:
    """By POST and by GET: malformedRequest in five octets, with HTTP status 200."""
    replies = [http.post(url, content=garbage)]
    if garbage:
        replies.append(http.get(get_url(url, garbage)))
        replies.append(http.get(f"{url}/%FF{garbage[:3].hex()}"))
    for reply in replies:
        assert (reply.status_code, reply.content) == (200, MALFORMED)
        assert reply.headers["content-type"] == "application/ocsp-response"
        assert reply.headers["cache-control"] == "no-store"


def test_a_body_that_is_too_large_is_rejected_while_reading(url: str) -> None:
    """The answer to an endless body comes at the size limit."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
    reply = _raw(url, head + bytes(ocsp.limits.MAX_HTTP_REQUEST_BYTES + 1))
    assert reply.startswith(b"HTTP/1.1 200")
    assert reply.endswith(MALFORMED)


def test_a_client_that_stops_sending_is_answered(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time to send a body is limited."""
    monkeypatch.setattr(ocsp.limits, "MAX_REQUEST_SECONDS", 0.05)
    reply = _raw(url, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n\x30")
    assert reply.endswith(MALFORMED)


def test_a_client_that_disconnects_does_no_harm(url: str, http: httpx.Client) -> None:
    """It sends half a request and disconnects; the next client is answered."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n\x30"
        )
    assert _status(http.post(url, content=_request())) is OCSPCertStatus.GOOD


def test_get_without_a_request_returns_text(url: str, http: httpx.Client) -> None:
    """``GET /`` has status 200, for people and programs that check the server."""
    reply = http.get(url)
    assert reply.status_code == 200
    assert "OCSP" in reply.text


class _Failing:
    def __init__(self, error: Exception) -> None:
        self._error = error

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        raise self._error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ocsp.errors.SourceUnavailable("disk on fire"), OCSPResponseStatus.TRY_LATER),
        (ocsp.errors.StoreError("disk on fire"), OCSPResponseStatus.INTERNAL_ERROR),
        (RuntimeError("disk on fire"), OCSPResponseStatus.INTERNAL_ERROR),
    ],
)
def test_an_internal_failure_is_logged_once_without_details_for_the_client(
    http: httpx.Client,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    status: OCSPResponseStatus,
) -> None:
    """The client gets an OCSP error with HTTP 200, the operator one log record."""
    with serve_in_thread(_handler(_Failing(error)), bind("127.0.0.1", 0)) as url:
        reply = http.post(url, content=_request())
    assert reply.status_code == 200
    assert ocsp.load_der_ocsp_response(reply.content).response_status is status
    assert b"fire" not in reply.content
    logged = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(logged) == 1


def _call(
    handler: RequestHandler, scope: dict[str, Any], *sent: dict[str, Any]
) -> list[Any]:
    """Run one ASGI call and return the messages that it sent."""
    replies: list[Any] = []
    pending = list(sent)

    async def receive() -> dict[str, Any]:
        return pending.pop(0)

    async def send(message: Any) -> None:
        replies.append(message)

    asyncio.run(Application(handler)(scope, receive, send))
    return replies


@pytest.mark.parametrize("full_path", [True, False])
def test_it_can_be_mounted_below_a_path(full_path: bool) -> None:
    """In some frameworks the path includes the mount point, in others it does not."""
    letters = get_url("", _request())
    scope = {
        "type": "http",
        "method": "GET",
        "root_path": "/pki/ocsp",
        "raw_path": (("/pki/ocsp" if full_path else "") + letters).encode(),
        "headers": [],
    }
    start, body = _call(_handler(), scope)
    assert start["status"] == 200
    response = ocsp.load_der_ocsp_response(body["body"])
    assert response.certificate_status is OCSPCertStatus.GOOD


def test_a_connection_that_ends_in_the_body_has_no_answer() -> None:
    """There is no client to send it to."""
    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    part = {"type": "http.request", "body": b"\x30", "more_body": True}
    assert _call(_handler(), scope, part, {"type": "http.disconnect"}) == []


def test_a_websocket_is_refused() -> None:
    """Clients that ask for one do not fill the log of the ASGI server with errors."""
    assert _call(_handler(), {"type": "websocket"}) == [{"type": "websocket.close"}]


def test_a_port_in_use_is_a_clear_error(url: str) -> None:
    """The error names address and port."""
    port = int(url.rpartition(":")[2])
    with pytest.raises(
        ocsp.ConfigError, match=rf"^127\.0\.0\.1:{port}: .* another port"
    ):
        bind("127.0.0.1", port)
    with pytest.raises(ocsp.ConfigError, match=r"^no\.such\.host\.invalid:1: "):
        bind("no.such.host.invalid", 1)


@dataclass(frozen=True)
class Files:
    """A responder with current certificates, and their files."""

    url: str
    ca_file: Path
    directory: Path

    def leaf(self, serial: int) -> Path:
        """Return the file of a certificate that the CA issued."""
        path = self.directory / f"{serial:x}.pem"
        certificate = make("leaf", "Test CA", serial=serial)
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        return path


@pytest.fixture(name="files", scope="module")
def _files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    from ocsp import KeySigner
    from tests.pki import DELEGATION, key

    times: dict[str, Any] = {"begin": NOW - HOUR, "end": NOW + 24 * HOUR}
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    issuer = make("Test CA", "Test CA", extensions=[constraints], **times)
    signer = make("Live Responder", "Test CA", extensions=DELEGATION, **times)
    authority = Authority(issuer, [KeySigner(key("Live Responder"), signer)])
    directory = tmp_path_factory.mktemp("openssl")
    ca_file = directory / "ca.pem"
    ca_file.write_bytes(issuer.public_bytes(Encoding.PEM))
    handler = RequestHandler(Responder([authority]), MemorySource(RECORDS))
    with serve_in_thread(handler, bind("127.0.0.1", 0)) as url:
        yield Files(url=url, ca_file=ca_file, directory=directory)


@pytest.mark.requirement("R6960-19")
@pytest.mark.parametrize("options", [(), ("-no_nonce",)])
@pytest.mark.parametrize("digest", ["-sha1", "-sha256", "-sha384", "-sha512"])
def test_openssl_verifies_good_and_revoked(
    files: Files, digest: str, options: tuple[str, ...]
) -> None:
    """With and without nonce, for every hash; openssl checks signature and CA."""
    good = ask(
        files.url, files.ca_file, digest, "-cert", files.leaf(GOOD), options=options
    )
    assert "Response verify OK" in good
    assert f"{GOOD:x}.pem: good" in good
    assert "WARNING" not in good
    revoked = ask(
        files.url, files.ca_file, digest, "-cert", files.leaf(REVOKED), options=options
    )
    assert "Response verify OK" in revoked
    assert f"{REVOKED:x}.pem: revoked" in revoked
    assert "Reason: keyCompromise" in revoked


def test_openssl_gets_unauthorized_for_an_unknown_serial_number(files: Files) -> None:
    """RFC 9919 §3.2.3."""
    printed = ask(files.url, files.ca_file, "-cert", files.leaf(NEVER))
    assert "Responder Error: unauthorized (6)" in printed


def test_openssl_may_ask_about_several_certificates(files: Files) -> None:
    """One response has an entry for each."""
    printed = ask(
        files.url,
        files.ca_file,
        "-cert",
        files.leaf(GOOD),
        "-cert",
        files.leaf(REVOKED),
        "-serial",
        hex(GOOD),
    )
    assert "Response verify OK" in printed
    assert f"{GOOD:x}.pem: good" in printed
    assert f"{REVOKED:x}.pem: revoked" in printed
    assert f"{GOOD:#x}: good" in printed
