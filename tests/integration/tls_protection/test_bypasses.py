"""
Every known way around a check that only follows ``do_handshake``: none lets data pass.

Each way connects to a server with a revoked certificate, and tries to get one octet
from it. Against a server with a good certificate, the same way works.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
from collections.abc import Callable

import pytest

from ocsp.tls import RevocationRefused, protect
from tests.integration.tls_protection.scene import NAME, Scene, TLSServer

Way = Callable[[ssl.SSLContext, TLSServer], bytes]

SECRET, ANSWER = b"secret", b"srv:secret"
WAYS: dict[str, Way] = {}


def _way(function: Way) -> Way:
    WAYS[function.__name__.strip("_")] = function
    return function


def _lazy(context: ssl.SSLContext, server: TLSServer) -> ssl.SSLSocket:
    """Return a connected socket whose handshake is still to do."""
    raw = socket.create_connection(server.address, 10)
    return context.wrap_socket(raw, server_hostname=NAME, do_handshake_on_connect=False)


@_way
def _usual(context: ssl.SSLContext, server: TLSServer) -> bytes:
    raw = socket.create_connection(server.address, 10)
    with context.wrap_socket(raw, server_hostname=NAME) as tls:
        tls.sendall(SECRET)
        return tls.recv(50)


@_way
def _lazy_send_recv(context: ssl.SSLContext, server: TLSServer) -> bytes:
    with _lazy(context, server) as tls:
        tls.send(SECRET)
        return tls.recv(50)


@_way
def _lazy_sendall_recv_into(context: ssl.SSLContext, server: TLSServer) -> bytes:
    buffer = bytearray(50)
    with _lazy(context, server) as tls:
        tls.sendall(SECRET)
        return bytes(buffer[: tls.recv_into(buffer)])


@_way
def _lazy_write_read(context: ssl.SSLContext, server: TLSServer) -> bytes:
    with _lazy(context, server) as tls:
        tls.write(SECRET)
        return bytes(tls.read(50))


@_way
def _lazy_makefile(context: ssl.SSLContext, server: TLSServer) -> bytes:
    with _lazy(context, server) as tls, tls.makefile("rwb", 0) as file:
        file.write(SECRET)
        return file.read(50)


@_way
def _lazy_sendfile(context: ssl.SSLContext, server: TLSServer) -> bytes:
    with _lazy(context, server) as tls, tempfile.TemporaryFile() as file:
        file.write(SECRET)
        file.seek(0)
        tls.sendfile(file)
        return tls.recv(50)


@_way
def _error_swallowed(context: ssl.SSLContext, server: TLSServer) -> bytes:
    with _lazy(context, server) as tls:
        with contextlib.suppress(ssl.SSLError):
            tls.do_handshake()
        tls.send(SECRET)
        return tls.recv(50)


@_way
def _error_swallowed_read_first(context: ssl.SSLContext, server: TLSServer) -> bytes:
    with _lazy(context, server) as tls:
        with contextlib.suppress(ssl.SSLError):
            tls.write(SECRET)
        return bytes(tls.read(50))


@_way
def _connect_later(context: ssl.SSLContext, server: TLSServer) -> bytes:
    with context.wrap_socket(socket.socket(), server_hostname=NAME) as tls:
        tls.settimeout(10)
        with contextlib.suppress(ssl.SSLError):
            tls.connect(server.address)
        tls.send(SECRET)
        return tls.recv(50)


@_way
def _handshake_by_class(context: ssl.SSLContext, server: TLSServer) -> bytes:
    with _lazy(context, server) as tls:
        ssl.SSLSocket.do_handshake(tls)
        tls.send(SECRET)
        return tls.recv(50)


@_way
def _other_context_set(context: ssl.SSLContext, server: TLSServer) -> bytes:
    with _lazy(context, server) as tls:
        other = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        other.load_verify_locations(cadata=_roots(context))
        tls.context = other
        tls.do_handshake()
        tls.send(SECRET)
        return tls.recv(50)


@_way
def _no_name(context: ssl.SSLContext, server: TLSServer) -> bytes:
    context.check_hostname = False
    with context.wrap_socket(socket.create_connection(server.address, 10)) as tls:
        tls.send(SECRET)
        return tls.recv(50)


@_way
def _optional(context: ssl.SSLContext, server: TLSServer) -> bytes:
    context.check_hostname = False
    context.verify_mode = ssl.CERT_OPTIONAL
    return _usual(context, server)


def _roots(context: ssl.SSLContext) -> str:
    return "".join(
        ssl.DER_cert_to_PEM_cert(each) for each in context.get_ca_certs(True)
    )


class _Pipe:
    """An ``SSLObject`` over a socket, as event loops use it."""

    def __init__(self, context: ssl.SSLContext, server: TLSServer) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=NAME)
        self.socket = socket.create_connection(server.address, 10)

    def do(self, step: Callable[[], object]) -> object:
        """Return the result of *step*, after moving the octets that it needs."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self.flush()
                received = self.socket.recv(9000)
                if not received:
                    self.incoming.write_eof()
                self.incoming.write(received)
            else:
                self.flush()
                return result

    def flush(self) -> None:
        """Send what is ready."""
        if data := self.outgoing.read():
            self.socket.sendall(data)


