"""
Convert between the objects of ``cryptography`` and those of ``asn1crypto``.

pyHanko works with ``asn1crypto``, which decodes a value when it is first read. What is
given to pyHanko has been verified, so its DER is strict.
"""

from __future__ import annotations

from typing import TypeAlias

from asn1crypto import cms, crl, ocsp  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.errors import SchemaError
from ocsp.guarded.boundary import read_foreign
from ocsp.guarded.certificates import load_certificate
from ocsp.messages.responses.response import OCSPResponse

__all__ = [
    "AnyCertificate",
    "to_asn1_certificate",
    "to_asn1_crl",
    "to_asn1_response",
    "to_certificate",
]

AnyCertificate: TypeAlias = asn1.Certificate | cms.AttributeCertificateV2
"""What pyHanko asks about."""


def to_certificate(cert: AnyCertificate) -> x509.Certificate:
    """
    Return *cert* as an object of ``cryptography``.

    Raises:
        SchemaError: If it is an attribute certificate, or cannot be read.
        LimitExceeded: If it is too long, or its values are nested too deep.
    """
    if not isinstance(cert, asn1.Certificate):
        raise SchemaError("an attribute certificate, which is not supported")
    return load_certificate(read_foreign(cert.dump))


def to_asn1_certificate(cert: x509.Certificate) -> asn1.Certificate:
    """
    Return *cert* as an object of ``asn1crypto``.

    Raises:
        SchemaError: If ``asn1crypto`` cannot read it.
    """
    return read_foreign(lambda: asn1.Certificate.load(cert.public_bytes(Encoding.DER)))


def to_asn1_response(response: OCSPResponse) -> ocsp.OCSPResponse:
    """
    Return *response* as an object of ``asn1crypto``, with every value decoded.

    Raises:
        SchemaError: If ``asn1crypto`` cannot read it.
    """

    def read() -> ocsp.OCSPResponse:
        found = ocsp.OCSPResponse.load(response.public_bytes(Encoding.DER))
        found.basic_ocsp_response.native  # noqa: B018 - decodes every value
        return found

    return read_foreign(read)


def to_asn1_crl(der: bytes) -> crl.CertificateList:
    """
    Return a CRL as an object of ``asn1crypto``. Its entries are decoded later.

    Raises:
        SchemaError: If ``asn1crypto`` cannot read it.
    """

    def read() -> crl.CertificateList:
        found = crl.CertificateList.load(der)
        found.issuer.native  # noqa: B018 - decodes the fields before the entries
        return found

    return read_foreign(read)
