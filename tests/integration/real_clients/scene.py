"""A CA with two certificates, and a responder that clients of other projects ask."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from ocsp import KeySigner
from ocsp.responder import (
    Authority,
    IssuerKey,
    Responder,
    StatusQuery,
    StatusRecord,
)
from ocsp.server import RequestHandler, bind, serve_in_thread
from ocsp.status import MemorySource
from tests.integration.real_clients.relay import Relay, relaying
from tests.pki import DELEGATION, key, make

__all__ = ["Scene", "scene"]

_NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
_DAY = datetime.timedelta(days=1)
_CA = "Real Clients CA"
_SERIALS = {"good": 0x1001, "revoked": 0x1002}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """
    The files and the responder.

    Attributes:
        directory: The folder with ``ca.pem``, ``good.pem`` and ``revoked.pem``.

        relay: The port that the certificates name; it records the requests.
    """

    directory: Path
    relay: Relay

    @property
    def ca(self) -> Path:
        """The certificate of the CA."""
        return self.directory / "ca.pem"

    @property
    def leaves(self) -> list[Path]:
        """The certificates: the good one, then the revoked one."""
        return [self.directory / f"{name}.pem" for name in _SERIALS]


@contextmanager
def scene(directory: Path) -> Iterator[Scene]:
    """Write the files into *directory*, and run the responder."""
    issuer = _certificate(_CA, serial=1, extensions=_CA_EXTENSIONS)
    delegate = _certificate("Real Clients Responder", serial=2, extensions=DELEGATION)
    authority = Authority(issuer, [KeySigner(key("Real Clients Responder"), delegate)])
    source = MemorySource(
        {
            StatusQuery(IssuerKey.of(issuer), _SERIALS["good"]): StatusRecord(),
            StatusQuery(IssuerKey.of(issuer), _SERIALS["revoked"]): (
                StatusRecord.revoked(_NOW, x509.ReasonFlags.key_compromise)
            ),
        }
    )
    with relaying() as relay:
        _write(directory / "ca.pem", issuer)
        for name, serial in _SERIALS.items():
            extensions = [_access(relay.url), *_LEAF_EXTENSIONS]
            _write(
                directory / f"{name}.pem",
                _certificate(f"{name}.example", serial=serial, extensions=extensions),
            )
        handler = RequestHandler(Responder([authority]), source)
        with serve_in_thread(handler, bind("127.0.0.1", 0)) as url:
            relay.forward_to(urlsplit(url).port or 0)
            yield Scene(directory=directory, relay=relay)


_CA_EXTENSIONS = [
    x509.BasicConstraints(ca=True, path_length=None),
    x509.KeyUsage(
        *(False,) * 5,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    ),
]
_LEAF_EXTENSIONS = [x509.BasicConstraints(ca=False, path_length=None)]


def _access(url: str) -> x509.AuthorityInformationAccess:
    return x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url)
            )
        ]
    )


def _certificate(
    common: str, *, serial: int, extensions: list[x509.ExtensionType]
) -> x509.Certificate:
    return make(
        common,
        _CA,
        serial=serial,
        begin=_NOW - _DAY,
        end=_NOW + _DAY,
        extensions=extensions,
    )


def _write(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
