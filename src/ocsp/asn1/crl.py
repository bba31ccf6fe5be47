"""The extensions of CRL entries (RFC 5280 §5.3), each decoded by itself."""

from __future__ import annotations

from cryptography import x509

from ocsp.asn1.certificates import UNREADABLE
from ocsp.asn1.der import (
    BIT_STRING,
    OCTET_STRING,
    SEQUENCE,
    encode,
    encode_integer,
    encode_oid,
)
from ocsp.errors import SchemaError

__all__ = ["decode_crl_entry_extension"]

_TIME = encode(0x17, b"000101000000Z")
_ALGORITHM = encode(SEQUENCE, encode_oid("1.2.840.10045.4.3.2"))


def decode_crl_entry_extension(dotted: str, value: bytes) -> x509.ExtensionType:
    """
    Return the CRL entry extension *dotted* with the content octets *value*.

    Raises:
        SchemaError: If *value* is not valid for this extension.
    """
    try:
        entry = x509.load_der_x509_crl(_crl_with(dotted, value))[0]
        decoded: x509.ExtensionType = entry.extensions[0].value
        return decoded
    except UNREADABLE as error:
        raise SchemaError(str(error)) from error


def _crl_with(dotted: str, value: bytes) -> bytes:
    """
    Return a CRL without an issuer, with one entry that has the extension.

    ``cryptography`` decodes the extensions of an entry only as a part of a CRL.
    """
    extension = encode(SEQUENCE, encode_oid(dotted), encode(OCTET_STRING, value))
    entry = encode(SEQUENCE, encode_integer(1), _TIME, encode(SEQUENCE, extension))
    version, issuer = encode_integer(1), encode(SEQUENCE)
    entries = encode(SEQUENCE, entry)
    tbs = encode(SEQUENCE, version, _ALGORITHM, issuer, _TIME, entries)
    return encode(SEQUENCE, tbs, _ALGORITHM, encode(BIT_STRING, bytes(1)))
