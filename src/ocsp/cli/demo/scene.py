"""
What ``ocsp demo`` plays with: a CA, a responder, three certificates, their status.

Rules of this file: it makes files in a directory of its own and overwrites nothing.
The private key of the CA is never written; that of the responder only its owner reads.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from ocsp.signing.signer import KeySigner
from ocsp.testing.throwaway_ca import Pointers, ThrowawayCA, Validity, new_ec_key

__all__ = ["Case", "Scene", "set_scene"]

REVOKED_SINCE = datetime.timedelta(hours=1)

_BACKDATED = datetime.timedelta(minutes=5)
"""Clocks differ; a certificate that is valid from this second on is refused by some."""

_CERTIFICATE_LIFE = datetime.timedelta(days=30)
_RESPONDER_LIFE = datetime.timedelta(days=7)
"""Short, because nothing says whether a delegate with nocheck is revoked itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    A certificate, and the answer that is right for it.

    Attributes:
        name: What the table calls it.

        certificate: The certificate.

        file: Where it is.

        right: The answer that has to come.
    """

    name: str
    certificate: x509.Certificate
    file: Path
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """
    All that the demo has made.

    Attributes:
        directory: Where the files are.

        issuer: The certificate of the CA.

        cases: The certificates to ask about.
    """

    directory: Path
    issuer: x509.Certificate
    cases: tuple[Case, ...]

    @property
    def issued(self) -> tuple[Case, ...]:
        """Those that the CA has issued: the good and the revoked one."""
        return self.cases[:2]

    @property
    def revoked(self) -> Case:
        """The one that is revoked."""
        return self.cases[1]

    @property
    def ca_file(self) -> Path:
        """The certificate of the CA, in PEM."""
        return self.directory / "ca.pem"

    @property
    def responder_file(self) -> Path:
        """The certificate of the responder, in PEM."""
        return self.directory / "responder.pem"

    @property
    def key_file(self) -> Path:
        """The private key of the responder, in PEM."""
        return self.directory / "responder.key"

    @property
    def database(self) -> Path:
        """The status of the certificates, in SQLite."""
        return self.directory / "status.db"


def set_scene(
    directory: Path, url: str, now: datetime.datetime
) -> tuple[Scene, KeySigner]:
    """
    Make everything in *directory*, for a responder at *url*, and who signs there.

    Raises:
        OSError: If a file cannot be written, or is there already.
    """
    begin = now - _BACKDATED
    usual = Validity(begin, now + _CERTIFICATE_LIFE)
    short = Validity(begin, now + _RESPONDER_LIFE)
    authority = ThrowawayCA.root("Demo CA", usual, new_ec_key())
    responder = authority.delegate("Demo Responder", short, new_ec_key())
    right = {
        "good": "good",
        "revoked": "revoked (keyCompromise)",
        "never-issued": "unauthorized",
    }
    cases = []
    for name, answer in right.items():
        leaf = authority.leaf(
            f"{name}.demo.test",
            usual,
            new_ec_key(),
            Pointers(ocsp=(url,)),
            signed_with=new_ec_key() if name == "never-issued" else None,
        )
        file = _write_pem(directory / f"{name}.pem", leaf.certificate_pem)
        cases.append(
            Case(name=name, certificate=leaf.certificate, file=file, right=answer)
        )
    issuer = authority.certificate
    scene = Scene(directory=directory, issuer=issuer, cases=tuple(cases))
    _write_pem(scene.ca_file, authority.identity.certificate_pem)
    _write_pem(scene.responder_file, responder.certificate_pem)
    _write_pem(scene.key_file, responder.key_pem, secret=True)
    return scene, KeySigner(responder.key, responder.certificate)


def _write_pem(path: Path, pem: bytes, *, secret: bool = False) -> Path:
    """Write *pem* to a new file *path*; what is secret only its owner may read."""
    path.touch(mode=0o600 if secret else 0o644, exist_ok=False)
    path.write_bytes(pem)
    return path
