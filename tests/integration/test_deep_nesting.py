"""
Deeply nested values end no process, wherever they come from.

Each case runs in a process of its own: this module, as a program, with the name of the
case as its argument.
"""

from __future__ import annotations

import contextlib
import io
import re
import socket
import ssl
import subprocess
import sys
import threading
from base64 import encodebytes
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import AuthorityInformationAccessOID as Access

import ocsp
from ocsp.asn1.der import encode, encode_integer
from ocsp.cli import main
from ocsp.client import (
    Client,
    CRLFallback,
    HTTPReply,
    HTTPRequest,
    MissingIssuer,
    Options,
)
from ocsp.client.tls_peer import read_tls_peer
from ocsp.errors import TLSPeerError
from ocsp.testing import PKI
from tests.nested import (
    nested_algorithm,
    nested_certificate,
    nested_crl,
    nested_pkcs7,
    nested_request,
)
from tests.pki import END, NOW, ca, key, make, name

SERVER = "http://a.example"


# --- the client ----------------------------------------------------------------------


class Replies:
    """A transport that answers each path with given octets, and all else with 404."""

    def __init__(self, **bodies: bytes) -> None:
        self._bodies = bodies

    def send(self, request: HTTPRequest) -> HTTPReply:
        """Return the octets."""
        body = self._bodies.get(request.url.rpartition("/")[2])
        return (
            HTTPReply(status=404) if body is None else HTTPReply(status=200, body=body)
        )

    def close(self) -> None:
        """Do nothing."""


def _leaf() -> x509.Certificate:
    """Return a certificate that names places for its status and its issuer."""
    uri = x509.UniformResourceIdentifier
    access = [
        x509.AccessDescription(Access.OCSP, uri(f"{SERVER}/ocsp")),
        x509.AccessDescription(Access.CA_ISSUERS, uri(f"{SERVER}/ca")),
    ]
    point = x509.DistributionPoint([uri(f"{SERVER}/crl")], None, None, None)
    return make(
        "leaf",
        "Test CA",
        extensions=(
            x509.AuthorityInformationAccess(access),
            x509.CRLDistributionPoints([point]),
        ),
    )


def _check(issuer: x509.Certificate | None, **bodies: bytes) -> str:
    options = Options(
        missing_issuer=MissingIssuer.FETCH,
        crl_fallback=CRLFallback.WHEN_INDETERMINATE,
    )
    with Client(options, transport=Replies(**bodies)) as client:
        return client.check(_leaf(), issuer).status.value


def fetched_issuer() -> str:
    """Fetch the issuer of the certificate from caIssuers."""
    return _check(None, ca=nested_certificate())


def fetched_pkcs7() -> str:
    """Fetch a PKCS #7 from caIssuers, in BER, with such a certificate."""
    return _check(None, ca=nested_pkcs7(nested_certificate()))


def fetched_crl() -> str:
    """Fetch a CRL with such an algorithm."""
    return _check(ca(), crl=nested_crl(ca().subject.public_bytes()))


def verified_crl() -> str:
    """Give the same CRL to ``verify_crl``."""
    try:
        ocsp.verify_crl(nested_crl(ca().subject.public_bytes()), _leaf(), ca())
    except ocsp.errors.VerificationError as error:
        return type(error).__name__
    return "accepted"


# --- TLS -----------------------------------------------------------------------------


@contextlib.contextmanager
def _tls_server(folder: Path, chain: bytes, private: bytes) -> Iterator[int]:
    """Serve *chain* once, and yield the port."""
    file = folder / "chain.pem"
    file.write_bytes(chain + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with (
                contextlib.suppress(OSError),
                listening.accept()[0] as raw,
                context.wrap_socket(raw, server_side=True) as connection,
            ):
                connection.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5)


def _connect(folder: Path, *, own: bool) -> str:
    """Connect to a server whose chain has such a certificate, last or first."""
    pki = PKI()
    leaf = pki.issue("localhost")
    private = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = leaf.chain_pem + _pem("CERTIFICATE", nested_certificate())
    if own:
        chain = _pem("CERTIFICATE", nested_certificate()) + leaf.chain_pem
        private = key("Nested").private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
    with _tls_server(folder, chain, private) as port:
        try:
            read_tls_peer("127.0.0.1", port, server_name="localhost", roots=[pki.root])
        except TLSPeerError as error:
            return type(error).__name__
    return "accepted"


# --- files ---------------------------------------------------------------------------


def _pem(label: str, der: bytes) -> bytes:
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (
        label.encode(),
        encodebytes(der),
        label.encode(),
    )


