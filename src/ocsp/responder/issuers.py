"""
Finding the authority that a CertID names (RFC 6960 §4.1.1).

Rules of this file: a CertID names its issuer by two hashes in an algorithm of the
client's choice; all of them are worked out beforehand, so that a request costs one
look-up. The index is a multimap: while a signer is being replaced, one authority has
two of them.
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

_Named = tuple[str, bytes, bytes]
"""Hash algorithm, issuerNameHash and issuerKeyHash."""


class Issuers:
    """The authorities of a responder, by every hash that a CertID may have."""

    def __init__(self, authorities: Iterable[Authority]) -> None:
        """
        Index *authorities*.

        Args:
            authorities: In the order in which they are to be tried.

        Raises:
            ConfigError: If there is none.
        """
        self._by_name: dict[_Named, tuple[Authority, ...]] = {}
        for authority in authorities:
            for algorithm in _ALGORITHMS:
                named = _named(CertID.for_serial(authority.issuer, 1, algorithm))
                self._by_name[named] = (*self._by_name.get(named, ()), authority)
        if not self._by_name:
            raise ConfigError("authorities", "there is none to answer for")

    def find(self, cert_id: CertID) -> tuple[Authority, ...]:
        """Return the authorities that *cert_id* may mean; none for a foreign one."""
        try:
            return self._by_name.get(_named(cert_id), ())
        except UnsupportedAlgorithm:
            return ()


def _named(cert_id: CertID) -> _Named:
    return (
        cert_id.hash_algorithm.name,
        cert_id.issuer_name_hash,
        cert_id.issuer_key_hash,
    )
