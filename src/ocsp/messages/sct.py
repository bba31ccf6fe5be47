"""
Signed certificate timestamps in a response (RFC 6962 §3.2 and §3.3).

``cryptography`` has classes for such a list, but other code cannot make their items.
So this module defines a class for the items, with the same attributes. The list is a
subclass of the extension type of ``cryptography``, so that ``get_extension_for_class``
finds it.
"""

from __future__ import annotations

import datetime
import struct
from typing import final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import certificate_transparency as ct

from ocsp.asn1.der import OCTET_STRING, content, encode, end_of
from ocsp.errors import SchemaError

__all__ = [
    "SignedCertificateTimestamp",
    "SignedCertificateTimestamps",
    "decode_sct_list",
]

_HASHES: dict[int, hashes.HashAlgorithm] = {
    1: hashes.MD5(),
    2: hashes.SHA1(),
    3: hashes.SHA224(),
    4: hashes.SHA256(),
    5: hashes.SHA384(),
    6: hashes.SHA512(),
}
_SIGNATURES = {
    1: ct.SignatureAlgorithm.RSA,
    2: ct.SignatureAlgorithm.DSA,
    3: ct.SignatureAlgorithm.ECDSA,
}
_FIXED = struct.Struct(">B32sQ")
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999, in seconds since 1970."""


@final
class SignedCertificateTimestamp:
    """
    One SCT for a final certificate (``entry_type`` is X509_CERTIFICATE).

    Not checked: the signature of the log.
    """

    __slots__ = (
        "_der",
        "_extension_bytes",
        "_hash",
        "_log_id",
        "_milliseconds",
        "_signature",
        "_signature_algorithm",
    )

    def __init__(self, data: bytes) -> None:
        """
        Read the SCT that fills *data*.

        Raises:
            ValueError: If *data* is truncated, too long, or of another version.
        """
        if len(data) < _FIXED.size:
            raise ValueError("SCT is truncated")
        version: int
        log_id: bytes
        milliseconds: int
        version, log_id, milliseconds = _FIXED.unpack_from(data)
        if version != 0:
            raise ValueError(f"SCT has the version {version}; only 0 (v1) is supported")
        self._extension_bytes, rest = _prefixed(data[_FIXED.size :])
        if len(rest) < 2:
            raise ValueError("SCT is truncated")
        if rest[0] not in _HASHES or rest[1] not in _SIGNATURES:
            raise ValueError("SCT has an unknown signature algorithm")
        self._hash = _HASHES[rest[0]]
        self._signature_algorithm = _SIGNATURES[rest[1]]
        self._signature, rest = _prefixed(rest[2:])
        if rest:
            raise ValueError("SCT has octets after its signature")
        self._log_id = log_id
        self._milliseconds = milliseconds
        self._der = data

    @property
    def version(self) -> ct.Version:
        """The version, always v1."""
        return ct.Version.v1

    @property
    def log_id(self) -> bytes:
        """The SHA-256 of the log's public key."""
        return self._log_id

    @property
    def timestamp(self) -> datetime.datetime:
        """
        When the log made the SCT: a naive datetime in UTC, with milliseconds.

        Raises:
            SchemaError: If it is after the year 9999, which no datetime can be.
        """
        seconds, milliseconds = divmod(self._milliseconds, 1000)
        if seconds > _LAST_SECOND:
            raise SchemaError("SCT is of a year after 9999")
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC).replace(
            microsecond=milliseconds * 1000, tzinfo=None
        )

    @property
    def entry_type(self) -> ct.LogEntryType:
        """The kind of log entry: always the certificate itself."""
        return ct.LogEntryType.X509_CERTIFICATE

    @property
    def signature_hash_algorithm(self) -> hashes.HashAlgorithm:
        """The hash of the log's signature."""
        return self._hash

    @property
    def signature_algorithm(self) -> ct.SignatureAlgorithm:
        """The scheme of the log's signature."""
        return self._signature_algorithm

    @property
    def signature(self) -> bytes:
        """The log's signature."""
        return self._signature

    @property
    def extension_bytes(self) -> bytes:
        """The extensions of the SCT, undecoded."""
        return self._extension_bytes

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SignedCertificateTimestamp):
            return NotImplemented
        return self._der == other._der

    def __hash__(self) -> int:
        return hash(self._der)

    def __repr__(self) -> str:
        return (
            f"<SignedCertificateTimestamp(log_id={self._log_id.hex()}, "
            f"timestamp={self._milliseconds})>"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return SignedCertificateTimestamp, (self._der,)


class SignedCertificateTimestamps(x509.SignedCertificateTimestamps):
    """The SCT list of one entry of a response: a sequence of timestamps."""

    def __init__(self, data: bytes) -> None:
        """
        Read the TLS-encoded list that fills *data*.

        Raises:
            ValueError: If *data* is not a list of v1 timestamps.
        """
        body, rest = _prefixed(data)
        if rest:
            raise ValueError("octets after the SCT list")
        items = []
        while body:
            item, body = _prefixed(body)
            items.append(SignedCertificateTimestamp(item))
        self._data = data
        # The base class reads this list in its sequence methods and its comparison.
        self._signed_certificate_timestamps = items  # type: ignore[assignment]

    def public_bytes(self) -> bytes:
        """Return the extension value: the DER of an OCTET STRING with the list."""
        return encode(OCTET_STRING, self._data)

    def __reduce__(self) -> tuple[object, ...]:
        return SignedCertificateTimestamps, (self._data,)


def decode_sct_list(value: bytes) -> SignedCertificateTimestamps:
    """
    Return the SCT list of an extension *value*.

    Raises:
        DecodeError: If it is malformed.
    """
    start, stop = content(value, 0, len(value), OCTET_STRING, "")
    end_of(stop, len(value), "")
    try:
        return SignedCertificateTimestamps(value[start:stop])
    except ValueError as error:
        raise SchemaError(str(error), offset=start) from error


def _prefixed(data: bytes) -> tuple[bytes, bytes]:
    """Return a value with a two-octet length (RFC 8446 §3.4), and what follows."""
    length = int.from_bytes(data[:2])
    if len(data) < 2 + length:
        raise ValueError("SCT list is truncated")
    return data[2 : 2 + length], data[2 + length :]
