"""Define the health of a signer: whether it signs, and why not."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass

from cryptography import x509

from ocsp.signers.self_test import SelfTest
from ocsp.signers.spec import SignerSpec

__all__ = ["SignerHealth", "SignerState"]


class SignerState(enum.Enum):
    """Whether a signer is used."""

    READY = "ready"
    """It signs, and clients accept its answers."""

    FUTURE = "future"
    """Its certificate is not valid yet; it will sign from then on."""

    ENDED = "ended"
    """Its certificate has ended."""

    REFUSED = "refused"
    """Clients would reject its answers, or its certificate is revoked."""

    FAILING = "failing"
    """Its key cannot be used now: the token is away, or does not answer."""

    NOT_LOADED = "not-loaded"
    """Its files cannot be used, and it was never loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerHealth:
    """
    What is known about a signer.

    Attributes:
        spec: Where its key and its certificate are.

        name: The subject of its certificate; the name of the file, if it was never
            loaded.

        state: Whether it is used.

        certificate: Its certificate, or ``None`` if it was never loaded.

        begin: Since when its certificate is valid, aware, or ``None``.

        end: Until when its certificate is valid, aware, or ``None``.

        tested: When it last made a test signature, aware, or ``None``.

        seconds: How long a signature took when it was loaded, or ``None``.

        test: The result of the last test, or ``None``.

        problems: Why it is not used, and why changed files were not loaded.
    """

    spec: SignerSpec
    name: str
    state: SignerState
    certificate: x509.Certificate | None = None
    begin: datetime.datetime | None = None
    end: datetime.datetime | None = None
    tested: datetime.datetime | None = None
    seconds: float | None = None
    test: SelfTest | None = None
    problems: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why some clients reject its answers, or will reject them soon."""
        return () if self.test is None else self.test.warnings

    def days_left(self, now: datetime.datetime) -> int | None:
        """Return how many whole days its certificate is still valid at *now*, aware."""
        if self.end is None:
            return None
        return (self.end - now) // datetime.timedelta(days=1)
