"""
The documents that are mutated: published vectors, and built messages.

``cryptography`` builds the messages; they have hashes, keys and extensions that the
vectors lack.
"""

from __future__ import annotations

import datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as original

from tests.vectors import REQUESTS, RESPONSES

__all__ = ["Seed", "corpus"]

Seed = tuple[str, str, bytes]
"""Kind (``request`` or ``response``), name, document."""

_MOMENT = datetime.datetime(2024, 2, 29, 12, 30, 1, tzinfo=datetime.UTC)
_LAZY_IMPORTS = _MOMENT + datetime.timedelta(days=7)
_HASHES = (
    hashes.SHA1(),
    hashes.SHA224(),
    hashes.SHA256(),
    hashes.SHA384(),
    hashes.SHA512(),
)


@cache
def corpus() -> tuple[Seed, ...]:
    """Return all documents to start from."""
    published = [("request", name, data) for name, data in REQUESTS.items()]
    published += [("response", name, data) for name, data in RESPONSES.items()]
    return (*published, *_built_requests(), *_built_responses())


def _built_requests() -> list[Seed]:
    seeds = []
    for algorithm in _HASHES:
        size = algorithm.digest_size
        for serial in (1, 0x80, 2**159 + 7):
            builder = original.OCSPRequestBuilder().add_certificate_by_hash(
                b"n" * size, b"k" * size, serial, algorithm
            )
            name = f"built-{algorithm.name}-{serial:x}"
            seeds.append((name, builder))
    oids = [x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.1")]
    name, builder = seeds[0]
    extended = builder.add_extension(x509.OCSPNonce(b"x" * 32), critical=False)
    extended = extended.add_extension(x509.OCSPAcceptableResponses(oids), critical=True)
    seeds.append((f"{name}-extensions", extended))
    return [
        ("request", name, builder.build().public_bytes(Encoding.DER))
        for name, builder in seeds
    ]


def _built_responses() -> list[Seed]:
    keys = {
        "p256": (ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()),
        "rsa": (rsa.generate_private_key(65537, 2048), hashes.SHA512()),
        "ed25519": (ed25519.Ed25519PrivateKey.generate(), None),
    }
    seeds = []
    for name, (key, algorithm) in keys.items():
        certificate = _certificate(key, algorithm)
        for status in original.OCSPCertStatus:
            builder = _response(status, certificate, by_name=name == "rsa")
            document = builder.sign(key, algorithm).public_bytes(Encoding.DER)
            seeds.append(("response", f"built-{name}-{status.name}", document))
    return seeds


def _response(
    status: original.OCSPCertStatus, certificate: x509.Certificate, *, by_name: bool
) -> original.OCSPResponseBuilder:
    revoked = status is original.OCSPCertStatus.REVOKED
    encoding = original.OCSPResponderEncoding
    builder = original.OCSPResponseBuilder().add_response_by_hash(
        b"n" * 32,
        b"k" * 32,
        2**127 + status.value,
        hashes.SHA256(),
        status,
        _MOMENT,
        _LAZY_IMPORTS,
        _MOMENT if revoked else None,
        x509.ReasonFlags.key_compromise if revoked else None,
    )
    builder = builder.responder_id(
        encoding.NAME if by_name else encoding.HASH, certificate
    )
    if revoked:
        builder = builder.certificates([certificate])
    return builder.add_extension(x509.OCSPNonce(b"y" * 16), critical=False)


def _certificate(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey,
    algorithm: hashes.HashAlgorithm | None,
) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "Prüfstelle"),
        ]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .serial_number(7)
        .public_key(key.public_key())
        .not_valid_before(_MOMENT)
        .not_valid_after(_LAZY_IMPORTS)
        .sign(key, algorithm)  # type: ignore[arg-type]
    )
