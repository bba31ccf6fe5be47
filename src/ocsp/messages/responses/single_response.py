"""
SingleResponse: one entry of a response (RFC 6960 §4.2.1).

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
from collections.abc import Iterable
from typing import Final, final

from cryptography.hazmat.primitives import hashes

from ocsp.asn1.algorithms import cert_id_hash
from ocsp.asn1.der import (
    ENUMERATED,
    SEQUENCE,
    any_value,
    content,
    context,
    encode,
    end_of,
    enumerated,
    fail,
)
from ocsp.asn1.times import (
    encode_time,
    explicit_time,
    generalized_time,
    moments,
    naive,
    timestamp,
    warn_naive,
)
from ocsp.errors import BuildError, SchemaError
from ocsp.later import x509
from ocsp.messages.certid import CertID, CertIDLayout, cert_id_at, read_cert_id
from ocsp.messages.extensions import (
    DecodedExtension,
    ExtensionLayouts,
    SingleExtension,
    encode_extensions,
    normalise_extensions,
    read_extensions,
)
from ocsp.messages.statuses import OCSPCertStatus, own_member

__all__ = [
    "OCSPSingleResponse",
    "SingleResponseLayout",
    "read_single_response",
    "single_response_at",
    "single_response_content",
]


class SingleResponseLayout:
    """
    The positions of the fields of a SingleResponse in its octets.

    Attributes:
        cert_id: certID.

        status: certStatus.

        revocation_time: The text of revocationTime, or ``None``.

        reason: The number of revocationReason, or ``None``.

        this_update: The text of thisUpdate.

        next_update: The text of nextUpdate, or ``None``.

        extensions: singleExtensions.

        times: The texts of all times, in their order.
    """

    __slots__ = (
        "cert_id",
        "extensions",
        "next_update",
        "reason",
        "revocation_time",
        "status",
        "this_update",
        "times",
    )

    def __init__(
        self,
        cert_id: CertIDLayout,
        status: OCSPCertStatus,
        revocation_time: slice | None,
        reason: int | None,
        this_update: slice,
        next_update: slice | None,
        extensions: ExtensionLayouts,
    ) -> None:
        self.cert_id = cert_id
        self.status = status
        self.revocation_time = revocation_time
        self.reason = reason
        self.this_update = this_update
        self.next_update = next_update
        self.extensions = extensions
        times = (revocation_time, this_update, next_update)
        self.times = tuple(time for time in times if time is not None)


@final
class OCSPSingleResponse:
    """
    One entry of a response: the status of one certificate (``SingleResponse``).

    Its contents are not verified. Immutable; equal entries have equal DER.
    """

    __slots__ = (
        "_cached_each",
        "_cached_extensions",
        "_der",
        "_layout",
        "_next_update",
        "_revocation_time",
        "_this_update",
    )

    _der: bytes
    _layout: SingleResponseLayout
    _revocation_time: datetime.datetime | None
    _this_update: datetime.datetime
    _next_update: datetime.datetime | None
    _cached_each: tuple[DecodedExtension, ...] | None
    _cached_extensions: x509.Extensions | None

    def __init__(self) -> None:
        raise TypeError("OCSPSingleResponse comes from OCSPResponse.responses")

    @property
    def cert_id(self) -> CertID:
        """The CertID of the certificate."""
        return cert_id_at(self._der, self._layout.cert_id)

    @property
    def issuer_key_hash(self) -> bytes:
        """The hash of the issuer's key, computed with :attr:`hash_algorithm`."""
        return self._der[self._layout.cert_id.key_hash]

    @property
    def issuer_name_hash(self) -> bytes:
        """The hash of the issuer's name, computed with :attr:`hash_algorithm`."""
        return self._der[self._layout.cert_id.name_hash]

    @property
    def hash_algorithm(self) -> hashes.HashAlgorithm:
        """
        The algorithm of both hashes.

        Raises:
            UnsupportedAlgorithm: If it is not known.
        """
        cert_id = self._layout.cert_id
        return cert_id.hash or cert_id_hash(cert_id.algorithm)

    @property
    def serial_number(self) -> int:
        """The serial number of the certificate."""
        return int.from_bytes(self._der[self._layout.cert_id.serial], signed=True)

    @property
    def certificate_status(self) -> OCSPCertStatus:
        """The status of the certificate (``certStatus``)."""
        return self._layout.status

    @property
    def revocation_time(self) -> datetime.datetime | None:
        """
        When the certificate was revoked, as a naive datetime in UTC.

        Deprecated: use ``revocation_time_utc``.
        """
        warn_naive("revocation_time")
        return naive(self._revocation_time)

    @property
    def revocation_time_utc(self) -> datetime.datetime | None:
        """When the certificate was revoked (aware, in UTC); ``None`` if it was not."""
        return self._revocation_time

    @property
    def revocation_reason(self) -> x509.ReasonFlags | None:
        """
        Why the certificate was revoked; ``None`` if the entry has no reason.

        Raises:
            SchemaError: If the number of the reason is not known.
        """
        code = self._layout.reason
        if code is None:
            return None
        # Imported here: most entries have no reason, and ``ReasonFlags`` takes long.
        from ocsp.messages.reasons import REASONS

        if code not in REASONS:
            raise SchemaError(
                f"Unsupported reason code: {code}", path="revocationReason"
            )
        return REASONS[code]

    @property
    def revocation_reason_code(self) -> int | None:
        """The number of the reason (``CRLReason``), even if unknown, or ``None``."""
        return self._layout.reason

    @property
    def this_update(self) -> datetime.datetime:
        """
        When the status was known to be correct, as a naive datetime in UTC.

        Deprecated: use ``this_update_utc``.
        """
        warn_naive("this_update")
        return self._this_update.replace(tzinfo=None)

    @property
    def this_update_utc(self) -> datetime.datetime:
        """When the status was known to be correct (``thisUpdate``); aware, in UTC."""
        return self._this_update

    @property
    def next_update(self) -> datetime.datetime | None:
        """
        When newer information will be available, as a naive datetime in UTC.

        Deprecated: use ``next_update_utc``.
        """
        warn_naive("next_update")
        return naive(self._next_update)

    @property
    def next_update_utc(self) -> datetime.datetime | None:
        """When newer information will be available (``nextUpdate``); aware, in UTC."""
        return self._next_update

    @property
    def single_extensions(self) -> x509.Extensions:
        """
        The singleExtensions of this entry; the same object at each access.

        Raises:
            x509.DuplicateExtension: If the list has an extension twice.
            DecodeError: If a known extension has a malformed value.
        """
        if self._cached_extensions is None:
            from ocsp.messages.extension_values import (
                SINGLE_EXTENSIONS,
                decode_extensions,
            )

            self._cached_extensions = decode_extensions(
                self._der,
                self._layout.extensions,
                SINGLE_EXTENSIONS,
                "singleExtensions",
            )
        return self._cached_extensions

    @property
    def _raw_extensions(self) -> ExtensionLayouts:
        """The singleExtensions, undecoded."""
        return self._layout.extensions

    @property
    def _each_extension(self) -> tuple[DecodedExtension, ...]:
        """The singleExtensions, each decoded by itself; the same at each access."""
        from ocsp.messages.extension_values import SINGLE_EXTENSIONS, decode_each

        if self._cached_each is None:
            self._cached_each = decode_each(
                self._der, self._raw_extensions, SINGLE_EXTENSIONS, "singleExtensions"
            )
        return self._cached_each

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OCSPSingleResponse):
            return NotImplemented
        return self._der == other._der

    def __hash__(self) -> int:
        return hash(self._der)

    def __repr__(self) -> str:
        return (
            f"<OCSPSingleResponse({self._layout.status.name}, {self.cert_id!r}, "
            f"this_update={timestamp(self._this_update)})>"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _load, (self._der,)


def _load(der: bytes) -> OCSPSingleResponse:
    return single_response_at(der, read_single_response(der))


def single_response_at(der: bytes, layout: SingleResponseLayout) -> OCSPSingleResponse:
    """
    Return the entry *der*, whose fields are at *layout*.

    Raises:
        ValueError: If one of its times is not valid.
    """
    entry = _new(OCSPSingleResponse)
    entry._der = der
    entry._layout = layout
    entry._cached_each = entry._cached_extensions = None
    entry._this_update = moments[der[layout.this_update]]
    entry._next_update = entry._revocation_time = None
    if layout.next_update is not None:
        entry._next_update = moments[der[layout.next_update]]
    if layout.revocation_time is not None:
        entry._revocation_time = moments[der[layout.revocation_time]]
    return entry


_new = OCSPSingleResponse.__new__


def read_single_response(der: bytes) -> SingleResponseLayout:
    """
    Return the layout of the SingleResponse *der*.

    Raises:
        DecodeError: If its structure is wrong.
    """
    size = len(der)
    position, stop = content(der, 0, size, SEQUENCE, "")
    end_of(stop, size, "")
    cert_id, position = read_cert_id(der, position, stop, "certID")
    status, revoked, reason, position = _read_status(der, position, stop)
    this_update, position = generalized_time(der, position, stop, "thisUpdate")
    next_update = None
    if position != stop and der[position] == context(0):
        next_update, position = explicit_time(der, position, stop, 0, "nextUpdate")
    extensions: ExtensionLayouts = ()
    if position != stop:
        extensions, position = read_extensions(
            der, position, stop, 1, "singleExtensions"
        )
        end_of(position, stop, "")
    return SingleResponseLayout(
        cert_id, status, revoked, reason, this_update, next_update, extensions
    )


def _read_status(
    data: bytes, position: int, end: int
) -> tuple[OCSPCertStatus, slice | None, int | None, int]:
    """Return status, time and reason of revocation, and where certStatus ends."""
    tag, start, stop = any_value(data, position, end, "certStatus")
    if tag == 0xA1:
        return OCSPCertStatus.REVOKED, *_read_revoked_info(data, start, stop), stop
    if tag not in (0x80, 0x82):
        fail("neither good, revoked nor unknown", "certStatus", position)
    end_of(start, stop, "certStatus")
    status = OCSPCertStatus.GOOD if tag == 0x80 else OCSPCertStatus.UNKNOWN
    return status, None, None, stop


def _read_revoked_info(
    data: bytes, position: int, end: int
) -> tuple[slice, int | None]:
    revoked, position = generalized_time(
        data, position, end, "certStatus.revocationTime"
    )
    if position == end:
        return revoked, None
    name = "certStatus.revocationReason"
    start, stop = content(data, position, end, context(0), name)
    reason, start = enumerated(data, start, stop, name)
    end_of(start, stop, name)
    end_of(stop, end, "certStatus")
    return revoked, reason


# Module-level names, because access to a member of an enumeration is slower.
_GOOD: Final = OCSPCertStatus.GOOD
_REVOKED: Final = OCSPCertStatus.REVOKED
_GOOD_DER: Final = encode(0x80, b"")
_UNKNOWN_DER: Final = encode(0x82, b"")

_latest: list[tuple[object, object, object, object, object, bytes]]
_latest = [(object(), None, None, None, None, b"")]
"""
The status and times of the latest entry, and their DER.

Consecutive entries mostly have the same status and times, given as the same objects.
They are compared by identity, because two equal datetimes with a time zone can mean
different times.
"""


def single_response_content(
    cert_id: bytes,
    cert_status: OCSPCertStatus,
    this_update: datetime.datetime,
    next_update: datetime.datetime | None,
    revocation_time: datetime.datetime | None,
    revocation_reason: x509.ReasonFlags | None,
    single_extensions: Iterable[SingleExtension],
) -> bytes:
    """
    Return the content of the SingleResponse for the CertID with the DER *cert_id*.

    Raises:
        BuildError: If a revocation time or reason is given for a status other than
            ``REVOKED``.
        TypeError: If an argument is of another type.
    """
    status, this, following, time, reason, encoded = _latest[0]
    if (
        status is not cert_status
        or this is not this_update
        or following is not next_update
        or time is not revocation_time
        or reason is not revocation_reason
    ):
        given = (
            cert_status,
            this_update,
            next_update,
            revocation_time,
            revocation_reason,
        )
        encoded = _encode_status_and_times(*given)
        _latest[0] = *given, encoded
    fields = cert_id + encoded
    if single_extensions:
        fields += encode_extensions(1, normalise_extensions(single_extensions))
    return fields


def _encode_status_and_times(
    cert_status: object,
    this_update: object,
    next_update: object,
    revocation_time: object,
    revocation_reason: object,
) -> bytes:
    """Return the DER of certStatus, thisUpdate and nextUpdate."""
    if not isinstance(this_update, datetime.datetime):
        raise TypeError("this_update must be a datetime object")
    if next_update is not None and not isinstance(next_update, datetime.datetime):
        raise TypeError("next_update must be a datetime object or None")
    status = _encode_status(cert_status, revocation_time, revocation_reason)
    fields = status + encode_time(this_update)
    if next_update is None:
        return fields
    return fields + encode(context(0), encode_time(next_update))


def _encode_status(cert_status: object, time: object, reason: object) -> bytes:
    refusal = "cert_status must be an item from the OCSPCertStatus enum"
    status = own_member(OCSPCertStatus, cert_status, refusal)
    if status is _REVOKED:
        return _encode_revoked_info(time, reason)
    if time is not None:
        raise BuildError(
            "revocation_time can only be provided if the certificate is revoked"
        )
    if reason is not None:
        raise BuildError(
            "revocation_reason can only be provided if the certificate is revoked"
        )
    return _GOOD_DER if status is _GOOD else _UNKNOWN_DER


def _encode_revoked_info(time: object, reason: object) -> bytes:
    if not isinstance(time, datetime.datetime):
        raise TypeError("revocation_time must be a datetime object")
    if reason is None:
        return encode(context(1), encode_time(time))
    # Imported here, as for reading.
    from ocsp.messages.reasons import REASON_CODES

    if not isinstance(reason, x509.ReasonFlags):
        raise TypeError(
            "revocation_reason must be an item from the ReasonFlags enum or None"
        )
    code = encode(ENUMERATED, bytes((REASON_CODES[reason],)))
    return encode(context(1), encode_time(time), encode(context(0), code))
