"""What the installed release of ``cryptography`` can do; older ones lack some of it."""

from __future__ import annotations

from typing import Any

import cryptography
import pytest
from cryptography.exceptions import UnsupportedAlgorithm

try:
    from cryptography.hazmat.primitives.asymmetric import mldsa
except ImportError:
    mldsa = None

__all__ = ["HAS_ML_DSA", "make_ml_dsa_key", "needs_ml_dsa"]


def _has_ml_dsa() -> bool:
    try:
        return mldsa is not None and bool(mldsa.MLDSA44PrivateKey.generate())
    except UnsupportedAlgorithm:  # 47 has the classes, but its OpenSSL no ML-DSA
        return False


HAS_ML_DSA = _has_ml_dsa()
NO_ML_DSA = f"cryptography {cryptography.__version__} has no ML-DSA"

needs_ml_dsa = pytest.mark.skipif(not HAS_ML_DSA, reason=NO_ML_DSA)
"""Mark a test that uses keys of ML-DSA."""


def make_ml_dsa_key(size: int) -> Any:
    """Return a new private key of ML-DSA, or skip the test that wants one."""
    if not HAS_ML_DSA:
        pytest.skip(NO_ML_DSA)
    return getattr(mldsa, f"MLDSA{size}PrivateKey").generate()