@_way
def _object_without_handshake(context: ssl.SSLContext, server: TLSServer) -> bytes:
    pipe = _Pipe(context, server)
    with pipe.socket:
        pipe.do(lambda: pipe.tls.write(SECRET))
        return bytes(pipe.do(lambda: pipe.tls.read(50)))  # type: ignore[call-overload]


@_way
def _object_error_swallowed(context: ssl.SSLContext, server: TLSServer) -> bytes:
    pipe = _Pipe(context, server)
    with pipe.socket:
        with contextlib.suppress(ssl.SSLCertVerificationError):
            pipe.do(pipe.tls.do_handshake)
        pipe.do(lambda: pipe.tls.write(SECRET))
        return bytes(pipe.do(lambda: pipe.tls.read(50)))  # type: ignore[call-overload]


@_way
def _object_read_into(context: ssl.SSLContext, server: TLSServer) -> bytes:
    pipe = _Pipe(context, server)
    buffer = bytearray(50)
    with pipe.socket:
        with contextlib.suppress(ssl.SSLCertVerificationError):
            pipe.do(lambda: pipe.tls.write(SECRET))
        length = pipe.do(lambda: pipe.tls.read(50, buffer))
        return bytes(buffer[:length])  # type: ignore[misc]


@pytest.mark.parametrize("name", WAYS)
def test_a_revoked_server_sends_and_gets_nothing(scene: Scene, name: str) -> None:
    """The error says why; the server has got no octet, decrypted or plain."""
    server = scene.serve(scene.server_context(scene.revoked()))
    context = scene.client_context()
    protect(context, scene.client)
    with pytest.raises(RevocationRefused, match="revoked"):
        WAYS[name](context, server)
    server.join()
    assert server.got == []
    assert [each for each in server.raw if SECRET in each] == []


@pytest.mark.parametrize("name", WAYS)
def test_a_good_server_is_used(scene: Scene, name: str) -> None:
    """The same ways, without a fault."""
    server = scene.serve(scene.server_context(scene.good()))
    context = scene.client_context()
    protect(context, scene.client)
    assert WAYS[name](context, server) == ANSWER


@pytest.mark.parametrize("name", ["usual", "lazy_send_recv", "connect_later"])
def test_verify_mode_none_set_later_is_refused(scene: Scene, name: str) -> None:
    """Nothing proves the issuer then, so its status would prove nothing."""
    server = scene.serve(scene.server_context(scene.good()))
    context = scene.client_context()
    protect(context, scene.client)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with pytest.raises(RevocationRefused, match="CERT_NONE"):
        WAYS[name](context, server)


def test_a_mode_changed_between_wrapping_and_handshake_does_not_count(
    scene: Scene,
) -> None:
    """OpenSSL keeps the mode that the context had when the connection was made."""
    server = scene.serve(scene.server_context(scene.good()))
    context = scene.client_context()
    protect(context, scene.client)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with _lazy(context, server) as tls:
        context.verify_mode = ssl.CERT_REQUIRED
        with pytest.raises(RevocationRefused, match="CERT_NONE"):
            tls.do_handshake()


def test_a_mode_changed_between_wrapping_and_connecting_counts(scene: Scene) -> None:
    """A socket that connects later is given its mode then."""
    server = scene.serve(scene.server_context(scene.good()))
    context = scene.client_context()
    protect(context, scene.client)
    context.check_hostname = False
    with context.wrap_socket(socket.socket(), server_hostname=NAME) as tls:
        context.verify_mode = ssl.CERT_NONE
        with pytest.raises(RevocationRefused, match="CERT_NONE"):
            tls.connect(server.address)


def test_a_socket_whose_handshake_failed_speaks_no_plaintext(scene: Scene) -> None:
    """``ssl`` leaves such a socket behind after a failed connect()."""
    stranger = scene.pki.unrelated_pki().issue(NAME)
    server = scene.serve(scene.server_context(stranger))
    context = scene.client_context()
    protect(context, scene.client)
    with context.wrap_socket(socket.socket(), server_hostname=NAME) as tls:
        with pytest.raises(ssl.SSLCertVerificationError, match="issuer"):
            tls.connect(server.address)
        for use in (
            lambda: tls.send(SECRET),
            lambda: tls.recv(9),
            lambda: tls.sendall(SECRET),
        ):
            with pytest.raises(RevocationRefused, match="has failed"):
                use()
    server.join()
    assert [each for each in server.raw if SECRET in each] == []


