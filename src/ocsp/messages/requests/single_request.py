"""
Request: one entry of a request (RFC 6960 §4.1.1).

::

    Request ::= SEQUENCE {
        reqCert                     CertID,
        singleRequestExtensions [0] EXPLICIT Extensions OPTIONAL }
"""

from __future__ import annotations

from typing import NamedTuple, final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.asn1.algorithms import cert_id_hash
from ocsp.asn1.der import SEQUENCE, content, end_of
from ocsp.messages.certid import CertID, CertIDLayout, cert_id_at, read_cert_id
from ocsp.messages.extensions import ExtensionLayouts, read_extensions

__all__ = [
    "OCSPSingleRequest",
    "SingleRequestLayout",
    "read_single_request",
    "single_request_at",
]


class SingleRequestLayout(NamedTuple):
    """
    The positions of the fields of a Request in a message.

    Attributes:
        whole: The Request with its header.

        cert_id: reqCert.

        extensions: singleRequestExtensions.
    """

    whole: slice
    cert_id: CertIDLayout
    extensions: ExtensionLayouts


@final
class OCSPSingleRequest:
    """
    One entry of a request, which names one certificate (``Request``).

    Immutable; equal entries have equal DER.
    """

    __slots__ = ("_cached_extensions", "_data", "_layout")

    _data: bytes
    _layout: SingleRequestLayout
    _cached_extensions: x509.Extensions | None

    def __init__(self) -> None:
        raise TypeError("OCSPSingleRequest comes from OCSPRequest.requests")

    @property
    def cert_id(self) -> CertID:
        """The CertID of the certificate."""
        return cert_id_at(self._data, self._layout.cert_id)

    @property
    def issuer_name_hash(self) -> bytes:
        """The hash of the issuer's name, computed with :attr:`hash_algorithm`."""
        return self._data[self._layout.cert_id.name_hash]

    @property
    def issuer_key_hash(self) -> bytes:
        """The hash of the issuer's key, computed with :attr:`hash_algorithm`."""
        return self._data[self._layout.cert_id.key_hash]

    @property
    def hash_algorithm(self) -> hashes.HashAlgorithm:
        """
        The algorithm of both hashes.

        Raises:
            UnsupportedAlgorithm: If it is not known.
        """
        return cert_id_hash(self._layout.cert_id.algorithm)

    @property
    def serial_number(self) -> int:
        """The serial number of the certificate."""
        return int.from_bytes(self._data[self._layout.cert_id.serial], signed=True)

    @property
    def extensions(self) -> x509.Extensions:
        """
        The singleRequestExtensions; the same object at each access.

        Raises:
            x509.DuplicateExtension: If the list has an extension twice.
            DecodeError: If a known extension has a malformed value.
        """
        if self._cached_extensions is None:
            from ocsp.messages.extension_values import (
                SINGLE_REQUEST_EXTENSIONS,
                decode_extensions,
            )

            self._cached_extensions = decode_extensions(
                self._data,
                self._layout.extensions,
                SINGLE_REQUEST_EXTENSIONS,
                "singleRequestExtensions",
            )
        return self._cached_extensions

    @property
    def _der(self) -> bytes:
        return self._data[self._layout.whole]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OCSPSingleRequest):
            return NotImplemented
        return self._der == other._der

    def __hash__(self) -> int:
        return hash(self._der)

    def __repr__(self) -> str:
        return f"<OCSPSingleRequest({self.cert_id!r})>"

    def __reduce__(self) -> tuple[object, ...]:
        return _load, (self._der,)


def _load(der: bytes) -> OCSPSingleRequest:
    layout, _ = read_single_request(der, 0, len(der))
    return single_request_at(der, layout)


def single_request_at(data: bytes, layout: SingleRequestLayout) -> OCSPSingleRequest:
    """Return the entry in *data* at *layout*."""
    entry = _new(OCSPSingleRequest)
    entry._data = data
    entry._layout = layout
    entry._cached_extensions = None
    return entry


_new = OCSPSingleRequest.__new__


def read_single_request(
    data: bytes, position: int, end: int
) -> tuple[SingleRequestLayout, int]:
    """
    Return the layout of the Request at *position*, and where it ends.

    Raises:
        DecodeError: If its structure is wrong.
    """
    begin = position
    position, stop = content(data, position, end, SEQUENCE, "")
    cert_id, position = read_cert_id(data, position, stop, "reqCert")
    extensions: ExtensionLayouts = ()
    if position != stop:
        extensions, position = read_extensions(
            data, position, stop, 0, "singleRequestExtensions"
        )
        end_of(position, stop, "")
    return SingleRequestLayout(slice(begin, stop), cert_id, extensions), stop
