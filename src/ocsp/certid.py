"""
CertID: which certificate is meant (RFC 6960 §4.1.1).

Rules of this file: a CertID is a value, and the only key that a status may be looked
up by. Two are equal when hash algorithm, both hashes and the whole serial number are;
NULL and absent hash parameters mean the same algorithm (RFC 5754 §2).
"""

from __future__ import annotations

from typing import NamedTuple, final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp._certificates import digest, parts_of
from ocsp._der import (
    NULL_DER,
    OCTET_STRING,
    SEQUENCE,
    content,
    encode,
    encode_integer,
    end_of,
    integer,
)
from ocsp.algorithms import (
    algorithm_identifier,
    cert_id_hash,
    encode_algorithm,
    hash_oid,
    is_cert_id_hash,
    read_algorithm,
)
from ocsp.errors import BuildError, DecodeError

__all__ = ["CertID", "CertIDFields", "check_hash", "read_cert_id"]

_ALLOWED = (hashes.SHA1, hashes.SHA224, hashes.SHA256, hashes.SHA384, hashes.SHA512)


class CertIDFields(NamedTuple):
    """
    The fields of a CertID as they stand in a message, before anything is made of them.

    Attributes:
        der: The whole CertID.

        algorithm: The DER of the hash AlgorithmIdentifier.

        name_hash: issuerNameHash.

        key_hash: issuerKeyHash.

        serial: The content octets of serialNumber.
    """

    der: bytes
    algorithm: bytes
    name_hash: bytes
    key_hash: bytes
    serial: bytes


def read_cert_id(
    data: bytes, position: int, end: int, name: str
) -> tuple[CertIDFields, int]:
    """
    Return the fields of the CertID at *position*, and where it stops.

    Raises:
        DecodeError: If it is not ``SEQUENCE { AlgorithmIdentifier, OCTET STRING,
            OCTET STRING, INTEGER }``.
    """
    begin = position
    try:
        position, stop = content(data, position, end, SEQUENCE, "")
        algorithm, after = read_algorithm(data, position, stop, "hashAlgorithm")
        first, position = content(data, after, stop, OCTET_STRING, "issuerNameHash")
        name_hash = data[first:position]
        first, position = content(data, position, stop, OCTET_STRING, "issuerKeyHash")
        key_hash = data[first:position]
        first, position = integer(data, position, stop, "serialNumber")
        if position != stop:
            end_of(position, stop, "")
    except DecodeError as error:
        raise error.under(name) from None
    serial = data[first:position]
    return CertIDFields(data[begin:stop], algorithm, name_hash, key_hash, serial), stop


def check_hash(algorithm: object) -> None:
    """
    Require a hash that the documented API allows in a CertID.

    Raises:
        BuildError: If *algorithm* is another one, or none at all.
    """
    if not isinstance(algorithm, _ALLOWED):
        raise BuildError("Algorithm must be SHA1, SHA224, SHA256, SHA384, or SHA512")


