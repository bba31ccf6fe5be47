"""Comparing what a reader found with what it must find."""

from __future__ import annotations

from itertools import zip_longest

from tests.interop.plans import CertificateFacts

__all__ = ["assert_found"]


def assert_found(found: CertificateFacts, facts: CertificateFacts) -> None:
    """
    Require that everything a reader reports is correct.

    A reader omits what it cannot read; lists must have the same length.
    """
    assert found == _like(found, facts)


def _like(found: object, facts: object) -> object:
    """Return the part of *facts* that *found* reports."""
    if isinstance(found, dict) and isinstance(facts, dict):
        return {name: _like(value, facts[name]) for name, value in found.items()}
    if isinstance(found, list) and isinstance(facts, list):
        pairs = zip_longest(found, facts)
        return [_like(one, other) for one, other in pairs]
    return facts