def _command(folder: Path, data: bytes, *arguments: str) -> str:
    """Run a command with a file of *data* for ``@file``, and return its exit code."""
    (folder / "file").write_bytes(data)
    (folder / "ca").write_bytes(ca().public_bytes(Encoding.PEM))
    (folder / "good").write_bytes(_response())
    names = {f"@{each}": str(folder / each) for each in ("file", "ca", "good", "db")}
    with (
        contextlib.redirect_stderr(io.StringIO()) as said,
        contextlib.redirect_stdout(io.StringIO()),
    ):
        code = main([names.get(each, each) for each in arguments])
    assert not re.search("Traceback|; see ocsp .* --help", said.getvalue())
    return str(code)


def _response() -> bytes:
    return (
        ocsp.OCSPResponseBuilder()
        .add_response(
            ca(), ca(), hashes.SHA256(), ocsp.OCSPCertStatus.GOOD, NOW, END, None, None
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, ca())
        .sign(key("Test CA"), hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def _private_key() -> bytes:
    return encode(0x30, encode_integer(0), nested_algorithm(), encode(4, b"\x30\x00"))


def _public_key() -> bytes:
    return encode(0x30, nested_algorithm(), encode(3, bytes(9)))


FILES: dict[str, Callable[[], bytes]] = {
    "certificate": nested_certificate,
    "certificate-pem": lambda: _pem("CERTIFICATE", nested_certificate()),
    "pkcs7": lambda: nested_pkcs7(nested_certificate()),
    "pkcs7-der": lambda: nested_pkcs7(nested_certificate(), definite=True),
    "pkcs7-pem": lambda: _pem("PKCS7", nested_pkcs7(nested_certificate())),
    "crl": lambda: nested_crl(name("Test CA").public_bytes()),
    "request": nested_request,
    "private-key": _private_key,
    "public-key": _public_key,
    "private-key-pem": lambda: _pem("PRIVATE KEY", _private_key()),
}
COMMANDS = {
    "check": ("check", "@file"),
    "check-issuer": ("check", "@ca", "--issuer", "@file"),
    "inspect": ("inspect", "@file"),
    "lint": ("lint", "@file"),
    "verify-cert": (
        "verify",
        "--response",
        "@good",
        "--cert",
        "@file",
        "--issuer",
        "@ca",
    ),
    "verify-issuer": (
        "verify",
        "--response",
        "@good",
        "--cert",
        "@ca",
        "--issuer",
        "@file",
    ),
    "request": ("request", "--cert", "@file", "--issuer", "@ca"),
    "status": ("status", "add", "--db", "@db", "--cert", "@file", "--issuer", "@ca"),
    "serve": (
        "serve",
        "--db",
        "@db",
        "--issuer",
        "@ca",
        "--cert",
        "@ca",
        "--key",
        "@file",
    ),
    "staple": ("staple", "@file", "--once"),
}

PLACES: dict[str, tuple[Callable[[Path], str], str]] = {
    "fetched-issuer": (lambda _: fetched_issuer(), "indeterminate"),
    "fetched-pkcs7": (lambda _: fetched_pkcs7(), "indeterminate"),
    "fetched-crl": (lambda _: fetched_crl(), "indeterminate"),
    "verified-crl": (lambda _: verified_crl(), "MalformedCRL"),
    "tls-chain": (lambda folder: _connect(folder, own=False), "accepted"),
    "tls-own": (lambda folder: _connect(folder, own=True), "TLSPeerError"),
}


def _run(case: str, folder: Path) -> Iterator[str]:
    if case in PLACES:
        yield PLACES[case][0](folder)
    for file in FILES if case in COMMANDS else ():
        yield f"{file} {_command(folder, FILES[file](), *COMMANDS[case])}"


def _in_process(case: str, folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", __name__, case, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, (done.stdout, done.stderr[-2000:])
    return [line for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize("case", PLACES)
def test_nothing_from_the_network_ends_the_process(case: str, tmp_path: Path) -> None:
    """The check ends as documented."""
    assert _in_process(case, tmp_path) == [PLACES[case][1]]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_file_ends_the_process(command: str, tmp_path: Path) -> None:
    """Each kind of file, given to each command: an exit code that is neither 0 nor 70."""
    codes = dict(line.split() for line in _in_process(command, tmp_path))
    assert codes.keys() == FILES.keys()
    assert not {"0", "70"} & {*codes.values()}, codes


if __name__ == "__main__":
    for shown in _run(sys.argv[1], Path(sys.argv[2])):
        print(shown, flush=True)
