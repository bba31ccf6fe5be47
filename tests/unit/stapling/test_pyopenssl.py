"""Test staples with pyOpenSSL, over memory BIOs: what servers send, clients accept."""

from __future__ import annotations

import contextlib
import datetime
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from OpenSSL import SSL, crypto

import ocsp
from ocsp import OCSPCertStatus, VerifiedResponse
from ocsp.errors import (
    CertificateRevoked,
    CertificateStatusUnknown,
    ConfigError,
    IssuerNotFound,
    MustStapleViolation,
    ResponseExpired,
    StapleMissing,
    VerificationError,
)
from ocsp.stapling import StapleFile
from ocsp.stapling.pyopenssl import (
    MissingStaple,
    StapleChecks,
    require_staple,
    staple_server,
)
from tests.pki import NOW, ca, key
from tests.unit.client.scene import HOUR, certificate, response
from tests.unit.stapling.scripted_stapler import delegate_until, signed

GOOD, REVOKED, UNKNOWN = OCSPCertStatus
SERIAL = 0x1F2E
MUST_STAPLE = x509.TLSFeature([x509.TLSFeatureType.status_request])
PLAIN = certificate()
DEMANDING = certificate(extensions=[MUST_STAPLE])
VERSIONS = [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION]


def _client(trusted: x509.Certificate | None = None) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    store = context.get_cert_store()
    assert store is not None
    store.add_cert(crypto.X509.from_cryptography(trusted or ca()))
    store.set_time(NOW)
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    context.set_verify(SSL.VERIFY_PEER)
    return context


def _server(cert: x509.Certificate) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate(cert)
    context.use_privatekey(key(f"leaf-{SERIAL:x}"))
    return context


def _serving(staple: bytes | None, cert: x509.Certificate) -> SSL.Context:
    """Return a server that sends *staple* unchecked."""
    context = _server(cert)
    if staple is not None:
        context.set_ocsp_server_callback(lambda connection, data: staple)
    return context


def _checks(
    missing: MissingStaple = MissingStaple.REFUSE, version: int | None = None
) -> StapleChecks:
    context = _client()
    if version is not None:
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)
    return require_staple(context, missing=missing, clock=lambda: NOW)


def _connect(checks: StapleChecks, server: SSL.Context) -> VerifiedResponse | None:
    """Do the handshake, and return the evidence that the client has."""
    server_side = SSL.Connection(server, None)
    server_side.set_accept_state()
    client_side = checks.connection(None, "example.org")
    _handshake(client_side, server_side)
    return checks.evidence(client_side)


def _handshake(client: SSL.Connection, server: SSL.Connection) -> list[str]:
    """Carry octets in both directions, and return the errors of both sides."""
    errors = []
    for _ in range(4):
        for name, one, other in (
            ("client", client, server),
            ("server", server, client),
        ):
            try:
                one.do_handshake()
            except SSL.WantReadError:
                pass
            except SSL.Error as error:
                errors.append(f"{name}: {error}")
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(65536))
    return errors


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("cert", [PLAIN, DEMANDING], ids=["plain", "must-staple"])
@pytest.mark.parametrize("staple", [signed(), response()], ids=["sha1", "sha256"])
def test_a_good_staple_is_evidence(
    version: int, cert: x509.Certificate, staple: bytes
) -> None:
    """In TLS 1.2 and 1.3, with any hash in the CertID."""
    found = _connect(_checks(version=version), _serving(staple, cert))
    assert found is not None
    assert found.status is GOOD
    assert found.is_about(cert, ca())


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("staple", "error"),
    [
        (signed(REVOKED), CertificateRevoked),
        (signed(UNKNOWN), CertificateStatusUnknown),
        (signed(begin=-5, end=-2), ResponseExpired),
        (None, StapleMissing),
    ],
    ids=["revoked", "unknown", "stale", "none"],
)
def test_any_other_staple_ends_the_handshake(
    version: int, staple: bytes | None, error: type[Exception]
) -> None:
    """``evidence`` raises the reason."""
    with pytest.raises(error):
        _connect(_checks(version=version), _serving(staple, PLAIN))


def test_a_certificate_can_require_a_staple() -> None:
    """RFC 7633: then even a lenient client rejects a server without a good staple."""
    lenient = _checks(MissingStaple.UNSAFE_ACCEPT)
    assert _connect(lenient, _serving(None, PLAIN)) is None
    with pytest.raises(MustStapleViolation):
        _connect(lenient, _serving(None, DEMANDING))
    with pytest.raises(ResponseExpired) as caught:
        _connect(lenient, _serving(signed(begin=-5, end=-2), DEMANDING))
    assert {each.rule for each in caught.value.failures} >= {"V19", "V28"}
    with pytest.raises(CertificateRevoked):
        _connect(lenient, _serving(signed(REVOKED), PLAIN))


def test_a_refusal_ends_the_handshake_with_an_alert() -> None:
    """The client cannot send application data to that server."""
    server = SSL.Connection(_serving(signed(REVOKED), PLAIN), None)
    server.set_accept_state()
    checks = _checks()
    client = checks.connection(None)
    errors = _handshake(client, server)
    assert any("bad certificate status response" in each for each in errors)
    with pytest.raises(SSL.Error):
        client.send(b"hello")


def test_a_connection_without_ocsp_request_has_no_evidence() -> None:
    """PyOpenSSL then calls no callback; ``evidence`` raises StapleMissing."""
    checks = _checks()
    server = SSL.Connection(_serving(signed(), PLAIN), None)
    server.set_accept_state()
    context = checks.connection(None).get_context()
    client = SSL.Connection(context, None)
    client.set_connect_state()
    _handshake(client, server)
    with pytest.raises(StapleMissing):
        checks.evidence(client)


