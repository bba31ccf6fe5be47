"""Verify a certification path with ``cryptography`` (RFC 5280 §6)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from cryptography import x509
from cryptography.x509 import verification

from ocsp.guarded.boundary import read_foreign

__all__ = ["verified_path"]


def verified_path(
    subject: x509.DNSName | x509.IPAddress,
    shown: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime.datetime,
) -> list[x509.Certificate]:
    """
    Return the path from the first certificate of *shown* to one of *roots*.

    Args:
        subject: The name or address that the first certificate must be for.

        shown: The certificates that a server sent, its own first; at least one.

        roots: The trusted roots; at least one.

        at: The moment for which to judge.

    Raises:
        SchemaError: If there is no such path. The text says why, in the words of
            ``cryptography``.
    """
    policy = verification.PolicyBuilder().store(verification.Store(list(roots)))
    return read_foreign(
        lambda: (
            policy.time(at)
            .build_server_verifier(subject)
            .verify(shown[0], list(shown[1:]))
        )
    )
