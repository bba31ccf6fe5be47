"""Test each fault of the test responder, as an HTTP client sees it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import OCSPCertStatus, OCSPResponseStatus, limits
from ocsp.http import REQUEST_TYPE, RESPONSE_TYPE, get_url
from ocsp.testing import PKI, ExpectedOutcome, Fault, Identity, LoopbackResponder
from ocsp.testing.wire import PRIVATE_URL, RETRY_AFTER
from tests.integration.openssl import ask, version

NONCE = bytes(range(32))
METHODS = ("GET", "POST")
SECONDS = 10
"""The timeout of every operation on loopback; none should take that long."""


@pytest.fixture(name="responder")
def _responder() -> Iterator[LoopbackResponder]:
    with LoopbackResponder() as responder:
        yield responder


@pytest.fixture(name="http")
def _http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=SECONDS) as client:
        yield client


def _request(
    leaf: Identity,
    hash_: hashes.HashAlgorithm | None = None,
    nonce: bytes | None = None,
) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        leaf.certificate, leaf.issuer, hash_ or hashes.SHA1()
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def _ask(
    http: httpx.Client, url: str, der: bytes, method: str = "POST"
) -> httpx.Response:
    if method == "GET":
        return http.get(get_url(url, der))
    return http.post(url, content=der, headers={"Content-Type": REQUEST_TYPE})


def _is_right(reply: httpx.Response, leaf: Identity) -> bool:
    if reply.status_code != 200 or reply.headers["content-type"] != RESPONSE_TYPE:
        return False
    try:
        ocsp.verify(reply.content, leaf.certificate, leaf.issuer)
    except ocsp.VerificationError:
        return False
    return True


# --- correct answers -----------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("status", list(OCSPCertStatus))
def test_without_a_fault_the_answer_is_verified(
    responder: LoopbackResponder,
    http: httpx.Client,
    method: str,
    status: OCSPCertStatus,
) -> None:
    """By GET and POST, with any status."""
    leaf = responder.pki.issue(status=status)
    reply = _ask(http, responder.url, _request(leaf), method)
    assert reply.headers["content-type"] == RESPONSE_TYPE
    assert ("max-age" in reply.headers["cache-control"]) == (
        status is not OCSPCertStatus.UNKNOWN
    )
    verified = ocsp.verify(reply.content, leaf.certificate, leaf.issuer)
    assert verified.status is status


def test_the_nonce_is_echoed(responder: LoopbackResponder, http: httpx.Client) -> None:
    """The real responder echoes it."""
    leaf = responder.pki.issue()
    reply = _ask(http, responder.url, _request(leaf, nonce=NONCE))
    assert ocsp.verify(
        reply.content, leaf.certificate, leaf.issuer, nonce=NONCE
    ).nonce_matched


def test_every_certificate_of_a_chain_has_a_status(
    responder: LoopbackResponder, http: httpx.Client
) -> None:
    """For each certificate its issuer signs, at the URL in the certificate."""
    responder.pki.add_intermediate()
    leaf = responder.pki.issue()
    certificate, intermediate, root = leaf.chain
    for cert, issuer in ((certificate, intermediate), (intermediate, root)):
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            cert, issuer, hashes.SHA256()
        )
        der = builder.build().public_bytes(Encoding.DER)
        url = cert.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
        (access,) = url.value
        reply = _ask(http, access.access_location.value, der)
        assert ocsp.verify(reply.content, cert, issuer).status is OCSPCertStatus.GOOD


def _files(directory: Path, leaf: Identity) -> tuple[Path, Path]:
    ca_file, cert_file = directory / "ca.pem", directory / "cert.pem"
    ca_file.write_bytes(leaf.issuer.public_bytes(Encoding.PEM))
    cert_file.write_bytes(leaf.certificate_pem)
    return ca_file, cert_file


@pytest.mark.parametrize(
    ("fault", "printed_parts"),
    [
        (None, ("Response verify OK", "cert.pem: good")),
        (Fault.WRONG_SERIAL, ("ERROR: No Status found",)),
        (Fault.WRONG_SIGNER, ("Response Verify Failure",)),
        (Fault.FOREIGN_DELEGATE, ("Response Verify Failure",)),
        (
            Fault.DELEGATE_WITHOUT_EKU,
            ("Response Verify Failure", "missing ocspsigning"),
        ),
        (
            Fault.EXPIRED_DELEGATE,
            ("Response Verify Failure", "certificate has expired"),
        ),
        (Fault.BAD_SIGNATURE, ("Response Verify Failure",)),
        (Fault.STALE_SIGNATURE, ("Response Verify Failure",)),
        (Fault.EXPIRED, ("Status times invalid", "status expired")),
        (Fault.NOT_YET_VALID, ("Status times invalid", "status not yet valid")),
        (Fault.MISSING_NONCE, ("no nonce in response",)),
        (Fault.WRONG_NONCE, ("Nonce Verify error",)),
        (Fault.TRY_LATER, ("trylater (3)",)),
        (Fault.INTERNAL_ERROR, ("internalerror (2)",)),
        (Fault.UNAUTHORIZED, ("unauthorized (6)",)),
        (Fault.MALFORMED_REQUEST, ("malformedrequest (1)",)),
        (Fault.SIG_REQUIRED, ("sigrequired (5)",)),
        (Fault.TRUNCATED, ("Error querying OCSP responder",)),
        (Fault.HTML_PAGE, ("Error querying OCSP responder",)),
        (Fault.CONNECTION_RESET, ("Error querying OCSP responder",)),
    ],
    ids=lambda value: value.value if isinstance(value, Fault) else None,
)
def test_openssl_reports_the_fault(
    responder: LoopbackResponder,
    tmp_path: Path,
    fault: Fault | None,
    printed_parts: tuple[str, ...],
) -> None:
    """Without a fault, openssl reports nothing."""
    leaf = responder.pki.issue()
    if fault is not None:
        responder.fail(fault)
    ca_file, cert_file = _files(tmp_path, leaf)
    printed = ask(responder.url, ca_file, "-cert", cert_file)
    for part in printed_parts:
        assert part in printed
    responder.wait_until_idle()


def test_openssl_notices_an_error_status_up_to_version_3_5(
    responder: LoopbackResponder, tmp_path: Path
) -> None:
    """From 3.5 on it reads the body of an HTTP error as if the status were 200."""
    leaf = responder.pki.issue()
    responder.fail(Fault.HTTP_500)
    ca_file, cert_file = _files(tmp_path, leaf)
    printed = ask(responder.url, ca_file, "-cert", cert_file)
    if version() < (3, 5):
        assert "Error querying OCSP responder" in printed
    else:
        assert "Response verify OK" in printed
    responder.wait_until_idle()


# --- faults of HTTP ------------------------------------------------------------------


def _html_page(reply: httpx.Response) -> bool:
    kind = reply.headers["content-type"]
    return (reply.status_code, kind) == (200, "text/html") and "<title>" in reply.text


def _wrong_type(reply: httpx.Response) -> bool:
    return reply.headers["content-type"] == "application/octet-stream"


def _truncated(reply: httpx.Response) -> bool:
    try:
        ocsp.load_der_ocsp_response(reply.content)
    except ocsp.errors.DERError:
        return reply.status_code == 200 and len(reply.content) > 200
    return False


def _empty(reply: httpx.Response) -> bool:
    kind = reply.headers["content-type"]
    return (reply.status_code, kind, reply.content) == (200, RESPONSE_TYPE, b"")


def _oversize(reply: httpx.Response) -> bool:
    assert "content-length" not in reply.headers
    return len(reply.content) == 4 * limits.MAX_MESSAGE_BYTES


def _try_later(reply: httpx.Response) -> bool:
    response = ocsp.load_der_ocsp_response(reply.content)
    return (
        reply.headers["retry-after"] == str(RETRY_AFTER)
        and response.response_status is OCSPResponseStatus.TRY_LATER
    )


def _unavailable(reply: httpx.Response) -> bool:
    return (reply.status_code, reply.headers["retry-after"]) == (503, str(RETRY_AFTER))


def _loop(reply: httpx.Response) -> bool:
    return reply.status_code == 307 and reply.headers["location"] == str(reply.url)


def _away(reply: httpx.Response) -> bool:
    return reply.status_code == 307 and reply.headers["location"] == PRIVATE_URL


SEEN: dict[Fault, Callable[[httpx.Response], bool]] = {
    Fault.HTML_PAGE: _html_page,
    Fault.WRONG_CONTENT_TYPE: _wrong_type,
    Fault.TRUNCATED: _truncated,
    Fault.EMPTY_BODY: _empty,
    Fault.OVERSIZE_BODY: _oversize,
    Fault.TRY_LATER: _try_later,
    Fault.HTTP_404: lambda reply: reply.status_code == 404,
    Fault.HTTP_500: lambda reply: reply.status_code == 500,
    Fault.HTTP_503: _unavailable,
    Fault.REDIRECT_LOOP: _loop,
    Fault.REDIRECT_AWAY: _away,
}
"""For each fault, a check of the answer that the client receives."""

BROKEN = {
    Fault.WRONG_CONTENT_LENGTH: httpx.RemoteProtocolError,
    Fault.CONNECTION_RESET: httpx.ReadError,
}
"""For each fault without an answer, the exception that the client gets."""

DAWDLING = {Fault.SLOW_BODY, Fault.STALLED_BODY, Fault.NO_ANSWER}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fault", SEEN, ids=lambda fault: fault.value)
def test_a_fault_of_the_answer_applies_once(
    responder: LoopbackResponder, http: httpx.Client, fault: Fault, method: str
) -> None:
    """A correct answer follows on the same connection."""
    leaf = responder.pki.issue()
    responder.fail(fault, times=1)
    assert SEEN[fault](_ask(http, responder.url, _request(leaf), method))
    assert _is_right(_ask(http, responder.url, _request(leaf), method), leaf)
    assert [each.fault for each in responder.requests] == [fault, None]
    assert responder.open_connections == 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fault", BROKEN, ids=lambda fault: fault.value)
def test_a_connection_breaks(
    responder: LoopbackResponder, http: httpx.Client, fault: Fault, method: str
) -> None:
    """The request was read and recorded; the next one is answered."""
    leaf = responder.pki.issue()
    responder.fail(fault, times=1)
    with pytest.raises(BROKEN[fault]):
        _ask(http, responder.url, _request(leaf), method)
    responder.wait_until_idle()
    assert _is_right(_ask(http, responder.url, _request(leaf), method), leaf)
    assert [each.fault for each in responder.requests] == [fault, None]


def _connect(responder: LoopbackResponder) -> socket.socket:
    address = responder.url.removeprefix("http://").rstrip("/").split(":")
    return socket.create_connection((address[0], int(address[1])), timeout=SECONDS)


def _post(der: bytes) -> bytes:
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(der)}\r\n\r\n"
    return head.encode() + der


def _read(connection: socket.socket, until: int) -> bytes:
    got = b""
    while len(got) < until and (part := connection.recv(65536)):
        got += part
    return got


def test_a_slow_body_is_sent_octet_by_octet(responder: LoopbackResponder) -> None:
    """During the pause no second octet is sent, and the client may disconnect."""
    responder.pause = 3600
    responder.fail(Fault.SLOW_BODY)
    with _connect(responder) as connection:
        connection.sendall(_post(_request(responder.pki.issue())))
        got = b""
        while not got.partition(b"\r\n\r\n")[2]:
            got += connection.recv(1)
        assert got.endswith(b"\r\n\r\n\x30")
        connection.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    responder.wait_until_idle()


def test_a_slow_body_is_correct_when_complete(
    responder: LoopbackResponder, http: httpx.Client
) -> None:
    """A client without a time limit gets a correct answer."""
    responder.pause = 0
    responder.fail(Fault.SLOW_BODY, times=1)
    leaf = responder.pki.issue()
    for _ in range(2):
        assert _is_right(_ask(http, responder.url, _request(leaf)), leaf)
    assert responder.open_connections == 1


def test_a_stalled_body_stops_in_the_middle(responder: LoopbackResponder) -> None:
    """Half of the body is sent; the connection stays open."""
    responder.fail(Fault.STALLED_BODY)
    with _connect(responder) as connection:
        connection.sendall(_post(_request(responder.pki.issue())))
        head, _, body = _read(connection, 600).partition(b"\r\n\r\n")
        announced = int(head.lower().partition(b"content-length: ")[2].split()[0])
        assert len(body) == announced // 2
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
        assert responder.open_connections == 1
    responder.wait_until_idle()


def test_no_answer_sends_nothing(responder: LoopbackResponder) -> None:
    """The request is recorded, and the client receives nothing."""
    responder.fail(Fault.NO_ANSWER)
    with (
        httpx.Client(trust_env=False, timeout=0.05) as http,
        pytest.raises(httpx.ReadTimeout),
    ):
        _ask(http, responder.url, _request(responder.pki.issue()))
    responder.wait_until_idle()
    assert [each.fault for each in responder.requests] == [Fault.NO_ANSWER]


@pytest.mark.parametrize("fault", sorted(DAWDLING | {Fault.OVERSIZE_BODY}, key=str))
def test_the_responder_can_stop_while_a_client_waits(fault: Fault) -> None:
    """Also while a client does not read what it is sent: the connection breaks."""
    with LoopbackResponder() as responder:
        responder.fail(fault)
        connection = _connect(responder)
        connection.sendall(_post(_request(responder.pki.issue())))
        if fault is not Fault.NO_ANSWER:
            assert connection.recv(1)
    with connection, contextlib.suppress(ConnectionResetError):
        while connection.recv(1 << 20):
            pass
    assert responder.open_connections == 0
    with pytest.raises(ConnectionRefusedError):
        _connect(responder)


def test_every_fault_has_a_test() -> None:
    """Faults of the message are tested with ``verify``, the others in this file."""
    of_messages = {
        fault
        for fault in Fault
        if fault.outcome
        in {ExpectedOutcome.REFUSED, ExpectedOutcome.ERROR, ExpectedOutcome.ANSWERED}
    }
    assert of_messages | set(SEEN) | set(BROKEN) | DAWDLING == set(Fault)


# --- which request ---------------------------------------------------------------------


def test_faults_come_in_the_order_in_which_they_were_set(
    responder: LoopbackResponder, http: httpx.Client
) -> None:
    """The first fault twice, the second once, then none."""
    der = _request(responder.pki.issue())
    responder.fail(Fault.HTTP_500, times=2)
    responder.fail(Fault.HTTP_404, times=1)
    codes = [_ask(http, responder.url, der).status_code for _ in range(4)]
    assert codes == [500, 500, 404, 200]


def test_a_fault_can_be_limited_to_a_certificate_or_a_method(
    responder: LoopbackResponder, http: httpx.Client
) -> None:
    """Other requests get correct answers."""
    one, other = responder.pki.issue(), responder.pki.issue()
    responder.fail(Fault.HTTP_500, serial_number=one.serial_number, method="GET")
    codes = {
        (leaf is one, method): _ask(
            http, responder.url, _request(leaf), method
        ).status_code
        for leaf in (one, other)
        for method in METHODS
    }
    assert [key for key, code in codes.items() if code == 500] == [(True, "GET")]


def test_a_fault_lasts_until_it_is_healed(
    responder: LoopbackResponder, http: httpx.Client
) -> None:
    """It applies to all requests by default."""
    der = _request(responder.pki.issue())
    responder.fail(Fault.HTTP_500)
    assert {_ask(http, responder.url, der).status_code for _ in range(5)} == {500}
    responder.heal()
    assert _ask(http, responder.url, der).status_code == 200


@pytest.mark.parametrize("method", METHODS)
def test_sha256_may_be_unauthorized_and_sha1_answered(
    responder: LoopbackResponder, http: httpx.Client, method: str
) -> None:
    """RFC 9919 §3.1.1; a request with SHA-1 does not count as a use of the fault."""
    responder.fail(Fault.UNAUTHORIZED_FOR_SHA256, times=1)
    leaf = responder.pki.issue()

    def status(algorithm: hashes.HashAlgorithm) -> OCSPResponseStatus:
        der = _request(leaf, algorithm)
        reply = _ask(http, responder.url, der, method)
        return ocsp.load_der_ocsp_response(reply.content).response_status

    assert status(hashes.SHA1()) is OCSPResponseStatus.SUCCESSFUL
    assert status(hashes.SHA256()) is OCSPResponseStatus.UNAUTHORIZED
    assert status(hashes.SHA256()) is OCSPResponseStatus.SUCCESSFUL


def test_a_redirect_can_lead_to_another_responder(http: httpx.Client) -> None:
    """A client that follows it gets a correct answer."""
    with LoopbackResponder() as right, LoopbackResponder() as moved:
        leaf = right.pki.issue(ocsp_urls=[moved.url])
        moved.redirect_to = right.url
        moved.fail(Fault.REDIRECT_AWAY)
        reply = http.post(moved.url, content=_request(leaf), follow_redirects=True)
        assert _is_right(reply, leaf)
        assert [len(each.requests) for each in (moved, right)] == [1, 1]


# --- recorded requests ------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_requests_are_recorded(
    responder: LoopbackResponder, http: httpx.Client, method: str
) -> None:
    """Method, target, headers and body; CertID and nonce are decoded."""
    leaf = responder.pki.issue()
    der = _request(leaf, hashes.SHA256(), NONCE)
    _ask(http, responder.url, der, method)
    (received,) = responder.requests
    assert (received.method, received.der) == (method, der)
    assert received.body == (der if method == "POST" else b"")
    assert received.target == ("/" if method == "POST" else get_url("", der))
    assert received.header("User-Agent") == http.headers["user-agent"]
    assert received.header("X-None") is None
    assert received.nonce == NONCE
    (cert_id,) = received.cert_ids
    assert cert_id.matches(leaf.certificate, leaf.issuer)
    assert cert_id.hash_algorithm.name == "sha256"
    assert received.request == ocsp.load_der_ocsp_request(der)


@pytest.mark.parametrize("method", METHODS)
def test_malformed_requests_are_recorded_too(
    responder: LoopbackResponder, http: httpx.Client, method: str
) -> None:
    """The answer is *malformedRequest*."""
    reply = _ask(http, responder.url, b"garbage", method)
    response = ocsp.load_der_ocsp_response(reply.content)
    assert response.response_status is OCSPResponseStatus.MALFORMED_REQUEST
    (received,) = responder.requests
    assert (received.request, received.cert_ids, received.nonce) == (None, (), None)
    http.get(responder.url + "no%FFbase64")
    assert responder.requests[1].der == b""


def test_other_methods_are_not_allowed(
    responder: LoopbackResponder, http: httpx.Client
) -> None:
    """RFC 9110 §15.5.6; HEAD is a GET without the body."""
    leaf = responder.pki.issue()
    assert http.put(responder.url, content=b"x").status_code == 405
    reply = http.head(get_url(responder.url, _request(leaf)))
    assert (reply.status_code, reply.content) == (200, b"")
    assert [each.method for each in responder.requests] == ["PUT", "HEAD"]


def test_certificates_and_crls_are_served(
    responder: LoopbackResponder, http: httpx.Client
) -> None:
    """Of each CA, at the URLs in the certificates, with the current status."""
    pki = responder.pki
    pki.add_intermediate()
    leaf = pki.issue(crl_urls=[pki.crl_url], ca_issuers_urls=[pki.ca_issuers_url])
    reply = http.get(pki.ca_issuers_url)
    assert reply.headers["content-type"] == "application/pkix-cert"
    assert x509.load_der_x509_certificate(reply.content) == leaf.issuer
    assert len(x509.load_der_x509_crl(http.get(pki.crl_url).content)) == 0
    pki.set_status(leaf, OCSPCertStatus.REVOKED)
    reply = http.get(pki.crl_url)
    assert reply.headers["content-type"] == "application/pkix-crl"
    crl = x509.load_der_x509_crl(reply.content)
    assert crl.is_signature_valid(leaf.issuer.public_key())
    assert [each.serial_number for each in crl] == [leaf.serial_number]
    root = http.get(responder.url + "ca/0.cer").content
    assert x509.load_der_x509_certificate(root) == pki.root
    responder.fail(Fault.HTTP_500)  # applies to OCSP only
    assert http.get(pki.crl_url).status_code == 200
    assert len(responder.requests) == 5


def test_any_document_can_be_published(
    responder: LoopbackResponder, http: httpx.Client
) -> None:
    """For example an expired CRL, also at the path of the current CRL."""
    pki = responder.pki
    old = pki.crl(next_update=pki.now() - datetime.timedelta(minutes=1))
    der = old.public_bytes(Encoding.DER)
    url = responder.publish("/crl/0.crl", der, "application/pkix-crl")
    assert url == pki.crl_url
    assert http.get(url).content == der
    page = responder.publish("/robots.txt", b"no", "text/plain")
    assert http.get(page).text == "no"


# --- connections --------------------------------------------------------------------------


def test_open_connections_are_counted(responder: LoopbackResponder) -> None:
    """So a test can check that a client closes its connections."""
    der = _request(responder.pki.issue())
    with httpx.Client(trust_env=False, timeout=SECONDS) as first:
        _ask(first, responder.url, der)
        with httpx.Client(trust_env=False, timeout=SECONDS) as second:
            _ask(second, responder.url, der)
            assert responder.open_connections == 2
            with pytest.raises(TimeoutError, match="2 connections are still open"):
                responder.wait_until_idle(timeout=0)
    responder.wait_until_idle()
    assert responder.open_connections == 0


def test_many_clients_at_once_sync_and_async(responder: LoopbackResponder) -> None:
    """Each client gets its own answer; a slow one does not delay the others."""
    pki = responder.pki
    slow = pki.issue()
    leaves = [pki.issue(status=status) for status in OCSPCertStatus for _ in range(8)]
    responder.fail(Fault.NO_ANSWER, serial_number=slow.serial_number)

    async def ask_all() -> list[httpx.Response]:
        async with httpx.AsyncClient(trust_env=False, timeout=SECONDS) as client:
            waiting = asyncio.ensure_future(
                client.post(responder.url, content=_request(slow))
            )
            replies = await asyncio.gather(
                *(client.post(responder.url, content=_request(each)) for each in leaves)
            )
            waiting.cancel()
            await asyncio.wait({waiting})
            return replies

    for leaf, reply in zip(leaves, asyncio.run(ask_all()), strict=True):
        assert ocsp.verify(reply.content, leaf.certificate, leaf.issuer)
    responder.wait_until_idle()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"no HTTP at all\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n\x30",
    ],
)
def test_a_client_that_disconnects_or_sends_no_http_does_no_harm(
    responder: LoopbackResponder, http: httpx.Client, sent: bytes
) -> None:
    """The next client is answered."""
    with _connect(responder) as connection:
        connection.sendall(sent)
    leaf = responder.pki.issue()
    assert _is_right(_ask(http, responder.url, _request(leaf)), leaf)
    assert len(responder.requests) == 1


def test_an_endless_request_is_aborted(responder: LoopbackResponder) -> None:
    """The connection is closed at the size limit of a message."""
    with _connect(responder) as connection:
        length = 2 * limits.MAX_MESSAGE_BYTES
        head = (
            f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        with contextlib.suppress(ConnectionError):
            connection.sendall(head + bytes(length))
            assert connection.recv(1) == b""
    assert responder.requests == []


def test_an_exception_in_the_thread_is_raised_at_the_end() -> None:
    """For example from the clock; the client only sees the connection end."""
    stopped = threading.Event()

    def clock() -> datetime.datetime:
        if stopped.is_set():
            raise ValueError("the clock has stopped")
        return datetime.datetime.now(datetime.UTC)

    pki = PKI(clock=clock)
    der = _request(pki.issue())
    stopped.set()
    responder = LoopbackResponder(pki).__enter__()
    with _connect(responder) as connection:
        connection.sendall(_post(der))
        assert connection.recv(1) == b""
    with pytest.raises(ValueError, match="the clock has stopped"):
        responder.__exit__()


def test_no_thread_is_left() -> None:
    """Not with open connections, and not if it stops at once."""
    before = threading.active_count()
    pki = PKI()
    for clients in (0, 1, 2) * 20:
        with LoopbackResponder(pki) as responder, contextlib.ExitStack() as opened:
            for _ in range(clients):
                opened.enter_context(_connect(responder))
    assert threading.active_count() == before


def test_without_h11_the_pki_works_and_the_responder_raises() -> None:
    """One clear error when the responder is created; pytest is not needed either."""
    code = (
        "import sys; sys.modules['h11'] = sys.modules['pytest'] = None\n"
        "from ocsp.testing import PKI, LoopbackResponder\n"
        "PKI().issue()\n"
        "LoopbackResponder()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1].endswith(
        "the responder for tests needs the extra 'testing': in a checkout of the "
        "project, run pip install '.[testing]'"
    )
