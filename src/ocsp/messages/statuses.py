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

from cryptography import x509

__all__ = [
    "REASONS",
    "REASON_CODES",
    "REASON_NAMES",
    "OCSPCertStatus",
    "OCSPResponderEncoding",
    "OCSPResponseStatus",
    "own_member",
    "reason_from",
    "reason_name",
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


REASON_CODES: dict[x509.ReasonFlags, int] = {
    x509.ReasonFlags.unspecified: 0,
    x509.ReasonFlags.key_compromise: 1,
    x509.ReasonFlags.ca_compromise: 2,
    x509.ReasonFlags.affiliation_changed: 3,
    x509.ReasonFlags.superseded: 4,
    x509.ReasonFlags.cessation_of_operation: 5,
    x509.ReasonFlags.certificate_hold: 6,
    x509.ReasonFlags.remove_from_crl: 8,
    x509.ReasonFlags.privilege_withdrawn: 9,
    x509.ReasonFlags.aa_compromise: 10,
}
"""The number of CRLReason (RFC 5280 §5.3.1) for each member of ``ReasonFlags``."""

REASONS: dict[int, x509.ReasonFlags] = {
    code: reason for reason, code in REASON_CODES.items()
}
"""The member of ``ReasonFlags`` for each number of CRLReason. 7 is not used."""

_NAMES = {
    x509.ReasonFlags.unspecified: "unspecified",
    x509.ReasonFlags.key_compromise: "keyCompromise",
    x509.ReasonFlags.ca_compromise: "cACompromise",
    x509.ReasonFlags.affiliation_changed: "affiliationChanged",
    x509.ReasonFlags.superseded: "superseded",
    x509.ReasonFlags.cessation_of_operation: "cessationOfOperation",
    x509.ReasonFlags.certificate_hold: "certificateHold",
    x509.ReasonFlags.remove_from_crl: "removeFromCRL",
    x509.ReasonFlags.privilege_withdrawn: "privilegeWithdrawn",
    x509.ReasonFlags.aa_compromise: "aACompromise",
}

REASON_NAMES = tuple(_NAMES.values())
"""The names of all reasons (RFC 5280 §5.3.1)."""


def reason_name(reason: x509.ReasonFlags) -> str:
    """Return the name of a CRLReason (RFC 5280 §5.3.1)."""
    return _NAMES[reason]


def reason_from(name: str) -> x509.ReasonFlags:
    """
    Return the CRLReason with the given *name*; case is ignored.

    Raises:
        ValueError: If no CRLReason has that name.
    """
    for reason, known in _NAMES.items():
        if known.lower() == name.lower():
            return reason
    known_names = ", ".join(REASON_NAMES)
    raise ValueError(f"{name!r} is not a revocation reason; use one of {known_names}")
