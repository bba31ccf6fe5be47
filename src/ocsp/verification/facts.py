"""
The fields of a certificate that verification needs.

They do not depend on the time, the policy or the issuer, so they are computed once for
each certificate and cached. The rules decide what follows from them.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import AuthorityInformationAccessOID

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.algorithms import algorithm_identifier
from ocsp.asn1.certificates import cached_per_certificate, decoded_extensions
from ocsp.errors import SchemaError
from ocsp.signing.signatures import is_only_for_pss, public_key_of
from ocsp.verification.policy import Policy

__all__ = [
    "MAY_NOT_SIGN",
    "CertificateFacts",
    "facts_of",
    "key_size_problem",
    "needs_pss",
    "validity_of",
]


MAY_NOT_SIGN = "has a keyUsage without digitalSignature and without nonRepudiation"
"""What is wrong with a certificate whose :attr:`CertificateFacts.may_sign` is false."""


class CertificateFacts(NamedTuple):
    """
    The fields of a certificate that verification needs.

    Attributes:
        key: The public key; ``None`` if it cannot be used, then no signature verifies.

        key_error: Why the key cannot be used, or an empty string.

        bits: The size of an RSA, DSA or elliptic-curve key; 0 for other keys, whose
            size is fixed.

        curve: Whether it is an elliptic-curve key.

        pss_only: Whether it is an RSA key for PSS only (RFC 4055 §1.2).

        not_before: The first second of the validity, aware, in UTC.

        not_after: The last second of the validity, aware, in UTC.

        extension_error: Why the extensions cannot be decoded, or an empty string. If
            they cannot, all attributes below have their defaults.

        purposes: The OIDs in extendedKeyUsage.

        may_sign: Whether keyUsage is absent, or has digitalSignature or nonRepudiation,
            both of which fit OCSPSigning (RFC 5280 §4.2.1.12).

        may_sign_crls: Whether keyUsage is absent or has cRLSign.

        ca: Whether basicConstraints has cA.

        unknown_critical: The OID of an unknown critical extension, or an empty string.

        nocheck: Whether it has id-pkix-ocsp-nocheck.

        names_status_place: Whether it names a place for its status: a CRL distribution
            point, or an OCSP responder in authorityInfoAccess.
    """

    key: CertificatePublicKeyTypes | None
    key_error: str
    bits: int
    curve: bool
    pss_only: bool
    not_before: datetime.datetime
    not_after: datetime.datetime
    extension_error: str = ""
    purposes: frozenset[x509.ObjectIdentifier] = frozenset()
    may_sign: bool = True
    may_sign_crls: bool = True
    ca: bool = False
    unknown_critical: str = ""
    nocheck: bool = False
    names_status_place: bool = False


@cached_per_certificate
def validity_of(
    certificate: x509.Certificate,
) -> tuple[datetime.datetime, datetime.datetime]:
    """Return the first and the last second of the validity, aware, in UTC."""
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


@cached_per_certificate
def facts_of(certificate: x509.Certificate) -> CertificateFacts:
    """Return the fields of *certificate* that verification needs."""
    key, key_error = _key(certificate)
    curve = isinstance(key, ec.EllipticCurvePublicKey)
    sized = curve or isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey))
    bits = key.key_size if sized else 0  # type: ignore[union-attr]
    pss_only = is_only_for_pss(certificate)
    known = (key, key_error, bits, curve, pss_only, *validity_of(certificate))
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
        may_sign=_may_sign(usage),
        may_sign_crls=not isinstance(usage, x509.KeyUsage) or usage.crl_sign,
        ca=isinstance(constraints, x509.BasicConstraints) and constraints.ca,
        unknown_critical=_unknown(extensions),
        nocheck=x509.OCSPNoCheck.oid in found,
        names_status_place=_names_status_place(found),
    )


def _names_status_place(
    extensions: Mapping[x509.ObjectIdentifier, x509.ExtensionType],
) -> bool:
    access = extensions.get(x509.AuthorityInformationAccess.oid)
    return x509.CRLDistributionPoints.oid in extensions or (
        isinstance(access, x509.AuthorityInformationAccess)
        and any(
            each.access_method == AuthorityInformationAccessOID.OCSP for each in access
        )
    )


def needs_pss(facts: CertificateFacts, identifier: bytes) -> bool:
    """Tell whether the key is for PSS only and *identifier* is not PSS."""
    return facts.pss_only and algorithm_identifier(identifier).oid != oids.RSASSA_PSS


def key_size_problem(facts: CertificateFacts, policy: Policy) -> str:
    """Describe why *policy* does not accept the key, or return an empty string."""
    if facts.key_error:
        return f"cannot be used: {facts.key_error}"
    if not facts.bits:
        return ""
    if facts.curve:
        least, most = policy.min_ec_bits, limits.MAX_CURVE_BITS
    else:
        least, most = policy.min_rsa_bits, limits.MAX_KEY_BITS
    if least <= facts.bits <= most:
        return ""
    return f"has {facts.bits} bits; {least} to {most} are accepted"


def _key(certificate: x509.Certificate) -> tuple[CertificatePublicKeyTypes | None, str]:
    """Return the public key, or ``None`` and the reason why it cannot be used."""
    try:
        return public_key_of(certificate), ""
    except (ValueError, UnsupportedAlgorithm) as error:
        return None, str(error)


def _may_sign(usage: x509.ExtensionType | None) -> bool:
    if not isinstance(usage, x509.KeyUsage):
        return True
    # contentCommitment is the later name of nonRepudiation.
    return usage.digital_signature or usage.content_commitment


def _unknown(extensions: x509.Extensions) -> str:
    for extension in extensions:
        if extension.critical and isinstance(
            extension.value, x509.UnrecognizedExtension
        ):
            return str(extension.oid.dotted_string)
    return ""
