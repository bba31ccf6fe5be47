"""
OCSPRequestDataType of OCPP: a CertID and the URL of a responder, as JSON.

The hashes are those of RFC 6960 §4.1.1: of the DER of the issuer's name, and of the
value of the issuer's public key without tag and length. They and the serial number are
hexadecimal; the serial number has neither a prefix nor leading zeros.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ocsp.client.checking.urls import responder_urls
from ocsp.errors import BuildError, NoResponderURL, SchemaError
from ocsp.messages.certid import CertID

__all__ = ["OCPPRelease", "OCSPRequestData", "hash_data", "read_hash_data"]

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}
"""HashAlgorithmEnumType. OCPP has no SHA-1."""

_NAMES = {algorithm.name: name for name, algorithm in _HASHES.items()}

MAX_SERIAL_DIGITS = 40
"""The length of serialNumber in the schemas: the 20 octets of RFC 5280 §4.1.2.2."""

_HEXADECIMAL = re.compile("[0-9A-Fa-f]+")


class OCPPRelease(enum.Enum):
    """
    A release of OCPP, with the lengths in its schemas.

    Attributes:
        max_url: The characters of responderURL.

        max_result: The characters of ocspResult.
    """

    V2_0_1 = "2.0.1", 512, 5500
    """OCPP 2.0.1."""

    V2_1 = "2.1", 2000, 18000
    """OCPP 2.1."""

    max_url: int
    max_result: int

    def __new__(cls, number: str, max_url: int, max_result: int) -> Self:
        """Make a member whose value is *number*."""
        release = object.__new__(cls)
        release._value_ = number
        release.max_url = max_url
        release.max_result = max_result
        return release


@dataclass(frozen=True, slots=True)
class OCSPRequestData:
    """
    What a charging station asks about: a certificate, and the URL of its responder.

    Attributes:
        cert_id: The CertID of the certificate, with SHA-256, SHA-384 or SHA-512.

        responder_url: The URL of the responder. Who asks has chosen it.
    """

    cert_id: CertID
    responder_url: str

    @classmethod
    def of(
        cls,
        cert: x509.Certificate,
        issuer: x509.Certificate,
        algorithm: hashes.HashAlgorithm | None = None,
        *,
        url: str | None = None,
    ) -> Self:
        """
        Return the question about *cert*.

        Args:
            cert: The certificate.

            issuer: The certificate of its issuer. Not checked: that it is.

            algorithm: The hash of the CertID. Default: SHA-256.

            url: The URL of the responder. Default: the first one that *cert* names.

        Raises:
            NoResponderURL: If *cert* names no responder, and *url* is not given.
            SchemaError: If *cert* has an extension that cannot be decoded.
            BuildError: If *algorithm* is not allowed in a CertID.
        """
        if url is None:
            url = next(iter(responder_urls(cert)), None)
        if url is None:
            raise NoResponderURL
        cert_id = CertID.for_certificate(cert, issuer, algorithm or hashes.SHA256())
        return cls(cert_id, url)

    @classmethod
    def from_json(
        cls,
        fields: Mapping[str, object],
        release: OCPPRelease = OCPPRelease.V2_1,
    ) -> Self:
        """
        Read the JSON object ``ocspRequestData``.

        Args:
            fields: The object, with the names of the schema, such as
                ``issuerNameHash``. ``customData`` is ignored.

            release: The release of OCPP, which limits the lengths.

        Raises:
            SchemaError: If a field is missing or wrong; its ``path`` names the field.
        """
        url = _text(fields, "responderURL", release.max_url)
        return cls(read_hash_data(fields), url)

    def to_json(self, release: OCPPRelease = OCPPRelease.V2_1) -> dict[str, str]:
        """
        Return the JSON object ``ocspRequestData``.

        Args:
            release: The release of OCPP, which limits the lengths.

        Raises:
            BuildError: If OCPP cannot express it: SHA-1 or SHA-224, a negative serial
                number or one of more than 20 octets, or a long URL.
        """
        if len(self.responder_url) > release.max_url:
            raise BuildError(
                f"the responder URL has {len(self.responder_url)} characters; OCPP"
                f" {release.value} allows {release.max_url}"
            )
        return {**hash_data(self.cert_id), "responderURL": self.responder_url}


def hash_data(cert_id: CertID) -> dict[str, str]:
    """
    Return *cert_id* as the four fields of CertificateHashDataType.

    Raises:
        BuildError: As :meth:`OCSPRequestData.to_json`.
    """
    name = _NAMES.get(cert_id.hash_algorithm.name)
    if name is None:
        raise BuildError(
            f"OCPP has no hash {cert_id.hash_algorithm.name}; use SHA-256, SHA-384 or"
            " SHA-512"
        )
    serial = cert_id.serial_number
    digits = f"{serial:x}"
    if serial < 0 or len(digits) > MAX_SERIAL_DIGITS:
        raise BuildError(
            f"the serial number {serial:#x} is negative, or has more than"
            f" {MAX_SERIAL_DIGITS} digits, which OCPP does not allow"
        )
    return {
        "hashAlgorithm": name,
        "issuerNameHash": cert_id.issuer_name_hash.hex(),
        "issuerKeyHash": cert_id.issuer_key_hash.hex(),
        "serialNumber": digits,
    }


def read_hash_data(fields: Mapping[str, object]) -> CertID:
    """
    Return the CertID in the four fields of CertificateHashDataType.

    Raises:
        SchemaError: As :meth:`OCSPRequestData.from_json`.
    """
    name = _text(fields, "hashAlgorithm", max(map(len, _HASHES)))
    algorithm = _HASHES.get(name)
    if algorithm is None:
        raise SchemaError("is not SHA256, SHA384 or SHA512", path="hashAlgorithm")
    size = algorithm.digest_size
    serial = _hexadecimal(fields, "serialNumber", MAX_SERIAL_DIGITS)
    return CertID(
        hash_algorithm=algorithm,
        issuer_name_hash=_digest(fields, "issuerNameHash", size),
        issuer_key_hash=_digest(fields, "issuerKeyHash", size),
        serial_number=int(serial, 16),
    )


def _digest(fields: Mapping[str, object], name: str, size: int) -> bytes:
    digits = _hexadecimal(fields, name, 2 * size)
    if len(digits) != 2 * size:
        raise SchemaError(f"has {len(digits)} digits instead of {2 * size}", path=name)
    return bytes.fromhex(digits)


def _hexadecimal(fields: Mapping[str, object], name: str, most: int) -> str:
    text = _text(fields, name, most)
    if _HEXADECIMAL.fullmatch(text) is None:
        raise SchemaError("is not hexadecimal", path=name)
    return text


def _text(fields: object, name: str, most: int) -> str:
    text = fields.get(name) if isinstance(fields, Mapping) else None
    if not isinstance(text, str):
        raise SchemaError("is missing, or no text", path=name)
    if len(text) > most:
        raise SchemaError(f"has more than {most} characters", path=name)
    return text
