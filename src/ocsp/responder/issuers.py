"""
Find the authority that a CertID names (RFC 6960 §4.1.1).

A CertID names its issuer by two hashes, with an algorithm that the client chooses. The
index holds the hashes for every algorithm, so that a request costs one look-up. One
issuer may have several authorities, because a signer can be replaced while it is in
use.
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from ocsp.errors import ConfigError
from ocsp.messages.certid import CertID
from ocsp.responder.authority import Authority

__all__ = ["Issuers"]

_ALGORITHMS: tuple[hashes.HashAlgorithm, ...] = (
    hashes.SHA1(),
    hashes.SHA224(),
    hashes.SHA256(),
    hashes.SHA384(),
    hashes.SHA512(),
)

_IssuerHashes = tuple[str, bytes, bytes]
"""The name of the hash algorithm, issuerNameHash and issuerKeyHash."""


class Issuers:
    """The authorities of a responder, indexed by the hashes in a CertID."""

    def __init__(self, authorities: Iterable[Authority]) -> None:
        """
        Index *authorities*.

        Args:
            authorities: In the order in which the responder tries them.

        Raises:
            ConfigError: If *authorities* is empty.
        """
        self._by_hashes: dict[_IssuerHashes, tuple[Authority, ...]] = {}
        for authority in authorities:
            for algorithm in _ALGORITHMS:
                key = _issuer_hashes(CertID.for_serial(authority.issuer, 1, algorithm))
                self._by_hashes[key] = (*self._by_hashes.get(key, ()), authority)
        if not self._by_hashes:
            raise ConfigError("authorities", "is empty; give at least one Authority")

    def find(self, cert_id: CertID) -> tuple[Authority, ...]:
        """Return the authorities for the issuer of *cert_id*; ``()`` if not served."""
        try:
            return self._by_hashes.get(_issuer_hashes(cert_id), ())
        except UnsupportedAlgorithm:
            return ()


def _issuer_hashes(cert_id: CertID) -> _IssuerHashes:
    return (
        cert_id.hash_algorithm.name,
        cert_id.issuer_name_hash,
        cert_id.issuer_key_hash,
    )
