"""Files of signers: keys and certificates, as an operator keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ocsp.signers import SignerSpec
from tests.pki import delegate, key

__all__ = ["key_pem", "write_pair"]


def key_pem(
    private: Any,
    passphrase: bytes | None = None,
    form: PrivateFormat = PrivateFormat.PKCS8,
) -> bytes:
    """Return *private* in PEM."""
    protection = (
        NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    )
    pem: bytes = private.private_bytes(Encoding.PEM, form, protection)
    return pem


def write_pair(
    directory: Path,
    private: Any = None,
    certificate: x509.Certificate | None = None,
    name: str = "responder",
) -> SignerSpec:
    """Write a key and a certificate; by default those of the test responder."""
    spec = SignerSpec(
        certificate=directory / f"{name}.pem", key=directory / f"{name}.key"
    )
    assert spec.key is not None
    spec.key.write_bytes(key_pem(private or key("Test Responder")))
    spec.key.chmod(0o600)
    spec.certificate.write_bytes((certificate or delegate()).public_bytes(Encoding.PEM))
    return spec
