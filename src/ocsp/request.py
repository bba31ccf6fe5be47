"""
OCSPRequest: reading what a client asks (RFC 6960 §4.1).

::

    OCSPRequest ::= SEQUENCE {
        tbsRequest            TBSRequest,
        optionalSignature [0] EXPLICIT Signature OPTIONAL }
    TBSRequest ::= SEQUENCE {
        version           [0] EXPLICIT Version DEFAULT v1,
        requestorName     [1] EXPLICIT GeneralName OPTIONAL,
        requestList           SEQUENCE OF Request,
        requestExtensions [2] EXPLICIT Extensions OPTIONAL }
    Request ::= SEQUENCE {
        reqCert                     CertID,
        singleRequestExtensions [0] EXPLICIT Extensions OPTIONAL }

Rules of this file: structure is checked in full when loading, a value is decoded when
it is read, and the octets that came in are the octets that go out.
"""

from __future__ import annotations

from typing import final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from ocsp import limits
from ocsp._der import (
    SEQUENCE,
    content,
    end_of,
    explicit,
)
from ocsp._message import accept_message, only_der, refuse_version
from ocsp._names import check_general_name
from ocsp.algorithms import cert_id_hash
from ocsp.certid import CertID, CertIDFields, read_cert_id
from ocsp.errors import (
    DecodeError,
    LimitExceeded,
    MultipleRequestsError,
    SchemaError,
)
from ocsp.extensions import REQUEST_EXTENSIONS, decode_extensions, read_extensions

__all__ = ["OCSPRequest", "OCSPSingleRequest", "load_der_ocsp_request"]


def load_der_ocsp_request(
    data: bytes, *, allow_multiple: bool = False
) -> OCSPRequest:
    """
    Read a DER-encoded OCSP request.

    Only the structure is checked. A signature on the request, if there is one, is
    neither read nor verified.

    Args:
        data: The request; ``bytes`` and nothing else.

        allow_multiple: Accept a request about several certificates, to be found in
            :attr:`OCSPRequest.requests`.

    Returns:
        The request, which keeps *data* as it is.

    Raises:
        DecodeError: If *data* is not an OCSP request in canonical DER; a
            ``ValueError`` that names the field and the offset.
        MultipleRequestsError: If it asks about several certificates and
            *allow_multiple* is false; a ``NotImplementedError``.
        TypeError: If *data* is not ``bytes``.
    """
    request = _read_request(data)
    if not allow_multiple and len(request._requests) != 1:
        raise MultipleRequestsError(len(request._requests))
    return request


@final
class OCSPSingleRequest:
    """
    One entry of a request: the question about one certificate (``Request``).

    Immutable; equal entries have equal DER.
    """

    __slots__ = ("_cached_extensions", "_extensions", "_fields")

    _fields: CertIDFields
    _extensions: bytes | None
    _cached_extensions: x509.Extensions | None

    def __init__(self) -> None:
        raise TypeError("OCSPSingleRequest comes from load_der_ocsp_request()")

    @property
    def cert_id(self) -> CertID:
        """The certificate that is asked about."""
        return CertID.from_fields(self._fields)

    @property
    def issuer_name_hash(self) -> bytes:
        """The hash of the issuer's name, made with :attr:`hash_algorithm`."""
        return self._fields.name_hash

    @property
    def issuer_key_hash(self) -> bytes:
        """The hash of the issuer's key, made with :attr:`hash_algorithm`."""
        return self._fields.key_hash

    @property
    def hash_algorithm(self) -> hashes.HashAlgorithm:
        """
        The algorithm of both hashes.

        Raises:
            UnsupportedAlgorithm: If it is not known.
        """
        return cert_id_hash(self._fields.algorithm)

    @property
    def serial_number(self) -> int:
        """The serial number of the certificate."""
        return int.from_bytes(self._fields.serial, signed=True)

    @property
    def extensions(self) -> x509.Extensions:
        """
        The singleRequestExtensions; the same object at each access.

        Raises:
            x509.DuplicateExtension: If one stands there twice.
            DecodeError: If one has a malformed value.
        """
        if self._cached_extensions is None:
            self._cached_extensions = decode_extensions(
                self._extensions, {}, "singleRequestExtensions"
            )
        return self._cached_extensions

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OCSPSingleRequest):
            return NotImplemented
        return (
            self._fields == other._fields and self._extensions == other._extensions
        )

    def __hash__(self) -> int:
        return hash((self._fields, self._extensions))

    def __repr__(self) -> str:
        return f"<OCSPSingleRequest({self.cert_id!r})>"

    def __reduce__(self) -> tuple[object, ...]:
        return _make_single_request, (self._fields, self._extensions)


