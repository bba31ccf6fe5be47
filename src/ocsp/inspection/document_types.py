"""
The types of documents that several commands share, as ``--json`` prints them.

A text in an annotation is the description of the key. The schemas in ``docs/schemas``
are made of these types; see :mod:`ocsp.cli.documents.schema`.
"""

from __future__ import annotations

from typing import Annotated, TypedDict

__all__ = [
    "AlgorithmDocument",
    "CertIDDocument",
    "CertificateDocument",
    "SerialDocument",
]


class AlgorithmDocument(TypedDict):
    """An algorithm."""

    oid: Annotated[str, "its object identifier, with dots"]
    name: Annotated[str | None, "its name, or null if it is not known"]


class SerialDocument(TypedDict):
    """A serial number, as text: many JSON readers round large numbers."""

    hex: Annotated[str, "in hexadecimal, with an even number of digits"]
    decimal: Annotated[str | None, "in decimal, or null for a huge number"]


class CertIDDocument(TypedDict):
    """A CertID (RFC 6960 §4.1.1)."""

    hash_algorithm: AlgorithmDocument
    issuer_name_hash: Annotated[str, "in hexadecimal"]
    issuer_key_hash: Annotated[str, "in hexadecimal"]
    serial_number: SerialDocument


class CertificateDocument(TypedDict):
    """A certificate in a response; what cannot be decoded is null."""

    subject: str
    issuer: str
    serial_number: SerialDocument
    not_valid_before: Annotated[str | None, "ISO 8601, in UTC"]
    not_valid_after: Annotated[str | None, "ISO 8601, in UTC"]
    public_key: Annotated[str | None, "the algorithm and the size"]
    signature_algorithm: AlgorithmDocument
    extended_key_usage: Annotated[
        list[str] | None, "object identifiers, or OCSPSigning"
    ]
    ocsp_no_check: Annotated[bool | None, "whether it has id-pkix-ocsp-nocheck"]
    fingerprint_sha256: Annotated[str, "in hexadecimal"]
    size: Annotated[int, "in octets"]
