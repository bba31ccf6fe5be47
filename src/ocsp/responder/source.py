"""
Define where the status of certificates comes from: the protocol, queries and records.

A source has one method. It receives all queries of a request at once, each with an
issuer and a serial number. A source has a record for every certificate that was issued:
a serial number without a record was never issued (RFC 6960 §2.2).
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from cryptography import x509

from ocsp.asn1.certificates import parts_of
from ocsp.asn1.der import integer_octets
from ocsp.asn1.times import utc
from ocsp.errors import ConfigError
from ocsp.messages.statuses import OCSPCertStatus, own_member

__all__ = [
    "IssuerKey",
    "LocalSource",
    "StatusQuery",
    "StatusRecord",
    "StatusSource",
]


class IssuerKey(NamedTuple):
    """
    Identify an issuer in a source: by its name and its public key.

    The name alone is not enough, because a CA keeps its name when it gets a new key.
    The certificate is not suitable, because one CA may have several certificates.

    Attributes:
        name_hash: SHA-256 of the DER of the name.

        key_hash: SHA-256 of the content of the public key BIT STRING.
    """

    name_hash: bytes
    key_hash: bytes

    @classmethod
    def of(cls, certificate: x509.Certificate) -> IssuerKey:
        """Return the key of the issuer that has the CA certificate *certificate*."""
        parts = parts_of(certificate)
        return cls(
            hashlib.sha256(parts.subject).digest(),
            hashlib.sha256(parts.key_bits).digest(),
        )

    @property
    def short_key_hash(self) -> str:
        """The first digits of the key's hash: enough to tell two keys apart."""
        return self.key_hash[:8].hex()

    @property
    def cache_tag(self) -> str:
        """
        The tag that HTTP caches keep with all answers about certificates of the issuer.

        It is made of letters, digits and hyphens, which every cache accepts.
        """
        return f"issuer-{_tag(*self)}"


class StatusQuery(NamedTuple):
    """
    One certificate whose status a source is asked for.

    Attributes:
        issuer: The issuer of the certificate.

        serial_number: Its serial number.
    """

    issuer: IssuerKey
    serial_number: int

    @property
    def cache_tag(self) -> str:
        """The tag that HTTP caches keep with all answers about the certificate."""
        return f"cert-{_tag(*self.issuer, integer_octets(self.serial_number))}"


_TAG_OCTETS = 12
"""Octets of the hash in a tag, which shows no serial number."""


def _tag(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()[: 2 * _TAG_OCTETS]


_GOOD = OCSPCertStatus.GOOD
"""A name of the module: access to a member of an enumeration is slower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRecord:
    """
    The status of a certificate that was issued.

    Attributes:
        status: ``GOOD`` or ``REVOKED``. A certificate that is not known has no record.

        revocation_time: When it was revoked, aware; required for ``REVOKED``, ``None``
            otherwise.

        revocation_reason: Why it was revoked, or ``None``.

        invalidity_date: When the key was or may have been compromised (RFC 5280
            §5.3.2), aware, or ``None``; only for ``REVOKED``.

        expires: notAfter of the certificate, aware, or ``None`` if not known.

        cert_hash: SHA-256 of the DER of the certificate; empty if the source does not
            know it. Answers have it if the authority says so (``cert_hash``).

        this_update: Since when the source knows this status, aware: thisUpdate of the
            CRL that it read. ``None``: it is the status now.

        next_update: Until when the source vouches for it, aware: nextUpdate of the CRL
            that it read. ``None``: the responder decides.
    """

    status: OCSPCertStatus = OCSPCertStatus.GOOD
    revocation_time: datetime.datetime | None = None
    revocation_reason: x509.ReasonFlags | None = None
    invalidity_date: datetime.datetime | None = None
    expires: datetime.datetime | None = None
    cert_hash: bytes = b""
    this_update: datetime.datetime | None = None
    next_update: datetime.datetime | None = None

    def __post_init__(self) -> None:
        """
        Check that the fields fit together.

        Raises:
            TypeError: If *status* is no member of :class:`ocsp.OCSPCertStatus`.
            ConfigError: If the fields do not fit together.
        """
        if self.status is _GOOD and not (
            (self.cert_hash and len(self.cert_hash) != 32)
            or self.revocation_time
            or self.revocation_reason
            or self.invalidity_date
        ):
            return  # most records, of which there are millions
        refusal = "status must be an item from the OCSPCertStatus enum"
        status = own_member(OCSPCertStatus, self.status, refusal)
        object.__setattr__(self, "status", status)  # the class is frozen
        if self.status is OCSPCertStatus.UNKNOWN:
            raise ConfigError("status", "cannot be UNKNOWN; omit the record instead")
        revoked = self.status is OCSPCertStatus.REVOKED
        if revoked and self.revocation_time is None:
            raise ConfigError("revocation_time", "is required with status REVOKED")
        if not revoked and self.revocation_time is not None:
            raise ConfigError("revocation_time", "is only allowed with status REVOKED")
        if self.cert_hash and len(self.cert_hash) != 32:
            raise ConfigError("cert_hash", "is not SHA-256: it needs 32 octets")
        for name in ("revocation_reason", "invalidity_date"):
            if getattr(self, name) is not None and not revoked:
                raise ConfigError(name, "is only allowed with status REVOKED")

    @classmethod
    def revoked(
        cls, time: datetime.datetime, reason: x509.ReasonFlags | None = None
    ) -> StatusRecord:
        """
        Return the record of a certificate that was revoked.

        Args:
            time: When it was revoked. A naive time is UTC; microseconds are dropped.

            reason: Why it was revoked, or ``None``.
        """
        return cls(
            status=OCSPCertStatus.REVOKED,
            revocation_time=utc(time),
            revocation_reason=reason,
        )


class StatusSource(Protocol):
    """Knows which certificates were issued, and which of them are revoked."""

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order; ``None`` if not issued.

        Raises:
            SourceUnavailable: If the source cannot answer now.
        """
        ...


@runtime_checkable
class LocalSource(Protocol):
    """A source that answers within microseconds, so that an event loop may call it."""

    def look_up_now(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order; ``None`` if not issued.

        It never waits, for example for a lock that another process holds.

        Raises:
            SourceUnavailable: If the source cannot answer now.
        """
        ...
