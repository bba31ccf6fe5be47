"""
Sessions that are resumed: OpenSSL then keeps no verified path, and no peer gets through.

In TLS 1.2 and 1.3, for clients and for servers.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import NamedTuple

import pytest

import ocsp
from ocsp import OCSPCertStatus
from ocsp.tls import Protection, RevocationRefused, protect
from ocsp.tls.peer import PeerPaths
from tests.integration.tls_protection.scene import NAME, V12, V13, Scene, TLSServer

VERSIONS = pytest.mark.parametrize("version", [V12, V13], ids=["1.2", "1.3"])


class _Exchange(NamedTuple):
    answer: bytes
    session: ssl.SSLSession | None
    reused: bool | None


def _talk(
    context: ssl.SSLContext, server: TLSServer, session: ssl.SSLSession | None = None
) -> _Exchange:
    raw = socket.create_connection(server.address, 10)
    with context.wrap_socket(raw, server_hostname=NAME, session=session) as tls:
        tls.sendall(b"hi")
        answer = tls.recv(50)
        return _Exchange(answer, tls.session, tls.session_reused)


@pytest.fixture(name="asking")
def _asking(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> ocsp.Client:
    """Return a client that asks the responder at each handshake."""
    monkeypatch.setattr("ocsp.client.background._REUSED_SECONDS", 0.0)
    return scene.new_client(nonce=ocsp.SendNonce.ALWAYS)


def _forget(protection: Protection) -> None:
    """Make the protection like that of another process, which knows no paths."""
    protection._judge.paths = PeerPaths(whole=False)


@VERSIONS
def test_a_server_is_judged_again(
    scene: Scene, asking: ocsp.Client, version: ssl.TLSVersion
) -> None:
    """Good, resumed, then revoked and resumed."""
    server = scene.serve(scene.server_context(scene.good(), version=version))
    context = scene.client_context(version=version)
    protect(context, asking)
    first = _talk(context, server)
    again = _talk(context, server, first.session)
    assert again.reused
    assert len(scene.responder.requests) == 2
    scene.pki.set_status(scene.good(), OCSPCertStatus.REVOKED)
    with pytest.raises(RevocationRefused, match="revoked"):
        _talk(context, server, again.session)


@VERSIONS
def test_a_remembered_answer_holds_for_a_resumed_session_too(
    scene: Scene, version: ssl.TLSVersion
) -> None:
    """As for every handshake: nothing is asked."""
    server = scene.serve(scene.server_context(scene.good(), version=version))
    context = scene.client_context(version=version)
    protect(context, scene.client)
    session = _talk(context, server).session
    assert _talk(context, server, session).reused
    assert len(scene.responder.requests) == 1


@VERSIONS
@pytest.mark.parametrize("status", [OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED])
def test_an_unknown_path_is_found_among_the_anchors(
    scene: Scene, asking: ocsp.Client, version: ssl.TLSVersion, status: OCSPCertStatus
) -> None:
    """The issuer is one of the certificates that the context trusts."""
    server = scene.serve(scene.server_context(scene.good(), version=version))
    context = scene.client_context(version=version)
    protection = protect(context, asking)
    session = _talk(context, server).session
    _forget(protection)
    scene.pki.set_status(scene.good(), status)
    if status is OCSPCertStatus.GOOD:
        assert _talk(context, server, session).reused
    else:
        with pytest.raises(RevocationRefused, match="revoked"):
            _talk(context, server, session)


@VERSIONS
def test_an_unknown_path_is_refused(scene: Scene, version: ssl.TLSVersion) -> None:
    """The issuer is an intermediate CA, which is not in a resumed session."""
    scene.pki.add_intermediate()
    server = scene.serve(scene.server_context(scene.good(), version=version))
    context = scene.client_context(version=version)
    protection = protect(context, scene.client)
    session = _talk(context, server).session
    _forget(protection)
    with pytest.raises(RevocationRefused, match="is not known in this process"):
        _talk(context, server, session)
    assert _talk(context, server).answer == b"srv:hi"


@VERSIONS
@pytest.mark.parametrize("mode", [ssl.CERT_REQUIRED, ssl.CERT_OPTIONAL])
def test_a_client_is_judged_again(
    scene: Scene, asking: ocsp.Client, version: ssl.TLSVersion, mode: ssl.VerifyMode
) -> None:
    """A server with tickets; the client was good, and is revoked when it resumes."""
    protected = scene.server_context(scene.good(), mode, version)
    protection = protect(protected, asking)
    server = scene.serve(protected)
    identity = scene.pki.issue("client")
    context = scene.client_context(identity, version)
    first = _talk(context, server)
    again = _talk(context, server, first.session)
    assert again.reused
    assert again.answer == b"srv:hi"
    scene.pki.set_status(identity, OCSPCertStatus.REVOKED)
    server.got.clear()
    for forget in (False, True):
        if forget:
            _forget(protection)
        with contextlib.suppress(OSError):  # the end can also arrive as a reset
            assert _talk(context, server, again.session).answer == b""
    server.join()
    assert server.got == []
    assert {type(each) for each in server.failures} == {RevocationRefused}
