"""
Plans: the parts of a message, and what a reader must find in it.

This package builds a plan. The plan describes the message by the values that went in,
as plain *facts* (dicts, lists, texts and numbers). No fact is read from the built
message, except for the signature, which is random. Names and algorithm identifiers are
described by the octets that ``cryptography`` writes for them.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from asn1crypto import core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import ocsp
from ocsp import CertID, OCSPCertStatus, OCSPResponderEncoding
from tests.keys import certificate_of, key_of
from tests.pki import BEGIN, END, name

__all__ = [
    "P256",
    "Answer",
    "CertificateFacts",
    "Extension",
    "RequestEntry",
    "RequestPlan",
    "ResponsePlan",
    "Signing",
    "Target",
    "certificate_facts",
    "iso",
    "key_hash",
    "name_octets",
    "target",
]

CertificateFacts = dict[str, Any]


def iso(moment: datetime.datetime | None) -> str | None:
    """Return a time in the form of facts."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def name_octets(general: x509.GeneralName) -> str:
    """Return the DER of a GeneralName, as ``cryptography`` writes it."""
    names = x509.SubjectAlternativeName([general]).public_bytes()
    return bytes(core.load(names).contents).hex()


def certificate_facts(certificate: x509.Certificate) -> str:
    """Return what identifies a certificate."""
    der = certificate.public_bytes(Encoding.DER)
    return hashlib.sha256(der).hexdigest()


@dataclass(frozen=True)
class Extension:
    """
    An extension, and what its content means.

    Attributes:
        value: The extension.

        critical: Whether it is critical.

        meaning: The value that was put in; ``None`` for an unknown extension.
    """

    value: x509.ExtensionType
    critical: bool = False
    meaning: object = None

    @property
    def listed(self) -> x509.Extension[x509.ExtensionType]:
        """The extension, in the form for an entry."""
        return x509.Extension(self.value.oid, self.critical, self.value)

    @property
    def facts(self) -> CertificateFacts:
        """What a reader must find."""
        return {
            "oid": self.value.oid.dotted_string,
            "critical": self.critical,
            "value": self.value.public_bytes().hex(),
            "meaning": self.meaning,
        }


def _all(extensions: Sequence[Extension]) -> list[CertificateFacts]:
    return [each.facts for each in extensions]


@dataclass(frozen=True)
class Target:
    """The four fields of a CertID."""

    algorithm: hashes.HashAlgorithm
    name_hash: bytes
    key_hash: bytes
    serial: int

    @property
    def cert_id(self) -> CertID:
        """The CertID; only messages that are read may have a negative serial number."""
        return CertID(
            hash_algorithm=self.algorithm,
            issuer_name_hash=self.name_hash,
            issuer_key_hash=self.key_hash,
            serial_number=self.serial,
        )

    @property
    def facts(self) -> CertificateFacts:
        """What a reader must find."""
        return {
            "hash": self.algorithm.name,
            "name_hash": self.name_hash.hex(),
            "key_hash": self.key_hash.hex(),
            "serial": self.serial,
        }


def target(
    issuer: x509.Certificate, serial: int, algorithm: hashes.HashAlgorithm
) -> Target:
    """Return the target under *issuer*, hashed with :mod:`hashlib`."""
    return Target(
        algorithm,
        hashlib.new(algorithm.name, issuer.subject.public_bytes()).digest(),
        hashlib.new(algorithm.name, _key_bits(issuer)).digest(),
        serial,
    )


def _key_bits(certificate: x509.Certificate) -> bytes:
    info = certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return bytes(core.Sequence.load(info)[1].contents[1:])


def key_hash(certificate: x509.Certificate) -> str:
    """Return the KeyHash of a certificate (RFC 6960 §4.2.1)."""
    return hashlib.sha1(_key_bits(certificate)).hexdigest()


