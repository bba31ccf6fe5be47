"""
The fields of a certificate that verification needs.

They do not depend on the time, the policy or the issuer, so they are computed once for
each certificate and cached. The rules decide what follows from them.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import AuthorityInformationAccessOID

from ocsp import limits
from ocsp.asn1 import oids
from ocsp.asn1.algorithms import algorithm_identifier
from ocsp.asn1.bounded_cache import cached_by_octets
from ocsp.asn1.certificates import cached_per_certificate, parts_of
from ocsp.asn1.der import NULL_DER
from ocsp.asn1.extensions import (
    ExtensionList,
    certificate_extensions,
    without_key_identifier,
)
from ocsp.errors import SchemaError
from ocsp.guarded.certificates import validity
from ocsp.signing.signatures import cost_problem, is_only_for_pss, public_key_of
from ocsp.verification.policy import Policy

__all__ = [
    "MAY_NOT_SIGN",
    "CertificateFacts",
    "facts_of",
    "key_size_problem",
    "needs_pss",
]


MAY_NOT_SIGN = "has a keyUsage without digitalSignature and without nonRepudiation"
"""What is wrong with a certificate whose :attr:`CertificateFacts.may_sign` is false."""


Value = TypeVar("Value", bound=x509.ExtensionType)


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

        purposes: The OIDs in extendedKeyUsage; empty if it cannot be decoded.

        purposes_error: Why extendedKeyUsage cannot be decoded, or an empty string.

        may_sign: Whether keyUsage is absent, or has digitalSignature or nonRepudiation,
            both of which fit OCSPSigning (RFC 5280 §4.2.1.12).

        may_issue: Whether keyUsage is absent or has keyCertSign.

        may_sign_crls: Whether keyUsage is absent or has cRLSign.

        usage_error: Why keyUsage cannot be decoded, or an empty string. If it cannot,
            the key may sign none of these.

        ca: Whether basicConstraints has cA.

        ca_error: Why basicConstraints cannot be decoded, or an empty string. If it
            cannot, it is not known whether this is a CA certificate.

        unknown_critical: The OID of a critical extension that is unknown or cannot be
            decoded, or an empty string.

        critical_error: What is wrong with it: "is not known", or why it cannot be
            decoded.

        nocheck: Whether it has id-pkix-ocsp-nocheck, with the value NULL.

        no_rev_avail: Whether it has noRevAvail (RFC 9608 §2), with the value NULL.

        names_status_place: Whether it names a place for its status: a CRL distribution
            point, or an OCSP responder in authorityInfoAccess. Also if one of these
            extensions cannot be decoded.
    """

    key: CertificatePublicKeyTypes | None
    key_error: str
    bits: int
    curve: bool
    pss_only: bool
    not_before: datetime.datetime
    not_after: datetime.datetime
    purposes: frozenset[x509.ObjectIdentifier]
    purposes_error: str
    may_sign: bool
    may_issue: bool
    may_sign_crls: bool
    usage_error: str
    ca: bool
    ca_error: str
    unknown_critical: str
    critical_error: str
    nocheck: bool
    no_rev_avail: bool
    names_status_place: bool


@cached_per_certificate
def facts_of(certificate: x509.Certificate) -> CertificateFacts:
    """Return the fields of *certificate* that verification needs."""
    key, key_error = _key(certificate)
    curve = isinstance(key, ec.EllipticCurvePublicKey)
    sized = curve or isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey))
    not_before, not_after = validity(certificate)
    return CertificateFacts(
        key,
        key_error,
        key.key_size if sized else 0,  # type: ignore[union-attr]
        curve,
        is_only_for_pss(certificate),
        not_before,
        not_after,
        *_extended(without_key_identifier(parts_of(certificate).extensions)),
    )


class _Extended(NamedTuple):
    """The fields of :class:`CertificateFacts` that the extensions determine."""

    purposes: frozenset[x509.ObjectIdentifier]
    purposes_error: str
    may_sign: bool
    may_issue: bool
    may_sign_crls: bool
    usage_error: str
    ca: bool
    ca_error: str
    unknown_critical: str
    critical_error: str
    nocheck: bool
    no_rev_avail: bool
    names_status_place: bool


@cached_by_octets(factor=8)
def _extended(der: bytes) -> _Extended:
    """Return what the Extensions *der* say, which may be empty; cached."""
    extensions = certificate_extensions(der)
    usage, usage_error = _read(extensions, x509.KeyUsage)
    purposes, purposes_error = _read(extensions, x509.ExtendedKeyUsage)
    constraints, ca_error = _read(extensions, x509.BasicConstraints)
    unknown_critical, critical_error = extensions.unprocessed_critical()
    return _Extended(
        purposes=frozenset(purposes or ()),
        purposes_error=purposes_error,
        may_sign=not usage_error and _may_sign(usage),
        may_issue=not usage_error and (usage is None or usage.key_cert_sign),
        may_sign_crls=not usage_error and (usage is None or usage.crl_sign),
        usage_error=usage_error,
        ca=constraints is not None and constraints.ca,
        ca_error=ca_error,
        unknown_critical=unknown_critical,
        critical_error=critical_error,
        nocheck=_is_null(extensions, oids.OCSP_NOCHECK),
        no_rev_avail=_is_null(extensions, oids.NO_REV_AVAIL),
        names_status_place=_names_status_place(extensions),
    )


def _names_status_place(extensions: ExtensionList) -> bool:
    if any(each.oid == oids.CRL_DISTRIBUTION_POINTS for each in extensions.raw):
        return True
    access, error = _read(extensions, x509.AuthorityInformationAccess)
    return bool(error) or any(
        each.access_method == AuthorityInformationAccessOID.OCSP
        for each in access or ()
    )


def _read(extensions: ExtensionList, kind: type[Value]) -> tuple[Value | None, str]:
    """Return the extension, if there is one, or why it cannot be decoded."""
    try:
        return extensions.find(kind), ""
    except SchemaError as error:
        return None, str(error)


def _is_null(extensions: ExtensionList, oid: str) -> bool:
    """Return whether the extension *oid* occurs once, with the value NULL."""
    try:
        return extensions.octets(oid) == NULL_DER
    except SchemaError:
        return False


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
    elif isinstance(facts.key, dsa.DSAPublicKey):
        least, most = policy.min_rsa_bits, limits.MAX_DSA_BITS
    else:
        least, most = policy.min_rsa_bits, limits.MAX_KEY_BITS
    if least <= facts.bits <= most:
        return cost_problem(facts.key)
    return f"has {facts.bits} bits; {least} to {most} are accepted"


def _key(certificate: x509.Certificate) -> tuple[CertificatePublicKeyTypes | None, str]:
    """Return the public key, or ``None`` and the reason why it cannot be used."""
    try:
        return public_key_of(certificate), ""
    except (SchemaError, UnsupportedAlgorithm) as error:
        return None, str(error)


def _may_sign(usage: x509.KeyUsage | None) -> bool:
    # contentCommitment is the later name of nonRepudiation.
    return usage is None or usage.digital_signature or usage.content_commitment
