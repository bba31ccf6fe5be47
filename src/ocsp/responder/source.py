"""
Where the status of certificates comes from.

Rules of this file: a source has one method, takes all questions of a request at once,
and is asked by issuer and serial number. It answers for what was issued: a serial
number without a record is one that the authority never gave (RFC 6960 §2.2).
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cryptography import x509

from ocsp.asn1.certificates import parts_of
from ocsp.asn1.times import utc
from ocsp.errors import ConfigError
from ocsp.messages.statuses import OCSPCertStatus

__all__ = [
    "IssuerKey",
    "StatusQuery",
    "StatusRecord",
    "StatusSource",
]


class IssuerKey(NamedTuple):
    """
    An authority, as status is filed: its name and its key, whatever its certificate.

    Authorities that were given a new key keep their name, and one that was certified
    twice has two certificates; so neither name nor certificate would do.

    Attributes:
        name_hash: SHA-256 of the DER of the name.

        key_hash: SHA-256 of the content of the public key BIT STRING.
    """

    name_hash: bytes
    key_hash: bytes

    @classmethod
    def of(cls, certificate: x509.Certificate) -> IssuerKey:
        """Return the key of the authority that *certificate* is for."""
        parts = parts_of(certificate)
        return cls(
            hashlib.sha256(parts.subject).digest(),
            hashlib.sha256(parts.key_bits).digest(),
        )


class StatusQuery(NamedTuple):
    """
    One question to a source.

    Attributes:
        issuer: Which authority.

        serial_number: Which of its certificates.
    """

    issuer: IssuerKey
    serial_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRecord:
    """
    What is known of a certificate that was issued.

    Attributes:
        status: ``GOOD`` or ``REVOKED``; one that is not known has no record.

        revocation_time: When it was revoked, aware; for ``REVOKED`` only and always.

        revocation_reason: Why, or ``None``.
    """

    status: OCSPCertStatus = OCSPCertStatus.GOOD
    revocation_time: datetime.datetime | None = None
    revocation_reason: x509.ReasonFlags | None = None

    def __post_init__(self) -> None:
        """
        Refuse what cannot be answered.

        Raises:
            ConfigError: If the fields do not fit together.
        """
        if self.status is OCSPCertStatus.UNKNOWN:
            raise ConfigError("status", "an unknown certificate has no record")
        revoked = self.status is OCSPCertStatus.REVOKED
        if revoked != (self.revocation_time is not None):
            raise ConfigError(
                "revocation_time", "is required with status REVOKED, and only there"
            )
        if self.revocation_reason is not None and not revoked:
            raise ConfigError(
                "revocation_reason", "is allowed with status REVOKED only"
            )

    @classmethod
    def revoked(
        cls, time: datetime.datetime, reason: x509.ReasonFlags | None = None
    ) -> StatusRecord:
        """
        Return the record of a certificate that was revoked.

        Args:
            time: When; naive times are UTC, microseconds are dropped.

            reason: Why, or ``None``.
        """
        return cls(
            status=OCSPCertStatus.REVOKED,
            revocation_time=utc(time),
            revocation_reason=reason,
        )


class StatusSource(Protocol):
    """Whoever knows which certificates were issued, and which of them are revoked."""

    async def look_up(
        self, queries: Sequence[StatusQuery]
    ) -> Sequence[StatusRecord | None]:
        """
        Return the record for each of *queries*, in order; ``None`` for one not issued.

        Raises:
            SourceUnavailable: If the source cannot be asked now.
        """
        ...
