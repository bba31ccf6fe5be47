"""``protect``: what it accepts and refuses, and what each status of a peer leads to."""

from __future__ import annotations

import contextlib
import copy
import datetime
import logging
import os
import pickle
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import pytest
import truststore
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import OCSPCertStatus, limits
from ocsp.client import CheckStatus, FailMode, Outcome, Reason
from ocsp.errors import ConfigError, UnsupportedError
from ocsp.testing import Fault
from ocsp.tls import Chain, RevocationPending, RevocationRefused, protect
from ocsp.tls import protection as protection_module
from tests.integration.tls_protection.scene import NAME, Scene, TLSServer

UNKNOWN, REVOKED = OCSPCertStatus.UNKNOWN, OCSPCertStatus.REVOKED


def talk(context: ssl.SSLContext, server: TLSServer, name: str = NAME) -> bytes:
    """Return the answer of *server*."""
    raw = socket.create_connection(server.address, 10)
    with context.wrap_socket(raw, server_hostname=name) as tls:
        tls.sendall(b"hi")
        return tls.recv(50)


# --- the status of a server -----------------------------------------------------------


def test_the_error_is_one_of_ssl_with_the_outcome(scene: Scene) -> None:
    """Its cause is the error of this package."""
    context = scene.client_context()
    protect(context, scene.client)
    server = scene.serve(scene.server_context(scene.revoked()))
    with pytest.raises(ssl.SSLCertVerificationError) as raised:
        talk(context, server)
    error = raised.value
    assert isinstance(error, RevocationRefused)
    assert isinstance(error.__cause__, ocsp.CertificateRevoked)
    assert (error.library, error.reason) == ("SSL", "CERTIFICATE_VERIFY_FAILED")
    assert error.verify_code == 23
    assert str(error) == (f"[SSL: CERTIFICATE_VERIFY_FAILED] {error.verify_message}")
    assert error.verify_message.startswith("certificate 'CN=localhost': ")
    assert error.outcome is not None
    assert error.outcome.status is CheckStatus.REVOKED


def test_the_errors_can_be_pickled_and_copied(scene: Scene) -> None:
    """Without the outcome, which cannot be; pending ones become refused ones."""
    refused = RevocationRefused("no", revoked=True)
    for error in (refused, RevocationPending("not yet", ())):
        for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
            assert type(again) is RevocationRefused
            assert str(again) == str(error)
            assert again.verify_code == error.verify_code
            assert again.outcome is None


def test_unknown_and_unreachable_servers_are_refused(scene: Scene) -> None:
    """There is no evidence: hard failing is the default."""
    context = scene.client_context()
    protect(context, scene.client)
    unknown = scene.serve(scene.server_context(scene.pki.issue(NAME, status=UNKNOWN)))
    with pytest.raises(RevocationRefused) as raised:
        talk(context, unknown)
    assert isinstance(raised.value.__cause__, ocsp.CertificateStatusUnknown)
    assert raised.value.verify_code == 50
    silent = scene.serve(scene.server_context(scene.pki.issue(NAME, ocsp_urls=())))
    with pytest.raises(RevocationRefused) as raised:
        talk(context, silent)
    assert isinstance(raised.value.__cause__, ocsp.RevocationIndeterminate)
    assert raised.value.outcome is not None
    assert raised.value.outcome.reason is Reason.NO_URL


def test_a_crl_counts_where_the_options_say_so(scene: Scene) -> None:
    """A certificate without a responder, on the CRL of its issuer."""
    context = scene.client_context()
    protect(context, scene.client)
    for status, ends in ((OCSPCertStatus.GOOD, b"srv:hi"), (REVOKED, None)):
        leaf = scene.pki.issue(
            NAME, ocsp_urls=(), crl_urls=[scene.pki.crl_url], status=status
        )
        server = scene.serve(scene.server_context(leaf))
        if ends:
            scene.client = scene.new_client()
            assert talk(context, server) == ends
        else:
            other = scene.client_context()
            protect(other, scene.new_client())
            with pytest.raises(RevocationRefused, match="revoked"):
                talk(other, server)


def test_a_certificate_without_status_by_its_own_statement_passes(
    scene: Scene,
) -> None:
    """NoRevAvail (RFC 9608): nothing is asked."""
    context = scene.client_context()
    protect(context, scene.client)
    server = scene.serve(scene.server_context(scene.pki.issue(NAME, no_rev_avail=True)))
    assert talk(context, server) == b"srv:hi"
    assert scene.responder.requests == []


