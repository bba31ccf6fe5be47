"""
DER and X.509, without knowledge of OCSP.

A strict DER reader, a canonical DER writer, and the parts of X.509 that OCSP needs.
"""

from __future__ import annotations

__all__: list[str] = []
