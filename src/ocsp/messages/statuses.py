"""
The three enumerations of ``cryptography.x509.ocsp``, with the same values.

RFC 6960 §4.2.1 (OCSPResponseStatus, CertStatus). The responder ID encodings are
``byKey`` and ``byName`` of the same clause.

Each member is equal to the member of ``cryptography.x509.ocsp`` with the same name, and
has the same hash. Otherwise a program that imports both modules could treat a revoked
certificate as not revoked. This module recognises the other one by its name, and does
not import it.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, TypeVar

__all__ = [
    "OCSPCertStatus",
    "OCSPResponderEncoding",
    "OCSPResponseStatus",
    "own_member",
]


class _Interchangeable(enum.Enum):
    """An enumeration whose members equal those of ``cryptography.x509.ocsp``."""

    # Type checkers must see the ``__eq__`` of ``enum.Enum``. Then they can check that
    # comparisons cover all members, and report comparisons between both modules.
    if not TYPE_CHECKING:

        def __eq__(self, other: object) -> bool:
            if self is other:
                return True
            if _is_counterpart(type(self), other):
                return self.name == other.name
            return NotImplemented

        __hash__ = enum.Enum.__hash__  # of the name, as in ``cryptography``


def _is_counterpart(enumeration: type[enum.Enum], member: object) -> bool:
    """Return whether *member* is of the same enumeration in ``cryptography``."""
    kind = type(member)
    return (
        kind.__name__ == enumeration.__name__
        and kind.__module__ == "cryptography.x509.ocsp"
    )


_Member = TypeVar("_Member", bound=_Interchangeable)


def own_member(enumeration: type[_Member], member: object, refusal: str) -> _Member:
    """
    Return the member of *enumeration* that is equal to *member*.

    Raises:
        TypeError: If no member is equal; *refusal* is the text of the error.
    """
    if isinstance(member, enumeration):
        return member
    if isinstance(member, enum.Enum) and _is_counterpart(enumeration, member):
        return enumeration[member.name]
    raise TypeError(refusal)


class OCSPResponseStatus(_Interchangeable):
    """The result of a request (RFC 6960 §4.2.1). The number 4 is not used."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIG_REQUIRED = 5
    UNAUTHORIZED = 6


class OCSPCertStatus(_Interchangeable):
    """The status of one certificate in a response (RFC 6960 §2.2)."""

    GOOD = 0
    REVOKED = 1
    UNKNOWN = 2


class OCSPResponderEncoding(_Interchangeable):
    """How a response identifies its signer (RFC 6960 §4.2.2.3)."""

    HASH = "By Hash"
    NAME = "By Name"
