"""The middleware for client certificates: headers, trusted proxies, and decisions."""

from __future__ import annotations

import asyncio
import base64
import copy
import pickle
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import OCSPCertStatus
from ocsp.client import AddressPolicy, CheckStatus, FailMode, Options
from ocsp.errors import ConfigError, OCSPError
from ocsp.testing import PKI, Identity, LoopbackResponder
from ocsp.tls.middleware import (
    ASGIMiddleware,
    CertificateHeader,
    ClientRefused,
    HeaderForm,
    WSGIMiddleware,
)

PROXY, STRANGER = "10.0.0.1", "10.0.1.1"
OPTIONS = Options(address_policy=AddressPolicy.PRIVATE_TOO, retries=0)
REVOKED = OCSPCertStatus.REVOKED


def value_of(header: CertificateHeader, identity: Identity) -> str:
    """Return the header as its proxy writes it."""
    der = base64.b64encode(identity.certificate.public_bytes(Encoding.DER)).decode()
    pem = quote(identity.certificate_pem.decode(), safe="")
    return {
        HeaderForm.BYTE_SEQUENCE: f":{der}:",
        HeaderForm.BASE64: der,
        HeaderForm.ESCAPED_PEM: pem,
        HeaderForm.XFCC: f'By=spiffe://a;Hash=ab;Cert="{pem}";Subject="CN=x, O=y"',
    }[header.form]


HEADERS = {
    name: getattr(CertificateHeader, name)
    for name in ("RFC_9440", "NGINX", "HAPROXY", "ENVOY")
}


@pytest.mark.parametrize("name", HEADERS)
def test_every_form_of_header_is_read(name: str) -> None:
    """As the proxies write them."""
    header, identity = HEADERS[name], PKI().issue()
    found = header.certificate(value_of(header, identity))
    assert found == identity.certificate


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("value", ["", "x", ":x:", ":MAA=:", "a,b", "é", "MAA=", "%FF"])
def test_what_is_no_certificate_is_an_error(name: str, value: str) -> None:
    """Of this package, whatever it is."""
    with pytest.raises(OCSPError):
        HEADERS[name].certificate(value)


def test_several_elements_of_envoy_are_refused() -> None:
    """They come from several proxies, and one of them may be the client itself."""
    header = CertificateHeader.ENVOY
    value = value_of(header, PKI().issue())
    for wrong in (f"{value},{value}", f"{value};{value}", f"By=a,{value}", value[:-1]):
        with pytest.raises(OCSPError, match="SANITIZE_SET"):
            header.certificate(wrong)


@pytest.mark.parametrize("name", ["NGINX", "ENVOY"])
def test_a_value_has_exactly_one_certificate(name: str) -> None:
    """A server may have joined two headers, one of which is that of the client."""
    header, pki = HEADERS[name], PKI()
    one, other = (pki.issue().certificate_pem.decode().strip() for _ in range(2))

    def value(text: str) -> str:
        escaped = quote(text, safe=",")
        return f'Cert="{escaped}"' if name == "ENVOY" else escaped

    for wrong in (
        f"{one},{other}",
        f"{one}\n{other}",
        f",{one}",
        f"{one},",
        f"x\n{one}",
    ):
        with pytest.raises(OCSPError, match="exactly one certificate"):
            header.certificate(value(wrong))
    assert header.certificate(value(f"\n{one}\n")).public_bytes(Encoding.PEM)


def test_wrong_headers() -> None:
    """Names and forms."""
    with pytest.raises(ConfigError, match="must be that of a header"):
        CertificateHeader("a b", HeaderForm.BASE64)
    with pytest.raises(TypeError, match="HeaderForm"):
        CertificateHeader("a", "base64")  # type: ignore[arg-type]


# --- both kinds of middleware ----------------------------------------------------------