@dataclass(frozen=True, eq=False)  # hashes have no hash
class Signing:
    """How a message is signed."""

    kind: str = "p256"
    algorithm: hashes.HashAlgorithm | None = field(default_factory=hashes.SHA256)
    rsa_padding: padding.PSS | padding.PKCS1v15 | None = None

    @property
    def key(self) -> Any:
        """The private key."""
        return key_of(self.kind)

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate of the key."""
        return certificate_of(self.kind)

    @property
    def identifier(self) -> str:
        """The AlgorithmIdentifier that ``cryptography`` writes for this signature."""
        return _identifier(self)

    def facts(
        self, signature: bytes, certificates: Sequence[x509.Certificate]
    ) -> CertificateFacts:
        """Return what a reader must find of a signature."""
        identifier = core.Sequence.load(bytes.fromhex(self.identifier))
        return {
            "algorithm": self.identifier,
            "oid": identifier[0].dotted,
            "value": signature.hex(),
            "certificates": [certificate_facts(each) for each in certificates],
        }


P256 = Signing()


@cache
def _identifier(signing: Signing) -> str:
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name("x"))
        .issuer_name(name("x"))
        .public_key(signing.key.public_key())
        .serial_number(1)
        .not_valid_before(BEGIN)
        .not_valid_after(END)
        .sign(signing.key, signing.algorithm, rsa_padding=signing.rsa_padding)
    )
    read = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    return bytes(read["signature_algorithm"].dump()).hex()


@dataclass(frozen=True)
class RequestEntry:
    """One entry of a request."""

    target: Target
    extensions: Sequence[Extension] = ()

    @property
    def facts(self) -> CertificateFacts:
        """What a reader must find."""
        return {**self.target.facts, "extensions": _all(self.extensions)}


@dataclass(frozen=True)
class RequestPlan:
    """The parts of a request."""

    entries: Sequence[RequestEntry]
    extensions: Sequence[Extension] = ()
    requestor: x509.GeneralName | None = None
    signing: Signing | None = None
    certificates: Sequence[x509.Certificate] = ()

    def build(self) -> ocsp.OCSPRequest:
        """Build the request with this package."""
        builder = ocsp.OCSPRequestBuilder(allow_multiple=True)
        for entry in self.entries:
            builder = builder.add_certificate_by_id(
                entry.target.cert_id,
                single_extensions=[each.listed for each in entry.extensions],
            )
        for each in self.extensions:
            builder = builder.add_extension(each.value, each.critical)
        if self.requestor is not None:
            builder = builder.requestor_name(self.requestor)
        if self.signing is None:
            return builder.build()
        return builder.sign(
            self.signing.key,
            self.signing.algorithm,
            self.certificates,
            rsa_padding=self.signing.rsa_padding,
        )

    def facts(self, built: ocsp.OCSPRequest) -> CertificateFacts:
        """Return what a reader must find."""
        signed = None
        if self.signing is not None:
            signed = self.signing.facts(built.signature or b"", self.certificates)
        return {
            "requestor": self.requestor and name_octets(self.requestor),
            "entries": [each.facts for each in self.entries],
            "extensions": _all(self.extensions),
            "signature": signed,
        }


@dataclass(frozen=True)
class Answer:
    """One entry of a response."""

    target: Target
    status: OCSPCertStatus
    this_update: datetime.datetime
    next_update: datetime.datetime | None = None
    revocation_time: datetime.datetime | None = None
    reason: x509.ReasonFlags | None = None
    extensions: Sequence[Extension] = ()

    @property
    def facts(self) -> CertificateFacts:
        """What a reader must find."""
        return {
            **self.target.facts,
            "status": self.status.name.lower(),
            "this_update": iso(self.this_update),
            "next_update": iso(self.next_update),
            "revoked_at": iso(self.revocation_time),
            "reason": REASON_NUMBERS[self.reason],
            "extensions": _all(self.extensions),
        }


REASON_NUMBERS = {
    None: None,
    x509.ReasonFlags.unspecified: 0,
    x509.ReasonFlags.key_compromise: 1,
    x509.ReasonFlags.ca_compromise: 2,
    x509.ReasonFlags.affiliation_changed: 3,
    x509.ReasonFlags.superseded: 4,
    x509.ReasonFlags.cessation_of_operation: 5,
    x509.ReasonFlags.certificate_hold: 6,
    x509.ReasonFlags.remove_from_crl: 8,
    x509.ReasonFlags.privilege_withdrawn: 9,
    x509.ReasonFlags.aa_compromise: 10,
}
"""CRLReason, as RFC 5280 §5.3.1 numbers it."""


@dataclass(frozen=True)
class ResponsePlan:
    """The parts of a successful response."""

    entries: Sequence[Answer]
    produced_at: datetime.datetime
    encoding: OCSPResponderEncoding = OCSPResponderEncoding.HASH
    signing: Signing = P256
    certificates: Sequence[x509.Certificate] = ()
    extensions: Sequence[Extension] = ()

    def builder(self) -> ocsp.OCSPResponseBuilder:
        """Return the builder with everything except the signature."""
        builder = ocsp.OCSPResponseBuilder(allow_multiple=True)
        builder = builder.produced_at(self.produced_at)
        builder = builder.responder_id(self.encoding, self.signing.certificate)
        for entry in self.entries:
            builder = builder.add_response_by_id(
                entry.target.cert_id,
                entry.status,
                entry.this_update,
                entry.next_update,
                entry.revocation_time,
                entry.reason,
                single_extensions=[each.listed for each in entry.extensions],
            )
        if self.certificates:
            builder = builder.certificates(self.certificates)
        for each in self.extensions:
            builder = builder.add_extension(each.value, each.critical)
        return builder

    def build(self) -> ocsp.OCSPResponse:
        """Build and sign the response with this package."""
        signing = self.signing
        return self.builder().sign(
            signing.key, signing.algorithm, rsa_padding=signing.rsa_padding
        )

    def facts(self, built: ocsp.OCSPResponse) -> CertificateFacts:
        """Return what a reader must find."""
        signer = self.signing.certificate
        by_name = self.encoding is OCSPResponderEncoding.NAME
        return {
            "status": 0,
            "responder_name": signer.subject.public_bytes().hex() if by_name else None,
            "responder_key_hash": None if by_name else key_hash(signer),
            "produced_at": iso(self.produced_at),
            "entries": [each.facts for each in self.entries],
            "extensions": _all(self.extensions),
            "signature": self.signing.facts(built.signature, self.certificates),
        }
