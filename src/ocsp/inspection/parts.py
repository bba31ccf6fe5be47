"""
Describe the parts of a message: algorithms, extensions, certificates.

See :mod:`ocsp.inspection.documents`. Each extension is decoded separately, so that a
malformed or repeated one does not hide the others.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from ocsp.asn1 import oids
from ocsp.asn1.certificates import serial_of, validity_of
from ocsp.asn1.der import MAX_DECIMAL_BITS, number_text
from ocsp.asn1.extensions import RawExtension, extensions_of
from ocsp.asn1.name_comparison import name_of_issuer, name_of_subject
from ocsp.asn1.names import name_text
from ocsp.asn1.times import timestamp
from ocsp.errors import DecodeError, SchemaError
from ocsp.guarded.certificates import YEAR_ZERO
from ocsp.inspection.document_types import (
    AlgorithmDocument,
    CertificateDocument,
    SerialDocument,
)
from ocsp.inspection.vocabulary import oid_name
from ocsp.messages.extension_types import (
    ArchiveCutoff,
    CertHash,
    CRLReference,
    ExtendedRevoke,
    PreferredSignatureAlgorithms,
    ServiceLocator,
)
from ocsp.messages.extension_values import (
    REQUEST_EXTENSIONS,
    RESPONSE_EXTENSIONS,
    SINGLE_EXTENSIONS,
    SINGLE_REQUEST_EXTENSIONS,
)
from ocsp.messages.message import Encoding
from ocsp.messages.statuses import reason_name
from ocsp.signing.signatures import public_key_of

__all__ = [
    "Document",
    "algorithm_document",
    "certificate_document",
    "extensions_document",
    "general_name",
    "serial_document",
]

Document = Mapping[str, Any]
Value = TypeVar("Value")

_DECODERS = {
    **REQUEST_EXTENSIONS,
    **SINGLE_REQUEST_EXTENSIONS,
    **RESPONSE_EXTENSIONS,
    **SINGLE_EXTENSIONS,
}
"""All decoders by OID. Every list decodes an extension in the same way."""


def algorithm_document(dotted: str) -> AlgorithmDocument:
    """Describe an algorithm by its OID, and its name if it is known."""
    return {"oid": dotted, "name": oid_name(dotted)}


def serial_document(number: int) -> SerialDocument:
    """Describe a serial number as text, in both bases; a huge one in hexadecimal."""
    sign = "-" if number < 0 else ""
    digits = f"{abs(number):x}"
    is_short = number.bit_length() <= MAX_DECIMAL_BITS
    return {
        "hex": sign + digits.zfill(len(digits) + len(digits) % 2),
        "decimal": str(number) if is_short else None,
    }


# --- extensions --------------------------------------------------------------------


def extensions_document(extensions: Sequence[RawExtension]) -> list[Document]:
    """Describe each of the *extensions* of one list."""
    times = Counter(extension.oid for extension in extensions)
    return [_extension(each, times[each.oid]) for each in extensions]


def _extension(raw: RawExtension, times: int) -> Document:
    problem = f"occurs {times} times" if times > 1 else None
    value = None
    try:
        decoder = _DECODERS.get(raw.oid)
        value = None if decoder is None else _extension_value(decoder(raw.value))
    except DecodeError as error:
        problem = str(error)
    return {
        "oid": raw.oid,
        "name": oid_name(raw.oid),
        "critical": raw.critical,
        "value": value,
        "der": raw.value.hex(),
        "error": problem,
    }


def _extension_value(value: x509.ExtensionType) -> Any:
    match value:
        case x509.OCSPNonce():
            return value.nonce.hex()
        case x509.OCSPAcceptableResponses():
            return [_name_of(kind) for kind in value]
        case x509.CRLReason():
            return reason_name(value.reason)
        case x509.InvalidityDate():
            return timestamp(value.invalidity_date_utc)
        case x509.CertificateIssuer():
            return [general_name(name) for name in value]
        case x509.SignedCertificateTimestamps():
            return [_timestamp_document(each) for each in value]
        case _:
            return _known_value(value)


def _known_value(value: x509.ExtensionType) -> Any:
    """Return the value of an extension that ``cryptography`` has no class for."""
    match value:
        case PreferredSignatureAlgorithms():
            return [_name_of(each.signature_algorithm_oid) for each in value.algorithms]
        case CRLReference():
            return {
                "url": value.url,
                "number": None if value.number is None else number_text(value.number),
                "time": None if value.time is None else timestamp(value.time),
            }
        case ArchiveCutoff():
            return timestamp(value.cutoff)
        case CertHash():
            return _cert_hash_document(value)
        case ServiceLocator():
            return _locator_document(value)
        case ExtendedRevoke():
            value.check()
            return "NULL"
        case _:
            return None


def _name_of(oid: x509.ObjectIdentifier) -> str:
    return oid_name(oid.dotted_string) or oid.dotted_string


def _cert_hash_document(value: CertHash) -> Document:
    digest = value.certificate_hash.hex()
    try:
        name = value.hash_algorithm.name
    except UnsupportedAlgorithm as error:
        name = str(error)
    return {"hash_algorithm": name, "certificate_hash": digest}


def _locator_document(value: ServiceLocator) -> Document:
    return {
        "issuer": value.issuer.rfc4514_string(),
        "locator": [
            f"{_name_of(each.access_method)} {general_name(each.access_location)}"
            for each in value.locator or ()
        ],
    }


def _timestamp_document(sct: Any) -> Document:
    return {
        "log_id": sct.log_id.hex(),
        "timestamp": f"{sct.timestamp.isoformat(timespec='milliseconds')}Z",
        "hash_algorithm": sct.signature_hash_algorithm.name,
        "signature_algorithm": sct.signature_algorithm.name,
        "signature": sct.signature.hex(),
    }


def general_name(name: x509.GeneralName) -> str:
    """Return a GeneralName as ``DNS:example.test`` or ``DirName:CN=...``."""
    match name:
        case x509.DirectoryName():
            return f"DirName:{name.value.rfc4514_string()}"
        case x509.OtherName():
            return f"otherName:{name.type_id.dotted_string}:{name.value.hex()}"
        case x509.RegisteredID():
            return f"RID:{name.value.dotted_string}"
        case _:
            return f"{_GENERAL_NAMES[type(name)]}:{name.value}"


_GENERAL_NAMES: Mapping[type[x509.GeneralName], str] = {
    x509.DNSName: "DNS",
    x509.IPAddress: "IP",
    x509.RFC822Name: "email",
    x509.UniformResourceIdentifier: "URI",
}


# --- certificates ------------------------------------------------------------------


def certificate_document(certificate: x509.Certificate) -> CertificateDocument:
    """Describe an embedded certificate; a field that cannot be decoded is ``None``."""
    begin, end = validity_of(certificate)
    return {
        "subject": name_text(name_of_subject(certificate)),
        "issuer": name_text(name_of_issuer(certificate)),
        "serial_number": serial_document(serial_of(certificate)),
        "not_valid_before": _moment(begin),
        "not_valid_after": _moment(end),
        "public_key": _attempt(lambda: _key_name(certificate)),
        "signature_algorithm": algorithm_document(
            certificate.signature_algorithm_oid.dotted_string
        ),
        "extended_key_usage": _attempt(lambda: _purposes(certificate)),
        "ocsp_no_check": _attempt(lambda: _has_no_check(certificate)),
        "fingerprint_sha256": certificate.fingerprint(hashes.SHA256()).hex(),
        "size": len(certificate.public_bytes(Encoding.DER)),
    }


def _attempt(read: Callable[[], Value]) -> Value | None:
    try:
        return read()
    except (SchemaError, UnsupportedAlgorithm):
        return None


def _moment(moment: datetime.datetime) -> str | None:
    """Return *moment* as text, or ``None`` for the year 0, which has no text."""
    return None if moment == YEAR_ZERO else timestamp(moment)


def _key_name(certificate: x509.Certificate) -> str:
    match public_key_of(certificate):
        case rsa.RSAPublicKey() as key:
            return f"RSA {key.key_size}"
        case dsa.DSAPublicKey() as key:
            return f"DSA {key.key_size}"
        case ec.EllipticCurvePublicKey() as key:
            return f"EC {key.curve.name}"
        case other:
            return type(other).__name__.removesuffix("PublicKey")


def _purposes(certificate: x509.Certificate) -> list[str]:
    return [
        "OCSPSigning"
        if purpose.dotted_string == oids.KP_OCSP_SIGNING
        else purpose.dotted_string
        for purpose in extensions_of(certificate).find(x509.ExtendedKeyUsage) or ()
    ]


def _has_no_check(certificate: x509.Certificate) -> bool:
    return extensions_of(certificate).find(x509.OCSPNoCheck) is not None
