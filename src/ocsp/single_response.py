"""
SingleResponse: what a response says of one certificate (RFC 6960 §4.2.1).

::

    SingleResponse ::= SEQUENCE {
        certID               CertID,
        certStatus           CertStatus,
        thisUpdate           GeneralizedTime,
        nextUpdate       [0] EXPLICIT GeneralizedTime OPTIONAL,
        singleExtensions [1] EXPLICIT Extensions OPTIONAL }
    CertStatus ::= CHOICE {
        good    [0] IMPLICIT NULL,
        revoked [1] IMPLICIT RevokedInfo,
        unknown [2] IMPLICIT NULL }
    RevokedInfo ::= SEQUENCE {
        revocationTime       GeneralizedTime,
        revocationReason [0] EXPLICIT CRLReason OPTIONAL }
"""

from __future__ import annotations

import datetime
from typing import final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp._der import any_value, content, end_of, enumerated, fail
from ocsp._times import explicit_time, generalized_time, naive, warn_naive
from ocsp.algorithms import cert_id_hash
from ocsp.certid import CertID, CertIDFields, read_cert_id
from ocsp.errors import SchemaError
from ocsp.extensions import SINGLE_EXTENSIONS, decode_extensions, read_extensions
from ocsp.statuses import REASONS, OCSPCertStatus

__all__ = ["OCSPSingleResponse", "read_single_response"]