class _Scene:
    """A responder, and one request through a middleware."""

    def __init__(self, kind: str, responder: LoopbackResponder) -> None:
        self.kind = kind
        self.pki = responder.pki
        self.seen: dict[str, Any] = {}

    def ask(
        self,
        *headers: str,
        peer: str | None = PROXY,
        server: dict[str, Any] | None = None,
        header: CertificateHeader | None = CertificateHeader.RFC_9440,
        **how: Any,
    ) -> int:
        """Return the status of a request; ``seen`` is what the application got."""
        self.seen = {}
        if header is not None:
            how = {"header": header, "trusted_proxies": ["10.0.0.0/24", "unix"]} | how
        how.setdefault("issuers", [self.pki.issuer])
        if self.kind == "asgi":
            return asyncio.run(self._ask_asgi(headers, peer, server, header, how))
        return self._ask_wsgi(headers, peer, server, header, how)

    async def _ask_asgi(
        self, values: Any, peer: Any, server: Any, header: Any, how: Any
    ) -> int:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            self.seen = scope
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok"})

        async def answer(scope: Any, receive: Any, send: Any) -> None:
            self.seen = scope
            await send({"type": "http.response.start", "status": 418, "headers": []})

        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        if how.pop("hook", False):
            how["refuse"] = answer
        async with ocsp.AsyncClient(OPTIONS) as client:
            name = (header or CertificateHeader.RFC_9440).name.encode()
            scope: dict[str, Any] = {
                "type": "http", "client": (peer, 1) if peer else None,
                "headers": [(name, each.encode()) for each in values],
                "extensions": {"tls": server} if server else None,
            }  # fmt: skip
            await ASGIMiddleware(app, client, **how)(scope, None, send)  # type: ignore[arg-type]
        return int(sent[0]["status"])

    def _ask_wsgi(
        self, values: Any, peer: Any, server: Any, header: Any, how: Any
    ) -> int:
        started: list[str] = []

        def app(environ: Any, start_response: Any) -> list[bytes]:
            self.seen = environ
            start_response("200 OK", [])
            return [b"ok"]

        def answer(environ: Any, start_response: Any) -> list[bytes]:
            self.seen = environ
            start_response("418 I'm a teapot", [])
            return []

        if how.pop("hook", False):
            how["refuse"] = answer
        with ocsp.Client(OPTIONS) as client:
            name = (header or CertificateHeader.RFC_9440).name.upper()
            environ: dict[str, Any] = {"REMOTE_ADDR": peer or ""}
            if values:
                environ[f"HTTP_{name.replace('-', '_')}"] = ",".join(values)
            if server:
                failed = server.get("client_cert_error")
                environ["SSL_CLIENT_CERT"] = server["client_cert_chain"][0]
                environ["SSL_CLIENT_VERIFY"] = "FAILED" if failed else "SUCCESS"
            middleware = WSGIMiddleware(app, client, **how)
            list(middleware(environ, lambda status, _: started.append(status)))
        return int(started[0][:3])

    def passed(self) -> Any:
        """Return the outcome that the application got."""
        return self.seen["ocsp.outcome"]

    def has_header(self) -> bool:
        """Return whether the application got a header with a certificate."""
        if self.kind == "wsgi":
            return "HTTP_CLIENT_CERT" in self.seen
        return bool(self.seen["headers"])


@pytest.fixture(name="scene", params=["asgi", "wsgi"])
def _scene(request: pytest.FixtureRequest, ocsp_responder: LoopbackResponder) -> _Scene:
    return _Scene(request.param, ocsp_responder)


@pytest.mark.parametrize("name", HEADERS)
def test_good_clients_pass_and_revoked_ones_do_not(scene: _Scene, name: str) -> None:
    """With each form of header, from a trusted proxy."""
    header = HEADERS[name]
    good, revoked = scene.pki.issue(), scene.pki.issue(status=REVOKED)
    assert scene.ask(value_of(header, good), header=header) == 200
    assert scene.passed().status is CheckStatus.GOOD
    assert scene.passed().certificate == good.certificate
    assert scene.ask(value_of(header, revoked), header=header) == 403
    assert scene.seen == {}


