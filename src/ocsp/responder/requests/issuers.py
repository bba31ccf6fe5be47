"""
Find the authority that a CertID names (RFC 6960 §4.1.1).

A CertID names its issuer by two hashes, with an algorithm that the client chooses. The
index holds the DER of these fields for every algorithm, with NULL and with absent
parameters (RFC 5754 §2), so that a request costs one look-up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes

from ocsp.asn1.algorithms import encode_algorithm, hash_oid
from ocsp.errors import ConfigError
from ocsp.messages.certid import CertID
from ocsp.responder.authority import Authority
from ocsp.responder.source import IssuerKey
from ocsp.responder.stored_answer import CertIDForm

__all__ = ["IssuerMatch", "Issuers"]

_ALGORITHMS: tuple[tuple[hashes.HashAlgorithm, CertIDForm | None], ...] = (
    (hashes.SHA1(), CertIDForm.SHA1),
    (hashes.SHA224(), None),
    (hashes.SHA256(), CertIDForm.SHA256),
    (hashes.SHA384(), None),
    (hashes.SHA512(), None),
)
"""The hash algorithms of a CertID, and the form of stored answers with them."""


class IssuerMatch(NamedTuple):
    """
    The authority that a CertID names.

    Attributes:
        authority: The authority.

        form: The form of stored answers that have exactly this CertID, or ``None``.
    """

    authority: Authority
    form: CertIDForm | None


class Issuers:
    """The authorities of a responder, indexed by the octets of a CertID."""

    def __init__(self, authorities: Iterable[Authority]) -> None:
        """
        Index *authorities*.

        Raises:
            ConfigError: If *authorities* is empty, or two have the same issuer.
        """
        self._by_key: dict[IssuerKey, Authority] = {}
        self._by_octets: dict[bytes, IssuerMatch] = {}
        for authority in authorities:
            if authority.key in self._by_key:
                raise ConfigError(
                    "authorities",
                    f"{authority!r} is there twice; give one with the signers of both",
                )
            self._by_key[authority.key] = authority
            self._by_octets.update(_matches(authority))
        if not self._by_key:
            raise ConfigError("authorities", "is empty; give at least one Authority")

    def find(self, cert_id: CertID) -> IssuerMatch | None:
        """Return the authority for the issuer of *cert_id*; ``None`` if not served."""
        return self._by_octets.get(cert_id.issuer_der)

    def by_key(self, key: IssuerKey) -> Authority | None:
        """Return the authority for the issuer *key*; ``None`` if not served."""
        return self._by_key.get(key)


def _matches(authority: Authority) -> Iterator[tuple[bytes, IssuerMatch]]:
    for algorithm, form in _ALGORITHMS:
        with_null = CertID.for_serial(authority.issuer, 1, algorithm)
        yield with_null.issuer_der, IssuerMatch(authority, form)
        # The DER of both hashes is that behind the AlgorithmIdentifier.
        null = encode_algorithm(hash_oid(algorithm), b"\x05\x00")
        absent = encode_algorithm(hash_oid(algorithm))
        octets = absent + with_null.issuer_der.removeprefix(null)
        yield octets, IssuerMatch(authority, None)
