"""
CertID: the identifier of one certificate in OCSP (RFC 6960 §4.1.1).

A CertID is an immutable value and the key for every look-up of a status. Two CertIDs
are equal if the hash algorithm, both hashes and the whole serial number are equal.
NULL and absent parameters mean the same hash algorithm (RFC 5754 §2).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple, final

from cryptography.hazmat.primitives import hashes

from ocsp.asn1.algorithms import (
    algorithm_identifier,
    algorithm_name,
    cert_id_hash,
    encode_algorithm,
    hash_oid,
    known_hash,
    read_algorithm,
)
from ocsp.asn1.bounded_cache import BoundedCache
from ocsp.asn1.certificates import (
    CertificateParts,
    certificate_size,
    digest,
    parts_of,
    parts_of_subject,
    serial_of,
)
from ocsp.asn1.der import (
    INTEGER,
    NULL_DER,
    OCTET_STRING,
    SEQUENCE,
    content,
    encode,
    end_of,
    integer,
    integer_octets,
)
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject, same_name
from ocsp.errors import BuildError, DecodeError
from ocsp.later import x509

__all__ = [
    "CertID",
    "CertIDLayout",
    "cert_id_at",
    "cert_id_like",
    "check_hash",
    "check_octets",
    "check_serial",
    "encode_cert_id",
    "is_cert_id_of",
    "read_cert_id",
]

_ALLOWED: Final = (
    hashes.SHA1,
    hashes.SHA224,
    hashes.SHA256,
    hashes.SHA384,
    hashes.SHA512,
)


class CertIDLayout:
    """
    The positions of the fields of a CertID in a message, or in an entry of one.

    Attributes:
        whole: The CertID with its header.

        issuer: hashAlgorithm, issuerNameHash and issuerKeyHash with their headers.

        algorithm: The DER of the hash AlgorithmIdentifier.

        name_hash: The content of issuerNameHash.

        key_hash: The content of issuerKeyHash.

        serial: The content of serialNumber.

        hash: The hash algorithm, or ``None`` for an unknown one.
    """

    __slots__ = (
        "algorithm",
        "hash",
        "issuer",
        "key_hash",
        "name_hash",
        "serial",
        "whole",
    )

    def __init__(
        self,
        whole: slice,
        issuer: slice,
        algorithm: bytes,
        name_hash: slice,
        key_hash: slice,
        serial: slice,
    ) -> None:
        self.whole = whole
        self.issuer = issuer
        self.algorithm = algorithm
        self.name_hash = name_hash
        self.key_hash = key_hash
        self.serial = serial
        self.hash: hashes.HashAlgorithm | None = known_hash(algorithm)


def read_cert_id(
    data: bytes, position: int, end: int, name: str
) -> tuple[CertIDLayout, int]:
    """
    Return the layout of the CertID at *position*, and where it ends.

    Raises:
        DecodeError: If it is not ``SEQUENCE { AlgorithmIdentifier, OCTET STRING,
            OCTET STRING, INTEGER }``.
    """
    begin = position
    try:
        start, stop = content(data, position, end, SEQUENCE, "")
        algorithm, position = read_algorithm(data, start, stop, "hashAlgorithm")
        name_hash = content(data, position, stop, OCTET_STRING, "issuerNameHash")
        key_hash = content(data, name_hash[1], stop, OCTET_STRING, "issuerKeyHash")
        serial = integer(data, key_hash[1], stop, "serialNumber")
        end_of(serial[1], stop, "")
    except DecodeError as error:
        error.under(name)
        raise
    layout = CertIDLayout(
        slice(begin, stop),
        slice(start, key_hash[1]),
        algorithm,
        slice(*name_hash),
        slice(*key_hash),
        slice(*serial),
    )
    return layout, stop


class IssuerID(NamedTuple):
    """
    The fields of a CertID that identify the issuer.

    Attributes:
        algorithm: The DER of the hash AlgorithmIdentifier.

        name_hash: The content of issuerNameHash.

        key_hash: The content of issuerKeyHash.

        der: The DER of all three fields, one after the other.
    """

    algorithm: bytes
    name_hash: bytes
    key_hash: bytes
    der: bytes


def _issuer_id(
    algorithm: hashes.HashAlgorithm, name_hash: bytes, key_hash: bytes
) -> IssuerID:
    identifier = encode_algorithm(hash_oid(algorithm), NULL_DER)
    name = encode(OCTET_STRING, name_hash)
    key = encode(OCTET_STRING, key_hash)
    return IssuerID(identifier, name_hash, key_hash, identifier + name + key)


_issuers: BoundedCache[
    tuple[int, type, bytes | None], tuple[x509.Certificate, IssuerID]
] = BoundedCache()


def _hashed_issuer(
    issuer: x509.Certificate,
    algorithm: hashes.HashAlgorithm,
    name: bytes | None = None,
) -> IssuerID:
    """
    Return the hashes of *issuer*'s key and name; cached, as programs use few issuers.

    Args:
        issuer: The certificate of the issuer.

        algorithm: The hash algorithm.

        name: The DER of the issuer name in a certificate; without it, the subject of
            *issuer*.

    Raises:
        BuildError: If *algorithm* is not allowed in a CertID.
        TypeError: If *issuer* is not a certificate.
    """
    key = id(issuer), type(algorithm), name
    known = _issuers[key]
    if known is not None:
        return known[1]
    parts = parts_of(issuer)
    check_hash(algorithm)
    name_hash = digest(algorithm, parts.subject if name is None else name)
    hashed = _issuer_id(algorithm, name_hash, digest(algorithm, parts.key_bits))
    octets = certificate_size(issuer) + len(name or b"")
    return _issuers.keep(key, (issuer, hashed), octets)[1]


@lru_cache(maxsize=1024)
def _cert_id_prefix(issuer: bytes, size: int) -> bytes:
    """
    Return the DER of a CertID up to the content of its serial number.

    Args:
        issuer: The DER of the fields that identify the issuer.

        size: The number of octets of the serial number.
    """
    serial = encode(INTEGER, bytes(size))
    return encode(SEQUENCE, issuer, serial)[:-size]


def encode_cert_id(
    cert: x509.Certificate, issuer: x509.Certificate, algorithm: hashes.HashAlgorithm
) -> bytes:
    """
    Return the DER of ``CertID.for_certificate(cert, issuer, algorithm)``.

    Raises:
        BuildError: If *algorithm* is not allowed in a CertID.
        TypeError: If *cert* or *issuer* is not a certificate.
    """
    parts = parts_of_subject(cert)
    issuer_id = _hashed_issuer(issuer, algorithm, parts.issuer)
    return _cert_id_prefix(issuer_id.der, len(parts.serial)) + parts.serial


def is_cert_id_of(
    data: bytes,
    layout: CertIDLayout,
    parts: CertificateParts,
    issuer: x509.Certificate,
) -> bool:
    """
    Return whether the CertID in *data* identifies a certificate, issued by *issuer*.

    Compares the octets first, which is fast. If they differ, :meth:`CertID.matches`
    decides: they can differ because the hash parameters are absent.

    Args:
        data: The message.

        layout: Where the CertID is.

        parts: The parts of the certificate.

        issuer: The certificate of its issuer.
    """
    if layout.hash is None or data[layout.serial] != parts.serial:
        return False
    issuer_id = _hashed_issuer(issuer, layout.hash, parts.issuer)
    if data[layout.issuer] == issuer_id.der:
        return True
    return cert_id_at(data, layout).matches(parts.certificate, issuer)


def check_hash(algorithm: object) -> None:
    """
    Check that *algorithm* is a hash that ``cryptography`` allows in a CertID.

    Raises:
        BuildError: If it is another algorithm, or not a hash algorithm.
    """
    if type(algorithm) not in _ALLOWED and not isinstance(algorithm, _ALLOWED):
        raise BuildError("Algorithm must be SHA1, SHA224, SHA256, SHA384, or SHA512")


def check_serial(serial_number: object) -> None:
    """
    Check the type of a serial number.

    Raises:
        TypeError: If it is not an integer.
    """
    if not isinstance(serial_number, int):
        raise TypeError("serial_number must be an integer")


def check_octets(issuer_name_hash: object, issuer_key_hash: object) -> None:
    """
    Check the types of both hashes.

    Raises:
        TypeError: If one of them is not ``bytes``.
    """
    if not isinstance(issuer_name_hash, bytes):
        raise TypeError("issuer_name_hash must be bytes")
    if not isinstance(issuer_key_hash, bytes):
        raise TypeError("issuer_key_hash must be bytes")


@final
class CertID:
    """
    The identifier of one certificate: hashes of its issuer and its serial number.

    ::

        CertID ::= SEQUENCE {
            hashAlgorithm   AlgorithmIdentifier,
            issuerNameHash  OCTET STRING, -- Hash of issuer's DN
            issuerKeyHash   OCTET STRING, -- Hash of issuer's public key
            serialNumber    CertificateSerialNumber }

    An immutable value: equality and hash use the algorithm, both hashes and the serial
    number. A CertID does not prove that such a certificate exists.
    """

    __slots__ = ("_der", "_issuer", "_serial")

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
            BuildError: If the algorithm is not one of these, or the length of a hash
                does not fit it.
            TypeError: If an argument is of the wrong type.
        """
        check_serial(serial_number)
        check_hash(hash_algorithm)
        check_octets(issuer_name_hash, issuer_key_hash)
        if not (
            len(issuer_name_hash) == len(issuer_key_hash) == hash_algorithm.digest_size
        ):
            raise BuildError(
                "issuer_name_hash and issuer_key_hash must be the same length "
                "as the digest size of the algorithm"
            )
        self._issuer = _issuer_id(hash_algorithm, issuer_name_hash, issuer_key_hash)
        self._serial = integer_octets(serial_number)
        self._der = _cert_id_prefix(self._issuer.der, len(self._serial)) + self._serial

    @classmethod
    def for_certificate(
        cls,
        cert: x509.Certificate,
        issuer: x509.Certificate,
        algorithm: hashes.HashAlgorithm,
    ) -> CertID:
        """
        Return the CertID of *cert*, issued by *issuer*.

        Not checked: that *issuer* issued *cert*. The name hash is that of the issuer
        name in *cert*, the key hash that of the key of *issuer* (RFC 6960 §4.1.1).

        Args:
            cert: The certificate to identify.

            issuer: The certificate of the CA that issued it.

            algorithm: The hash algorithm: SHA-256 if possible (RFC 9919 §3.1.1), SHA-1
                for responders that support nothing else.

        Raises:
            BuildError: If *algorithm* is not allowed in a CertID.
            TypeError: If *cert* or *issuer* is not a certificate.
        """
        parts = parts_of_subject(cert)
        hashed = _hashed_issuer(issuer, algorithm, parts.issuer)
        return _from_issuer(hashed, parts.serial)

    @classmethod
    def for_serial(
        cls,
        issuer: x509.Certificate,
        serial_number: int,
        algorithm: hashes.HashAlgorithm,
    ) -> CertID:
        """
        Return the CertID of the certificate of *issuer* with this serial number.

        For callers that have the serial number only. Not checked: that such a
        certificate exists.

        Raises:
            BuildError: If *algorithm* is not allowed in a CertID.
            TypeError: If *serial_number* is not an integer, or *issuer* is not a
                certificate.
        """
        hashed = _hashed_issuer(issuer, algorithm)
        if type(serial_number) is not int:
            check_serial(serial_number)
        return _from_issuer(hashed, integer_octets(serial_number))

    @classmethod
    def from_hashes(
        cls,
        issuer_name_hash: bytes,
        issuer_key_hash: bytes,
        serial_number: int,
        algorithm: hashes.HashAlgorithm,
    ) -> CertID:
        """
        Return the CertID with the given hashes and serial number.

        The arguments are those of ``add_certificate_by_hash`` and
        ``add_response_by_hash``.

        Raises:
            BuildError: As in the constructor, or if *serial_number* is negative.
            TypeError: As in the constructor.
        """
        cert_id = cls(
            hash_algorithm=algorithm,
            issuer_name_hash=issuer_name_hash,
            issuer_key_hash=issuer_key_hash,
            serial_number=serial_number,
        )
        if serial_number < 0:
            raise BuildError("serial_number must not be negative")
        return cert_id

    def matches(self, cert: x509.Certificate, issuer: x509.Certificate) -> bool:
        """
        Return whether this CertID identifies *cert*, issued by *issuer*.

        Computes both hashes with the algorithm of this CertID, and compares the whole
        serial numbers. The name hash is that of the issuer's name in *cert*. It may
        also be that of the subject of *issuer*, whose encoding can be another one, if
        both names are equal (RFC 5280 §7.1). Not checked: that *issuer* issued *cert*.

        Raises:
            UnsupportedAlgorithm: If the hash algorithm is not known.
        """
        algorithm = self.hash_algorithm
        if self == CertID.for_certificate(cert, issuer, algorithm):
            return True
        by_subject = CertID.for_serial(issuer, serial_of(cert), algorithm)
        return self == by_subject and same_name(
            name_of_issuer(cert), name_of_subject(issuer)
        )

    @property
    def hash_algorithm(self) -> hashes.HashAlgorithm:
        """
        The algorithm of both hashes.

        Raises:
            UnsupportedAlgorithm: If it is not known.
        """
        return cert_id_hash(self._issuer.algorithm)

    @property
    def issuer_name_hash(self) -> bytes:
        """The hash of the issuer's name."""
        return self._issuer.name_hash

    @property
    def issuer_key_hash(self) -> bytes:
        """The hash of the issuer's public key."""
        return self._issuer.key_hash

    @property
    def issuer_der(self) -> bytes:
        """The DER of hashAlgorithm, issuerNameHash and issuerKeyHash, in this order."""
        return self._issuer.der

    @property
    def serial_number(self) -> int:
        """The serial number of the certificate."""
        return int.from_bytes(self._serial, signed=True)

    @property
    def der(self) -> bytes:
        """The DER of this CertID; if it was read from a message, the same octets."""
        return self._der

    @property
    def _key(self) -> tuple[object, ...]:
        """The values that equality compares; NULL and absent parameters are equal."""
        identifier = algorithm_identifier(self._issuer.algorithm)
        parameters = identifier.parameters
        return (
            identifier.oid,
            b"" if parameters == NULL_DER else parameters,
            self._issuer.name_hash,
            self._issuer.key_hash,
            self._serial,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CertID):
            return NotImplemented
        return self._der == other._der or self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return (
            f"<CertID({algorithm_name(self._issuer.algorithm)}, "
            f"name={self._issuer.name_hash.hex()}, key={self._issuer.key_hash.hex()}, "
            f"serial={self.serial_number:#x})>"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _load, (self._der,)


def cert_id_at(data: bytes, layout: CertIDLayout) -> CertID:
    """Return the CertID in *data* at *layout*; its DER is kept unchanged."""
    cert_id = object.__new__(CertID)
    name_hash, key_hash = data[layout.name_hash], data[layout.key_hash]
    issuer = data[layout.issuer]
    cert_id._issuer = IssuerID(layout.algorithm, name_hash, key_hash, issuer)
    cert_id._serial = data[layout.serial]
    cert_id._der = data[layout.whole]
    return cert_id


def cert_id_like(known: CertID, serial: bytes) -> CertID:
    """
    Return the CertID of another certificate of the issuer of *known*, in plain DER.

    Args:
        known: A CertID with the same hashes.

        serial: The content of serialNumber.
    """
    return _from_issuer(known._issuer, serial)


def _from_issuer(issuer: IssuerID, serial: bytes) -> CertID:
    """Return the CertID of *issuer* with the content *serial* of serialNumber."""
    cert_id = object.__new__(CertID)
    cert_id._issuer = issuer
    cert_id._serial = serial
    cert_id._der = _cert_id_prefix(issuer.der, len(serial)) + serial
    return cert_id


def _load(der: bytes) -> CertID:
    layout, _ = read_cert_id(der, 0, len(der), "certID")
    return cert_id_at(der, layout)
