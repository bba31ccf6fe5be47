"""
Policy: what a relying party insists on.

Rules of this file: the defaults are strict (RFC 6960). A leniency is the member of an
enumeration, never a boolean and never ``None``; what switches a check off has *unsafe*
in its name.
"""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass, fields

from ocsp.errors import ConfigError

__all__ = [
    "UNBOUNDED",
    "CertIDHashes",
    "DelegateRevocation",
    "ExpiredCertificate",
    "IssuerKeyUsage",
    "MissingNextUpdate",
    "NonceCheck",
    "Policy",
    "ProducedAt",
    "SignatureHashes",
]

UNBOUNDED = datetime.timedelta.max
"""A span of time that nothing is longer than."""


class NonceCheck(enum.Enum):
    """What becomes of a nonce that was sent. Another one in return always fails."""

    REQUIRED = "required"
    """It has to come back."""

    IF_PRESENT = "if-present"
    """A response without one is taken, with a warning: it may be a replay."""

    IGNORE = "ignore"
    """A response without one is taken."""


class MissingNextUpdate(enum.Enum):
    """What becomes of a response without nextUpdate."""

    WITHIN_MAX_AGE = "within-max-age"
    """It is taken as long as it is young (``max_age_without_next_update``)."""

    REFUSE = "refuse"
    """It is refused (RFC 9919 §5)."""

    UNSAFE_ACCEPT = "unsafe-accept"
    """It holds for ever: whoever has an old *good* can replay it."""


class DelegateRevocation(enum.Enum):
    """How it is known that the delegate who signed is not revoked itself."""

    HONOR_NOCHECK = "honor-nocheck"
    """id-pkix-ocsp-nocheck in its certificate says so (RFC 6960 §4.2.2.2.1); without
    it there has to be evidence."""

    REQUIRE_EVIDENCE = "require-evidence"
    """There has to be evidence in any case."""

    UNSAFE_SKIP = "unsafe-skip"
    """It is not asked: a stolen delegate key speaks for the issuer until it ends."""


class IssuerKeyUsage(enum.Enum):
    """Whether an issuer that signs itself needs keyUsage digitalSignature."""

    REQUIRE_DIGITAL_SIGNATURE = "require-digital-signature"
    """It does, where it has a keyUsage at all (RFC 5280 §4.2.1.3)."""

    ANY = "any"
    """It does not: the key is the issuer's in any case."""


class SignatureHashes(enum.Enum):
    """Which hashes signatures are made with."""

    STRONG = "strong"
    """SHA-2 and SHA-3."""

    UNSAFE_SHA1 = "unsafe-sha1"
    """SHA-1 too: collisions are for sale."""


class CertIDHashes(enum.Enum):
    """Which hashes identify the issuer in a CertID; they secure nothing."""

    SHA1_AND_SHA2 = "sha1-and-sha2"
    """All that the standards know."""

    SHA2 = "sha2"
    """Without SHA-1."""


class ProducedAt(enum.Enum):
    """What becomes of a time of signing that does not go with the other times."""

    WARN = "warn"
    """A warning."""

    REFUSE = "refuse"
    """The response is refused."""


