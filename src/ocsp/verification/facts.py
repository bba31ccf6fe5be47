"""
What a certificate says of its key.

Rules of this file: nothing here depends on the time, the policy or the issuer, so it is
worked out once for a certificate and remembered; judgement is made elsewhere.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.algorithms import algorithm_identifier
from ocsp.asn1.certificates import cached_per_certificate, decoded_extensions
from ocsp.errors import SchemaError
from ocsp.signing.signatures import is_only_for_pss, public_key_of
from ocsp.verification.policy import Policy

__all__ = [
    "CertificateFacts",
    "facts_of",
    "key_size_problem",
    "needs_pss",
    "validity_of",
]


class CertificateFacts(NamedTuple):
    """
    What a certificate says of its key.

    Attributes:
        key: The key, or ``None``, with which nothing verifies.

        unusable: Why there is no key, or nothing.

        bits: The size of an RSA, DSA or elliptic-curve key; 0 for all others, which
            have but one.

        curve: Whether it is an elliptic-curve key.

        not_before: When the certificate begins to be valid, aware, in UTC.

        not_after: When it has been valid last.

        pss_only: Whether it is an RSA key that signs with PSS only (RFC 4055 §1.2).

        unreadable: Why the extensions cannot be read, or nothing.

        purposes: extendedKeyUsage.

        signs: Whether keyUsage, if there is one, has digitalSignature.

        signs_crls: Whether keyUsage, if there is one, has cRLSign.

        ca: Whether it is that of a CA.

        unknown: A critical extension that is not known, or nothing.

        nocheck: Whether it has id-pkix-ocsp-nocheck.
    """

    key: CertificatePublicKeyTypes | None
    unusable: str
    bits: int
    curve: bool
    pss_only: bool
    not_before: datetime.datetime
    not_after: datetime.datetime
    extension_error: str = ""
    purposes: frozenset[x509.ObjectIdentifier] = frozenset()
    may_sign: bool = True
    signs_crls: bool = True
    ca: bool = False
    unknown_critical: str = ""
    nocheck: bool = False


@cached_per_certificate
def validity_of(
    certificate: x509.Certificate,
) -> tuple[datetime.datetime, datetime.datetime]:
    """Return when *certificate* is valid first and last, aware, in UTC."""
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


@cached_per_certificate
def facts_of(certificate: x509.Certificate) -> CertificateFacts:
    """Return what *certificate* says of its key."""
    key, unusable = _key(certificate)
    curve = isinstance(key, ec.EllipticCurvePublicKey)
    sized = curve or isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey))
    bits = key.key_size if sized else 0  # type: ignore[union-attr]
    pss_only = is_only_for_pss(certificate)
    known = (key, unusable, bits, curve, pss_only, *validity_of(certificate))
    try:
        extensions = decoded_extensions(certificate)
    except SchemaError as error:
        return CertificateFacts(*known, extension_error=str(error))
    found = {extension.oid: extension.value for extension in extensions}
    usage = found.get(x509.KeyUsage.oid)
    constraints = found.get(x509.BasicConstraints.oid)
    purposes = found.get(x509.ExtendedKeyUsage.oid)
    return CertificateFacts(
        *known,
        purposes=frozenset(
            purposes if isinstance(purposes, x509.ExtendedKeyUsage) else ()
        ),
        may_sign=not isinstance(usage, x509.KeyUsage) or usage.digital_signature,
        signs_crls=not isinstance(usage, x509.KeyUsage) or usage.crl_sign,
        ca=isinstance(constraints, x509.BasicConstraints) and constraints.ca,
        unknown_critical=_unknown(extensions),
        nocheck=x509.OCSPNoCheck.oid in found,
    )


def needs_pss(facts: CertificateFacts, identifier: bytes) -> bool:
    """Tell whether the key signs with PSS only, and *identifier* is no PSS."""
    return facts.pss_only and algorithm_identifier(identifier).oid != oids.RSASSA_PSS


LARGEST_CURVE = 1024
"""Bits; all curves that there are have fewer."""


def key_size_problem(facts: CertificateFacts, policy: Policy) -> str:
    """Say why the key, or its size, does not count with *policy*, or nothing."""
    if facts.unusable:
        return f"cannot be used: {facts.unusable}"
    if not facts.bits:
        return ""
    if facts.curve:
        least, most = policy.min_ec_bits, LARGEST_CURVE
    else:
        least, most = policy.min_rsa_bits, limits.MAX_KEY_BITS
    if least <= facts.bits <= most:
        return ""
    return f"has {facts.bits} bits, and the policy takes {least} to {most}"


def _key(certificate: x509.Certificate) -> tuple[CertificatePublicKeyTypes | None, str]:
    """Return the key, or why there is none."""
    try:
        return public_key_of(certificate), ""
    except (ValueError, UnsupportedAlgorithm) as error:
        return None, str(error)


def _unknown(extensions: x509.Extensions) -> str:
    for extension in extensions:
        if extension.critical and isinstance(
            extension.value, x509.UnrecognizedExtension
        ):
            return str(extension.oid.dotted_string)
    return ""
