"""A CA with a responder in files, as an operator has them, for the tests of services."""

from __future__ import annotations

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ocsp.store import SQLiteStore
from ocsp.testing.throwaway_ca import (
    Identity,
    Pointers,
    ThrowawayCA,
    Validity,
    new_ec_key,
)

__all__ = ["CAFolder"]

DAY = datetime.timedelta(days=1)


class CAFolder:
    """
    A CA, and the files of its responder in a folder.

    ``ca.pem``, ``responder.pem`` and ``responder.key``, a database ``status.db`` with
    the certificate ``web.pem``, and a configuration ``ocsp.toml``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = datetime.datetime.now(datetime.UTC)
        self.validity = self.validity_now()
        self.ca = self.new_ca("Example CA")
        (folder / "ca.pem").write_bytes(self.ca.identity.certificate_pem)
        self.add_delegate("responder")
        self.web = self.issue("web.example.org")
        self.write("ocsp.toml", self.settings())

    @staticmethod
    def validity_now() -> Validity:
        """Return a validity that has begun, and lasts for a year."""
        now = datetime.datetime.now(datetime.UTC)
        return Validity(now - DAY, now + 365 * DAY)

    @classmethod
    def new_ca(cls, name: str) -> ThrowawayCA:
        """Return a new CA."""
        return ThrowawayCA.root(name, cls.validity_now(), new_ec_key())

    @property
    def configuration(self) -> Path:
        """The configuration file."""
        return self.folder / "ocsp.toml"

    def settings(self, *, top: str = "", signer: str = "responder") -> str:
        """Return a configuration with one issuer."""
        return (
            f'database = "sqlite:status.db"\nlisten = ["127.0.0.1:0"]\n{top}\n'
            '[[issuer]]\ncertificate = "ca.pem"\nsigners = ['
            f'{{ certificate = "{signer}.pem", key = "{signer}.key" }}]\n'
        )

    def write(self, name: str, text: str) -> Path:
        """Write a file into the folder."""
        path = self.folder / name
        path.write_text(text)
        return path

    def write_secret(self, name: str, text: str) -> Path:
        """Write a file into the folder that only its owner can read."""
        path = self.write(name, text)
        path.chmod(0o600)
        return path

    def encrypt_key(self, name: str, passphrase: str) -> None:
        """Write the private key in a file anew, with a passphrase."""
        data = (self.folder / name).read_bytes()
        encrypted = serialization.load_pem_private_key(data, None).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase.encode()),
        )
        self.write_secret(name, encrypted.decode())

    def add_delegate(
        self,
        name: str,
        validity: Validity | None = None,
        *,
        of: ThrowawayCA | None = None,
    ) -> Identity:
        """Write the certificate and the key of a delegated responder."""
        made = (of or self.ca).delegate(name, validity or self.validity, new_ec_key())
        (self.folder / f"{name}.pem").write_bytes(made.certificate_pem)
        self.write_secret(f"{name}.key", made.key_pem.decode())
        return made

    def issue(self, name: str) -> x509.Certificate:
        """Issue a certificate, write it to ``NAME.pem``, and add it to the database."""
        leaf = self.ca.leaf(name, self.validity, new_ec_key(), Pointers())
        (self.folder / f"{name.partition('.')[0]}.pem").write_bytes(
            leaf.certificate_pem
        )
        with SQLiteStore(self.folder / "status.db", create=True) as store:
            store.add(self.ca.certificate, leaf.certificate.serial_number)
        return leaf.certificate

    def revoke(self, certificate: x509.Certificate) -> None:
        """Revoke *certificate* now, and wait until all workers have seen it."""
        with SQLiteStore(self.folder / "status.db") as store:
            change = store.revoke(self.ca.certificate, certificate.serial_number)
            assert change.event is not None
            assert store.wait_until_seen(change.event) == []
