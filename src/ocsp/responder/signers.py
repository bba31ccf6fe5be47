"""
Prepare the signers of an authority, and choose the one that signs an answer.

RFC 6960 §4.2.1 (ResponderID, certs) and §4.4.7.2 (the choice of the algorithm). What an
answer needs from a signer is encoded once, when the authority is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ocsp.asn1.algorithms import algorithm_identifier, read_algorithm
from ocsp.asn1.certificates import certificate_der, parts_of, validity_of
from ocsp.asn1.der import (
    NULL_DER,
    OCTET_STRING,
    SEQUENCE,
    content,
    context,
    encode,
)
from ocsp.errors import SignatureInvalid, SignerUnavailable
from ocsp.messages.extension_types import PreferredSignatureAlgorithm
from ocsp.signing.signatures import check_signature_of, public_key_of
from ocsp.signing.signer import Signer, is_local

__all__ = ["AuthoritySigner", "by_preference", "common_signers"]


@final
class AuthoritySigner:
    """
    A signer of one authority, with what every answer needs from it.

    Attributes:
        signer: The signer.

        certificate: Its certificate.

        identifier: SHA-256 of the DER of the certificate.

        is_local: Whether it never waits: its key is in memory.

        key: The content of its public key BIT STRING.

        responder_id: The DER of the ResponderID: the hash of the key (RFC 9919 §3.2.2).

        algorithm: The DER of the AlgorithmIdentifier of its signatures.

        begin: Since when the certificate is valid, in seconds since 1970.

        end: Until when it is valid, in seconds since 1970.

        included: The DER of the certificate if responses include it; otherwise empty.

        certs: certs in its tag, with this certificate only, or empty.
    """

    __slots__ = (
        "algorithm",
        "begin",
        "certificate",
        "certs",
        "end",
        "identifier",
        "included",
        "is_local",
        "key",
        "responder_id",
        "signer",
    )

    def __init__(self, signer: Signer, *, is_issuer: bool) -> None:
        """
        Prepare *signer*.

        Args:
            signer: The signer.

            is_issuer: Whether it has the key of the issuer, whose certificate the
                clients have.
        """
        certificate = signer.certificate
        der, parts = certificate_der(certificate), parts_of(certificate)
        begin, end = validity_of(certificate)
        self.signer = signer
        self.is_local = is_local(signer)
        self.certificate = certificate
        self.identifier = hashlib.sha256(der).digest()
        self.key = parts.key_bits
        self.responder_id = encode(context(2), encode(OCTET_STRING, parts.key_hash))
        self.algorithm = signer.algorithm_identifier
        self.begin = int(begin.timestamp())
        self.end = int(end.timestamp())
        self.included = b"" if is_issuer else der
        self.certs = b"" if is_issuer else encode(context(0), encode(SEQUENCE, der))

    def sign(self, data: bytes) -> bytes:
        """
        Return the signature over *data*, and verify what a device or service returned.

        Raises:
            SignerUnavailable: If the signer cannot sign now, or its signature is wrong.
        """
        signature = self.signer.sign(data)
        if not self.is_local:
            self._verify(signature, data)
        return signature

    def _verify(self, signature: bytes, data: bytes) -> None:
        try:
            check_signature_of(self.certificate, self.algorithm, signature, data)
        except SignatureInvalid as error:
            raise SignerUnavailable(f"its signature is wrong: {error}") from error
        except UnsupportedAlgorithm:
            return  # an algorithm that this package does not know, for clients that do

    def suits(self, wanted: PreferredSignatureAlgorithm) -> bool:
        """Return whether this signer has the algorithm and the kind of key *wanted*."""
        if not _is_met(wanted.signature, self.algorithm):
            return False
        return wanted.key is None or _is_met(wanted.key, _key_algorithm(self))


def _is_met(wanted: bytes, given: bytes) -> bool:
    """
    Return whether the AlgorithmIdentifier *given* is *wanted*.

    Without parameters, or with NULL, *wanted* names an algorithm with any parameters.
    """
    left, right = algorithm_identifier(wanted), algorithm_identifier(given)
    if left.oid != right.oid:
        return False
    return left.parameters in (b"", NULL_DER, right.parameters)


def _key_algorithm(signer: AuthoritySigner) -> bytes:
    """Return the AlgorithmIdentifier of the key of *signer*."""
    public = public_key_of(signer.certificate)
    info = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    start, stop = content(info, 0, len(info), SEQUENCE, "subjectPublicKeyInfo")
    return read_algorithm(info, start, stop, "algorithm")[0]


def by_preference(
    signers: Sequence[AuthoritySigner], wanted: Iterable[PreferredSignatureAlgorithm]
) -> tuple[AuthoritySigner, ...]:
    """
    Return *signers*, those first that suit what the client prefers most.

    RFC 6960 §4.4.7.2.1: the responder should use the first algorithm of the list that
    it has. It chooses among its own signers, none of which has a weak algorithm, so the
    list cannot weaken an answer (§5.1.2).
    """
    ordered: dict[AuthoritySigner, None] = {}
    for each in wanted:
        ordered.update(dict.fromkeys(one for one in signers if one.suits(each)))
    ordered.update(dict.fromkeys(signers))
    return tuple(ordered)


def common_signers(
    candidates: Sequence[Sequence[AuthoritySigner]],
) -> tuple[AuthoritySigner, ...]:
    """
    Return a signer of each authority that all have one key and one algorithm.

    A response has one signature. The key can sign for several authorities if each of
    them has issued a certificate to it.

    Args:
        candidates: The signers of each authority, best first.

    Returns:
        One signer for each authority, in order; nothing if no key is common to all.
    """
    first, *others = candidates
    for one in first:
        same = [
            next((each for each in other if _same_key(each, one)), None)
            for other in others
        ]
        found = (one, *(each for each in same if each is not None))
        if len(found) == len(candidates):
            return found
    return ()


def _same_key(left: AuthoritySigner, right: AuthoritySigner) -> bool:
    return left.key == right.key and left.algorithm == right.algorithm
