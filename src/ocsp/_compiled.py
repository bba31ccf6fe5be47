"""Whether modules of this installation are compiled."""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES, PathFinder

__all__ = ["compiled"]


def _is_compiled() -> bool:
    """Return whether the reader of DER is an extension module, without importing it."""
    folder = __file__.removesuffix("_compiled.py")
    found = PathFinder.find_spec("ocsp.asn1.der", [f"{folder}asn1"])
    return (
        found is not None
        and found.origin is not None
        and found.origin.endswith(tuple(EXTENSION_SUFFIXES))
    )


compiled = _is_compiled()
"""
Whether the modules that read messages and answer requests are compiled.

A wheel has all of them compiled, or none (``docs/compiled.md``). Both kinds give the
same results; the compiled one is faster.
"""
