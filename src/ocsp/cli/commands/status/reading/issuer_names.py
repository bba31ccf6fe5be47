"""Name the issuers in the database for people, also if several have one name."""

from __future__ import annotations

from collections import Counter

from ocsp.responder import IssuerKey
from ocsp.store import Store

__all__ = ["issuer_names"]


def issuer_names(store: Store) -> dict[IssuerKey, str]:
    """
    Return a name for each issuer in *store*.

    If several have the same, as after a CA has got a new key, the first digits of the
    SHA-256 of the key follow.
    """
    issuers = store.issuers()
    number = Counter(each.subject for each in issuers)
    return {
        each.key: each.subject
        if number[each.subject] == 1
        else f"{each.subject} (key {each.key.short_key_hash})"
        for each in issuers
    }