@pytest.mark.parametrize("fault", Fault)
def test_no_fault_of_a_responder_lets_a_revoked_server_pass(
    scene: Scene, fault: Fault
) -> None:
    """Under hard fail every fault refuses, and the connection gets no octet."""
    scene.responder.fail(fault)
    client = scene.new_client(retries=0, timeout=datetime.timedelta(seconds=0.3))
    context = scene.client_context()
    protect(context, client)
    server = scene.serve(scene.server_context(scene.revoked()))
    with pytest.raises(RevocationRefused):
        talk(context, server)
    server.join()
    assert server.got == []


def test_soft_failing_lets_a_peer_without_status_pass_but_no_revoked_one(
    scene: Scene,
) -> None:
    """The responder fails: the status that was known before counts."""
    context = scene.client_context()
    protect(context, scene.client, fail=FailMode.UNSAFE_SOFT)
    silent = scene.serve(scene.server_context(scene.pki.issue(NAME, ocsp_urls=())))
    assert talk(context, silent) == b"srv:hi"
    revoked = scene.serve(scene.server_context(scene.revoked()))
    with pytest.raises(RevocationRefused, match="revoked"):
        talk(context, revoked)


def test_soft_failing_passes_when_the_check_takes_too_long(scene: Scene) -> None:
    """In a thread of its own; hard failing raises that it is pending."""
    blocked = threading.Event()
    client = scene.close_later(_Slow(scene.client, blocked))
    server = scene.serve(scene.server_context(scene.good()))
    soft, hard = scene.client_context(), scene.client_context()
    protect(soft, client, fail=FailMode.UNSAFE_SOFT, wait=0.05)
    protect(hard, client, wait=0.05)
    assert talk(soft, server) == b"srv:hi"
    with pytest.raises(RevocationPending) as raised:
        talk(hard, server)
    assert not raised.value.wait(0)
    blocked.set()
    assert raised.value.wait(10)
    assert talk(hard, server) == b"srv:hi"


class _Slow(ocsp.Client):
    """A client whose checks wait for an event."""

    def __init__(self, real: ocsp.Client, event: threading.Event) -> None:
        super().__init__(real.options)
        self._event = event

    def ask(self, *args: Any) -> Outcome:
        self._event.wait(10)
        return super().ask(*args)


def test_an_unexpected_error_refuses(scene: Scene) -> None:
    """Here a cache of the caller is broken, also under soft fail."""

    class Broken:
        def get(self, cert_id: ocsp.CertID) -> None:
            raise RuntimeError("the cache is broken")

    client = ocsp.Client(cache=Broken())  # type: ignore[arg-type]
    context = scene.client_context()
    protect(context, client, fail=FailMode.UNSAFE_SOFT)
    server = scene.serve(scene.server_context(scene.good()))
    with pytest.raises(RevocationRefused, match="the cache is broken") as raised:
        talk(context, server)
    assert isinstance(raised.value.__cause__, RuntimeError)


