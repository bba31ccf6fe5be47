"""
Load certificates, CRLs and certificate requests, and read what they decode late.

RFC 5280 §4, §5; RFC 2986. ``cryptography`` decodes some fields only when a program asks
for them, so loading a certificate does not mean that its fields can be read.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING

from ocsp.errors import SchemaError
from ocsp.guarded.boundary import is_foreign, read_foreign
from ocsp.guarded.nesting import check_parsable
from ocsp.later import x509

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificatePublicKeyTypes,
    )

__all__ = [
    "YEAR_ZERO",
    "decode_in_certificate",
    "decode_in_crl",
    "decode_in_crl_entry",
    "load_certificate",
    "load_crl",
    "load_pkcs7",
    "load_request",
    "parse_name",
    "request_is_signed",
    "request_key",
    "subject_of",
    "validity",
]

YEAR_ZERO = datetime.datetime.min.replace(tzinfo=datetime.UTC)
"""
What stands for a time in the year 0. Each moment that a caller can compare it with is
later than both.
"""


def load_certificate(
    der: bytes, *, path: str = "", offset: int | None = None
) -> x509.Certificate:
    """
    Return the certificate *der*. Not checked: whether its fields can be decoded.

    Args:
        der: The certificate, in DER.

        path: The field that it is, for the error.

        offset: Where it begins, in octets, for the error.

    Raises:
        SchemaError: If it is not an X.509 certificate.
        LimitExceeded: If it is too long, or its values are nested too deep.
    """
    check_parsable(der, path=path, offset=offset)
    # The message of ``cryptography`` is about its parser: not shown.
    return read_foreign(
        lambda: x509.load_der_x509_certificate(der),
        reason="not a certificate",
        path=path,
        offset=offset,
    )


def load_crl(der: bytes) -> x509.CertificateRevocationList:
    """
    Return the CRL *der*.

    Raises:
        SchemaError: If it is not a CRL.
        LimitExceeded: If it is too long, or its values are nested too deep.
    """
    check_parsable(der)
    return read_foreign(lambda: x509.load_der_x509_crl(der), reason="not a CRL")


def load_request(der: bytes) -> x509.CertificateSigningRequest:
    """
    Return the certificate request *der*.

    Raises:
        SchemaError: If it is not a certificate request.
        LimitExceeded: If it is too long, or its values are nested too deep.
    """
    check_parsable(der)
    return read_foreign(
        lambda: x509.load_der_x509_csr(der), reason="not a certificate request"
    )


def load_pkcs7(der: bytes) -> list[x509.Certificate]:
    """
    Return the certificates in *der*, a PKCS #7 in DER or BER (RFC 5652 §5).

    Raises:
        SchemaError: If it is not a PKCS #7, or one of its certificates cannot be read.
        LimitExceeded: If it is too long, or its values are nested too deep.
    """
    # Imported here, because it takes a quarter of the import time of this package.
    from cryptography.hazmat.primitives.serialization import pkcs7

    check_parsable(der)
    return read_foreign(
        lambda: pkcs7.load_der_pkcs7_certificates(der), reason="not a PKCS #7"
    )


def request_is_signed(request: x509.CertificateSigningRequest) -> bool:
    """
    Return whether the key of *request* has signed it.

    Raises:
        SchemaError: If the key or the algorithm cannot be read.
    """
    return read_foreign(lambda: request.is_signature_valid)


def request_key(request: x509.CertificateSigningRequest) -> CertificatePublicKeyTypes:
    """
    Return the public key of *request*.

    Raises:
        SchemaError: If it cannot be decoded, or its kind is not known.
    """
    return read_foreign(request.public_key)


def subject_of(
    owner: x509.Certificate | x509.CertificateSigningRequest,
) -> x509.Name:
    """
    Return the subject of a certificate or a request.

    Raises:
        SchemaError: If it cannot be decoded.
    """
    return read_foreign(lambda: owner.subject)


def parse_name(text: str) -> x509.Name:
    """
    Return the distinguished name *text*, such as ``CN=Responder,O=Example`` (RFC 4514).

    Raises:
        SchemaError: If it is not a name.
    """
    return read_foreign(lambda: x509.Name.from_rfc4514_string(text))


def decode_in_certificate(der: bytes) -> x509.ExtensionType:
    """
    Return the decoded value of the first extension of the certificate *der*.

    Raises:
        SchemaError: If an extension cannot be decoded.
        LimitExceeded: If *der* is too long, or its values are nested too deep.
    """
    return _first_extension(load_certificate(der))


def decode_in_crl(der: bytes) -> x509.ExtensionType:
    """
    Return the decoded value of the first extension of the CRL *der*.

    Raises:
        SchemaError: If an extension cannot be decoded.
        LimitExceeded: If *der* is too long, or its values are nested too deep.
    """
    return _first_extension(load_crl(der))


def decode_in_crl_entry(der: bytes) -> x509.ExtensionType:
    """
    Return the decoded value of the first extension of the first entry of the CRL *der*.

    Raises:
        SchemaError: If an extension cannot be decoded.
        LimitExceeded: If *der* is too long, or its values are nested too deep.
    """
    crl = load_crl(der)
    return _first_extension(read_foreign(lambda: crl[0]))


def _first_extension(
    owner: x509.Certificate | x509.CertificateRevocationList | x509.RevokedCertificate,
) -> x509.ExtensionType:
    first: x509.Extension[x509.ExtensionType] = read_foreign(
        lambda: owner.extensions[0]
    )
    return first.value


def validity(
    certificate: x509.Certificate,
) -> tuple[datetime.datetime, datetime.datetime]:
    """
    Return the first and the last second of the validity, aware, in UTC.

    The year 0, which ``datetime`` cannot express, becomes ``YEAR_ZERO``.
    """
    try:
        return certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except BaseException as error:
        if not is_foreign(error):
            raise
    return (
        _moment(lambda: certificate.not_valid_before_utc),
        _moment(lambda: certificate.not_valid_after_utc),
    )


def _moment(read: Callable[[], datetime.datetime]) -> datetime.datetime:
    try:
        return read_foreign(read)
    except SchemaError:  # Loading has checked all else.
        return YEAR_ZERO