@final
class OCSPSingleResponse:
    """
    What a response says of one certificate (``SingleResponse``).

    Nothing here has been verified. Immutable; equal entries have equal DER.
    """

    __slots__ = (
        "_cached_extensions",
        "_cert_id",
        "_der",
        "_extensions",
        "_next_update",
        "_reason",
        "_revocation_time",
        "_status",
        "_this_update",
    )

    _der: bytes
    _cert_id: CertIDFields
    _status: OCSPCertStatus
    _revocation_time: datetime.datetime | None
    _reason: int | None
    _this_update: datetime.datetime
    _next_update: datetime.datetime | None
    _extensions: bytes | None
    _cached_extensions: x509.Extensions | None

    def __init__(self) -> None:
        raise TypeError("OCSPSingleResponse comes from OCSPResponse.responses")

    @property
    def cert_id(self) -> CertID:
        """The certificate that this is about."""
        return CertID.from_fields(self._cert_id)

    @property
    def issuer_key_hash(self) -> bytes:
        """The hash of the issuer's key, made with :attr:`hash_algorithm`."""
        return self._cert_id.key_hash

    @property
    def issuer_name_hash(self) -> bytes:
        """The hash of the issuer's name, made with :attr:`hash_algorithm`."""
        return self._cert_id.name_hash

    @property
    def hash_algorithm(self) -> hashes.HashAlgorithm:
        """
        The algorithm of both hashes.

        Raises:
            UnsupportedAlgorithm: If it is not known.
        """
        return cert_id_hash(self._cert_id.algorithm)

    @property
    def serial_number(self) -> int:
        """The serial number of the certificate."""
        return int.from_bytes(self._cert_id.serial, signed=True)

    @property
    def certificate_status(self) -> OCSPCertStatus:
        """What the responder says of the certificate (``certStatus``)."""
        return self._status

    @property
    def revocation_time(self) -> datetime.datetime | None:
        """
        When it was revoked, naive, in UTC.

        Deprecated: use ``revocation_time_utc``.
        """
        warn_naive("revocation_time")
        return naive(self._revocation_time)

    @property
    def revocation_time_utc(self) -> datetime.datetime | None:
        """When the certificate was revoked, aware, in UTC; ``None`` if it is not."""
        return self._revocation_time

    @property
    def revocation_reason(self) -> x509.ReasonFlags | None:
        """
        Why the certificate was revoked; ``None`` where nothing is said.

        Raises:
            SchemaError: If the reason has an unknown number.
        """
        if self._reason is None:
            return None
        try:
            return REASONS[self._reason]
        except KeyError:
            raise SchemaError(
                f"Unsupported reason code: {self._reason}", path="revocationReason"
            ) from None

    @property
    def this_update(self) -> datetime.datetime:
        """
        When the status was known to be right, naive, in UTC.

        Deprecated: use ``this_update_utc``.
        """
        warn_naive("this_update")
        return self._this_update.replace(tzinfo=None)

    @property
    def this_update_utc(self) -> datetime.datetime:
        """When the status was known to be right (``thisUpdate``), aware, in UTC."""
        return self._this_update

    @property
    def next_update(self) -> datetime.datetime | None:
        """
        When there will be newer information, naive, in UTC.

        Deprecated: use ``next_update_utc``.
        """
        warn_naive("next_update")
        return naive(self._next_update)

    @property
    def next_update_utc(self) -> datetime.datetime | None:
        """When there will be newer information (``nextUpdate``), aware, in UTC."""
        return self._next_update

    @property
    def single_extensions(self) -> x509.Extensions:
        """
        The singleExtensions of this entry; the same object at each access.

        Raises:
            x509.DuplicateExtension: If one stands there twice.
            DecodeError: If a known one has a malformed value.
        """
        if self._cached_extensions is None:
            self._cached_extensions = decode_extensions(
                self._extensions, SINGLE_EXTENSIONS, "singleExtensions"
            )
        return self._cached_extensions

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OCSPSingleResponse):
            return NotImplemented
        return self._der == other._der

    def __hash__(self) -> int:
        return hash(self._der)

    def __repr__(self) -> str:
        return (
            f"<OCSPSingleResponse({self._status.name}, {self.cert_id!r}, "
            f"this_update={self._this_update:%Y-%m-%dT%H:%M:%SZ})>"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _load, (self._der,)


def _load(der: bytes) -> OCSPSingleResponse:
    return read_single_response(der, 0, len(der))[0]


def read_single_response(
    data: bytes, position: int, end: int
) -> tuple[OCSPSingleResponse, int]:
    """
    Return the SingleResponse at *position*, and where it stops.

    Raises:
        DecodeError: If its structure is wrong.
    """
    begin = position
    position, stop = content(data, position, end, 0x30, "")
    entry = object.__new__(OCSPSingleResponse)
    entry._der = data[begin:stop]
    entry._cached_extensions = None
    entry._cert_id, position = read_cert_id(data, position, stop, "certID")
    position = _read_status(entry, data, position, stop)
    entry._this_update, position = generalized_time(data, position, stop, "thisUpdate")
    entry._next_update = entry._extensions = None
    if position != stop:
        position = _read_optional(entry, data, position, stop)
    return entry, stop


_GOOD = b"\x80\x00"
_UNKNOWN = b"\x82\x00"


def _read_status(
    entry: OCSPSingleResponse, data: bytes, position: int, end: int
) -> int:
    entry._revocation_time = entry._reason = None
    encoded = data[position : position + 2]
    if encoded == _GOOD and position + 2 <= end:
        entry._status = OCSPCertStatus.GOOD
        return position + 2
    if encoded == _UNKNOWN and position + 2 <= end:
        entry._status = OCSPCertStatus.UNKNOWN
        return position + 2
    tag, start, stop = any_value(data, position, end, "certStatus")
    if tag != 0xA1:
        fail("neither good, revoked nor unknown", "certStatus", position)
    entry._status = OCSPCertStatus.REVOKED
    entry._revocation_time, start = generalized_time(
        data, start, stop, "certStatus.revocationTime"
    )
    if start != stop:
        name = "certStatus.revocationReason"
        start, after = content(data, start, stop, 0xA0, name)
        entry._reason, start = enumerated(data, start, after, name)
        end_of(start, after, name)
        end_of(after, stop, "certStatus")
    return stop


def _read_optional(
    entry: OCSPSingleResponse, data: bytes, position: int, end: int
) -> int:
    """Read nextUpdate and singleExtensions, one of which is there."""
    if data[position] == 0xA0:
        entry._next_update, position = explicit_time(
            data, position, end, "nextUpdate"
        )
    if position != end:
        start, position = content(data, position, end, 0xA1, "singleExtensions")
        entry._extensions = read_extensions(data, start, position, "singleExtensions")
        end_of(position, end, "")
    return position
