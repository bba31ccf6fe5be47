"""
Create a throw-away CA, for demonstrations and tests (RFC 5280).

The caller passes keys and times, and nothing is written to files. Do not use this CA
for anything but tests on one machine. The certificate of a delegated responder follows
RFC 9919 §3.2.2: EKU id-kp-OCSPSigning, id-pkix-ocsp-nocheck, and no URLs for its own
status.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
)

from ocsp.asn1 import oids
from ocsp.asn1.der import NULL_DER
from ocsp.signing.signer import fitting_hash

__all__ = ["Identity", "Pointers", "ThrowawayCA", "Validity", "new_ec_key"]


def new_ec_key() -> ec.EllipticCurvePrivateKey:
    """Return a new P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


class Validity(NamedTuple):
    """
    The validity of a certificate.

    Attributes:
        begin: notBefore, aware.

        end: notAfter, aware.
    """

    begin: datetime.datetime
    end: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointers:
    """
    The URLs in a certificate (RFC 5280 §4.2.1.13, §4.2.2.1).

    Attributes:
        ocsp: URLs of responders.

        ca_issuers: URLs of the issuer's certificate.

        crls: URLs of the issuer's CRL.
    """

    ocsp: tuple[str, ...] = ()
    ca_issuers: tuple[str, ...] = ()
    crls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """
    A certificate with its private key.

    Attributes:
        certificate: The certificate.

        key: Its private key.

        issuers: The certificates above it, its issuer first and the root last; empty
            for a root.
    """

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes
    issuers: tuple[x509.Certificate, ...]

    @property
    def issuer(self) -> x509.Certificate:
        """The certificate of its issuer; for a root, its own certificate."""
        return (*self.issuers, self.certificate)[0]

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The certificate itself and those above it, the root last."""
        return (self.certificate, *self.issuers)

    @property
    def serial_number(self) -> int:
        """The serial number of the certificate."""
        return self.certificate.serial_number

    @property
    def certificate_pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def chain_pem(self) -> bytes:
        """The chain without the root, in PEM, as a TLS server sends it."""
        sent = self.chain[:-1] or self.chain
        return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in sent)

    @property
    def key_pem(self) -> bytes:
        """The private key in PEM (PKCS #8), without a passphrase."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


class ThrowawayCA:
    """
    A CA that exists only in memory.

    Attributes:
        identity: Its certificate and its key.
    """

    def __init__(self, identity: Identity) -> None:
        self.identity = identity

    @classmethod
    def root(
        cls, name: str, validity: Validity, key: CertificateIssuerPrivateKeyTypes
    ) -> ThrowawayCA:
        """Return a new root CA."""
        template = _template(name, _common_name(name), validity, key, key)
        certificate = _sign(_as_ca(template), key)
        return cls(Identity(certificate=certificate, key=key, issuers=()))

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate of this CA."""
        return self.identity.certificate

    def subordinate(
        self,
        name: str,
        validity: Validity,
        key: CertificateIssuerPrivateKeyTypes,
        pointers: Pointers,
    ) -> ThrowawayCA:
        """Return a new CA below this one."""
        template = _with_urls(_as_ca(self._template(name, validity, key)), pointers)
        return ThrowawayCA(self._identity(template, key))

    def delegate(
        self,
        name: str,
        validity: Validity,
        key: CertificateIssuerPrivateKeyTypes,
        *,
        ocsp_signing: bool = True,
    ) -> Identity:
        """
        Return a delegated responder (RFC 6960 §4.2.2.2).

        Args:
            name: Its common name.

            validity: The validity of its certificate.

            key: Its key.

            ocsp_signing: Whether its certificate has id-kp-OCSPSigning; without it
                verifiers must reject its responses.
        """
        template = _as_end_entity(self._template(name, validity, key))
        if ocsp_signing:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
            template = template.add_extension(usage, critical=False)
        template = template.add_extension(x509.OCSPNoCheck(), critical=False)
        return self._identity(template, key)

    def leaf(
        self,
        name: str,
        validity: Validity,
        key: CertificateIssuerPrivateKeyTypes,
        pointers: Pointers,
        *,
        serial_number: int | None = None,
        extensions: Iterable[x509.ExtensionType] = (),
        signed_with: CertificateIssuerPrivateKeyTypes | None = None,
    ) -> Identity:
        """
        Return an end-entity certificate.

        Args:
            name: Its common name and its only dNSName.

            validity: Its validity.

            key: Its key.

            pointers: The URLs for its status and its issuer.

            serial_number: Its serial number; by default random.

            extensions: More extensions, not critical.

            signed_with: The key that signs; by default the key of this CA. Another key
                makes a forged certificate.
        """
        template = _as_end_entity(self._template(name, validity, key, serial_number))
        template = template.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
        template = _with_urls(template, pointers)
        for extension in extensions:
            template = template.add_extension(extension, critical=False)
        return self._identity(template, key, signed_with)

    def crl(
        self,
        revoked: Sequence[x509.RevokedCertificate],
        validity: Validity,
        number: int,
    ) -> x509.CertificateRevocationList:
        """Return a CRL with *revoked*; *validity* is its thisUpdate and nextUpdate."""
        key = self.identity.key
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(validity.begin)
            .next_update(validity.end)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(_issued_by(key), critical=False)
        )
        for entry in revoked:
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(key, fitting_hash(key))  # type: ignore[arg-type]

    def _template(
        self,
        name: str,
        validity: Validity,
        key: CertificateIssuerPrivateKeyTypes,
        serial_number: int | None = None,
    ) -> x509.CertificateBuilder:
        issuer, issuer_key = self.certificate.subject, self.identity.key
        return _template(name, issuer, validity, key, issuer_key, serial_number)

    def _identity(
        self,
        template: x509.CertificateBuilder,
        key: CertificateIssuerPrivateKeyTypes,
        signed_with: CertificateIssuerPrivateKeyTypes | None = None,
    ) -> Identity:
        certificate = _sign(template, signed_with or self.identity.key)
        return Identity(certificate=certificate, key=key, issuers=self.identity.chain)


NO_REV_AVAIL = x509.UnrecognizedExtension(oids.identifier(oids.NO_REV_AVAIL), NULL_DER)
"""The extension noRevAvail: the CA does not publish revocation of it (RFC 9608)."""


def _template(
    name: str,
    issuer: x509.Name,
    validity: Validity,
    key: CertificateIssuerPrivateKeyTypes,
    issuer_key: CertificateIssuerPrivateKeyTypes,
    serial_number: int | None = None,
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(_common_name(name))
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(serial_number or x509.random_serial_number())
        .not_valid_before(validity.begin)
        .not_valid_after(validity.end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        .add_extension(_issued_by(issuer_key), False)
    )


def _issued_by(key: CertificateIssuerPrivateKeyTypes) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _as_ca(template: x509.CertificateBuilder) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    # This includes digitalSignature, because a CA may sign responses itself.
    usage = _key_usage(certificates=True)
    return template.add_extension(constraints, True).add_extension(usage, True)


def _as_end_entity(template: x509.CertificateBuilder) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    usage = _key_usage(certificates=False)
    return template.add_extension(constraints, True).add_extension(usage, True)


def _key_usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _with_urls(
    template: x509.CertificateBuilder, pointers: Pointers
) -> x509.CertificateBuilder:
    access = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
        for method, urls in (
            (AuthorityInformationAccessOID.OCSP, pointers.ocsp),
            (AuthorityInformationAccessOID.CA_ISSUERS, pointers.ca_issuers),
        )
        for url in urls
    ]
    if access:
        template = template.add_extension(
            x509.AuthorityInformationAccess(access), False
        )
    if pointers.crls:
        points = [_distribution_point(url) for url in pointers.crls]
        template = template.add_extension(x509.CRLDistributionPoints(points), False)
    return template


def _distribution_point(url: str) -> x509.DistributionPoint:
    return x509.DistributionPoint(
        full_name=[x509.UniformResourceIdentifier(url)],
        relative_name=None,
        reasons=None,
        crl_issuer=None,
    )


def _sign(
    template: x509.CertificateBuilder, key: CertificateIssuerPrivateKeyTypes
) -> x509.Certificate:
    return template.sign(key, fitting_hash(key))  # type: ignore[arg-type]


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
