"""
Request: one entry of a request (RFC 6960 §4.1.1).

::

    Request ::= SEQUENCE {
        reqCert                     CertID,
        singleRequestExtensions [0] EXPLICIT Extensions OPTIONAL }
"""

from __future__ import annotations

from typing import final

from cryptography.hazmat.primitives import hashes

from ocsp.asn1.algorithms import cert_id_hash
from ocsp.asn1.der import SEQUENCE, content, end_of
from ocsp.later import x509
from ocsp.messages.certid import CertID, CertIDLayout, cert_id_at, read_cert_id
from ocsp.messages.extensions import ExtensionLayouts, read_extensions

__all__ = [
    "OCSPSingleRequest",
    "SingleRequestLayout",
    "read_single_request",
    "single_request_at",
]


class SingleRequestLayout:
    """
    The positions of the fields of a Request in its octets.

    Attributes:
        cert_id: reqCert.

        extensions: singleRequestExtensions.
    """

    __slots__ = ("cert_id", "extensions")

    def __init__(self, cert_id: CertIDLayout, extensions: ExtensionLayouts) -> None:
        self.cert_id = cert_id
        self.extensions = extensions


@final
class OCSPSingleRequest:
    """
    One entry of a request, which names one certificate (``Request``).

    Immutable; equal entries have equal DER.
    """

    __slots__ = ("_cached_extensions", "_der", "_layout")

    _der: bytes
    _layout: SingleRequestLayout
    _cached_extensions: x509.Extensions | None

    def __init__(self) -> None:
        raise TypeError("OCSPSingleRequest comes from OCSPRequest.requests")

    @property
    def cert_id(self) -> CertID:
        """The CertID of the certificate."""
        return cert_id_at(self._der, self._layout.cert_id)

    @property
    def issuer_name_hash(self) -> bytes:
        """The hash of the issuer's name, computed with :attr:`hash_algorithm`."""
        return self._der[self._layout.cert_id.name_hash]

    @property
    def issuer_key_hash(self) -> bytes:
        """The hash of the issuer's key, computed with :attr:`hash_algorithm`."""
        return self._der[self._layout.cert_id.key_hash]

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
        return int.from_bytes(self._der[self._layout.cert_id.serial], signed=True)

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
                self._der,
                self._layout.extensions,
                SINGLE_REQUEST_EXTENSIONS,
                "singleRequestExtensions",
            )
        return self._cached_extensions

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
    return single_request_at(der, read_single_request(der))


def single_request_at(der: bytes, layout: SingleRequestLayout) -> OCSPSingleRequest:
    """Return the entry *der*, whose fields are at *layout*."""
    entry = _new(OCSPSingleRequest)
    entry._der = der
    entry._layout = layout
    entry._cached_extensions = None
    return entry


_new = OCSPSingleRequest.__new__


def read_single_request(der: bytes) -> SingleRequestLayout:
    """
    Return the layout of the Request *der*.

    Raises:
        DecodeError: If its structure is wrong.
    """
    size = len(der)
    position, stop = content(der, 0, size, SEQUENCE, "")
    end_of(stop, size, "")
    cert_id, position = read_cert_id(der, position, stop, "reqCert")
    extensions: ExtensionLayouts = ()
    if position != stop:
        extensions, position = read_extensions(
            der, position, stop, 0, "singleRequestExtensions"
        )
        end_of(position, stop, "")
    return SingleRequestLayout(cert_id, extensions)