def test_every_use_of_a_refused_connection_raises_the_reason(scene: Scene) -> None:
    """Also unwrap(), which would return a plain socket."""
    server = scene.serve(scene.server_context(scene.revoked()))
    context = scene.client_context()
    protect(context, scene.client)
    with _lazy(context, server) as tls:
        uses: list[Callable[[], object]] = [
            tls.do_handshake, tls.read, tls.unwrap, lambda: tls.write(b"x"),
            lambda: tls.send(b"x"), lambda: tls.sendall(b"x"), lambda: tls.recv(1),
            lambda: tls.recv_into(bytearray(1)), lambda: tls.recvfrom(1),
            lambda: tls.recvfrom_into(bytearray(1)), lambda: tls.sendto(b"x", server.address),
        ]  # fmt: skip
        for use in uses:
            with pytest.raises(RevocationRefused, match="revoked"):
                use()


def test_post_handshake_authentication_is_refused(scene: Scene) -> None:
    """The certificate would come after the check."""
    context = scene.server_context(scene.good(), ssl.CERT_OPTIONAL)
    protect(context, scene.client)
    made = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True)
    with pytest.raises(ValueError, match="post-handshake authentication"):
        made.verify_client_post_handshake()
    with (
        context.wrap_socket(socket.socket(), server_side=True) as tls,
        pytest.raises(ValueError, match="post-handshake authentication"),
    ):
        tls.verify_client_post_handshake()


def test_a_second_handshake_with_another_certificate_is_impossible(
    scene: Scene,
) -> None:
    """Renegotiation, which TLS 1.2 has, is switched off."""
    context = scene.client_context()
    protect(context, scene.client)
    assert context.options & ssl.OP_NO_RENEGOTIATION


def _allow_renegotiation(context: ssl.SSLContext) -> None:
    context.options &= ~ssl.OP_NO_RENEGOTIATION


def _allow_post_handshake_authentication(context: ssl.SSLContext) -> None:
    context.post_handshake_auth = True


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (_allow_renegotiation, "OP_NO_RENEGOTIATION"),
        (_allow_post_handshake_authentication, "post_handshake_auth"),
    ],
)
def test_a_server_that_may_ask_twice_serves_nobody(
    scene: Scene, change: Callable[[ssl.SSLContext], None], text: str
) -> None:
    """Here other code has changed the context after ``protect``."""
    context = scene.server_context(scene.good(), ssl.CERT_OPTIONAL)
    protect(context, scene.client)
    change(context)
    server = scene.serve(context)
    with contextlib.suppress(OSError):
        _usual(scene.client_context(), server)
    server.join()
    assert server.got == []
    (failure,) = server.failures
    assert isinstance(failure, RevocationRefused)
    assert text in str(failure)
    made = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True)
    with pytest.raises(RevocationRefused, match=text):
        made.do_handshake()


def test_a_client_may_offer_post_handshake_authentication(scene: Scene) -> None:
    """It shows its own certificate then; that of the server stays."""
    server = scene.serve(scene.server_context(scene.good()))
    context = scene.client_context()
    context.post_handshake_auth = True
    protect(context, scene.client)
    assert _usual(context, server) == ANSWER
    _allow_renegotiation(context)
    with pytest.raises(RevocationRefused, match="OP_NO_RENEGOTIATION"):
        _usual(context, server)


HARMLESS = {
    "accept", "cipher", "close", "compression", "connect", "connect_ex", "context", "detach",
    "dup", "family", "fileno", "get_channel_binding", "get_inheritable", "get_unverified_chain",
    "get_verified_chain", "getblocking", "getpeercert", "getpeername", "getsockname",
    "getsockopt", "gettimeout", "bind", "ioctl", "listen", "makefile", "pending", "proto",
    "recvmsg", "recvmsg_into", "selected_alpn_protocol", "selected_npn_protocol", "sendmsg", "sendmsg_afalg",
    "server_hostname", "server_side", "session", "session_reused", "set_inheritable", "setblocking",
    "setsockopt", "settimeout", "share", "shared_ciphers", "shutdown", "timeout", "type", "version",
    "group", "client_sigalg", "server_sigalg", "sendfile_offset",
}  # fmt: skip
"""
Members that move no data of the application, or use one that is guarded.

``recvmsg`` and ``sendmsg`` raise ``NotImplementedError``; ``makefile`` uses
``recv_into`` and ``send``; ``accept`` makes a connection of the context.
"""


@pytest.mark.parametrize("kind", [ssl.SSLSocket, ssl.SSLObject])
def test_no_member_of_ssl_is_unknown(scene: Scene, kind: type) -> None:
    """A release of Python with another way to move data fails here."""
    context = scene.client_context()
    protect(context, scene.client)
    guarded = (
        context.sslsocket_class if kind is ssl.SSLSocket else context.sslobject_class
    )
    public = {name for name in dir(kind) if not name.startswith("_")}
    same = {name for name in public if getattr(guarded, name) is getattr(kind, name)}
    assert same - HARMLESS == set()
