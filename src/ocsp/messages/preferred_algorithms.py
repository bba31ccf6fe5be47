"""
Preferred signature algorithms: what a client can verify (RFC 6960 §4.4.7).

Rules of this file: as in :mod:`ocsp.messages.extension_types`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self

from cryptography import x509

from ocsp.asn1 import oids
from ocsp.asn1.algorithms import (
    algorithm_identifier,
    encode_algorithm,
    read_algorithm,
    usual_parameters,
)
from ocsp.asn1.der import SEQUENCE, content, encode, end_of
from ocsp.errors import BuildError, DecodeError
from ocsp.messages.known_extension import KnownExtension, require

__all__ = ["PreferredSignatureAlgorithm", "PreferredSignatureAlgorithms"]


class PreferredSignatureAlgorithm(NamedTuple):
    """
    One choice of a client.

    Attributes:
        signature: The DER of the AlgorithmIdentifier of the signature.

        key: The DER of the AlgorithmIdentifier of the signer's key, or ``None``.
    """

    signature: bytes
    key: bytes | None = None

    @classmethod
    def of(
        cls,
        signature: x509.ObjectIdentifier,
        parameters: bytes | None = None,
        key: bytes | None = None,
    ) -> Self:
        """
        Return the choice of a signature algorithm by its object identifier.

        Args:
            signature: The algorithm; the names are in ``SignatureAlgorithmOID``.

            parameters: The DER of its parameters, empty for none. Without: NULL for
                the algorithms of RSA PKCS #1 v1.5 (RFC 4055 §5), none for others.

            key: The DER of an AlgorithmIdentifier of keys, where one kind of key is
                preferred too: a curve, say.

        Raises:
            TypeError: If *signature* is no object identifier.
        """
        require("signature", signature, x509.ObjectIdentifier)
        dotted = signature.dotted_string
        if parameters is None:
            parameters = usual_parameters(dotted)
        return cls(encode_algorithm(dotted, parameters), key)

    @property
    def signature_algorithm_oid(self) -> x509.ObjectIdentifier:
        """The object identifier of the signature algorithm."""
        return oids.identifier(algorithm_identifier(self.signature).oid)

    @property
    def key_algorithm_oid(self) -> x509.ObjectIdentifier | None:
        """The object identifier of the kind of key, or ``None``."""
        if self.key is None:
            return None
        return oids.identifier(algorithm_identifier(self.key).oid)


class PreferredSignatureAlgorithms(KnownExtension):
    """
    The signature algorithms that a client wants, best first (RFC 6960 §4.4.7).

    ::

        PreferredSignatureAlgorithms ::= SEQUENCE OF SEQUENCE {
            sigIdentifier       AlgorithmIdentifier,
            pubKeyAlgIdentifier SMIMECapability OPTIONAL }
    """

    oid = oids.identifier(oids.PREFERRED_SIGNATURE_ALGORITHMS)

    def __init__(self, algorithms: Iterable[PreferredSignatureAlgorithm]) -> None:
        """
        Name *algorithms*, best first.

        Raises:
            BuildError: If there is none, or one has something else in place of an
                AlgorithmIdentifier.
            TypeError: If one is no :class:`PreferredSignatureAlgorithm`.
        """
        chosen = tuple(algorithms)
        if not chosen:
            raise BuildError("no signature algorithm is preferred")
        for each in chosen:
            require("algorithm", each, PreferredSignatureAlgorithm)
        entries = (encode(SEQUENCE, each.signature, each.key or b"") for each in chosen)
        super().__init__(encode(SEQUENCE, *entries))
        try:
            self.check()
        except DecodeError as error:
            raise BuildError(str(error)) from error

    @property
    def algorithms(self) -> tuple[PreferredSignatureAlgorithm, ...]:
        """The choices, best first."""
        return self._fields()

    def _fields(self) -> tuple[PreferredSignatureAlgorithm, ...]:
        data, name = self.value, "PreferredSignatureAlgorithms"
        position, end = content(data, 0, len(data), SEQUENCE, name)
        end_of(end, len(data), name)
        found: list[PreferredSignatureAlgorithm] = []
        while position < end:
            place = f"{name}[{len(found)}]"
            choice, position = _preferred(data, position, end, place)
            found.append(choice)
        return tuple(found)

    def _text(self) -> str:
        return ", ".join(
            each.signature_algorithm_oid.dotted_string for each in self.algorithms
        )


def _preferred(
    data: bytes, position: int, end: int, name: str
) -> tuple[PreferredSignatureAlgorithm, int]:
    """Return one choice, and where it stops."""
    position, stop = content(data, position, end, SEQUENCE, name)
    place = f"{name}.sigIdentifier"
    signature, position = read_algorithm(data, position, stop, place)
    key = None
    if position < stop:
        place = f"{name}.pubKeyAlgIdentifier"
        key, position = read_algorithm(data, position, stop, place)
        end_of(position, stop, name)
    return PreferredSignatureAlgorithm(signature, key), stop