class ExpiredCertificate(enum.Enum):
    """What a *good* is worth for a certificate that has ended itself."""

    FLAG = "flag"
    """A warning, where the responder does not say how long it keeps status."""

    REQUIRE_ARCHIVE_CUTOFF = "require-archive-cutoff"
    """Nothing, unless it says so and that is long enough (RFC 6960 §4.4.4)."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Policy:
    """
    What a relying party insists on; without arguments RFC 6960, strictly.

    All spans of time are ``datetime.timedelta`` and not negative.
    """

    nonce: NonceCheck = NonceCheck.REQUIRED
    """Whether a nonce that was sent has to come back."""

    clock_skew: datetime.timedelta = datetime.timedelta(minutes=5)
    """How far the clocks of responder and relying party may be apart."""

    missing_next_update: MissingNextUpdate = MissingNextUpdate.WITHIN_MAX_AGE
    """What becomes of a response without nextUpdate."""

    max_age_without_next_update: datetime.timedelta = datetime.timedelta(hours=24)
    """How old such a response may be."""

    max_age: datetime.timedelta = UNBOUNDED
    """How long ago thisUpdate may be, whatever nextUpdate says."""

    min_interval: datetime.timedelta = datetime.timedelta(0)
    """How long a response has to hold, from thisUpdate to nextUpdate; for certificates
    of end entities, and where the question is a CertID."""

    max_interval: datetime.timedelta = UNBOUNDED
    """How long a response may hold; for the same."""

    ca_min_interval: datetime.timedelta = datetime.timedelta(0)
    """How long a response about the certificate of a CA has to hold: one that says so
    itself (basicConstraints with cA, RFC 5280 §4.2.1.9)."""

    ca_max_interval: datetime.timedelta = UNBOUNDED
    """How long a response about the certificate of a CA may hold."""

    delegate_revocation: DelegateRevocation = DelegateRevocation.HONOR_NOCHECK
    """How it is known that a delegate is not revoked itself."""

    issuer_key_usage: IssuerKeyUsage = IssuerKeyUsage.REQUIRE_DIGITAL_SIGNATURE
    """Whether an issuer that signs itself needs keyUsage digitalSignature."""

    signature_hashes: SignatureHashes = SignatureHashes.STRONG
    """Which hashes signatures are made with."""

    cert_id_hashes: CertIDHashes = CertIDHashes.SHA1_AND_SHA2
    """Which hashes identify the issuer."""

    min_rsa_bits: int = 2048
    """The smallest RSA key that is believed."""

    min_ec_bits: int = 256
    """The smallest elliptic curve that is believed."""

    produced_at: ProducedAt = ProducedAt.WARN
    """What becomes of a time of signing that does not go with the other times."""

    expired_certificate: ExpiredCertificate = ExpiredCertificate.FLAG
    """What a *good* is worth for a certificate that has ended itself."""

    def __repr__(self) -> str:
        """Show only what differs from the default."""
        shown = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if getattr(self, field.name) != field.default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __post_init__(self) -> None:
        """
        Check every value.

        Raises:
            TypeError: If one is of another type, ``True`` for an enumeration say.
            ConfigError: If a number or a span of time is negative.
        """
        for field in fields(self):
            value, kind = getattr(self, field.name), type(field.default)
            if type(value) is not kind:
                raise TypeError(f"{field.name} must be a {kind.__name__}")
            if isinstance(value, int) and value < 0:
                raise ConfigError(field.name, f"must not be negative, and is {value}")
            if isinstance(value, datetime.timedelta) and value < datetime.timedelta(0):
                seconds = f"{value.total_seconds():g} s"
                raise ConfigError(field.name, f"must not be negative, and is {seconds}")

    @classmethod
    def rfc9919(cls) -> Policy:
        """
        Return the profile for high-volume environments (RFC 9919).

        nextUpdate has to be there (§5), and responders need not repeat a nonce
        (§3.2.1).
        """
        return cls(
            nonce=NonceCheck.IF_PRESENT, missing_next_update=MissingNextUpdate.REFUSE
        )

    @classmethod
    def webpki(cls) -> Policy:
        """
        Return what the Baseline Requirements of the CA/Browser Forum lay down (§4.9.9).

        Responses about subscriber certificates hold from 8 hours to 10 days, those
        about certificates of CAs for twelve months at most.
        """
        return cls(
            nonce=NonceCheck.IF_PRESENT,
            missing_next_update=MissingNextUpdate.REFUSE,
            min_interval=datetime.timedelta(hours=8),
            max_interval=datetime.timedelta(days=10),
            ca_max_interval=datetime.timedelta(days=366),  # twelve months
        )

    @classmethod
    def lenient_legacy(cls) -> Policy:
        """
        Return what old responders can meet: unsafe, and to be left behind.

        SHA-1 signatures, RSA keys of 1,024 bits, delegates without nocheck, issuers
        without digitalSignature, and clocks a quarter of an hour apart.
        """
        return cls(
            nonce=NonceCheck.IF_PRESENT,
            clock_skew=datetime.timedelta(minutes=15),
            delegate_revocation=DelegateRevocation.UNSAFE_SKIP,
            issuer_key_usage=IssuerKeyUsage.ANY,
            signature_hashes=SignatureHashes.UNSAFE_SHA1,
            min_rsa_bits=1024,
            min_ec_bits=224,
        )
