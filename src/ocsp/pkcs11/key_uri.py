"""
Read the URI of a key in a token (RFC 7512).

The module is named in the URI by ``module-path``. A PIN is never read from a URI:
configuration files and process lists are not secret.
"""

from __future__ import annotations

import urllib.parse
from typing import NamedTuple

from ocsp.errors import ConfigError
from ocsp.pkcs11.settings import KeyName, TokenName

__all__ = ["KeyURI"]

_SCHEME = "pkcs11:"
_PATH = frozenset({"token", "slot-id", "object", "id", "type"})
_QUERY = frozenset({"module-path"})
_SETTING = "pkcs11"


class KeyURI(NamedTuple):
    """
    A key in a token.

    Attributes:
        module: The PKCS #11 library.

        token_label: The label of the token, or ``None`` if *slot* is given.

        slot: The number of the slot, or ``None``.

        key_label: The label of the key (``CKA_LABEL``), or ``None``.

        key_id: The identifier of the key (``CKA_ID``), or ``None``.
    """

    module: str
    token_label: str | None
    slot: int | None
    key_label: str | None
    key_id: bytes | None

    @property
    def token(self) -> TokenName:
        """Which token it is in."""
        return TokenName.of(self.token_label, self.slot)

    @property
    def key(self) -> KeyName:
        """Which key it is in that token."""
        return KeyName.of(self.key_label, self.key_id)

    @classmethod
    def parse(cls, text: str) -> KeyURI:
        """
        Return the key that the URI *text* names.

        Raises:
            ConfigError: If it is not a PKCS #11 URI, has an attribute that this package
                does not use, or does not name the library, the token and the key.
        """
        if not text.startswith(_SCHEME):
            raise ConfigError(
                _SETTING,
                f"{text!r} is not a URI of a key in a token, such as"
                " pkcs11:token=ocsp;object=signer?module-path=/usr/lib/module.so",
            )
        path, _, query = text.removeprefix(_SCHEME).partition("?")
        named = _attributes(path, ";", _PATH)
        asked = _attributes(query, "&", _QUERY)
        if "module-path" not in asked:
            raise ConfigError(
                _SETTING, f"{text!r} does not name the library; add ?module-path=FILE"
            )
        if ("token" in named) == ("slot-id" in named):
            raise ConfigError(
                _SETTING, f"{text!r} must have one of token=LABEL and slot-id=NUMBER"
            )
        if "object" not in named and "id" not in named:
            raise ConfigError(
                _SETTING, f"{text!r} does not name the key; add object=LABEL or id=ID"
            )
        if named.get("type", b"private") != b"private":
            raise ConfigError(_SETTING, f"{text!r} does not name a private key")
        return cls(
            _decode(text, asked["module-path"]),
            _decode(text, named["token"]) if "token" in named else None,
            _number(text, named["slot-id"]) if "slot-id" in named else None,
            _decode(text, named["object"]) if "object" in named else None,
            named.get("id"),
        )


def _attributes(text: str, separator: str, known: frozenset[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in filter(None, text.split(separator)):
        name, equals, value = part.partition("=")
        if name in {"pin-value", "pin-source"}:
            raise ConfigError(
                _SETTING, f"{name} is not read from the URI; give the PIN in pin_file"
            )
        if name not in known or not equals or name in found:
            # The part is not shown: it may be a misspelt PIN.
            raise ConfigError(
                _SETTING,
                f"the attribute {name!r} of the URI is repeated, has no value, or is"
                f" none of {', '.join(sorted(known))}",
            )
        found[name] = urllib.parse.unquote_to_bytes(value)
    return found


def _decode(text: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ConfigError(_SETTING, f"{text!r} has a value that is not UTF-8") from None


def _number(text: str, value: bytes) -> int:
    if not (value.isdigit() and len(value) < 20):
        raise ConfigError(_SETTING, f"{text!r} has a slot-id that is not a number")
    return int(value)
