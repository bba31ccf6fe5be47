"""TLS contexts for a server on loopback and for its client."""

from __future__ import annotations

import ssl
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ocsp.testing import PKI

__all__ = ["server_context"]


def server_context(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the contexts of a server with the host *name*, and of a client."""
    pki = PKI()
    leaf = pki.issue(name)
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(leaf.chain_pem)
    key.write_bytes(
        leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, key)
    root = pki.root.public_bytes(Encoding.PEM).decode()
    return server, ssl.create_default_context(cadata=root)
