"""
L6: the signature, the signer, and the certificates in the response.

These rules do not decide whether the signer is authorized. They report where signature,
responderID and certificates contradict each other or the standards.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from ocsp.errors import DecodeError
from ocsp.linting.case import Case, Complaint
from ocsp.verification.facts import MAY_NOT_SIGN, facts_of

__all__ = [
    "issuer_may_sign",
    "key_hash_is_sha1",
    "key_is_large_enough",
    "known_algorithm",
    "named_by_key",
    "no_unneeded_certificates",
    "responder_has_signed",
    "signature_is_right",
    "signer_certificate_included",
    "strong_algorithm",
]

_SHA1_OCTETS = 20


def strong_algorithm(case: Case) -> Iterator[Complaint]:
    """L601: the response is not signed with SHA-1 or MD5."""
    try:
        algorithm = case.response.signature_hash_algorithm
    except (UnsupportedAlgorithm, DecodeError):
        return  # L602 reports it.
    if isinstance(algorithm, (hashes.SHA1, hashes.MD5)):
        yield Complaint("signatureAlgorithm", f"has the hash {algorithm.name}")


def known_algorithm(case: Case) -> Iterator[Complaint]:
    """L602: the signature algorithm is one that clients know."""
    try:
        _ = case.response.signature_hash_algorithm
    except UnsupportedAlgorithm:
        oid = case.response.signature_algorithm_oid.dotted_string
        yield Complaint("signatureAlgorithm", f"{oid} is not known")
    except DecodeError as error:
        yield Complaint("signatureAlgorithm", f"is malformed: {error}")


def signature_is_right(case: Case) -> Iterator[Complaint]:
    """L603: the key of the responder that responderID names made the signature."""
    if case.signer is not None and case.signer.signed is False:
        yield Complaint(
            "signature",
            f"does not verify with {case.signer.where}, which responderID names",
        )


def responder_has_signed(case: Case) -> Iterator[Complaint]:
    """L604: responderID names the signer."""
    if case.signer is not None and case.signer.signed and not case.signer.named:
        yield Complaint("responderID", f"does not name the signer, {case.signer.where}")


def signer_certificate_included(case: Case) -> Iterator[Complaint]:
    """L605: the response includes the signer's certificate."""
    known = case.issuer is not None or case.response.certificates
    if case.signer is None and known:  # Otherwise the signer may be the issuer.
        yield Complaint("certs", "lacks the certificate of the signer")


def key_hash_is_sha1(case: Case) -> Iterator[Complaint]:
    """L606: byKey has the length of a SHA-1 hash."""
    key_hash = case.response.responder_key_hash
    if key_hash is not None and len(key_hash) != _SHA1_OCTETS:
        yield Complaint(
            "responderID.byKey", f"has {len(key_hash)} octets instead of 20 (SHA-1)"
        )


def named_by_key(case: Case) -> Iterator[Complaint]:
    """L607: responderID is byKey."""
    if case.response.responder_key_hash is None:
        yield Complaint("responderID", "is byName")


def no_unneeded_certificates(case: Case) -> Iterator[Complaint]:
    """L608: the response includes no certificate but the delegate's."""
    if case.signer is None:
        return  # It is not known which certificate is needed.
    for i, certificate in enumerate(case.response.certificates):
        if not case.signer.delegated or certificate != case.signer.certificate:
            yield Complaint(f"certs[{i}]", "is not needed to verify the response")


def key_is_large_enough(case: Case) -> Iterator[Complaint]:
    """L609: the signer's key has at least 2048 bits (RSA) or 256 (elliptic curve)."""
    if case.signer is None:
        return
    facts = facts_of(case.signer.certificate)
    least = 256 if facts.curve else 2048
    if 0 < facts.bits < least:
        yield Complaint(case.signer.where, f"has a key of {facts.bits} bits")


def issuer_may_sign(case: Case) -> Iterator[Complaint]:
    """L610: the keyUsage of an issuer that signs responses fits signatures."""
    signer = case.signer
    if signer is None or signer.delegated or facts_of(signer.certificate).may_sign:
        return
    yield Complaint(signer.where, MAY_NOT_SIGN)
