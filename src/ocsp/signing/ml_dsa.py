"""
The key classes of ML-DSA (FIPS 204), which old releases of ``cryptography`` lack.

If the classes are missing, both tables are empty. A message or a certificate that uses
ML-DSA then has an algorithm that is not supported.
"""

from __future__ import annotations

import cryptography

from ocsp.asn1.signature_algorithms import SIGNATURE_ALGORITHMS, KeyKind

__all__ = ["IDENTIFIERS", "KINDS", "MISSING", "PRIVATE_KEYS", "PUBLIC_KEYS"]

KINDS = (KeyKind.ML_DSA_44, KeyKind.ML_DSA_65, KeyKind.ML_DSA_87)

IDENTIFIERS = tuple(each.oid for each in SIGNATURE_ALGORITHMS if each.key in KINDS)
"""The object identifiers, of the keys too (RFC 9881 §2)."""

MISSING = (
    "ML-DSA needs cryptography 48 or later, built with OpenSSL 3.5 or later; "
    f"this is cryptography {cryptography.__version__}"
)
"""The text of the error if ML-DSA is not supported."""

PUBLIC_KEYS: dict[KeyKind, type] = {}
PRIVATE_KEYS: dict[type, KeyKind] = {}

try:
    from cryptography.hazmat.primitives.asymmetric import mldsa
except ImportError:  # before cryptography 47
    pass
else:
    _PUBLIC = (mldsa.MLDSA44PublicKey, mldsa.MLDSA65PublicKey, mldsa.MLDSA87PublicKey)
    _PRIVATE = (
        mldsa.MLDSA44PrivateKey,
        mldsa.MLDSA65PrivateKey,
        mldsa.MLDSA87PrivateKey,
    )
    PUBLIC_KEYS.update(zip(KINDS, _PUBLIC, strict=True))
    PRIVATE_KEYS.update(zip(_PRIVATE, KINDS, strict=True))
