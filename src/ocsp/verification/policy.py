"""
The policy: what a relying party requires of a response.

The defaults accept what RFC 6960 and RFC 5280 allow, and warn of what is unwise.
:meth:`Policy.strict` refuses that too. Each relaxation is the member of an enumeration,
never a boolean or ``None``. A member that switches a check off has *unsafe* in its
name.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable
from dataclasses import dataclass, fields

from ocsp.errors import ConfigError
from ocsp.messages.message import EncodingRules

__all__ = [
    "UNBOUNDED",
    "CertHashCheck",
    "CertIDHashes",
    "DelegateRevocation",
    "EncodingRules",
    "ExpiredCertificate",
    "IssuerKeyUsage",
    "MissingNextUpdate",
    "NonceCheck",
    "Policy",
    "PolicyName",
    "ProducedAt",
    "SignatureHashes",
]

UNBOUNDED = datetime.timedelta.max
"""A duration without an upper limit."""


class NonceCheck(enum.Enum):
    """
    How to treat a response without nonce, or with another one, if the request had one.

    Only ``UNSAFE_ACCEPT_OTHER`` accepts a response with another nonce.
    """

    REQUIRED = "required"
    """Reject it."""

    IF_PRESENT = "if-present"
    """Accept it with a warning, because it may be a replay."""

    IGNORE = "ignore"
    """Accept it without a warning."""

    UNSAFE_ACCEPT_OTHER = "unsafe-accept-other"
    """Accept it without a warning, and a response with another nonce with one. For
    responders that send the same nonce to all clients. A replay is not noticed."""


class MissingNextUpdate(enum.Enum):
    """How to treat a response without nextUpdate."""

    WITHIN_MAX_AGE = "within-max-age"
    """Accept it until it is older than ``max_age_without_next_update``."""

    REFUSE = "refuse"
    """Reject it (RFC 9919 §5)."""

    UNSAFE_ACCEPT = "unsafe-accept"
    """Accept it at any age. An attacker can replay an old *good* response."""


class DelegateRevocation(enum.Enum):
    """
    How to establish that the certificate of a delegate is not revoked.

    RFC 6960 §4.2.2.2.1 leaves it to the CA: its certificate has id-pkix-ocsp-nocheck,
    or names a place for its status (a CRL distribution point, or an OCSP responder in
    authorityInfoAccess), or neither. Evidence that it is revoked always counts.
    """

    IF_NAMED = "if-named"
    """Accept a delegate with nocheck. Require evidence for one that names a place.
    Accept one that names none with a warning, because a client can find no
    evidence about it."""

    NOCHECK_OR_EVIDENCE = "nocheck-or-evidence"
    """Accept a delegate with nocheck. Require evidence for every other."""

    REQUIRE_EVIDENCE = "require-evidence"
    """Require evidence for every delegate."""

    UNSAFE_SKIP = "unsafe-skip"
    """Require no evidence. A stolen delegate key can sign for the issuer until the
    delegate's certificate expires."""


class IssuerKeyUsage(enum.Enum):
    """
    Whether an issuer that signs responses needs keyUsage digitalSignature.

    nonRepudiation is enough too (RFC 5280 §4.2.1.12).
    """

    WARN = "warn"
    """Accept an issuer that has keyCertSign instead, with a warning. To refuse it
    protects nothing: its key can sign a certificate for a delegate at any time."""

    REQUIRE_DIGITAL_SIGNATURE = "require-digital-signature"
    """Require it if the certificate has keyUsage (RFC 5280 §4.2.1.3)."""


class SignatureHashes(enum.Enum):
    """The hash algorithms that are accepted in signatures."""

    STRONG = "strong"
    """SHA-2 and SHA-3."""

    UNSAFE_SHA1 = "unsafe-sha1"
    """Also SHA-1, for which collisions are practical."""


class CertIDHashes(enum.Enum):
    """
    The hash algorithms that are accepted in a CertID.

    They identify the issuer and do not protect the response.
    """

    SHA1_AND_SHA2 = "sha1-and-sha2"
    """SHA-1 and SHA-2."""

    SHA2 = "sha2"
    """SHA-2 only."""


