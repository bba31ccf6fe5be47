"""The responder in WSGI, Django and Flask: the answers are those of the ASGI application."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import CertID, OCSPCertStatus, OCSPResponseStatus, limits
from ocsp.http import get_url
from ocsp.server import RequestHandler
from ocsp.server.frameworks import WSGIApplication
from tests.integration.test_responder import GOOD, REVOKED, _handler
from tests.pki import ca

BASE = "http://ca.example/ocsp/"


def _wsgi(handler: RequestHandler) -> Any:
    application = WSGIApplication(handler)

    def mounted(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"].removeprefix("/ocsp")
        return application({**environ, "PATH_INFO": path}, start_response)

    return mounted


def _flask(handler: RequestHandler) -> Any:
    flask = pytest.importorskip("flask")
    from ocsp.server.frameworks.flask import responder_blueprint

    app = flask.Flask("application")
    app.register_blueprint(responder_blueprint(handler), url_prefix="/ocsp")
    return app


def _django(handler: RequestHandler) -> Any:
    django = pytest.importorskip("django")
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.urls import clear_url_caches, re_path

    from ocsp.server.frameworks.django import responder_view

    urls: Any = ModuleType("responder_urls")
    urls.urlpatterns = [re_path(r"^ocsp/(?P<path>.*)$", responder_view(handler))]
    sys.modules["responder_urls"] = urls
    if not settings.configured:
        settings.configure(
            ROOT_URLCONF="responder_urls",
            ALLOWED_HOSTS=["*"],
            MIDDLEWARE=[
                "django.middleware.common.CommonMiddleware",
                "django.middleware.csrf.CsrfViewMiddleware",
            ],
        )
        django.setup()
    clear_url_caches()
    return get_wsgi_application()


FRAMEWORKS = {"wsgi": _wsgi, "flask": _flask, "django": _django}


@pytest.fixture(name="http", params=FRAMEWORKS)
def _http(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    application = FRAMEWORKS[request.param](_handler())
    with httpx.Client(transport=httpx.WSGITransport(application)) as client:
        yield client


def _request(serial: int) -> bytes:
    cert_id = CertID.for_serial(ca(), serial, hashes.SHA256())
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_id(cert_id)
    return builder.build().public_bytes(Encoding.DER)


def _status(reply: httpx.Response) -> OCSPCertStatus:
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/ocsp-response"
    return ocsp.load_der_ocsp_response(reply.content).certificate_status


def test_get_and_post(http: httpx.Client) -> None:
    """Good and revoked, with the headers for caches."""
    for serial, status in (
        (GOOD, OCSPCertStatus.GOOD),
        (REVOKED, OCSPCertStatus.REVOKED),
    ):
        der = _request(serial)
        reply = http.get(get_url(BASE, der))
        assert _status(reply) is status
        assert "max-age" in reply.headers["cache-control"]
        assert _status(http.post(BASE, content=der)) is status


def test_a_request_with_two_slashes(http: httpx.Client) -> None:
    """The path is not normalised: base64 can contain them."""
    der = _request((1 << 79) - 1)
    assert "%2F%2F" in get_url("", der)
    reply = http.get(get_url(BASE, der).replace("%2F", "/"), follow_redirects=False)
    assert reply.status_code == 200
    found = ocsp.load_der_ocsp_response(reply.content)
    assert found.response_status is OCSPResponseStatus.UNAUTHORIZED


def test_head_and_conditions(http: httpx.Client) -> None:
    """No body for HEAD, and none for an answer that the client has."""
    url = get_url(BASE, _request(GOOD))
    first = http.get(url)
    head = http.head(url)
    assert head.status_code == 200
    assert head.content == b""
    again = http.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_requests_that_are_wrong(http: httpx.Client) -> None:
    """Malformed, too long, without a length, and of another method."""
    malformed = OCSPResponseStatus.MALFORMED_REQUEST
    too_long = b"\x30" * (limits.MAX_HTTP_REQUEST_BYTES + 1)
    for reply in (
        http.post(BASE, content=b"wrong"),
        http.post(BASE, content=too_long),
        http.post(BASE, content=b""),
        http.get(f"{BASE}wrong"),
    ):
        found = ocsp.load_der_ocsp_response(reply.content)
        assert found.response_status is malformed
    assert http.put(BASE, content=b"x").status_code == 405


@pytest.mark.parametrize("length", ["9" * 5000, "x", "-1"])
def test_lengths_that_are_wrong(http: httpx.Client, length: str) -> None:
    """Python converts no number of 5,000 digits. Not every server looks at the length."""
    reply = http.post(BASE, content=_request(GOOD), headers={"content-length": length})
    assert ocsp.load_der_ocsp_response(reply.content).response_status in {
        OCSPResponseStatus.SUCCESSFUL,
        OCSPResponseStatus.MALFORMED_REQUEST,
    }


def test_the_root_says_that_it_runs(http: httpx.Client) -> None:
    """For people and programs that check this."""
    assert http.get(BASE).status_code == 200


def test_many_threads(http: httpx.Client) -> None:
    """One handler answers them all."""
    url = get_url(BASE, _request(GOOD))
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: _status(http.get(url)), range(64)))
    assert set(replies) == {OCSPCertStatus.GOOD}


def test_closing() -> None:
    """The thread ends; a later request starts another one."""
    application = WSGIApplication(_handler())
    with httpx.Client(transport=httpx.WSGITransport(application)) as http:
        url = get_url("http://ca.example/", _request(GOOD))
        assert _status(http.get(url)) is OCSPCertStatus.GOOD
        application.close()
        assert _status(http.get(url)) is OCSPCertStatus.GOOD
        application.close()
