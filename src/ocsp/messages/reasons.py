"""
The reasons of a revocation: numbers, names and members of ``ReasonFlags``.

RFC 5280 §5.3.1 (CRLReason). Apart from the statuses, because most messages contain no
reason, and the import of ``ReasonFlags`` takes long.
"""

from __future__ import annotations

from cryptography import x509

__all__ = [
    "REASONS",
    "REASON_CODES",
    "REASON_NAMES",
    "reason_from",
    "reason_name",
]

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
