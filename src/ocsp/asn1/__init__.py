"""
DER and X.509 without OCSP meaning.

A strict DER reader and a canonical writer, and the parts of X.509 that OCSP needs.
"""

from __future__ import annotations

__all__: list[str] = []
