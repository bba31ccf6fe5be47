"""What the installed release of ``cryptography`` can do; older ones lack some of it."""

from __future__ import annotations

from typing import Any

import cryptography
import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

try:
    from cryptography.hazmat.primitives.asymmetric import mldsa
except ImportError:
    mldsa = None

__all__ = ["CERTIFIES_ML_DSA", "make_ml_dsa_key", "needs_ml_dsa"]


def _has_ml_dsa() -> bool:
    try:
        return mldsa is not None and bool(mldsa.MLDSA44PrivateKey.generate())
    except UnsupportedAlgorithm:  # 47 has the classes, but its OpenSSL no ML-DSA
        return False


def _certifies_ml_dsa() -> bool:
    try:
        key = mldsa.MLDSA44PrivateKey.generate().public_key()
        return bool(x509.CertificateBuilder().public_key(key))
    except TypeError:  # 48 verifies with the keys, but makes no certificates for them
        return False


_HAS_ML_DSA = _has_ml_dsa()
_RELEASE = f"cryptography {cryptography.__version__}"

needs_ml_dsa = pytest.mark.skipif(not _HAS_ML_DSA, reason=f"{_RELEASE} has no ML-DSA")
"""Mark a test that reads keys of ML-DSA."""

CERTIFIES_ML_DSA = _HAS_ML_DSA and _certifies_ml_dsa()
"""Whether it makes certificates for keys of ML-DSA."""


def make_ml_dsa_key(size: int) -> Any:
    """Return a new private key of ML-DSA, or skip a test that cannot certify it."""
    if not CERTIFIES_ML_DSA:
        pytest.skip(f"{_RELEASE} makes no certificates for keys of ML-DSA")
    return getattr(mldsa, f"MLDSA{size}PrivateKey").generate()
