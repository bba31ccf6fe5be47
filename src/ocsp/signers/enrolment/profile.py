"""
The certificate of a delegate: what a request asks for, and what a CA issues.

RFC 6960 §4.2.2.2 and RFC 9919 §3.2.2: the extended key usage OCSPSigning,
id-pkix-ocsp-nocheck, and no URLs for its own status.
"""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificatePublicKeyTypes,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from ocsp.asn1.certificates import validity_of
from ocsp.asn1.extensions import extensions_of
from ocsp.asn1.name_comparison import name_of_subject, text
from ocsp.errors import ConfigError
from ocsp.guarded.certificates import request_is_signed, request_key, subject_of
from ocsp.signers.self_test import certificate_failures
from ocsp.signing.issued import why_no_ca
from ocsp.signing.signatures import is_only_for_pss, public_key_of
from ocsp.signing.signer import fitting_hash, matches_certificate

__all__ = ["issue_delegate", "make_request", "requested_key"]

_BACKDATE = datetime.timedelta(hours=1)
"""How long before now a certificate begins, for clients whose clocks are late."""

_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)

_PURPOSE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])


def make_request(
    key: CertificateIssuerPrivateKeyTypes, subject: x509.Name
) -> x509.CertificateSigningRequest:
    """
    Return a request for the certificate of a delegate (RFC 2986).

    Args:
        key: Its private key, in memory or in a token.

        subject: Its name.

    Raises:
        SignerUnavailable: If the key is in a token, which fails.
    """
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .add_extension(_USAGE, critical=True)
        .add_extension(_PURPOSE, critical=False)
        .add_extension(x509.OCSPNoCheck(), critical=False)
        .sign(key, fitting_hash(key))  # type: ignore[arg-type]
    )


def requested_key(request: x509.CertificateSigningRequest) -> CertificatePublicKeyTypes:
    """
    Return the public key of *request*, whose owner has signed it.

    Raises:
        ConfigError: If the signature is wrong.
        SchemaError: If the key cannot be read.
    """
    if not request_is_signed(request):
        raise ConfigError("request", "is not signed with its own key; make another one")
    return request_key(request)


def issue_delegate(
    issuer: x509.Certificate,
    issuer_key: CertificateIssuerPrivateKeyTypes,
    public_key: CertificatePublicKeyTypes,
    subject: x509.Name,
    *,
    days: int,
    now: datetime.datetime,
) -> x509.Certificate:
    """
    Issue the certificate of a delegate.

    It has 20 random octets as its serial number, begins an hour before *now*, and has
    the extensions of RFC 9919 §3.2.2.

    Args:
        issuer: The certificate of the CA.

        issuer_key: Its private key, in memory or in a token.

        public_key: The public key of the delegate.

        subject: The name of the delegate.

        days: How many days from *now* it is valid.

        now: The current time, aware.

    Raises:
        ConfigError: If clients would reject the answers of the delegate, or the
            certificate would be valid longer than that of the CA.
        SignerUnavailable: If the key is in a token, which fails.
    """
    _require_ca(issuer, issuer_key)
    begin, end = _validity(issuer, days, now)
    ca_name = subject_of(issuer)
    if subject == ca_name:
        raise ConfigError("subject", "is the name of the CA; give the delegate another")
    if public_key == public_key_of(issuer):
        raise ConfigError("key", "is the key of the CA, which needs no delegate")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca_name)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_USAGE, critical=True)
        .add_extension(_PURPOSE, critical=False)
        .add_extension(x509.OCSPNoCheck(), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), False)
        .add_extension(_authority_key_identifier(issuer), critical=False)
        .sign(
            issuer_key,
            fitting_hash(issuer_key),  # type: ignore[arg-type]
            rsa_padding=_padding(issuer),
        )
    )
    failures = certificate_failures(issuer, certificate, now)
    if failures:
        raise ConfigError(
            "certificate", f"clients would reject the answers: {'; '.join(failures)}"
        )
    return certificate


def _validity(
    issuer: x509.Certificate, days: int, now: datetime.datetime
) -> tuple[datetime.datetime, datetime.datetime]:
    if days < 1:
        raise ConfigError("days", f"must be at least 1, and is {days}")
    first, last = validity_of(issuer)
    if not first <= now <= last:
        raise ConfigError(
            "issuer", f"its certificate is valid from {first} to {last}, and not now"
        )
    left = (last - now) // datetime.timedelta(days=1)
    if days > left:
        raise ConfigError(
            "days", f"{days} is too long: the certificate of the CA has {left} left"
        )
    whole = now.replace(microsecond=0)
    return max(first, whole - _BACKDATE), whole + datetime.timedelta(days=days)


def _require_ca(
    issuer: x509.Certificate, key: CertificateIssuerPrivateKeyTypes
) -> None:
    name, extensions = text(name_of_subject(issuer)), extensions_of(issuer)
    if why := why_no_ca(issuer):
        raise ConfigError("issuer", f"{name} {why}; give the certificate of the CA")
    usage = extensions.find(x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        raise ConfigError("issuer", f"{name} must not sign certificates (keyUsage)")
    if not matches_certificate(key, issuer):
        raise ConfigError("issuer key", f"is not the key of {name}")


def _authority_key_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Return the identifier that the CA itself uses for its key (RFC 5280 §4.2.1.1)."""
    own = extensions_of(issuer).find(x509.SubjectKeyIdentifier)
    if own is not None:
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
    # The kinds of key that sign certificates are those of certificates.
    key = public_key_of(issuer)
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)  # type: ignore[arg-type]


def _padding(issuer: x509.Certificate) -> padding.PSS | None:
    """Return PSS if the key of the CA is for PSS only (RFC 4055 §1.2)."""
    if not is_only_for_pss(issuer):
        return None
    return padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