def test_an_interrupted_check_admits_nobody(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the wait for the status: the next use checks again."""
    context = scene.client_context()
    client = scene.client
    protect(context, client)
    server = scene.serve(scene.server_context(scene.revoked()))
    raw = socket.create_connection(server.address, 10)
    with context.wrap_socket(
        raw, server_hostname=NAME, do_handshake_on_connect=False
    ) as tls:
        with monkeypatch.context() as patch:
            patch.setattr(client, "cached_outcome", _interrupt)
            with pytest.raises(KeyboardInterrupt):
                tls.do_handshake()
        with pytest.raises(RevocationRefused, match="revoked"):
            tls.send(b"hi")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


# --- clients of a server --------------------------------------------------------------


def serve_clients(
    scene: Scene, mode: ssl.VerifyMode = ssl.CERT_REQUIRED, **how: Any
) -> TLSServer:
    """Return a protected server that asks for certificates."""
    context = scene.server_context(scene.good(), mode, **how)
    protect(context, scene.client)
    return scene.serve(context)


def test_a_server_serves_good_clients_and_no_revoked_ones(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """The client sees the end of the connection; the log of the server says why."""
    server = serve_clients(scene)
    good = scene.client_context(scene.pki.issue("client"))
    assert talk(good, server) == b"srv:hi"
    server.got.clear()
    revoked = scene.client_context(scene.pki.issue("client", status=REVOKED))
    with caplog.at_level(logging.WARNING, "ocsp.tls"):
        with contextlib.suppress(OSError):  # the end can also arrive as a reset
            assert talk(revoked, server) == b""
        server.join()
    assert server.got == []
    assert isinstance(server.failures[-1], RevocationRefused)
    assert "refused a TLS client: certificate 'CN=client'" in caplog.text


def test_a_client_without_a_certificate_passes_where_it_may(scene: Scene) -> None:
    """CERT_OPTIONAL: there is nothing to check."""
    server = serve_clients(scene, ssl.CERT_OPTIONAL)
    assert talk(scene.client_context(), server) == b"srv:hi"
    revoked = scene.client_context(scene.pki.issue("client", status=REVOKED))
    with contextlib.suppress(OSError):
        assert talk(revoked, server) == b""
    server.join()
    assert server.got == [b"hi"]


# --- paths ----------------------------------------------------------------------------


def test_whole_chains(scene: Scene) -> None:
    """A revoked intermediate CA counts only if all certificates are checked."""
    intermediate = scene.pki.add_intermediate()
    scene.pki.set_status(intermediate, REVOKED)
    server = scene.serve(scene.server_context(scene.good()))
    leaf_only, whole = scene.client_context(), scene.client_context()
    protect(leaf_only, scene.client)
    protect(whole, scene.client, chain=Chain.ALL)
    assert talk(leaf_only, server) == b"srv:hi"
    with pytest.raises(RevocationRefused, match="Intermediate CA 1"):
        talk(whole, server)


def test_whole_chains_of_good_certificates(scene: Scene) -> None:
    """Both are asked for; the trust anchor is not."""
    scene.pki.add_intermediate()
    server = scene.serve(scene.server_context(scene.good()))
    context = scene.client_context()
    protect(context, scene.client, chain=Chain.ALL)
    assert talk(context, server) == b"srv:hi"
    assert len(scene.responder.requests) == 2


def _partial(scene: Scene, *anchors: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for anchor in anchors:
        context.load_verify_locations(cadata=anchor)
    protect(context, scene.client)
    return context


@pytest.mark.parametrize("revoked", [False, True])
def test_an_intermediate_as_anchor(scene: Scene, revoked: bool) -> None:
    """The path ends there; the leaf is checked with it."""
    anchor = scene.pki.add_intermediate().certificate.public_bytes(Encoding.DER)
    leaf = scene.revoked() if revoked else scene.good()
    server = scene.serve(scene.server_context(leaf))
    context = _partial(scene, anchor)
    if revoked:
        with pytest.raises(RevocationRefused, match="revoked"):
            talk(context, server)
    else:
        assert talk(context, server) == b"srv:hi"


def test_a_leaf_as_anchor_without_its_issuer_has_no_status(scene: Scene) -> None:
    """The server sends no issuer, so nothing can be asked."""
    leaf = scene.good()
    server = scene.serve(scene.server_context(leaf))
    context = _partial(scene, leaf.certificate.public_bytes(Encoding.DER))
    with pytest.raises(RevocationRefused) as raised:
        talk(context, server)
    assert raised.value.outcome is not None
    assert raised.value.outcome.reason is Reason.NO_ISSUER


def test_a_self_signed_certificate_that_is_trusted_itself_passes(scene: Scene) -> None:
    """No issuer exists that could revoke it."""
    server = scene.serve(scene.server_context(scene.pki.cas[0].identity))
    context = scene.client_context()
    context.check_hostname = False
    protect(context, scene.client)
    assert talk(context, server) == b"srv:hi"
    assert scene.responder.requests == []


# --- what protect refuses -------------------------------------------------------------


def test_contexts_that_cannot_be_protected(scene: Scene) -> None:
    """Each refusal says what to do."""
    client = scene.client
    with pytest.raises(TypeError, match=r"ssl\.SSLContext, not builtins\.int"):
        protect(1, client)  # type: ignore[arg-type]
    lax = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    lax.check_hostname = False
    lax.verify_mode = ssl.CERT_NONE
    with pytest.raises(ConfigError, match="CERT_REQUIRED first"):
        protect(lax, client)
    with pytest.raises(ConfigError, match="CERT_REQUIRED first"):
        protect(scene.server_context(scene.good()), client)
    later = scene.server_context(scene.good(), ssl.CERT_OPTIONAL)
    later.post_handshake_auth = True
    with pytest.raises(ConfigError, match="set post_handshake_auth to False"):
        protect(later, client)
    green = scene.client_context()
    green.sslsocket_class = socket.socket  # type: ignore[assignment]
    with pytest.raises(ConfigError, match=r"no subclass of ssl\.SSLSocket"):
        protect(green, client)


def test_contexts_of_pyopenssl_are_refused(scene: Scene) -> None:
    """They are no contexts of ``ssl``."""
    from OpenSSL import SSL

    with pytest.raises(TypeError, match=r"not OpenSSL\.SSL\.Context"):
        protect(SSL.Context(SSL.TLS_METHOD), scene.client)  # type: ignore[arg-type]


class _Stubborn(ssl.SSLContext):
    """Makes objects of a class that it chooses itself."""

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        return ssl.SSLObject._create(*args, context=self, **kwargs)  # type: ignore[attr-defined, no-any-return]


class _StubbornSockets(ssl.SSLContext):
    def wrap_socket(self, sock: socket.socket, **kwargs: Any) -> ssl.SSLSocket:  # type: ignore[override]
        return ssl.SSLSocket._create(sock=sock, context=self, **kwargs)  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("kind", [_Stubborn, _StubbornSockets])
def test_a_context_that_chooses_its_classes_itself_is_refused(
    scene: Scene, kind: type[ssl.SSLContext]
) -> None:
    """It would make connections that are not protected."""
    with pytest.raises(ConfigError, match="not protected"):
        protect(kind(ssl.PROTOCOL_TLS_CLIENT), scene.client)


@pytest.mark.parametrize(
    ("how", "error", "text"),
    [
        ({"client": ocsp.AsyncClient()}, TypeError, "works in event loops too"),
        ({"fail": "hard"}, TypeError, "fail must be a FailMode"),
        ({"chain": True}, TypeError, "chain must be a Chain"),
        ({"wait": -1}, ConfigError, "from 0 to 86,400 seconds, and is -1"),
        ({"loop_wait": float("nan")}, ConfigError, "and is nan"),
    ],
)
def test_wrong_arguments(
    scene: Scene, how: dict[str, Any], error: type[Exception], text: str
) -> None:
    """Types and times."""
    with pytest.raises(error, match=text):
        protect(scene.client_context(), **({"client": scene.client} | how))


def test_protecting_twice(scene: Scene) -> None:
    """The same settings do nothing; others are refused."""
    context = scene.client_context()
    first = protect(context, scene.client)
    kinds = context.sslsocket_class, context.sslobject_class
    assert protect(context, scene.client) is first
    assert (context.sslsocket_class, context.sslobject_class) == kinds
    for how in ({"wait": 1.0}, {"recheck": True}, {"chain": Chain.ALL}):
        with pytest.raises(ConfigError, match="was protected before"):
            protect(context, scene.client, **how)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="was protected before"):
        protect(context, ocsp.Client())


@pytest.mark.parametrize("replaced", ["sslsocket_class", "sslobject_class"])
def test_protecting_again_after_one_class_was_replaced(
    scene: Scene, replaced: str
) -> None:
    """By other code: one half of the connections is not protected any more."""
    context = scene.client_context()
    protect(context, scene.client)
    kind = {"sslsocket_class": ssl.SSLSocket, "sslobject_class": ssl.SSLObject}
    setattr(context, replaced, kind[replaced])
    with pytest.raises(ConfigError, match="replaced them after"):
        protect(context, scene.client)


def test_classes_that_were_set_before_are_kept(scene: Scene) -> None:
    """Those of ``protect`` are their subclasses."""

    class Mine(ssl.SSLSocket):
        """Of a program."""

    context = scene.client_context()
    context.sslsocket_class = Mine
    protect(context, scene.client)
    server = scene.serve(scene.server_context(scene.revoked()))
    assert issubclass(context.sslsocket_class, Mine)
    with pytest.raises(RevocationRefused):
        talk(context, server)


@pytest.mark.parametrize("which", ["sslsocket_class", "sslobject_class"])
def test_verify_finds_classes_that_were_replaced_afterwards(
    scene: Scene, which: str
) -> None:
    """The check would be gone without a trace."""
    context = scene.client_context()
    protection = protect(context, scene.client)
    protection.verify(context)
    plain = ssl.SSLSocket if which == "sslsocket_class" else ssl.SSLObject
    setattr(context, which, plain)
    with pytest.raises(ConfigError, match="not protected"):
        protection.verify(context)


def test_truststore(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its inner context makes the connections; elsewhere it verifies too late."""
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=scene.root_file())
    protect(context, scene.client)
    good = scene.serve(scene.server_context(scene.good()))
    revoked = scene.serve(scene.server_context(scene.revoked()))
    assert talk(context, good) == b"srv:hi"
    with pytest.raises(RevocationRefused):
        talk(context, revoked)
    monkeypatch.setattr(protection_module.sys, "platform", "darwin")
    with pytest.raises(UnsupportedError, match="truststore"):
        protect(truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT), scene.client)


