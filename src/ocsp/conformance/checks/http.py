"""How the responder speaks HTTP: forms of a GET, methods, versions, pipelines."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from urllib.parse import quote

from cryptography import x509

from ocsp.conformance.checks.requests import unlisted_request
from ocsp.conformance.examination import (
    CLOSE,
    POST_TYPE,
    Examination,
    Received,
    der_of,
)
from ocsp.conformance.report import (
    Check,
    Outcome,
    Seen,
    Strength,
    failed,
    not_applicable,
    passed,
    unclear,
)
from ocsp.errors import BrokenReply
from ocsp.verification import VerifiedResponse

__all__ = ["CHECKS", "ODD_FORMS"]

MUST, SHOULD, MAY = Strength.MUST, Strength.SHOULD, Strength.MAY

NONCE_OCTETS = 16
"""Short, so that the URL of a GET stays below 255 octets."""


def _verified(
    examination: Examination, received: Received, nonce: bytes | None = None
) -> Seen:
    """Pass if *received* has a verified answer."""
    if received.response is None:
        return failed(str(received))
    judged = examination.verify(received, nonce)
    if isinstance(judged, VerifiedResponse):
        return passed(f"verified, {judged.status.name.lower()}")
    return failed(str(judged))


# --- forms of a GET -------------------------------------------------------------------


def _in_form(form: Callable[[str], str]) -> Callable[[Examination], Seen]:
    """
    Return a function that sends a GET with its base64 in another form.

    The base64 has both letters that need an escape, and padding: nonces are tried until
    it has.
    """

    def check(examination: Examination) -> Seen:
        letters, nonce = _special_letters(examination)
        path = examination.endpoint.target.rstrip("/")
        received = examination.exchange("GET", f"{path}/{form(letters)}")
        return _verified(examination, received, nonce)

    return check


def _special_letters(examination: Examination) -> tuple[str, bytes]:
    for length in range(NONCE_OCTETS, NONCE_OCTETS + 3):
        for _ in range(_TRIES):
            nonce = secrets.token_bytes(length)
            builder = examination.builder()
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
            letters = base64.b64encode(der_of(builder.build())).decode()
            if "+" in letters and "/" in letters and letters.endswith("="):
                return letters, nonce
    raise AssertionError("unreachable: one of three lengths needs padding")


_TRIES = 200
"""Nonces for each length. A random base64 of 20 letters has both + and / in one of
twelve cases; that 200 have not is less likely than 1 in 10,000,000."""


def _escaped(letters: str) -> str:
    return quote(letters, safe="")


def _escaped_in_lower_case(letters: str) -> str:
    escaped = quote(letters, safe="")
    for upper in ("%2F", "%2B", "%3D"):
        escaped = escaped.replace(upper, upper.lower())
    return escaped


def _raw(letters: str) -> str:
    return letters


def _after_two_slashes(letters: str) -> str:
    return f"/{_escaped(letters)}"


def _url_safe(letters: str) -> str:
    return letters.translate(str.maketrans("+/", "-_")).rstrip("=")


def _unpadded(letters: str) -> str:
    return _escaped(letters.rstrip("="))


# --- methods --------------------------------------------------------------------------


def _head(examination: Examination) -> Seen:
    target = examination.get_target(der_of(examination.builder().build()))
    octets = examination.octets(f"HEAD {target} HTTP/1.1", (CLOSE,))
    with examination.connect() as connection:
        connection.send(octets)
        received = examination.received(connection.receive(head_only=True))
        body = connection.rest()
    if received.reply.status != 200:
        return failed(f"HTTP {received.reply.status}")
    if body:
        return failed(f"{len(body)} octets follow the head")
    by_get = examination.get(der_of(examination.builder().build()))
    missing = {name for name, _ in by_get.reply.headers} - {
        name for name, _ in received.reply.headers
    }
    if missing & _OF_CONTENT:
        return failed(f"it lacks {', '.join(sorted(missing & _OF_CONTENT))} of the GET")
    return passed("the headers of the GET, and no content")


_OF_CONTENT = frozenset({"content-type", "etag", "last-modified", "expires"})


def _other_methods(examination: Examination) -> Seen:
    if not any(each.evidence for each in examination.answers()):
        return unclear("not sent: no verified answer shows that this is a responder")
    der = der_of(examination.builder().build())
    length = ("Content-Length", str(len(der)))
    seen = []
    for method in ("PUT", "DELETE", "PATCH"):
        received = examination.exchange(
            method, examination.endpoint.target, (POST_TYPE, length), der
        )
        status = received.reply.status
        if status == 405:
            allowed = received.reply.header("allow")
            if not allowed:
                return failed(f"{method}: 405 without Allow")
            seen.append(f"{method}: 405, Allow: {allowed[:40]}")
        elif 400 <= status <= 501:
            seen.append(f"{method}: {status}")
        else:
            return failed(f"{method}: {received}")
    return passed("; ".join(seen))


# --- the body of a POST ---------------------------------------------------------------


def _other_type(examination: Examination) -> Seen:
    der = der_of(examination.builder().build())
    received = examination.post(der, ("Content-Type", "text/plain"))
    if received.reply.status < 500 and (
        received.response is not None or received.reply.status >= 400
    ):
        return passed(str(received))
    return failed(str(received))


def _slow_body(examination: Examination) -> Seen:
    der = der_of(examination.builder().build())
    length = ("Content-Length", str(len(der)))
    start = f"POST {examination.endpoint.target} HTTP/1.1"
    head = examination.octets(start, (POST_TYPE, length, CLOSE))
    half = len(der) // 2
    with examination.connect() as connection:
        for part in (head, der[:half], der[half:]):
            connection.send(part)
            examination.pause()
        received = examination.received(connection.receive())
    return _verified(examination, received)


def _chunked_body(examination: Examination) -> Seen:
    der = der_of(examination.builder().build())
    parts = (der[:10], der[10:], b"")
    body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    chunked = ("Transfer-Encoding", "chunked")
    received = examination.exchange(
        "POST", examination.endpoint.target, (POST_TYPE, chunked), body
    )
    if received.reply.status in {411, 501}:
        return failed(f"it refuses chunks: HTTP {received.reply.status}")
    return _verified(examination, received)


def _expect(examination: Examination) -> Seen:
    der = der_of(examination.builder().build())
    headers = (POST_TYPE, ("Content-Length", str(len(der))), ("Expect", "100-continue"))
    received = examination.exchange("POST", examination.endpoint.target, headers, der)
    if received.reply.status == 417:
        return passed("HTTP 417")
    return _verified(examination, received)


# --- versions and connections ---------------------------------------------------------


def _http_1_0(examination: Examination) -> Seen:
    target = examination.get_target(der_of(examination.builder().build()))
    with examination.connect() as connection:
        connection.send(examination.octets(f"GET {target} HTTP/1.0", ()))
        received = examination.received(connection.receive())
    if received.reply.header("transfer-encoding"):
        return failed("the reply to HTTP/1.0 is in chunks")
    return _verified(examination, received)


def _pipelined(examination: Examination) -> Seen:
    """Send two requests at once: for the certificate, and for an unlisted one."""
    listed = der_of(examination.builder().build())
    unlisted = der_of(unlisted_request(examination))
    start = f"POST {examination.endpoint.target} HTTP/1.1"
    both = b"".join(
        examination.octets(start, (POST_TYPE, ("Content-Length", str(len(body)))), body)
        for body in (listed, unlisted)
    )
    with examination.connect() as connection:
        connection.send(both)
        first = examination.received(connection.receive())
        seen = _verified(examination, first)
        if seen.outcome is Outcome.FAILED:
            return seen
        try:
            second = examination.received(connection.receive())
        except BrokenReply:
            return not_applicable("it closes the connection after the first answer")
    if second.response is not None and isinstance(
        examination.verify(second), VerifiedResponse
    ):
        return failed("the answers come in another order")
    return passed(f"first {first}; second {second}")


CHECKS = (
    Check(
        "get-escaped",
        ("R6960-19",),
        "RFC 6960 App. A.1",
        MUST,
        "A GET with %2F, %2B and %3D is answered.",
        _in_form(_escaped),
    ),
    Check(
        "get-lower-case",
        ("R6960-19",),
        "RFC 3986 §6.2.2.1",
        MUST,
        "A GET with %2f, %2b and %3d is answered.",
        _in_form(_escaped_in_lower_case),
    ),
    Check(
        "get-raw",
        ("R6960-19",),
        "RFC 3986 §3.3",
        SHOULD,
        "A GET with /, + and = that are not escaped is answered.",
        _in_form(_raw),
    ),
    Check(
        "head",
        (),
        "RFC 9110 §9.3.2",
        SHOULD,
        "A HEAD gets the headers of the GET without content.",
        _head,
    ),
    Check(
        "other-methods",
        (),
        "RFC 9110 §15.5.6",
        MUST,
        "Other methods get 405 with Allow, or another error.",
        _other_methods,
    ),
    Check(
        "other-media-type",
        (),
        "RFC 6960 App. A.1, RFC 9110 §15.5.16",
        SHOULD,
        "A POST with another media type gets an answer or an error of the client.",
        _other_type,
    ),
    Check(
        "slow-body",
        (),
        "RFC 9112 §6.2",
        MUST,
        "A request that arrives in parts is answered.",
        _slow_body,
    ),
    Check(
        "chunked-body",
        (),
        "RFC 9112 §7.1",
        MUST,
        "A request in chunks is answered.",
        _chunked_body,
    ),
    Check(
        "expect-continue",
        (),
        "RFC 9110 §10.1.1",
        MUST,
        "A request with Expect is answered, for the right certificate.",
        _expect,
    ),
    Check(
        "http-1.0",
        (),
        "RFC 9112 §6.1, RFC 9110 §2.5",
        SHOULD,
        "A client of HTTP/1.0 is answered, and not in chunks.",
        _http_1_0,
    ),
    Check(
        "pipeline",
        (),
        "RFC 9112 §9.3.2",
        MUST,
        "Requests that are sent at once are answered in order.",
        _pipelined,
    ),
)

ODD_FORMS = (
    Check(
        "get-two-slashes",
        (),
        "–",
        MAY,
        "A GET with two slashes before the base64 is answered.",
        _in_form(_after_two_slashes),
    ),
    Check(
        "get-url-safe",
        (),
        "RFC 4648 §5",
        MAY,
        "A GET with base64url is answered.",
        _in_form(_url_safe),
    ),
    Check(
        "get-unpadded",
        (),
        "–",
        MAY,
        "A GET without padding is answered.",
        _in_form(_unpadded),
    ),
)
"""Forms of a GET that no clause requires."""