class CertHashCheck(enum.Enum):
    """
    How to treat a response without CertHash, the hash of the certificate.

    A CertHash of another certificate is rejected in any case.
    """

    IF_PRESENT = "if-present"
    """Accept it. Accept with a warning a CertHash that cannot be compared, because its
    hash algorithm is not known or the caller gave only a CertID."""

    REQUIRED = "required"
    """Reject it, and a CertHash that cannot be compared."""


class ProducedAt(enum.Enum):
    """How to treat a producedAt that contradicts the other times."""

    WARN = "warn"
    """Accept the response with a warning."""

    REFUSE = "refuse"
    """Reject the response."""


class ExpiredCertificate(enum.Enum):
    """How to treat status *good* for a certificate that has expired."""

    FLAG = "flag"
    """Accept it with a warning if the response has no archive cutoff."""

    REQUIRE_ARCHIVE_CUTOFF = "require-archive-cutoff"
    """Require an archive cutoff that includes the certificate (RFC 6960 §4.4.4)."""


class PolicyName(enum.StrEnum):
    """The names of the profiles, for the command line and for documents."""

    DEFAULT = "default"
    STRICT = "strict"
    WEBPKI = "webpki"
    RFC9919 = "rfc9919"
    UNSAFE_LEGACY = "unsafe-legacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """
    What a relying party requires of a response.

    All durations are ``datetime.timedelta`` objects and not negative.
    """

    nonce: NonceCheck = NonceCheck.REQUIRED
    """Whether the response has to repeat the nonce of the request."""

    clock_skew: datetime.timedelta = datetime.timedelta(minutes=5)
    """The largest accepted difference between the clocks of responder and verifier."""

    missing_next_update: MissingNextUpdate = MissingNextUpdate.WITHIN_MAX_AGE
    """How to treat a response without nextUpdate."""

    max_age_without_next_update: datetime.timedelta = datetime.timedelta(hours=24)
    """The largest age of a response without nextUpdate, counted from thisUpdate."""

    max_age: datetime.timedelta = UNBOUNDED
    """The largest age of any response, counted from thisUpdate."""

    min_interval: datetime.timedelta = datetime.timedelta(0)
    """The shortest accepted time from thisUpdate to nextUpdate, for certificates of
    end entities and for a CertID."""

    max_interval: datetime.timedelta = UNBOUNDED
    """The longest accepted time from thisUpdate to nextUpdate, for the same."""

    ca_min_interval: datetime.timedelta = datetime.timedelta(0)
    """The shortest accepted time from thisUpdate to nextUpdate for CA certificates
    (basicConstraints with cA, RFC 5280 §4.2.1.9)."""

    ca_max_interval: datetime.timedelta = UNBOUNDED
    """The longest accepted time from thisUpdate to nextUpdate for CA certificates."""

    delegate_revocation: DelegateRevocation = DelegateRevocation.IF_NAMED
    """How to establish that the certificate of a delegate is not revoked."""

    issuer_key_usage: IssuerKeyUsage = IssuerKeyUsage.WARN
    """Whether an issuer that signs responses needs keyUsage digitalSignature."""

    signature_hashes: SignatureHashes = SignatureHashes.STRONG
    """The hash algorithms that are accepted in signatures."""

    cert_id_hashes: CertIDHashes = CertIDHashes.SHA1_AND_SHA2
    """The hash algorithms that are accepted in a CertID."""

    cert_hash: CertHashCheck = CertHashCheck.IF_PRESENT
    """Whether the response must have the hash of the certificate (CertHash)."""

    min_rsa_bits: int = 2048
    """The smallest accepted RSA key, in bits."""

    min_ec_bits: int = 256
    """The smallest accepted elliptic-curve key, in bits."""

    produced_at: ProducedAt = ProducedAt.WARN
    """How to treat a producedAt that contradicts the other times."""

    expired_certificate: ExpiredCertificate = ExpiredCertificate.FLAG
    """How to treat status *good* for a certificate that has expired."""

    encoding: EncodingRules = EncodingRules.DER
    """The encodings that are accepted. ``TOLERANT`` accepts also BER and what OpenSSL
    reads although DER forbids it, with a warning of V2. The signature is verified over
    the octets that were received."""

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
            TypeError: If a value has the wrong type, such as ``True`` instead of the
                member of an enumeration.
            ConfigError: If a number or a duration is negative.
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
    def named(cls, name: str) -> Policy:
        """
        Return the profile with this name.

        Args:
            name: A value of :class:`PolicyName`: ``default``, ``strict``, ``webpki``,
                ``rfc9919`` or ``unsafe-legacy``.

        Raises:
            ConfigError: If no profile has this name.
        """
        profiles: dict[str, Callable[[], Policy]] = {
            PolicyName.DEFAULT: cls,
            PolicyName.STRICT: cls.strict,
            PolicyName.WEBPKI: cls.webpki,
            PolicyName.RFC9919: cls.rfc9919,
            PolicyName.UNSAFE_LEGACY: cls.unsafe_legacy,
        }
        if name not in profiles:
            known = ", ".join(PolicyName)
            raise ConfigError(
                "policy", f"has no profile {name!r}; choose from: {known}"
            )
        return profiles[name]()

    @classmethod
    def strict(cls) -> Policy:
        """
        Return the strict profile.

        It refuses some of what the default accepts with a warning: issuers without
        digitalSignature, delegates without nocheck and without evidence, and *good* for
        an expired certificate without an archive cutoff.
        """
        return cls(
            delegate_revocation=DelegateRevocation.NOCHECK_OR_EVIDENCE,
            issuer_key_usage=IssuerKeyUsage.REQUIRE_DIGITAL_SIGNATURE,
            expired_certificate=ExpiredCertificate.REQUIRE_ARCHIVE_CUTOFF,
        )

    @classmethod
    def rfc9919(cls) -> Policy:
        """
        Return the profile for high-volume environments (RFC 9919).

        nextUpdate is required (§5), and responders need not repeat a nonce (§3.2.1).
        """
        return cls(
            nonce=NonceCheck.IF_PRESENT, missing_next_update=MissingNextUpdate.REFUSE
        )

    @classmethod
    def webpki(cls) -> Policy:
        """
        Return the profile of the Baseline Requirements of the CA/Browser Forum.

        From thisUpdate to nextUpdate there are 8 hours to 10 days for subscriber
        certificates, and at most twelve months for CA certificates (§4.9.9). A
        delegate has nocheck (§7.1.2.8.8), and an issuer that signs responses has
        digitalSignature (§7.1.2.10.7).
        """
        return cls(
            nonce=NonceCheck.IF_PRESENT,
            missing_next_update=MissingNextUpdate.REFUSE,
            min_interval=datetime.timedelta(hours=8),
            max_interval=datetime.timedelta(days=10),
            ca_max_interval=datetime.timedelta(days=366),  # twelve months
            delegate_revocation=DelegateRevocation.NOCHECK_OR_EVIDENCE,
            issuer_key_usage=IssuerKeyUsage.REQUIRE_DIGITAL_SIGNATURE,
        )

    @classmethod
    def unsafe_legacy(cls) -> Policy:
        """
        Return an unsafe profile for old responders. Replace it as soon as possible.

        It accepts signatures with SHA-1, RSA keys of 1,024 bits, curves of 224 bits,
        delegates whose own status is not known, and a clock skew of 15 minutes.
        """
        return cls(
            nonce=NonceCheck.IF_PRESENT,
            clock_skew=datetime.timedelta(minutes=15),
            delegate_revocation=DelegateRevocation.UNSAFE_SKIP,
            signature_hashes=SignatureHashes.UNSAFE_SHA1,
            min_rsa_bits=1024,
            min_ec_bits=224,
            encoding=EncodingRules.TOLERANT,
        )
