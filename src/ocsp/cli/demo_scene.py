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
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.cli.pki import DemoCA, private_pem, write_pem
from ocsp.signer import KeySigner

__all__ = ["Case", "Scene", "set_scene"]

REVOKED_SINCE = datetime.timedelta(hours=1)


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
    authority = DemoCA("Demo CA", now=now)
    responder = authority.responder("Demo Responder")
    certificates = {
        "good": authority.issue("good.demo.test", url),
        "revoked": authority.issue("revoked.demo.test", url),
        "never-issued": authority.forged("never-issued.demo.test", url),
    }
    right = ("good", "revoked (keyCompromise)", "unauthorized")
    cases = tuple(
        Case(
            name=name,
            certificate=certificate,
            file=write_pem(
                directory / f"{name}.pem", certificate.public_bytes(Encoding.PEM)
            ),
            right=answer,
        )
        for (name, certificate), answer in zip(certificates.items(), right, strict=True)
    )
    scene = Scene(directory=directory, issuer=authority.certificate, cases=cases)
    write_pem(scene.ca_file, authority.certificate.public_bytes(Encoding.PEM))
    write_pem(scene.responder_file, responder.certificate.public_bytes(Encoding.PEM))
    write_pem(scene.key_file, private_pem(responder.key), secret=True)
    return scene, KeySigner(responder.key, responder.certificate)
