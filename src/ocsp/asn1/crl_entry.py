"""
CRL entry extensions, as ``cryptography`` reads them (RFC 5280 §5.3).

Rules of this file: the library has no way in for an extension by itself, so a CRL entry
is made around the value.
"""

from __future__ import annotations

import datetime

from cryptography import x509

from ocsp.asn1 import oids
from ocsp.asn1.certificates import UNREADABLE
from ocsp.errors import SchemaError

__all__ = ["decode_crl_entry_extension"]

_LONG_AGO = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


def decode_crl_entry_extension(dotted: str, value: bytes) -> x509.ExtensionType:
    """
    Return the extension *dotted* with the content octets *value*.

    Raises:
        SchemaError: If they are not what such an extension has.
    """
    unread = x509.UnrecognizedExtension(oids.identifier(dotted), value)
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(1)
        .revocation_date(_LONG_AGO)
        .add_extension(unread, critical=False)
        .build()
    )
    try:
        decoded: x509.ExtensionType = entry.extensions[0].value
        return decoded
    except UNREADABLE as error:
        raise SchemaError(str(error)) from error
