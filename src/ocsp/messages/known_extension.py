"""
What the extension types of this package have in common.

Rules of this file: what was read is decoded when it is asked for, and what is decoded
never changes: equal where the octets are, copied and pickled by them.
"""

from __future__ import annotations

import datetime
from typing import ClassVar, NoReturn, Self

from cryptography import x509

from ocsp.errors import DecodeError

__all__ = ["KnownExtension", "require", "shown"]


class KnownExtension(x509.UnrecognizedExtension):
    """What the extensions of this file have in common."""

    # Of the class, as on every ExtensionType but the one below.
    oid: ClassVar[x509.ObjectIdentifier]
    """The object identifier."""

    def __init__(self, value: bytes) -> None:
        super().__init__(self.oid, value)

    @classmethod
    def read(cls, value: bytes) -> Self:
        """Return the extension whose content octets are *value*, whatever they are."""
        extension = cls.__new__(cls)
        KnownExtension.__init__(extension, value)
        return extension

    def check(self) -> None:
        """
        Require that the content is well-formed.

        Raises:
            DecodeError: If it is not.
        """
        self._fields()

    def _fields(self) -> object:
        raise NotImplementedError

    def _text(self) -> str:
        """Return what the fields say, for people."""
        raise NotImplementedError

    def __repr__(self) -> str:
        try:
            text = self._text()
        except DecodeError as error:
            text = f"malformed: {error}"
        return f"<{type(self).__name__}({text})>"

    def __reduce__(self) -> tuple[object, ...]:
        return self.read, (self.value,)

    def __setattr__(self, name: str, value: object) -> None:
        # The base has no slots; it sets these two, once.
        if name not in {"_oid", "_value"} or name in self.__dict__:
            self._refuse()
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")


def require(name: str, value: object, kind: type) -> None:
    """
    Require an argument of a type.

    Raises:
        TypeError: If it is of another one.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be of type {kind.__name__}")


def shown(when: datetime.datetime) -> str:
    """Return a moment of UTC, for people."""
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
