"""
The key classes of ML-DSA (FIPS 204), which old releases of ``cryptography`` lack.

Rules of this file: where the classes are missing, both tables are empty. Then a message
or a certificate that uses ML-DSA is one with an algorithm that is not supported.
"""

from __future__ import annotations

import cryptography

__all__ = ["IDENTIFIERS", "MISSING", "PRIVATE_KEYS", "PUBLIC_KEYS"]

_NIST = "2.16.840.1.101.3.4.3"
IDENTIFIERS = (f"{_NIST}.17", f"{_NIST}.18", f"{_NIST}.19")
"""ML-DSA-44, ML-DSA-65 and ML-DSA-87 (RFC 9881 §2)."""

MISSING = (
    "ML-DSA needs cryptography 48 or later, built with OpenSSL 3.5 or later; "
    f"this is cryptography {cryptography.__version__}"
)
"""The text of the error where ML-DSA is not supported."""

PUBLIC_KEYS: dict[str, type] = {}
"""The class of the public key, by algorithm."""

PRIVATE_KEYS: dict[type, str] = {}
"""The algorithm, by the class of the private key."""

try:
    from cryptography.hazmat.primitives.asymmetric import mldsa
except ImportError:  # before cryptography 47
    pass
else:
    PUBLIC_KEYS.update(
        zip(
            IDENTIFIERS,
            (mldsa.MLDSA44PublicKey, mldsa.MLDSA65PublicKey, mldsa.MLDSA87PublicKey),
            strict=True,
        )
    )
    PRIVATE_KEYS.update(
        zip(
            (mldsa.MLDSA44PrivateKey, mldsa.MLDSA65PrivateKey, mldsa.MLDSA87PrivateKey),
            IDENTIFIERS,
            strict=True,
        )
    )
