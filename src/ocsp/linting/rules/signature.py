"""
L6: the signature, who has made it, and the certificates that came along.

Rules of this file: a lint does not decide whether to believe; it says where signature,
responderID and certificates contradict each other or the standards.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from ocsp.linting.case import Case, Complaint
from ocsp.verification.facts import facts_of

__all__ = [
    "certificate_at_hand",
    "issuer_may_sign",
    "key_hash_is_sha1",
    "key_is_large_enough",
    "known_algorithm",
    "named_by_key",
    "no_certificate_too_many",
    "responder_has_signed",
    "signature_is_right",
    "strong_algorithm",
]

_SHA1_OCTETS = 20


def strong_algorithm(case: Case) -> Iterator[Complaint]:
    """L601: the response is not signed with SHA-1 or MD5."""
    try:
        algorithm = case.response.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return  # which L602 has found
    if isinstance(algorithm, (hashes.SHA1, hashes.MD5)):
        yield Complaint("signatureAlgorithm", f"has the hash {algorithm.name}")


def known_algorithm(case: Case) -> Iterator[Complaint]:
    """L602: the signature is of an algorithm that clients know."""
    try:
        _ = case.response.signature_hash_algorithm
    except UnsupportedAlgorithm:
        oid = case.response.signature_algorithm_oid.dotted_string
        yield Complaint("signatureAlgorithm", f"{oid} is not known")


def signature_is_right(case: Case) -> Iterator[Complaint]:
    """L603: whoever responderID names has made the signature."""
    if case.signer is not None and case.signer.signed is False:
        yield Complaint(
            "signature",
            f"is not that of {case.signer.where}, whom responderID names",
        )


def responder_has_signed(case: Case) -> Iterator[Complaint]:
    """L604: responderID names whoever has made the signature."""
    if case.signer is not None and case.signer.signed and not case.signer.named:
        yield Complaint(
            "responderID", f"does not name {case.signer.where}, who has signed"
        )


def certificate_at_hand(case: Case) -> Iterator[Complaint]:
    """L605: the signer's certificate came along, unless it is the issuer."""
    there = case.issuer is not None or case.response.certificates
    if case.signer is None and there:  # else it may be the issuer, who is not known
        yield Complaint("certs", "has no certificate of the signer")


def key_hash_is_sha1(case: Case) -> Iterator[Complaint]:
    """L606: byKey is the SHA-1 of a key."""
    key_hash = case.response.responder_key_hash
    if key_hash is not None and len(key_hash) != _SHA1_OCTETS:
        yield Complaint(
            "responderID.byKey", f"has {len(key_hash)} octets, and SHA-1 has 20"
        )


def named_by_key(case: Case) -> Iterator[Complaint]:
    """L607: the responder is named by its key."""
    if case.response.responder_key_hash is None:
        yield Complaint("responderID", "is byName")


def no_certificate_too_many(case: Case) -> Iterator[Complaint]:
    """L608: no certificates come along but the delegate's."""
    if case.signer is None:
        return  # which of them is too many is not known
    for i, certificate in enumerate(case.response.certificates):
        if not case.signer.delegated or certificate != case.signer.certificate:
            yield Complaint(f"certs[{i}]", "is not needed to verify the response")


def key_is_large_enough(case: Case) -> Iterator[Complaint]:
    """L609: the signer's key has 2048 bits (RSA), or 256 (elliptic curve)."""
    if case.signer is None:
        return
    facts = facts_of(case.signer.certificate)
    least = 256 if facts.curve else 2048
    if 0 < facts.bits < least:
        yield Complaint(case.signer.where, f"has a key of {facts.bits} bits")


def issuer_may_sign(case: Case) -> Iterator[Complaint]:
    """L610: an issuer that signs itself has keyUsage digitalSignature."""
    signer = case.signer
    if signer is None or signer.delegated or facts_of(signer.certificate).may_sign:
        return
    yield Complaint(signer.where, "has a keyUsage without digitalSignature")