def test_the_hook_of_the_application_answers(scene: _Scene) -> None:
    """It gets the reason and the outcome."""
    revoked = scene.pki.issue(status=REVOKED)
    value = value_of(CertificateHeader.RFC_9440, revoked)
    assert scene.ask(value, hook=True) == 418
    refused = scene.seen["ocsp.refused"]
    assert isinstance(refused, ClientRefused)
    assert isinstance(refused.__cause__, ocsp.CertificateRevoked)
    assert refused.outcome is not None
    assert refused.outcome.status is CheckStatus.REVOKED


def test_a_header_counts_only_from_a_trusted_proxy(scene: _Scene) -> None:
    """Otherwise it is removed, so that the application does not believe it."""
    value = value_of(CertificateHeader.RFC_9440, scene.pki.issue())
    for peer in (STRANGER, "::1", "localhost"):
        assert scene.ask(value, peer=peer) == 403
        assert scene.ask(value, peer=peer, required=False) == 200
        assert scene.passed() is None
        assert not scene.has_header()
    assert scene.ask(value, peer=None) == 200  # the Unix socket is trusted
    assert scene.has_header()
    assert scene.ask(value, peer=None, trusted_proxies=[PROXY]) == 403


def test_without_a_certificate(scene: _Scene) -> None:
    """Refused, or passed without an outcome if none is required."""
    for values in ((), ("",)):
        assert scene.ask(*values) == 403
        assert scene.ask(*values, required=False) == 200
        assert scene.passed() is None


def test_headers_that_cannot_be_read_are_refused(scene: _Scene) -> None:
    """Also where no certificate is required; two headers are one too many."""
    value = value_of(CertificateHeader.RFC_9440, scene.pki.issue())
    for values in (("broken",), (value, value), ("", value), (value, "")):
        assert scene.ask(*values, required=False) == 403


@pytest.mark.parametrize("name", HEADERS)
def test_a_second_header_is_refused_in_every_form(scene: _Scene, name: str) -> None:
    """One is of the client, where the proxy adds its own and does not replace it."""
    header = HEADERS[name]
    values = [value_of(header, scene.pki.issue()) for _ in range(2)]
    assert scene.ask(*values, header=header) == 403


def test_a_peer_of_ipv4_on_a_socket_of_ipv6(scene: _Scene) -> None:
    """Servers that listen on ``::`` write its address in this form (RFC 4291 §2.5.5.2)."""
    value = value_of(CertificateHeader.RFC_9440, scene.pki.issue())
    assert scene.ask(value, peer=f"::ffff:{PROXY}") == 200
    assert scene.ask(value, peer=f"::ffff:{STRANGER}") == 403


def test_a_certificate_of_another_ca_is_refused(scene: _Scene) -> None:
    """Its status says nothing about the clients of this application."""
    other = scene.pki.unrelated_pki().issue()
    value = value_of(CertificateHeader.RFC_9440, other)
    assert scene.ask(value, required=False, fail=FailMode.UNSAFE_SOFT) == 403


def test_no_status(scene: _Scene) -> None:
    """Hard failing refuses, soft failing passes."""
    value = value_of(CertificateHeader.RFC_9440, scene.pki.issue(ocsp_urls=()))
    assert scene.ask(value) == 403
    assert scene.ask(value, fail=FailMode.UNSAFE_SOFT) == 200
    assert scene.passed().status is CheckStatus.INDETERMINATE


def _shown(identity: Identity, error: str | None = None) -> dict[str, Any]:
    chain = [identity.certificate_pem.decode()]
    return {"client_cert_chain": chain, "client_cert_error": error}


