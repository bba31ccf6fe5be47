"""Requests and responses, read strictly and tolerantly, with every property."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp.errors import DecodeError, UnsupportedError
from tests.campaigns.invariants import Violation, call

__all__ = ["attack"]

BUDGET = 200_000
_DOCUMENTED = (
    *(ValueError, NotImplementedError, UnsupportedAlgorithm, x509.DuplicateExtension),
    x509.UnsupportedGeneralNameType,
)
"""What ``cryptography`` documents for the properties; this package raises the same."""


def attack(data: bytes) -> None:
    """
    Read *data* in all four ways.

    Raises:
        Violation: If another error leaves the package, or the readers disagree.
    """
    for load in (ocsp.load_der_ocsp_request, ocsp.load_der_ocsp_response):
        strict = _loaded(load, data, ocsp.EncodingRules.DER)
        tolerant = _loaded(load, data, ocsp.EncodingRules.TOLERANT)
        if strict is not None:
            if strict.public_bytes(Encoding.DER) != data:
                raise Violation("public_bytes differs from what was loaded")
            if tolerant is None or tolerant != strict:
                raise Violation("the tolerant reader differs from the strict one")
        for message in (strict, tolerant):
            if message is not None:
                _read(message)


def _loaded(load: Callable[..., Any], data: bytes, encoding: ocsp.EncodingRules) -> Any:
    found = call(lambda: load(data, encoding=encoding), budget=BUDGET)
    if isinstance(found, Exception):
        if not isinstance(found, (DecodeError, UnsupportedError)):
            raise Violation(f"loading raises {found!r}")
        return None
    return found


def _read(message: Any) -> None:
    names = [name for name in dir(type(message)) if not name.startswith("_")]
    for name in names:
        value = call(lambda n=name: getattr(message, n), *_DOCUMENTED, budget=BUDGET)  # type: ignore[misc]
        if not callable(value):
            call(lambda shown=value: repr(shown), *_DOCUMENTED, budget=BUDGET)  # type: ignore[misc]
    call(lambda: repr(message), budget=BUDGET)
    call(lambda: hash(message), budget=BUDGET)
