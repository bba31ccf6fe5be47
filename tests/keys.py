"""One key of each kind that signs, with a certificate; made at the first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import (
    dsa,
    ec,
    ed448,
    ed25519,
    rsa,
)

from tests.pki import DELEGATION, make
from tests.releases import CERTIFIES_ML_DSA, make_ml_dsa_key

__all__ = [
    "AVAILABLE",
    "HASHED",
    "MAKERS",
    "OWN",
    "SCHEMES",
    "SHA2",
    "SHA3",
    "certificate_of",
    "key_of",
    "label",
]

MAKERS: dict[str, Callable[[], Any]] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "dsa": lambda: dsa.generate_private_key(2048),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
    "mldsa44": lambda: make_ml_dsa_key(44),
    "mldsa65": lambda: make_ml_dsa_key(65),
    "mldsa87": lambda: make_ml_dsa_key(87),
}
AVAILABLE = [
    kind for kind in MAKERS if CERTIFIES_ML_DSA or not kind.startswith("mldsa")
]
"""Kinds that this release of ``cryptography`` has."""

SHA2 = (hashes.SHA224(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
SHA3 = (hashes.SHA3_224(), hashes.SHA3_256(), hashes.SHA3_384(), hashes.SHA3_512())
HASHED = ("rsa", "dsa", "p256", "p384", "p521")
"""Kinds of key that sign with a given hash."""

OWN = tuple(sorted(set(MAKERS) - set(HASHED)))
"""Kinds of key that need no hash."""

SCHEMES: list[tuple[str, Any]] = [
    *((kind, each) for kind in HASHED for each in SHA2),
    *((kind, each) for kind in HASHED if kind != "dsa" for each in SHA3),
    *((kind, None) for kind in OWN),
]
"""Every kind of key, with each hash that it signs with."""


@cache
def key_of(kind: str) -> Any:
    """Return the key of that kind; the same at each call."""
    return MAKERS[kind]()


@cache
def certificate_of(kind: str) -> x509.Certificate:
    """Return the certificate of that key: a delegated responder of the test CA."""
    return make(f"signer-{kind}", "Test CA", public=key_of(kind), extensions=DELEGATION)


def label(value: Any) -> str:
    """Return the name of a hash, for test ids."""
    return str(getattr(value, "name", value))
