"""Provide a CA that is valid now, and its responder, for clients with a real clock."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import AuthorityInformationAccessOID

from ocsp import KeySigner
from ocsp.responder import Authority, IssuerKey, Responder, StatusQuery, StatusRecord
from ocsp.server import RequestHandler, bind, serve_in_thread
from ocsp.status import MemorySource
from tests.pki import DELEGATION, key, make, name

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
HOUR = datetime.timedelta(hours=1)
BEGIN, END = NOW - 24 * HOUR, NOW + 24 * HOUR
CA_NAME, RESPONDER_NAME = "Live CA", "Live Responder"
GOOD, REVOKED, NEVER = 0x10, 0x11, 0x12


def _authority() -> x509.Certificate:
    """Return a CA that path validation accepts: critical extensions, a key usage."""
    usage = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    ) | {"digital_signature": True, "key_cert_sign": True, "crl_sign": True}
    public = key(CA_NAME).public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name(CA_NAME))
        .issuer_name(name(CA_NAME))
        .public_key(public)
        .serial_number(1)
        .not_valid_before(BEGIN)
        .not_valid_after(END)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(public), critical=False
        )
        .sign(key(CA_NAME), hashes.SHA256())
    )


CA = _authority()
RESPONDER = make(RESPONDER_NAME, CA_NAME, begin=BEGIN, end=END, extensions=DELEGATION)


@dataclass(frozen=True)
class Live:
    """
    A running responder.

    Attributes:
        url: The URL of the responder.
    """

    url: str

    def leaf(
        self, serial: int, extensions: Sequence[x509.ExtensionType] = ()
    ) -> x509.Certificate:
        """Return a certificate with the URL of the responder."""
        access = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(self.url)
        )
        return make(
            f"live-{serial:x}",
            CA_NAME,
            serial=serial,
            begin=BEGIN,
            end=END,
            extensions=[x509.AuthorityInformationAccess([access]), *extensions],
        )


@contextlib.contextmanager
def living() -> Iterator[Live]:
    """Run the responder while the ``with`` block runs."""
    issuer = IssuerKey.of(CA)
    source = MemorySource(
        {
            StatusQuery(issuer, GOOD): StatusRecord(),
            StatusQuery(issuer, REVOKED): StatusRecord.revoked(
                NOW - HOUR, x509.ReasonFlags.key_compromise
            ),
        }
    )
    authority = Authority(CA, [KeySigner(key(RESPONDER_NAME), RESPONDER)])
    application = RequestHandler(Responder([authority]), source)
    with serve_in_thread(application, bind("127.0.0.1", 0)) as url:
        yield Live(url)