# --- open connections, and priming ----------------------------------------------------


def test_prime_fills_the_memory(scene: Scene) -> None:
    """A refused server raises there already."""
    context = scene.client_context()
    protection = protect(context, scene.client)
    good = scene.serve(scene.server_context(scene.good()))
    protection.prime("127.0.0.1", good.port, server_hostname=NAME)
    assert len(scene.responder.requests) == 1
    assert talk(context, good) == b"srv:hi"
    assert len(scene.responder.requests) == 1
    revoked = scene.serve(scene.server_context(scene.revoked()))
    with pytest.raises(RevocationRefused):
        protection.prime(NAME, revoked.port)


def test_recheck_of_an_open_connection(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is the one that a new handshake would give; it then stays."""
    context = scene.client_context()
    client = scene.new_client(nonce=ocsp.SendNonce.ALWAYS)
    monkeypatch.setattr("ocsp.client.background._REUSED_SECONDS", 0.0)
    protection = protect(context, client)
    server = scene.serve(scene.server_context(scene.good()))
    raw = socket.create_connection(server.address, 10)
    with context.wrap_socket(raw, server_hostname=NAME) as tls:
        protection.recheck(tls)
        tls.sendall(b"a")
        scene.pki.set_status(scene.good(), REVOKED)
        with pytest.raises(RevocationRefused, match="revoked"):
            protection.recheck(tls)
        with pytest.raises(RevocationRefused, match="revoked"):
            tls.sendall(b"b")
        with pytest.raises(RevocationRefused, match="revoked"):
            protection.recheck(tls)


def test_recheck_wants_a_connection_whose_handshake_is_over(scene: Scene) -> None:
    """Also of a protected context."""
    context = scene.client_context()
    protection = protect(context, scene.client)
    with pytest.raises(TypeError, match="not _SSLSocket"):
        protection.recheck(_raw(context))
    made = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=NAME)
    with pytest.raises(ValueError, match="is not over"):
        protection.recheck(made)


def _raw(context: ssl.SSLContext) -> object:
    made = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=NAME)
    return made._sslobj  # type: ignore[attr-defined]


@pytest.mark.parametrize("recheck", [False, True])
def test_connections_that_stay_open_are_checked_if_wanted(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, recheck: bool
) -> None:
    """At a write; otherwise a handshake is the only check."""
    monkeypatch.setattr("ocsp.client.background._REUSED_SECONDS", 0.0)
    monkeypatch.setattr("ocsp.tls.gate._RECHECK_SECONDS", 0.0)
    context = scene.client_context()
    protect(context, scene.new_client(nonce=ocsp.SendNonce.ALWAYS), recheck=recheck)
    server = scene.serve(scene.server_context(scene.good()))
    raw = socket.create_connection(server.address, 10)
    with context.wrap_socket(raw, server_hostname=NAME) as tls:
        tls.sendall(b"a")
        scene.pki.set_status(scene.good(), REVOKED)
        if not recheck:
            tls.sendall(b"b")
            return
        for use in (lambda: tls.sendall(b"b"), lambda: tls.recv(9)):
            with pytest.raises(RevocationRefused, match="revoked"):
                use()


# --- many at once ---------------------------------------------------------------------


def test_threads_share_one_question(scene: Scene) -> None:
    """16 threads, 4 connections each, one certificate: one OCSP request."""
    context = scene.client_context()
    protect(context, scene.client)
    server = scene.serve(scene.server_context(scene.good()))
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(4):
                assert talk(context, server) == b"srv:hi"
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert failures == []
    assert len(scene.responder.requests) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_checks_too(scene: Scene) -> None:
    """With the client and the paths of its parent, in threads of its own."""
    context = scene.client_context()
    protect(context, scene.client)
    good = scene.serve(scene.server_context(scene.good()))
    revoked = scene.serve(scene.server_context(scene.revoked()))
    assert talk(context, good) == b"srv:hi"
    child = os.fork()
    if child == 0:
        try:
            served = talk(context, good) == b"srv:hi"
            with pytest.raises(RevocationRefused, match="revoked"):
                talk(context, revoked)
        except BaseException:
            served = False
        os._exit(0 if served else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    revoked.join()
    assert revoked.got == []


def test_remembered_paths_are_bounded(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In number and in octets."""
    context = scene.client_context()
    protection = protect(context, scene.client)
    paths: Callable[[], int] = lambda: len(protection._judge.paths._paths)  # noqa: E731
    monkeypatch.setattr(limits, "MAX_TLS_PATHS", 2)
    for _ in range(3):
        leaf = scene.pki.issue(NAME)
        talk(context, scene.serve(scene.server_context(leaf)))
    assert paths() == 2
    monkeypatch.setattr(limits, "MAX_TLS_PATH_BYTES", 1)
    talk(context, scene.serve(scene.server_context(scene.pki.issue(NAME))))
    assert paths() == 0
