"""
Client certificates in HTTP headers, in the forms of RFC 9440 and of proxies.

A proxy that ends TLS tells the application behind it which certificate the client has
shown. A header proves nothing unless the proxy has written it.
"""

from __future__ import annotations

import base64
import binascii
import enum
import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import unquote_to_bytes

from cryptography import x509

from ocsp.errors import ConfigError, SchemaError
from ocsp.guarded.certificates import load_certificate
from ocsp.guarded.pem import der_blocks

__all__ = ["CertificateHeader", "HeaderForm", "load_pem"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_BYTE_SEQUENCE = re.compile(r":([A-Za-z0-9+/=]*):")
_XFCC_CERTIFICATE = re.compile(r'(?i)Cert="([^"\\]*)"')


class HeaderForm(enum.Enum):
    """How a header contains a certificate."""

    BYTE_SEQUENCE = "byte-sequence"
    """The DER in Base64 between colons (RFC 9440 §2.1, RFC 9651 §3.3.5)."""

    BASE64 = "base64"
    """The DER in Base64."""

    ESCAPED_PEM = "escaped-pem"
    """The PEM, percent-encoded."""

    XFCC = "xfcc"
    """The value ``Cert`` of one element, which is the PEM, percent-encoded."""


@dataclass(frozen=True, slots=True)
class CertificateHeader:
    """
    A header with the certificate of a client.

    Attributes:
        RFC_9440: ``Client-Cert``, as RFC 9440 defines it.

        NGINX: ``X-SSL-Client-Cert $ssl_client_escaped_cert``.

        HAPROXY: ``X-SSL-Client-Cert %[ssl_c_der,base64]``.

        ENVOY: ``X-Forwarded-Client-Cert``, with one element only.
    """

    name: str
    """The name of the header; the case of its letters does not matter."""

    form: HeaderForm
    """How it contains the certificate."""

    RFC_9440: ClassVar[CertificateHeader]
    NGINX: ClassVar[CertificateHeader]
    HAPROXY: ClassVar[CertificateHeader]
    ENVOY: ClassVar[CertificateHeader]

    def __post_init__(self) -> None:
        """
        Check both values.

        Raises:
            ConfigError: If the name is not made of letters, digits and hyphens.
            TypeError: If the form is not a :class:`HeaderForm`.
        """
        if not _NAME.fullmatch(self.name):
            raise ConfigError("name", f"must be that of a header, and is {self.name!r}")
        if not isinstance(self.form, HeaderForm):
            raise TypeError("form must be a HeaderForm")

    def certificate(self, value: str) -> x509.Certificate:
        """
        Return the certificate in a value of the header.

        Raises:
            SchemaError: If there is none in this form, or more than one.
            LimitExceeded: If it is too long, or its values are nested too deep.
        """
        if self.form is HeaderForm.BYTE_SEQUENCE:
            return load_certificate(_base64(_inside(_BYTE_SEQUENCE, value.strip())))
        if self.form is HeaderForm.BASE64:
            return load_certificate(_base64(value.strip()))
        if self.form is HeaderForm.XFCC:
            value = _only_element(value)
        return _only_pem(unquote_to_bytes(value).strip())


CertificateHeader.RFC_9440 = CertificateHeader("Client-Cert", HeaderForm.BYTE_SEQUENCE)
CertificateHeader.NGINX = CertificateHeader("X-SSL-Client-Cert", HeaderForm.ESCAPED_PEM)
CertificateHeader.HAPROXY = CertificateHeader("X-SSL-Client-Cert", HeaderForm.BASE64)
CertificateHeader.ENVOY = CertificateHeader("X-Forwarded-Client-Cert", HeaderForm.XFCC)


def load_pem(pem: bytes) -> x509.Certificate:
    """
    Return the certificate that a server shows in *pem*: the first; others are its path.

    Raises:
        SchemaError: If there is none.
    """
    return load_certificate(der_blocks(pem, "CERTIFICATE")[0])


def _only_pem(pem: bytes) -> x509.Certificate:
    """Return the certificate that *pem* is. Two may be of the proxy and the client."""
    if not (
        pem.startswith(b"-----BEGIN CERTIFICATE-----")
        and pem.endswith(b"-----END CERTIFICATE-----")
        and pem.count(b"-----BEGIN") == 1
    ):
        raise SchemaError("must be exactly one certificate, in PEM")
    return load_pem(pem)


def _inside(pattern: re.Pattern[str], value: str) -> str:
    found = pattern.fullmatch(value)
    if found is None:
        raise SchemaError(f"not a byte sequence of RFC 9651: {value[:32]!r}")
    return found[1]


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SchemaError(f"not Base64: {text[:32]!r}") from error


def _only_element(value: str) -> str:
    """Return the certificate of the only element; several come from several proxies."""
    outside = re.sub(r'"[^"]*"', "", value)
    found = _XFCC_CERTIFICATE.findall(value)
    if "," in outside or '"' in outside or len(found) != 1:
        raise SchemaError(
            "X-Forwarded-Client-Cert must have one element with one Cert: let Envoy"
            " replace the header (forward_client_cert_details: SANITIZE_SET)"
        )
    return str(found[0])
