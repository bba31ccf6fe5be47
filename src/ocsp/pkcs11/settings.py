"""
What a signer is told: which token, which key, and the PIN.

Rules of this file: no PIN is in a text or a ``repr``.
"""

from __future__ import annotations

import enum
import hmac
from types import NoneType
from typing import NamedTuple, final

from ocsp.errors import ConfigError

__all__ = ["KeyName", "Pin", "TokenName", "RSAPadding", "check_type"]


class RSAPadding(enum.Enum):
    """How an RSA key signs (RFC 8017 §8)."""

    PKCS1V15 = "pkcs1v15"
    """RSASSA-PKCS1-v1_5, which every client reads."""

    PSS = "pss"
    """RSASSA-PSS with MGF1 on the same hash, and a salt as long as its digest."""


def check_type(name: str, value: object, *kinds: type) -> None:
    """Refuse a value of another type, without showing it."""
    if not isinstance(value, kinds):
        raise TypeError(f"{name} must be of type {kinds[0].__name__}")


@final
class Pin:
    """A PIN that does not show."""

    __slots__ = ("_text",)

    def __init__(self, text: str | None) -> None:
        check_type("pin", text, str, NoneType)
        try:
            (text or "").encode()
        except UnicodeEncodeError:
            # Not chained: that error has the PIN.
            raise ConfigError("pin", "is no valid text") from None
        self._text = text

    def reveal(self) -> str | None:
        """Return the PIN, to be handed to the module at once."""
        return self._text

    def equals(self, other: Pin) -> bool:
        """Tell whether *other* is the same PIN."""
        mine, theirs = (self._text or "").encode(), (other._text or "").encode()
        return hmac.compare_digest(mine, theirs)

    def __repr__(self) -> str:
        return "<PIN>"


class TokenName(NamedTuple):
    """Which token, as the settings say."""

    label: str | None
    slot: int | None

    @classmethod
    def of(cls, label: str | None, slot: int | None) -> TokenName:
        """
        Return the name that one of both names.

        Raises:
            ConfigError: If both are given, or none.
            TypeError: If one is of another type.
        """
        if (label is None) == (slot is None):
            raise ConfigError("token_label", "give either token_label or slot")
        check_type("token_label", label, str, NoneType)
        check_type("slot", slot, int, NoneType)
        return cls(label, slot)

    def __str__(self) -> str:
        return f"slot {self.slot}" if self.label is None else f"token {self.label!r}"


class KeyName(NamedTuple):
    """Which key in the token, as the settings say."""

    label: str | None
    identifier: bytes | None

    @classmethod
    def of(cls, label: str | None, identifier: bytes | None) -> KeyName:
        """
        Return the name that one or both give.

        Raises:
            ConfigError: If none is given.
            TypeError: If one is of another type.
        """
        if label is None and identifier is None:
            raise ConfigError("key_label", "give key_label, key_id or both")
        check_type("key_label", label, str, NoneType)
        check_type("key_id", identifier, bytes, NoneType)
        return cls(label, identifier)

    @property
    def setting(self) -> str:
        """The setting to blame where there is no such key."""
        return "key_id" if self.label is None else "key_label"

    def __str__(self) -> str:
        parts = []
        if self.label is not None:
            parts.append(f"key label {self.label!r}")
        if self.identifier is not None:
            parts.append(f"key id {self.identifier.hex()}")
        return ", ".join(parts)