def test_certificates_that_the_server_has_verified(scene: _Scene) -> None:
    """By the TLS extension of ASGI, or the variables of mod_ssl."""
    good, revoked = scene.pki.issue(), scene.pki.issue(status=REVOKED)
    assert scene.ask(server=_shown(good), header=None) == 200
    assert scene.ask(server=_shown(revoked), header=None) == 403
    assert scene.ask(server=_shown(good, "expired"), header=None) == 403
    broken = {"client_cert_chain": ["broken"]}
    assert scene.ask(server=broken, header=None) == 403


def test_the_certificate_of_the_proxy_is_not_that_of_the_client(scene: _Scene) -> None:
    """The proxy has one for its own connection; the client has shown none."""
    assert scene.ask(server=_shown(scene.pki.issue())) == 403


def test_wrong_settings(scene: _Scene) -> None:
    """Each says what is missing."""
    for how, text in (
        ({"issuers": []}, "of a CA at least"),
        ({"trusted_proxies": []}, "both, or neither"),
        ({"trusted_proxies": ["proxy.example"]}, "is not a network"),
    ):
        with pytest.raises(ConfigError, match=text):
            scene.ask(**how)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="FailMode"):
        scene.ask(fail="hard")


def test_the_client_has_the_right_kind() -> None:
    """An asynchronous one for ASGI."""
    with pytest.raises(TypeError, match=r"ocsp\.AsyncClient"):
        ASGIMiddleware(None, ocsp.Client(), issuers=[])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"ocsp\.Client"):
        WSGIMiddleware(None, ocsp.AsyncClient(), issuers=[])  # type: ignore[arg-type]


def test_other_scopes_and_websockets(ocsp_pki: PKI) -> None:
    """The lifespan passes; a WebSocket without a certificate is closed."""
    seen: list[str] = []
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    async def send(message: Any) -> None:
        sent.append(message)

    async def work() -> None:
        async with ocsp.AsyncClient() as client:
            wrapped = ASGIMiddleware(app, client, issuers=[ocsp_pki.issuer])
            for kind in ("lifespan", "websocket"):
                await wrapped({"type": kind, "headers": []}, None, send)  # type: ignore[arg-type]

    asyncio.run(work())
    assert seen == ["lifespan"]
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_kinds_of_scopes_that_are_not_known_are_refused(ocsp_pki: PKI) -> None:
    """A server may have more kinds of requests than HTTP and WebSocket."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("called")

    async def send(message: Any) -> None:
        sent.append(message)

    async def work() -> None:
        async with ocsp.AsyncClient() as client:
            wrapped = ASGIMiddleware(app, client, issuers=[ocsp_pki.issuer])
            await wrapped({"type": "webtransport", "headers": []}, None, send)  # type: ignore[arg-type]

    asyncio.run(work())
    assert sent[0]["status"] == 403


@pytest.mark.parametrize("peer", [PROXY, STRANGER])
def test_names_with_underscores_do_not_reach_the_application(
    ocsp_pki: PKI, peer: str
) -> None:
    """
    For an application that uses WSGI inside both names are one.

    A proxy that replaces ``Client-Cert`` lets ``Client_Cert`` pass.
    """
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["headers"])

    async def work() -> None:
        async with ocsp.AsyncClient() as client:
            wrapped = ASGIMiddleware(
                app, client, issuers=[ocsp_pki.issuer], required=False,
                header=CertificateHeader.RFC_9440, trusted_proxies=[PROXY],
            )  # fmt: skip
            scope: Any = {
                "type": "http", "client": (peer, 1),
                "headers": [(b"client_cert", b"forged"), (b"other_name", b"x")],
            }  # fmt: skip
            await wrapped(scope, None, None)  # type: ignore[arg-type]

    asyncio.run(work())
    assert seen == [[(b"other_name", b"x")]]


def test_the_error_can_be_pickled_and_copied() -> None:
    """Without its outcome."""
    for again in (
        pickle.loads(pickle.dumps(ClientRefused("no"))),
        copy.copy(ClientRefused("no")),
    ):
        assert str(again) == "no"
        assert again.outcome is None