@final
class CertID:
    """
    One certificate, named by hashes of its issuer and by its serial number.

    ::

        CertID ::= SEQUENCE {
            hashAlgorithm   AlgorithmIdentifier,
            issuerNameHash  OCTET STRING, -- Hash of issuer's DN
            issuerKeyHash   OCTET STRING, -- Hash of issuer's public key
            serialNumber    CertificateSerialNumber }

    An immutable value: equality and hash are over the algorithm, both hashes and the
    serial number. A CertID says nothing about whether such a certificate exists.
    """

    __slots__ = ("_fields", "_key")

    def __init__(
        self,
        *,
        hash_algorithm: hashes.HashAlgorithm,
        issuer_name_hash: bytes,
        issuer_key_hash: bytes,
        serial_number: int,
    ) -> None:
        """
        Make a CertID from its four fields.

        Args:
            hash_algorithm: SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512.

            issuer_name_hash: The hash of the DER of the issuer's name.

            issuer_key_hash: The hash of the content of the issuer's public key BIT
                STRING.

            serial_number: The certificate's serial number.

        Raises:
            BuildError: If the algorithm is another one, or a hash has another length.
            TypeError: If an argument is of the wrong type.
        """
        check_hash(hash_algorithm)
        if not isinstance(serial_number, int):
            raise TypeError("serial_number must be an integer")
        for label, value in (
            ("issuer_name_hash", issuer_name_hash),
            ("issuer_key_hash", issuer_key_hash),
        ):
            if not isinstance(value, bytes):
                raise TypeError(f"{label} must be bytes")
            if len(value) != hash_algorithm.digest_size:
                raise BuildError(
                    "issuer_name_hash and issuer_key_hash must be the same length "
                    "as the digest size of the algorithm"
                )
        algorithm = encode_algorithm(hash_oid(hash_algorithm), NULL_DER)
        serial = encode_integer(serial_number)
        body = (
            algorithm,
            encode(OCTET_STRING, issuer_name_hash),
            encode(OCTET_STRING, issuer_key_hash),
            serial,
        )
        start, _ = content(serial, 0, len(serial), 2, "serialNumber")
        self._fields = CertIDFields(
            encode(SEQUENCE, *body),
            algorithm,
            issuer_name_hash,
            issuer_key_hash,
            serial[start:],
        )
        self._key = _key_of(self._fields)

    @classmethod
    def for_certificate(
        cls,
        cert: x509.Certificate,
        issuer: x509.Certificate,
        algorithm: hashes.HashAlgorithm,
    ) -> CertID:
        """
        Return the CertID of *cert* under *issuer*.

        Not checked: that *issuer* issued *cert*. The name hash is over the issuer
        name that stands in *cert*, the key hash over the key of *issuer*
        (RFC 6960 §4.1.1).

        Args:
            cert: The certificate that is meant.

            issuer: The certificate of the authority that issued it.

            algorithm: SHA-256 where you can choose (RFC 9919 §3.1.1); SHA-1 for
                responders that know no other.

        Raises:
            BuildError: If *algorithm* is not allowed in a CertID.
        """
        check_hash(algorithm)
        return cls(
            hash_algorithm=algorithm,
            issuer_name_hash=digest(algorithm, parts_of(cert).issuer),
            issuer_key_hash=digest(algorithm, parts_of(issuer).key_bits),
            serial_number=cert.serial_number,
        )

    @classmethod
    def for_serial(
        cls,
        issuer: x509.Certificate,
        serial_number: int,
        algorithm: hashes.HashAlgorithm,
    ) -> CertID:
        """
        Return the CertID of the certificate that *issuer* numbered *serial_number*.

        For callers who have no more than the number. Not checked: that there is such
        a certificate.

        Raises:
            BuildError: If *algorithm* is not allowed in a CertID.
            TypeError: If *serial_number* is not an integer.
        """
        check_hash(algorithm)
        return cls(
            hash_algorithm=algorithm,
            issuer_name_hash=digest(algorithm, parts_of(issuer).subject),
            issuer_key_hash=digest(algorithm, parts_of(issuer).key_bits),
            serial_number=serial_number,
        )

    @classmethod
    def from_fields(cls, fields: CertIDFields) -> CertID:
        """Return the CertID that was read as *fields*; its DER is kept as it was."""
        self = object.__new__(cls)
        self._fields = fields
        self._key = _key_of(fields)
        return self

    def matches(self, cert: x509.Certificate, issuer: x509.Certificate) -> bool:
        """
        Tell whether this CertID means *cert* under *issuer*.

        Both hashes are computed again with this CertID's own algorithm, and the
        serial numbers compared in full. Not checked: that *issuer* issued *cert*.

        Raises:
            UnsupportedAlgorithm: If the hash algorithm is not known.
        """
        return self == CertID.for_certificate(cert, issuer, self.hash_algorithm)

    @property
    def hash_algorithm(self) -> hashes.HashAlgorithm:
        """
        The algorithm of both hashes.

        Raises:
            UnsupportedAlgorithm: If it is not known.
        """
        return cert_id_hash(self._fields.algorithm)

    @property
    def issuer_name_hash(self) -> bytes:
        """The hash of the issuer's name."""
        return self._fields.name_hash

    @property
    def issuer_key_hash(self) -> bytes:
        """The hash of the issuer's public key."""
        return self._fields.key_hash

    @property
    def serial_number(self) -> int:
        """The serial number of the certificate."""
        return int.from_bytes(self._fields.serial, signed=True)

    @property
    def der(self) -> bytes:
        """The DER of this CertID; of one that was read, exactly what was read."""
        return self._fields.der

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CertID):
            return NotImplemented
        return self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        algorithm = algorithm_identifier(self._fields.algorithm).oid
        if is_cert_id_hash(self._fields.algorithm):
            algorithm = self.hash_algorithm.name
        return (
            f"<CertID({algorithm}, name={self._fields.name_hash.hex()}, "
            f"key={self._fields.key_hash.hex()}, serial={self.serial_number:#x})>"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _load, (self.der,)


def _key_of(fields: CertIDFields) -> tuple[object, ...]:
    identifier = algorithm_identifier(fields.algorithm)
    parameters = b"" if is_cert_id_hash(fields.algorithm) else identifier.parameters
    return (
        identifier.oid,
        parameters,
        fields.name_hash,
        fields.key_hash,
        fields.serial,
    )


def _load(der: bytes) -> CertID:
    fields, _ = read_cert_id(der, 0, len(der), "certID")
    return CertID.from_fields(fields)
