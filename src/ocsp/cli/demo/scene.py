"""
The files of ``ocsp demo``: a CA, a responder, three certificates, their status.

Existing files are never overwritten. The private key of the CA is never written; the
private key of the responder is readable only by its owner.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from ocsp.testing.throwaway_ca import Pointers, ThrowawayCA, Validity, new_ec_key

__all__ = ["Case", "Scene", "make_scene"]

REVOKED_SINCE = datetime.timedelta(hours=1)

_BACKDATED = datetime.timedelta(minutes=5)
"""How far notBefore is in the past, because the clocks of clients differ."""

_CERTIFICATE_LIFE = datetime.timedelta(days=30)
_RESPONDER_LIFE = datetime.timedelta(days=7)
"""Short, because clients do not check whether a delegate with nocheck is revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    A certificate, and the right answer for it.

    Attributes:
        name: Its name in the table.

        certificate: The certificate.

        file: Its file.

        right: The answer that the clients must get.
    """

    name: str
    certificate: x509.Certificate
    file: Path
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """
    Everything that the demo has created.

    Attributes:
        directory: The directory of the files.

        issuer: The certificate of the CA.

        cases: The certificates that the clients ask about.
    """

    directory: Path
    issuer: x509.Certificate
    cases: tuple[Case, ...]

    @property
    def issued(self) -> tuple[Case, ...]:
        """The certificates that the CA has issued: the good and the revoked one."""
        return self.cases[:2]

    @property
    def revoked(self) -> Case:
        """The certificate that is revoked."""
        return self.cases[1]

    @property
    def ca_file(self) -> Path:
        """The file with the certificate of the CA, in PEM."""
        return self.directory / "ca.pem"

    @property
    def responder_file(self) -> Path:
        """The file with the certificate of the responder, in PEM."""
        return self.directory / "responder.pem"

    @property
    def key_file(self) -> Path:
        """The file with the private key of the responder, in PEM."""
        return self.directory / "responder.key"

    @property
    def database(self) -> Path:
        """The SQLite file with the status of the certificates."""
        return self.directory / "status.db"


def make_scene(directory: Path, url: str, now: datetime.datetime) -> Scene:
    """
    Create all files in *directory*, for a responder at *url*.

    Raises:
        OSError: If a file cannot be written, or exists already.
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
    return scene


def _write_pem(path: Path, pem: bytes, *, secret: bool = False) -> Path:
    """Write *pem* to the new file *path*; with *secret*, only its owner can read it."""
    path.touch(mode=0o600 if secret else 0o644, exist_ok=False)
    path.write_bytes(pem)
    return path
