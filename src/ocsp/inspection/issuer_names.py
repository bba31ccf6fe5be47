"""Name issuers for people and for metrics, also if several have one name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ocsp.responder.source import IssuerKey

__all__ = ["issuer_names"]


def issuer_names(subjects: Mapping[IssuerKey, str]) -> dict[IssuerKey, str]:
    """
    Return a name for each issuer in *subjects*: its subject there.

    If several have the same, as after a CA has got a new key, the first digits of the
    SHA-256 of the key follow.
    """
    number = Counter(subjects.values())
    return {
        key: subject
        if number[subject] == 1
        else f"{subject} (key {key.short_key_hash})"
        for key, subject in subjects.items()
    }
