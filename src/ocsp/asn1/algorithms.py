"""
AlgorithmIdentifiers: the hash and signature algorithms in a message.

Loading checks the structure only: a message with an unknown algorithm loads, and
:class:`cryptography.exceptions.UnsupportedAlgorithm` is raised when a caller needs its
hash.

The parameters must fit the algorithm: absent for ECDSA, EdDSA and ML-DSA (RFC 5758
§3.2, RFC 8410 §3, RFC 9881 §2), NULL or absent for hashes and RSA (RFC 5754 §2, RFC
4055 §5), ``RSASSA-PSS-params`` for PSS (RFC 4055 §3.1).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from ocsp.asn1 import oids
from ocsp.asn1.bounded_cache import cached_by_octets
from ocsp.asn1.der import (
    INTEGER,
    NULL_DER,
    SEQUENCE,
    any_value,
    content,
    encode,
    encode_integer,
    encode_oid,
    end_of,
    explicit,
    fail,
    integer,
    oid,
    oid_text,
)
from ocsp.asn1.signature_algorithms import SIGNATURE_ALGORITHMS, Parameters
from ocsp.errors import DecodeError

__all__ = [
    "AlgorithmIdentifier",
    "PSSParameters",
    "algorithm_identifier",
    "algorithm_name",
    "cert_id_hash",
    "encode_algorithm",
    "encode_pss",
    "hash_oid",
    "known_hash",
    "pss_parameters",
    "read_algorithm",
    "signature_hash",
    "usual_parameters",
]


class AlgorithmIdentifier(NamedTuple):
    """
    The fields of an AlgorithmIdentifier (RFC 5280 §4.1.1.2).

    Attributes:
        oid: The algorithm, dotted.

        parameters: The DER of the parameters; empty if absent.
    """

    oid: str
    parameters: bytes


_HASHES: Final[dict[str, tuple[str, hashes.HashAlgorithm]]] = {
    "sha1": ("1.3.14.3.2.26", hashes.SHA1()),
    "sha224": ("2.16.840.1.101.3.4.2.4", hashes.SHA224()),
    "sha256": ("2.16.840.1.101.3.4.2.1", hashes.SHA256()),
    "sha384": ("2.16.840.1.101.3.4.2.2", hashes.SHA384()),
    "sha512": ("2.16.840.1.101.3.4.2.3", hashes.SHA512()),
}
"""The hashes that ``cryptography`` allows in a CertID, by name."""

_SHA3: Final = (
    *(f"2.16.840.1.101.3.4.2.{last}" for last in (7, 8, 9, 10)),
    *(f"1.3.6.1.4.1.37476.3.2.1.99.7.{bits}" for bits in (224, 256, 384, 512)),
)

_NULL_OR_ABSENT: Final = frozenset(
    (
        *(dotted for dotted, _ in _HASHES.values()),
        *_SHA3,
        "1.2.840.113549.1.1.1",  # the key of an RSA certificate
        *(
            each.oid
            for each in SIGNATURE_ALGORITHMS
            if each.parameters is Parameters.NULL_OR_ABSENT
        ),
    )
)
_ABSENT: Final = frozenset(
    (
        "1.3.101.110",  # X25519
        "1.3.101.111",  # X448
        *(
            each.oid
            for each in SIGNATURE_ALGORITHMS
            if each.parameters is Parameters.ABSENT
        ),
    )
)

_SIGNATURE_HASHES: Final = {
    each.oid: each.hash
    for each in SIGNATURE_ALGORITHMS
    if each.has_hash_attribute and each.parameters is not Parameters.PSS
}


def read_algorithm(
    data: bytes, position: int, end: int, name: str
) -> tuple[bytes, int]:
    """
    Return the DER of the AlgorithmIdentifier at *position*, and where it ends.

    Raises:
        DecodeError: As in :func:`algorithm_identifier`.
    """
    _, stop = content(data, position, end, SEQUENCE, name)
    der = data[position:stop]
    try:
        algorithm_identifier(der)
    except DecodeError as error:
        if error.offset is not None:
            error.offset += position
        error.under(name)
        raise
    return der, stop


@cached_by_octets(factor=2)
def algorithm_identifier(der: bytes) -> AlgorithmIdentifier:
    """
    Return the fields of the AlgorithmIdentifier *der*; cached, as few are in use.

    Raises:
        DecodeError: If the structure is wrong, or the parameters do not fit the
            algorithm. The offset counts from the start of *der*.
    """
    position, end = content(der, 0, len(der), SEQUENCE, "")
    start, position = oid(der, position, end, "algorithm")
    dotted = oid_text(der[start:position])
    if position < end:
        _, _, stop = any_value(der, position, end, "parameters")
        end_of(stop, end, "parameters")
    parameters = der[position:end]
    if dotted in _ABSENT:
        end_of(position, end, "parameters")
    elif dotted in _NULL_OR_ABSENT:
        if parameters not in (b"", NULL_DER):
            fail("parameters are neither NULL nor absent", "parameters", position)
    elif dotted == oids.RSASSA_PSS and parameters:
        _check_pss(der, position, end)
    return AlgorithmIdentifier(dotted, parameters)


_PSS_OID: Final = encode_oid(oids.RSASSA_PSS)
_SHA1_IDENTIFIER: Final = encode(SEQUENCE, encode_oid(_HASHES["sha1"][0]), NULL_DER)


def _check_pss(der: bytes, position: int, end: int) -> None:
    """Check RSASSA-PSS-params (RFC 4055 §3.1): hash, mask, salt length, trailer."""
    position, end = content(der, position, end, SEQUENCE, "parameters")
    if position < end and der[position] == 0xA0:
        start, position = content(der, position, end, 0xA0, "hashAlgorithm")
        if _nested(der, start, position, "hashAlgorithm") == _SHA1_IDENTIFIER:
            fail("default value is encoded", "hashAlgorithm", start)
    if position < end and der[position] == 0xA1:
        start, position = content(der, position, end, 0xA1, "maskGenAlgorithm")
        _check_mask(der, start, position)
    if position < end and der[position] == 0xA2:
        start, stop, position = explicit(der, position, end, 2, INTEGER, "saltLength")
        if _small(der, start, stop, 2, "saltLength") == 20:
            fail("default value is encoded", "saltLength", start)
    if position < end and der[position] == 0xA3:
        start, stop, position = explicit(der, position, end, 3, INTEGER, "trailerField")
        _small(der, start, stop, 1, "trailerField")
    end_of(position, end, "parameters")


class PSSParameters(NamedTuple):
    """
    The parameters of an RSASSA-PSS signature (RFC 4055 §3.1, RFC 8017 §9.1).

    Attributes:
        hash: The hash of the message.

        mask_hash: The hash of the mask generation function, MGF1.

        salt_length: The number of octets of the salt.
    """

    hash: hashes.HashAlgorithm
    mask_hash: hashes.HashAlgorithm
    salt_length: int


_PSS_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    **dict(_HASHES.values()),
    **dict(
        zip(
            _SHA3[:4],
            (
                hashes.SHA3_224(),
                hashes.SHA3_256(),
                hashes.SHA3_384(),
                hashes.SHA3_512(),
            ),
            strict=True,
        )
    ),
}
_PSS_OIDS: Final = {algorithm.name: dotted for dotted, algorithm in _PSS_HASHES.items()}


def encode_pss(parameters: PSSParameters) -> bytes:
    """
    Return the AlgorithmIdentifier of RSASSA-PSS with *parameters*, without SHA-1.

    DER omits default values (X.690 §11.5): a salt of 20 octets and the trailer 1. SHA-1
    is the default hash, but callers do not sign with it.
    """
    mask = encode_algorithm(_PSS_OIDS[parameters.mask_hash.name], NULL_DER)
    fields = encode(
        0xA0, encode_algorithm(_PSS_OIDS[parameters.hash.name], NULL_DER)
    ) + encode(0xA1, encode_algorithm(oids.MGF1, mask))
    if parameters.salt_length != 20:
        fields += encode(0xA2, encode_integer(parameters.salt_length))
    return encode_algorithm(oids.RSASSA_PSS, encode(SEQUENCE, fields))


@cached_by_octets(factor=2)
def pss_parameters(der: bytes) -> PSSParameters:
    """
    Return the parameters in the AlgorithmIdentifier *der* of RSASSA-PSS.

    Raises:
        UnsupportedAlgorithm: If the hash, the mask generation function or the trailer
            is not known, or the parameters are absent, which allows any values.
    """
    parameters = algorithm_identifier(der).parameters
    if not parameters:
        raise UnsupportedAlgorithm("RSASSA-PSS without parameters")
    position, end = content(parameters, 0, len(parameters), SEQUENCE, "parameters")
    found = {"hash": _SHA1_IDENTIFIER, "mask": _SHA1_IDENTIFIER}
    salt_length, trailer = 20, 1
    while position < end:
        tag, start, stop = any_value(parameters, position, end, "parameters")
        if tag == 0xA0:
            found["hash"] = parameters[start:stop]
        elif tag == 0xA1:
            found["mask"] = _mask_hash(parameters[start:stop])
        else:
            first, last = content(parameters, start, stop, INTEGER, "parameters")
            number = int.from_bytes(parameters[first:last])
            salt_length, trailer = (
                (number, trailer) if tag == 0xA2 else (salt_length, number)
            )
        position = stop
    if trailer != 1:
        raise UnsupportedAlgorithm(f"RSASSA-PSS with the trailer {trailer}")
    return PSSParameters(
        _pss_hash(found["hash"]), _pss_hash(found["mask"]), salt_length
    )


def _mask_hash(der: bytes) -> bytes:
    """Return the DER of the hash in the mask generation function *der*."""
    identifier = algorithm_identifier(der)
    if identifier.oid != oids.MGF1:
        raise UnsupportedAlgorithm(
            f"RSASSA-PSS with the mask generation function {identifier.oid}"
        )
    return identifier.parameters


def _pss_hash(der: bytes) -> hashes.HashAlgorithm:
    dotted = algorithm_identifier(der).oid
    if dotted not in _PSS_HASHES:
        raise UnsupportedAlgorithm(f"RSASSA-PSS with the hash {dotted}")
    return _PSS_HASHES[dotted]


def _check_mask(der: bytes, position: int, end: int) -> None:
    start, stop = content(der, position, end, SEQUENCE, "maskGenAlgorithm")
    end_of(stop, end, "maskGenAlgorithm")
    first, start = oid(der, start, stop, "maskGenAlgorithm")
    mask_hash = _nested(der, start, stop, "maskGenAlgorithm")
    if oid_text(der[first:start]) == oids.MGF1 and mask_hash == _SHA1_IDENTIFIER:
        fail("default value is encoded", "maskGenAlgorithm", position)


def _nested(der: bytes, position: int, end: int, name: str) -> bytes:
    """Check the AlgorithmIdentifier from *position* to *end*, and return its DER."""
    _, stop = content(der, position, end, SEQUENCE, name)
    end_of(stop, end, name)
    nested = der[position:end]
    if nested.find(_PSS_OID, 0, 16) >= 0:
        # RSASSA-PSS is not a hash, and an attacker can nest it a thousand levels deep.
        fail("RSASSA-PSS inside of RSASSA-PSS", name, position)
    try:
        algorithm_identifier(nested)
    except DecodeError as error:
        error.under(name)
        raise
    return nested


def _small(der: bytes, start: int, stop: int, octets: int, name: str) -> int:
    """Return the value of an unsigned INTEGER of at most *octets*, from its content."""
    integer(der, start - 2, stop, name)
    value = int.from_bytes(der[start:stop], signed=True)
    if not 0 <= value < 1 << 8 * octets:
        fail(f"{value} is out of range", name, start)
    return value


def encode_algorithm(dotted: str, parameters: bytes = b"") -> bytes:
    """Return the DER of an AlgorithmIdentifier."""
    return encode(SEQUENCE, encode_oid(dotted), parameters)


def usual_parameters(dotted: str) -> bytes:
    """
    Return the default parameters of the signature algorithm *dotted*.

    RFC 4055 §5: NULL for RSA PKCS #1 v1.5; absent for all others.
    """
    return NULL_DER if dotted in _NULL_OR_ABSENT else b""


def hash_oid(algorithm: hashes.HashAlgorithm) -> str:
    """Return the object identifier of a hash that is allowed in a CertID."""
    return _HASHES[algorithm.name][0]


_CERT_ID_HASHES: Final[dict[bytes, hashes.HashAlgorithm]] = {
    encode_algorithm(dotted, parameters): algorithm
    for dotted, algorithm in _HASHES.values()
    for parameters in (NULL_DER, b"")
}


def cert_id_hash(der: bytes) -> hashes.HashAlgorithm:
    """
    Return the hash of the AlgorithmIdentifier *der* of a CertID.

    NULL and absent parameters mean the same hash.

    Raises:
        UnsupportedAlgorithm: If it is not SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512.
    """
    algorithm = _CERT_ID_HASHES.get(der)
    if algorithm is None:
        raise UnsupportedAlgorithm(
            f"Hash algorithm OID: {algorithm_identifier(der).oid} not recognized"
        )
    return algorithm


def known_hash(der: bytes) -> hashes.HashAlgorithm | None:
    """Return the hash as :func:`cert_id_hash`, or ``None`` for other algorithms."""
    return _CERT_ID_HASHES.get(der)


def algorithm_name(der: bytes) -> str:
    """Return the name of the hash in *der*, or its dotted object identifier."""
    known = _CERT_ID_HASHES.get(der)
    return known.name if known else algorithm_identifier(der).oid


def signature_hash(der: bytes) -> hashes.HashAlgorithm | None:
    """
    Return the hash of a signature's AlgorithmIdentifier *der*.

    Returns:
        The hash, or ``None`` for a scheme without a separate hash (Ed25519, Ed448,
        ML-DSA).

    Raises:
        UnsupportedAlgorithm: If the signature algorithm is not known.
    """
    dotted = algorithm_identifier(der).oid
    if dotted == oids.RSASSA_PSS:
        return pss_parameters(der).hash
    try:
        return _SIGNATURE_HASHES[dotted]
    except KeyError:
        raise UnsupportedAlgorithm(
            f"Signature algorithm OID: {dotted} not recognized"
        ) from None