def test_each_connection_has_its_own_result() -> None:
    """The connections of a context share only the callback."""
    checks = _checks()
    with pytest.raises(CertificateRevoked):
        _connect(checks, _serving(signed(REVOKED), PLAIN))
    assert _connect(checks, _serving(signed(), PLAIN)) is not None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_resumed_session_is_refused(version: int) -> None:
    """It has no staple and no chain; a client that needs no staple refuses it too."""
    checks = _checks(MissingStaple.UNSAFE_ACCEPT, version)
    serving = _serving(signed(), PLAIN)
    serving.set_session_id(b"test")

    def connection(session: SSL.Session | None) -> SSL.Connection:
        server = SSL.Connection(serving, None)
        server.set_accept_state()
        client = checks.connection(None)
        if session is not None:
            client.set_session(session)
        _handshake(client, server)
        with contextlib.suppress(SSL.Error):  # the client takes its ticket, if any
            client.recv(1)
        return client

    first = connection(None)
    assert checks.evidence(first) is not None
    with pytest.raises((StapleMissing, IssuerNotFound)):
        checks.evidence(connection(first.get_session()))


def test_a_chain_without_issuer_is_rejected() -> None:
    """A certificate that is trusted itself is the whole chain."""
    context = _client(trusted=PLAIN)
    checks = require_staple(context, clock=lambda: NOW)
    with pytest.raises(IssuerNotFound):
        _connect(checks, _serving(signed(), PLAIN))


def test_the_context_must_verify_the_chain() -> None:
    """Otherwise the server could choose any issuer."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    with pytest.raises(ConfigError, match="VERIFY_PEER"):
        require_staple(context)
    context.set_verify(SSL.VERIFY_PEER)
    with pytest.raises(TypeError):
        require_staple(context, missing=True)  # type: ignore[arg-type]


@pytest.mark.parametrize("where", ["context", "connection"])
def test_verification_switched_off_later_is_refused(where: str) -> None:
    """The server proves nothing then: here the client does not trust its CA."""
    context = _client(trusted=ca("Other CA"))
    checks = require_staple(context, clock=lambda: NOW)
    if where == "context":
        context.set_verify(SSL.VERIFY_NONE)
    client = checks.connection(None)
    if where == "connection":
        client.set_verify(SSL.VERIFY_NONE)
    serving = _serving(signed(), PLAIN)
    serving.add_extra_chain_cert(ca())
    server = SSL.Connection(serving, None)
    server.set_accept_state()
    _handshake(client, server)
    with pytest.raises(ConfigError, match="VERIFY_PEER"):
        checks.evidence(client)
    with pytest.raises(SSL.Error):
        client.send(b"hello")


def test_the_server_sends_the_staple_in_the_file(tmp_path: Path) -> None:
    """A replaced staple at once; none after it has expired or was damaged."""
    moments = [NOW]
    file = StapleFile(tmp_path / "x.ocsp", PLAIN, ca())
    server = _server(PLAIN)
    staple_server(server, file, clock=lambda: moments[0])

    def sent() -> VerifiedResponse | None:
        return _connect(_checks(MissingStaple.UNSAFE_ACCEPT), server)

    assert sent() is None
    file.path.write_bytes(signed())
    found = sent()
    assert found is not None
    assert found.status is GOOD
    moments[0] = NOW + 23 * HOUR
    assert sent() is None
    moments[0] = NOW
    assert file.replace(ocsp.verify(signed(REVOKED), PLAIN, ca(), at=NOW))
    with pytest.raises(CertificateRevoked):
        sent()
    file.path.write_bytes(b"oops")
    assert sent() is None


def test_the_server_sends_no_staple_after_the_end_of_its_signer(tmp_path: Path) -> None:
    """The nextUpdate is days later; the server has read the file once."""
    moments = [NOW]
    file = StapleFile(tmp_path / "x.ocsp", PLAIN, ca())
    file.path.write_bytes(signed(end=96, signer=delegate_until(1)))
    server = _server(PLAIN)
    staple_server(server, file, clock=lambda: moments[0])
    checks = _checks(MissingStaple.UNSAFE_ACCEPT)
    assert _connect(checks, server) is not None
    moments[0] = NOW + HOUR
    assert _connect(checks, server) is None


def test_a_missing_pyopenssl_is_one_clear_error() -> None:
    """Only the import of this module fails; the rest of the package works."""
    code = (
        "import sys; sys.modules['OpenSSL'] = None\n"
        "import ocsp, ocsp.stapling\n"
        "try:\n  import ocsp.stapling.pyopenssl\n"
        "except ocsp.MissingExtraError as error: print(error.extra)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "pyopenssl\n"


def test_the_default_clock_is_the_system_clock(tmp_path: Path) -> None:
    """By that clock the staple of this test is expired, or not valid yet."""
    file = StapleFile(tmp_path / "x.ocsp", PLAIN, ca())
    file.path.write_bytes(signed())
    server = _server(PLAIN)
    staple_server(server, file)
    if abs(datetime.datetime.now(datetime.UTC) - NOW) < 48 * HOUR:
        pytest.skip("this machine has the date of the test certificates")
    assert _connect(_checks(MissingStaple.UNSAFE_ACCEPT), server) is None
    with pytest.raises(VerificationError):
        _connect(require_staple(_client()), _serving(signed(), PLAIN))
