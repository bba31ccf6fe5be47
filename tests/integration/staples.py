"""
Provide a web site that staples, with a CA, a responder and clients.

The certificates are valid now, because servers and clients use the clock of this
machine.
"""

from __future__ import annotations

import datetime
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import AuthorityInformationAccessOID
from OpenSSL import SSL

import ocsp
from ocsp import KeySigner, OCSPCertStatus, VerifiedResponse
from ocsp.cli import main
from ocsp.responder import (
    Authority,
    IssuerKey,
    Responder,
    StatusQuery,
    StatusRecord,
    UnknownSerialPolicy,
)
from ocsp.server import RequestHandler, bind, serve_in_thread
from ocsp.stapling.pyopenssl import StapleChecks, require_staple
from ocsp.status import MemorySource
from tests.pki import DELEGATION, key, make

__all__ = ["HOST", "SERIAL", "Scene", "scene"]

HOST = "localhost"
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
HOUR = datetime.timedelta(hours=1)
DAY = 24 * HOUR
SERIAL = 0x57A91E
ISSUER, RESPONDER = "Staple CA", "Staple Responder"

MUST_STAPLE = x509.TLSFeature([x509.TLSFeatureType.status_request])


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A site whose certificate requires a staple, and its responder."""

    directory: Path
    issuer: x509.Certificate
    certificate: x509.Certificate
    signer: KeySigner
    url: str
    records: dict[StatusQuery, StatusRecord]

    @property
    def ca_file(self) -> Path:
        """The certificate of the CA."""
        return self.directory / "ca.pem"

    @property
    def sites(self) -> Path:
        """The directory that contains only certificates, as HAProxy requires."""
        return self.directory / "sites"

    @property
    def site(self) -> Path:
        """Private key, certificate and chain in one file."""
        return self.sites / "site.pem"

    @property
    def staple(self) -> Path:
        """The staple beside it."""
        return self.sites / "site.pem.ocsp"

    def refresh(self, *options: str) -> int:
        """Run ``ocsp staple`` once, with the responder of this scene."""
        return main(["staple", str(self.site), "--once", "--url", self.url, *options])

    def revoke(self) -> None:
        """Make the responder return *revoked*."""
        since = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        reason = x509.ReasonFlags.key_compromise
        self.records[self._query()] = StatusRecord.revoked(since, reason)

    def release(self) -> None:
        """Make the responder return *good*."""
        self.records[self._query()] = StatusRecord()

    def forget(self) -> None:
        """Remove the record, so that the responder returns its answer for unknown serials."""
        self.records.clear()

    def _query(self) -> StatusQuery:
        return StatusQuery(IssuerKey.of(self.issuer), SERIAL)

    def signed(
        self, begin: float = -1, end: float | None = 5, serial: int = SERIAL
    ) -> bytes:
        """
        Return a *good* response, valid from *begin* to *end* hours after now.

        Without *end* it has no nextUpdate.
        """
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        cert_id = ocsp.CertID.for_serial(self.issuer, serial, hashes.SHA1())
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_id(
                cert_id,
                OCSPCertStatus.GOOD,
                now + begin * HOUR,
                None if end is None else now + end * HOUR,
                None,
                None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.signer.certificate)
            .certificates([self.signer.certificate])
            .produced_at(now + begin * HOUR)
        )
        return builder.sign_with(self.signer).public_bytes(Encoding.DER)

    # --- the clients ---------------------------------------------------------------

    def s_client(self, port: int) -> str:
        """Return what ``openssl s_client -status`` prints."""
        done = subprocess.run(
            ["openssl", "s_client", "-status", "-connect", f"127.0.0.1:{port}",
             "-servername", HOST, "-CAfile", str(self.ca_file)],
            input="", capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    def curl(self, port: int) -> subprocess.CompletedProcess[str]:
        """Run ``curl --cert-status``."""
        return subprocess.run(
            ["curl", "-sS", "--cert-status", "--noproxy", "*", "--cacert",
             str(self.ca_file), "--resolve", f"{HOST}:{port}:127.0.0.1",
             f"https://{HOST}:{port}/"],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip

    def checks(self) -> StapleChecks:
        """Return a client of this package that requires staples."""
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.load_verify_locations(str(self.ca_file))
        context.set_verify(SSL.VERIFY_PEER)
        return require_staple(context)

    def connect(self, port: int) -> VerifiedResponse | None:
        """Do a handshake with the client of this package; return the evidence, or raise."""
        checks = self.checks()
        with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
            sock.setblocking(True)
            return checks.handshake(checks.connection(sock, HOST))


@contextmanager
def scene(
    directory: Path,
    unlisted: UnknownSerialPolicy = UnknownSerialPolicy.UNAUTHORIZED,
    *,
    named: str | None = None,
) -> Iterator[Scene]:
    """
    Create the site and run its responder.

    Args:
        directory: The directory for the files; all users must be able to read it.

        unlisted: How the responder answers for certificates without a record.

        named: The URL of a responder in the certificate of the site, if it has one.
    """
    directory.chmod(0o755)
    issuer = make(
        ISSUER,
        ISSUER,
        begin=NOW - DAY,
        end=NOW + DAY,
        extensions=[x509.BasicConstraints(ca=True, path_length=None)],
    )
    certificate = make(
        HOST,
        ISSUER,
        serial=SERIAL,
        begin=NOW - DAY,
        end=NOW + DAY,
        extensions=[
            x509.SubjectAlternativeName([x509.DNSName(HOST)]),
            MUST_STAPLE,
            *([] if named is None else [_responder_at(named)]),
        ],
    )
    signer = KeySigner(
        key(RESPONDER),
        make(RESPONDER, ISSUER, begin=NOW - DAY, end=NOW + DAY, extensions=DELEGATION),
    )
    (directory / "sites").mkdir()
    (directory / "ca.pem").write_bytes(issuer.public_bytes(Encoding.PEM))
    (directory / "sites" / "site.pem").write_bytes(
        key(HOST).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
        + issuer.public_bytes(Encoding.PEM)
    )
    records: dict[StatusQuery, StatusRecord] = {}
    responder = Responder([Authority(issuer, [signer], unlisted=unlisted)])
    application = RequestHandler(responder, MemorySource(records))
    with serve_in_thread(application, bind("127.0.0.1", 0)) as url:
        made = Scene(
            directory=directory,
            issuer=issuer,
            certificate=certificate,
            signer=signer,
            url=url,
            records=records,
        )
        made.release()
        yield made


def _responder_at(url: str) -> x509.AuthorityInformationAccess:
    place = x509.UniformResourceIdentifier(url)
    access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
    return x509.AuthorityInformationAccess([access])
