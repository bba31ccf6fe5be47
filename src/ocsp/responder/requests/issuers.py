"""
Find the authority that a CertID names (RFC 6960 §4.1.1).

A CertID names its issuer by two hashes, with an algorithm that the client chooses. The
index holds the DER of these fields for every algorithm, with NULL and with absent
parameters (RFC 5754 §2), so that a request costs one look-up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.asn1.algorithms import encode_algorithm, hash_oid
from ocsp.asn1.der import NULL_DER
from ocsp.errors import ConfigError
from ocsp.messages.certid import CertID
from ocsp.responder.authority import Authority
from ocsp.responder.canned import CannedAuthority
from ocsp.responder.foreign import ForeignAuthority
from ocsp.responder.source import IssuerKey
from ocsp.responder.stored_answer import CertIDForm

__all__ = ["AnyAuthority", "IssuerMatch", "Issuers", "SignedElsewhere"]

_ALGORITHMS: tuple[tuple[hashes.HashAlgorithm, CertIDForm | None], ...] = (
    (hashes.SHA1(), CertIDForm.SHA1),
    (hashes.SHA224(), None),
    (hashes.SHA256(), CertIDForm.SHA256),
    (hashes.SHA384(), None),
    (hashes.SHA512(), None),
)
"""The hash algorithms of a CertID, and the form of stored answers with them."""


SignedElsewhere = CannedAuthority | ForeignAuthority
AnyAuthority = Authority | SignedElsewhere


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

    def __init__(self, authorities: Iterable[AnyAuthority]) -> None:
        """
        Index *authorities*.

        Raises:
            ConfigError: If *authorities* is empty, or two have the same issuer.
        """
        self._by_key: dict[IssuerKey, AnyAuthority] = {}
        self._by_octets: dict[bytes, IssuerMatch] = {}
        self._elsewhere: dict[bytes, SignedElsewhere] = {}
        for authority in authorities:
            if authority.key in self._by_key:
                raise ConfigError(
                    "authorities",
                    f"{authority!r} is there twice; give one with the signers of both",
                )
            self._by_key[authority.key] = authority
            self._add(authority)
        if not self._by_key:
            raise ConfigError("authorities", "is empty; give at least one Authority")

    def _add(self, authority: AnyAuthority) -> None:
        for octets, form in _names(authority.issuer):
            if isinstance(authority, Authority):
                self._by_octets[octets] = IssuerMatch(authority, form)
            else:
                self._elsewhere[octets] = authority

    def find(self, cert_id: CertID) -> IssuerMatch | None:
        """Return the authority that signs for the issuer of *cert_id*, or ``None``."""
        return self._by_octets.get(cert_id.issuer_der)

    def find_elsewhere(self, cert_id: CertID) -> SignedElsewhere | None:
        """Return the authority whose answers others sign, or ``None``."""
        return self._elsewhere.get(cert_id.issuer_der)

    def by_key(self, key: IssuerKey) -> Authority | None:
        """Return the authority that signs for the issuer *key*, or ``None``."""
        found = self._by_key.get(key)
        return found if isinstance(found, Authority) else None


def _names(issuer: x509.Certificate) -> Iterator[tuple[bytes, CertIDForm | None]]:
    """Return the DER of the fields that name *issuer*, and the form of answers."""
    for algorithm, form in _ALGORITHMS:
        with_null = CertID.for_serial(issuer, 1, algorithm).issuer_der
        yield with_null, form
        # The DER of both hashes is that behind the AlgorithmIdentifier.
        null = encode_algorithm(hash_oid(algorithm), NULL_DER)
        absent = encode_algorithm(hash_oid(algorithm))
        yield absent + with_null.removeprefix(null), None
