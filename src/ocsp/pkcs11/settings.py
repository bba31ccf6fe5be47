"""
The settings of a signer: which token, which key, and the PIN.

No error text or ``repr`` contains the PIN.
"""

from __future__ import annotations

import enum
import hmac
from types import NoneType
from typing import NamedTuple, final

from ocsp.errors import ConfigError

__all__ = ["KeyName", "Pin", "RSAPadding", "TokenName", "check_type"]


class RSAPadding(enum.Enum):
    """How an RSA key signs (RFC 8017 §8)."""

    PKCS1V15 = "pkcs1v15"
    """RSASSA-PKCS1-v1_5, which every client supports."""

    PSS = "pss"
    """RSASSA-PSS with MGF1 over the same hash, and a salt as long as the digest."""


def check_type(name: str, value: object, *kinds: type) -> None:
    """Raise ``TypeError`` for a value of another type, without showing the value."""
    if not isinstance(value, kinds):
        raise TypeError(f"{name} must be of type {kinds[0].__name__}")


@final
class Pin:
    """A PIN that ``repr`` does not reveal."""

    __slots__ = ("_text",)

    def __init__(self, text: str | None) -> None:
        check_type("pin", text, str, NoneType)
        try:
            (text or "").encode()
        except UnicodeEncodeError:
            # Not chained: that error contains the PIN.
            raise ConfigError(
                "pin", "contains characters that UTF-8 cannot encode"
            ) from None
        self._text = text

    def reveal(self) -> str | None:
        """Return the PIN. Callers pass it to the module and do not store it."""
        return self._text

    def equals(self, other: Pin) -> bool:
        """Return whether *other* is the same PIN."""
        mine, theirs = (self._text or "").encode(), (other._text or "").encode()
        return hmac.compare_digest(mine, theirs)

    def __repr__(self) -> str:
        return "<PIN>"


class TokenName(NamedTuple):
    """Which token to use: a label, or the number of a slot."""

    label: str | None
    slot: int | None

    @classmethod
    def of(cls, label: str | None, slot: int | None) -> TokenName:
        """
        Return the name for a label or a slot.

        Raises:
            ConfigError: If both are given, or neither.
            TypeError: If one has the wrong type.
        """
        if (label is None) == (slot is None):
            raise ConfigError("token_label", "give either token_label or slot")
        check_type("token_label", label, str, NoneType)
        check_type("slot", slot, int, NoneType)
        return cls(label, slot)

    def __str__(self) -> str:
        return f"slot {self.slot}" if self.label is None else f"token {self.label!r}"


class KeyName(NamedTuple):
    """Which key in the token to use: a label, an identifier, or both."""

    label: str | None
    identifier: bytes | None

    @classmethod
    def of(cls, label: str | None, identifier: bytes | None) -> KeyName:
        """
        Return the name for a label, an identifier, or both.

        Raises:
            ConfigError: If neither is given.
            TypeError: If one has the wrong type.
        """
        if label is None and identifier is None:
            raise ConfigError("key_label", "give key_label, key_id or both")
        check_type("key_label", label, str, NoneType)
        check_type("key_id", identifier, bytes, NoneType)
        return cls(label, identifier)

    @property
    def setting(self) -> str:
        """The setting that an error about a missing key names."""
        return "key_id" if self.label is None else "key_label"

    def __str__(self) -> str:
        parts = []
        if self.label is not None:
            parts.append(f"key label {self.label!r}")
        if self.identifier is not None:
            parts.append(f"key id {self.identifier.hex()}")
        return ", ".join(parts)
