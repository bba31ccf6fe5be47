"""Describe the value of an extension that has a class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from ocsp.asn1.der import number_text
from ocsp.asn1.extensions import RawExtension
from ocsp.asn1.times import timestamp
from ocsp.inspection.parts import Document
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
from ocsp.messages.reasons import reason_name

__all__ = ["general_name", "value_document"]

_DECODERS = {
    **REQUEST_EXTENSIONS,
    **SINGLE_REQUEST_EXTENSIONS,
    **RESPONSE_EXTENSIONS,
    **SINGLE_EXTENSIONS,
}
"""All decoders by OID. Every list decodes an extension in the same way."""


def value_document(extension: RawExtension) -> Any:
    """
    Describe the value of *extension*; ``None`` if it has no class.

    Raises:
        DecodeError: If it cannot be decoded.
    """
    decoder = _DECODERS.get(extension.oid)
    return None if decoder is None else _described(decoder(extension.value))


def _described(value: x509.ExtensionType) -> Any:
    match value:
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
