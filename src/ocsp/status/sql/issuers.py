"""How tables of CAs say which CA has issued a certificate."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.certificates import parts_of
from ocsp.asn1.extensions import extensions_of
from ocsp.errors import SchemaError

__all__ = [
    "IssuerColumn",
    "IssuerInCertificate",
    "IssuerReference",
    "IssuerRule",
    "IssuerValue",
    "OneIssuer",
    "certificate_base64",
    "certificate_der",
    "fingerprint",
    "fixed",
    "is_exactly",
    "key_identifier",
    "serial_hex",
]

IssuerValue = Callable[[x509.Certificate], str | bytes | int]
"""Returns what a column has for the CA with this certificate."""


@dataclass(frozen=True, slots=True)
class OneIssuer:
    """All certificates of the table have the same issuer, which it does not name."""


@dataclass(frozen=True, slots=True)
class IssuerColumn:
    """
    A column that names the issuer.

    Attributes:
        column: The column.

        value: What it has for an issuer.
    """

    column: str
    value: IssuerValue

    @property
    def mark(self) -> str:
        """The column that tells issuers apart."""
        return self.column


@dataclass(frozen=True, slots=True)
class IssuerReference:
    """
    A foreign key of a table of CAs.

    Attributes:
        column: The column with the foreign key.

        table: The table of CAs.

        key: Its key, to which *column* refers.

        match: The column of *table* that identifies the CA.

        value: What *match* has for an issuer.
    """

    column: str
    table: str
    key: str
    match: str
    value: IssuerValue

    @property
    def mark(self) -> str:
        """The column that tells issuers apart, with its table in front."""
        return f"{self.table}.{self.match}"


@dataclass(frozen=True, slots=True)
class IssuerInCertificate:
    """
    A column with the certificate in DER or PEM, whose issuer is checked.

    Attributes:
        column: The column.
    """

    column: str


IssuerRule = OneIssuer | IssuerColumn | IssuerReference | IssuerInCertificate


def is_exactly(found: object, wanted: str | bytes | int) -> bool:
    """
    Tell whether *found*, which a database took for *wanted*, is the same.

    MySQL ignores the case of letters and accents: for it, *prod* is *Prod*. A binary
    column may have the text of *wanted*.
    """
    if isinstance(found, (bytes, memoryview)):
        return bytes(found) == (wanted.encode() if isinstance(wanted, str) else wanted)
    return str(found) == wanted if isinstance(wanted, str) else found == wanted


def key_identifier(issuer: x509.Certificate) -> str:
    """
    Return the key identifier of *issuer* in lower-case hexadecimal.

    It is that in subjectKeyIdentifier; without the extension, SHA-1 of the key (RFC
    5280 §4.2.1.2 (1)).
    """
    try:
        found = extensions_of(issuer).find(x509.SubjectKeyIdentifier)
    except SchemaError:
        found = None
    if found is not None:
        return found.digest.hex()
    return hashlib.sha1(parts_of(issuer).key_bits, usedforsecurity=False).hexdigest()


def fingerprint(algorithm: str) -> IssuerValue:
    """Return the rule for the hash of the certificate, in lower-case hexadecimal."""

    def value(issuer: x509.Certificate) -> str:
        der = certificate_der(issuer)
        return hashlib.new(algorithm, der, usedforsecurity=False).hexdigest()

    return value


def serial_hex(issuer: x509.Certificate) -> str:
    """Return the serial number of the CA certificate in upper-case hexadecimal."""
    return f"{issuer.serial_number:X}"


def certificate_der(issuer: x509.Certificate) -> bytes:
    """Return the CA certificate in DER."""
    return issuer.public_bytes(Encoding.DER)


def certificate_base64(issuer: x509.Certificate) -> str:
    """Return the CA certificate in DER in Base64, in one line."""
    return base64.b64encode(certificate_der(issuer)).decode()


def fixed(text: str) -> IssuerValue:
    """
    Return the rule for a *text* that the operator knows: a label, or a name.

    It is for one issuer only.
    """
    return lambda _: text
