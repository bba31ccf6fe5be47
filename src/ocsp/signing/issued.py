"""
Check that an issuer signed a certificate (RFC 5280 §6.1.3 (a) (1) and (4)).

No other part of path validation is done: validity and keyUsage are not checked, and
basicConstraints only by :func:`why_no_ca`, which the verification does not use.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp import limits
from ocsp.asn1.certificates import outer_algorithm, parts_of, signature_of
from ocsp.asn1.extensions import extensions_of
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject, same_name
from ocsp.errors import DecodeError, DERError, OCSPError, SchemaError, SignatureInvalid
from ocsp.signing.signatures import check_signature, public_key_of

__all__ = ["check_issued", "is_issued_by", "issuer_among", "names_issuer", "why_no_ca"]


def names_issuer(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether *certificate* names the subject of *issuer* (RFC 5280 §7.1)."""
    return same_name(name_of_issuer(certificate), name_of_subject(issuer))


def check_issued(
    certificate: x509.Certificate, issuer: x509.Certificate, *, unsafe_sha1: bool
) -> None:
    """
    Check that the key of *issuer* signed *certificate*. Names are not compared.

    Args:
        certificate: The signed certificate.

        issuer: The certificate of the key.

        unsafe_sha1: Accept signatures with SHA-1.

    Raises:
        SignatureInvalid: If the key did not make the signature, or cannot be read, or
            the signature has unused bits.
        UnsupportedAlgorithm: If the algorithm is not known or malformed, or its hash is
            weak.
    """
    try:
        key = public_key_of(issuer)
    except SchemaError as error:
        raise SignatureInvalid(f"the key cannot be read: {error}") from error
    try:
        signature = signature_of(certificate)
    except DERError as error:
        raise SignatureInvalid(str(error)) from error
    parts = parts_of(certificate)
    try:
        check_signature(
            key, parts.algorithm, signature, parts.tbs, unsafe_sha1=unsafe_sha1
        )
    except DecodeError as error:  # old releases of ``cryptography`` load it
        raise UnsupportedAlgorithm(f"the algorithm cannot be read: {error}") from error


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """
    Return whether *certificate* names *issuer* and is signed by its key.

    SHA-1 is accepted, because callers use the result to find an issuer, not to trust
    it.
    """
    try:
        if not names_issuer(certificate, issuer):
            return False
        if parts_of(certificate).algorithm != outer_algorithm(certificate):
            return False
        check_issued(certificate, issuer, unsafe_sha1=True)
    except (OCSPError, UnsupportedAlgorithm):
        return False
    return True


def issuer_among(
    certificate: x509.Certificate, candidates: Iterable[x509.Certificate]
) -> x509.Certificate | None:
    """
    Return the first of *candidates* that has issued *certificate*, or ``None``.

    At most ``MAX_SIGNATURES_CHECKED`` with the right name are tried: a file can have
    thousands of certificates with one name, each of which may be the issuer of each.
    """
    named = (each for each in candidates if names_issuer(certificate, each))
    tried = islice(named, limits.MAX_SIGNATURES_CHECKED)
    return next((each for each in tried if is_issued_by(certificate, each)), None)


def why_no_ca(certificate: x509.Certificate) -> str:
    """
    Return why *certificate* is not that of a CA (RFC 5280 §4.2.1.9), or an empty text.

    One of version 1 or 2 has no extensions, and can be that of a CA: old roots are.
    Not checked: keyUsage, and whether it has ever issued a certificate.

    Raises:
        SchemaError: If basicConstraints cannot be decoded.
    """
    constraints = extensions_of(certificate).find(x509.BasicConstraints)
    if constraints is not None:
        no = "is not a CA: cA in its basicConstraints is false"
        return "" if constraints.ca else no
    if certificate.version is x509.Version.v3:
        return "is not a CA: it has no basicConstraints"
    return ""
