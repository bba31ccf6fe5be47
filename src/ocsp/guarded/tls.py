"""Get the certificates of a TLS connection of pyOpenSSL, not decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocsp.guarded.boundary import read_foreign

if TYPE_CHECKING:
    from OpenSSL import SSL, crypto

__all__ = ["shown_chain", "verified_chain"]


def shown_chain(connection: SSL.Connection) -> list[bytes]:
    """
    Return the DER of the certificates that the peer sent, its own first.

    Raises:
        SchemaError: If OpenSSL cannot encode one of them.
    """
    return _encoded(connection.get_peer_cert_chain())


def verified_chain(connection: SSL.Connection) -> list[bytes]:
    """
    Return the DER of the path that OpenSSL has verified, the peer's certificate first.

    Raises:
        SchemaError: If OpenSSL cannot encode one of them.
    """
    return _encoded(connection.get_verified_chain())


def _encoded(chain: list[crypto.X509] | None) -> list[bytes]:
    from OpenSSL.crypto import FILETYPE_ASN1, dump_certificate

    # pyOpenSSL would load them with ``cryptography``, without a limit of the nesting.
    return read_foreign(
        lambda: [dump_certificate(FILETYPE_ASN1, each) for each in chain or []]
    )
