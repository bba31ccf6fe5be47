"""Comparing what a reader found with what must be there."""

from __future__ import annotations

from itertools import zip_longest

from tests.interop.plans import CertificateFacts

__all__ = ["assert_found"]


def assert_found(found: CertificateFacts, facts: CertificateFacts) -> None:
    """
    Require that all which a reader reports is so.

    A reader leaves out what it has no way to tell; lists are of the same length.
    """
    assert found == _like(found, facts)


def _like(found: object, facts: object) -> object:
    """Return of *facts* what *found* speaks of."""
    if isinstance(found, dict) and isinstance(facts, dict):
        return {name: _like(value, facts[name]) for name, value in found.items()}
    if isinstance(found, list) and isinstance(facts, list):
        pairs = zip_longest(found, facts)
        return [_like(one, other) for one, other in pairs]
    return facts