@final
class OCSPRequest:
    """
    A request for the status of one certificate, or of several.

    What it says is not proven: nobody has to sign a request. Immutable; equal requests
    have equal DER.
    """

    __slots__ = ("_cached_extensions", "_der", "_extensions", "_requests")

    _der: bytes
    _requests: tuple[OCSPSingleRequest, ...]
    _extensions: bytes | None
    _cached_extensions: x509.Extensions | None

    def __init__(self) -> None:
        raise TypeError("OCSPRequest comes from load_der_ocsp_request()")

    @property
    def requests(self) -> tuple[OCSPSingleRequest, ...]:
        """The entries, in order; one, unless several were allowed when loading."""
        return self._requests

    @property
    def _only(self) -> OCSPSingleRequest:
        requests = self._requests
        if len(requests) != 1:
            raise MultipleRequestsError(len(requests))
        return requests[0]

    @property
    def issuer_key_hash(self) -> bytes:
        """The hash of the issuer's key, made with :attr:`hash_algorithm`."""
        return self._only._fields.key_hash

    @property
    def issuer_name_hash(self) -> bytes:
        """The hash of the issuer's name, made with :attr:`hash_algorithm`."""
        return self._only._fields.name_hash

    @property
    def hash_algorithm(self) -> hashes.HashAlgorithm:
        """
        The algorithm of both hashes.

        Raises:
            UnsupportedAlgorithm: If it is not known.
        """
        return cert_id_hash(self._only._fields.algorithm)

    @property
    def serial_number(self) -> int:
        """The serial number of the certificate."""
        return int.from_bytes(self._only._fields.serial, signed=True)

    @property
    def extensions(self) -> x509.Extensions:
        """
        The requestExtensions; the same object at each access.

        Raises:
            x509.DuplicateExtension: If one stands there twice.
            DecodeError: If a known one has a malformed value.
        """
        if self._cached_extensions is None:
            self._cached_extensions = decode_extensions(
                self._extensions, REQUEST_EXTENSIONS, "requestExtensions"
            )
        return self._cached_extensions

    def public_bytes(self, encoding: serialization.Encoding) -> bytes:
        """
        Return the request in DER, exactly as it was loaded.

        Raises:
            TypeError: If *encoding* is not an ``Encoding``.
            ValueError: If it is another one than ``Encoding.DER``.
        """
        return only_der(self._der, encoding)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OCSPRequest):
            return NotImplemented
        return self._der == other._der

    def __hash__(self) -> int:
        return hash(self._der)

    def __repr__(self) -> str:
        entries = ", ".join(repr(entry.cert_id) for entry in self._requests)
        return f"<OCSPRequest({entries})>"

    def __reduce__(self) -> tuple[object, ...]:
        return _read_request, (self._der,)


def _make_single_request(
    fields: CertIDFields, extensions: bytes | None
) -> OCSPSingleRequest:
    entry = object.__new__(OCSPSingleRequest)
    entry._fields = fields
    entry._extensions = extensions
    entry._cached_extensions = None
    return entry


def _read_request(data: bytes) -> OCSPRequest:
    size = accept_message(data)
    position, end = content(data, 0, size, SEQUENCE, "OCSPRequest")
    end_of(end, size, "OCSPRequest")
    start, position = content(data, position, end, SEQUENCE, "tbsRequest")
    try:
        requests, extensions = _read_tbs(data, start, position)
    except DecodeError as error:
        raise error.under("tbsRequest") from None
    if position != end:
        # The signature is passed through as it is: RFC 9919 §3.1.2 lets a responder
        # ignore it, and the documented API has no name for it.
        _, _, position = explicit(
            data, position, end, 0, SEQUENCE, "optionalSignature"
        )
        end_of(position, end, "OCSPRequest")
    request = object.__new__(OCSPRequest)
    request._der = data
    request._requests = requests
    request._extensions = extensions
    request._cached_extensions = None
    return request


def _read_tbs(
    data: bytes, position: int, end: int
) -> tuple[tuple[OCSPSingleRequest, ...], bytes | None]:
    if position < end and data[position] in (0xA0, 0xA1):
        position = _read_preamble(data, position, end)
    start, position = content(data, position, end, SEQUENCE, "requestList")
    requests = _read_list(data, start, position)
    extensions = None
    if position != end:
        start, position = content(data, position, end, 0xA2, "requestExtensions")
        extensions = read_extensions(data, start, position, "requestExtensions")
        end_of(position, end, "")
    return requests, extensions


def _read_preamble(data: bytes, position: int, end: int) -> int:
    """Step over the version, which must be the default, and the requestor's name."""
    if data[position] == 0xA0:
        refuse_version(data, position, end, "request")
    start, position = content(data, position, end, 0xA1, "requestorName")
    check_general_name(data, start, position, "requestorName")
    return position


def _read_list(
    data: bytes, position: int, end: int
) -> tuple[OCSPSingleRequest, ...]:
    requests: list[OCSPSingleRequest] = []
    try:
        while position < end:
            start, position = content(data, position, end, SEQUENCE, "")
            requests.append(_read_entry(data, start, position))
            if len(requests) > limits.MAX_ENTRIES:
                raise LimitExceeded(
                    "MAX_ENTRIES", len(requests), limits.MAX_ENTRIES
                )
    except DecodeError as error:
        raise error.under(f"requestList[{len(requests)}]") from None
    if not requests:
        raise SchemaError("asks about no certificate", path="requestList")
    return tuple(requests)


def _read_entry(data: bytes, position: int, end: int) -> OCSPSingleRequest:
    fields, position = read_cert_id(data, position, end, "reqCert")
    extensions = None
    if position != end:
        start, position = content(
            data, position, end, 0xA0, "singleRequestExtensions"
        )
        extensions = read_extensions(data, start, position, "singleRequestExtensions")
        end_of(position, end, "")
    return _make_single_request(fields, extensions)
