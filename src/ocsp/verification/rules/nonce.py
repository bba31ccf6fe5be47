"""
V22: the nonce.

The nonce is compared in constant time, without its inner OCTET STRING. The form of RFC
2560, without OCTET STRING, is accepted too.
"""

from __future__ import annotations

import hmac

from ocsp.errors import NonceMismatch, NonceMissing
from ocsp.messages.extension_types import LONGEST_NONCE, SHORTEST_NONCE
from ocsp.messages.extension_values import nonce_of
from ocsp.verification.case import Case
from ocsp.verification.policy import NonceCheck

__all__ = ["check_nonce"]


def check_nonce(case: Case) -> bool:
    """V22: compare the nonces; tell whether request and response have the same."""
    received = nonce_of(case.response._each_extension)
    if case.nonce is None:
        if received is not None:
            case.warn(
                "V22",
                NonceMismatch,
                "the response has a nonce, and the request had none",
            )
        return False
    if received is None:
        _missing(case)
        return False
    matches = hmac.compare_digest(received, case.nonce)
    if not matches:
        _differs(case, received)
    if not SHORTEST_NONCE <= len(received) <= LONGEST_NONCE:
        case.fail(
            "V22",
            NonceMismatch,
            f"the nonce has {len(received)} octets; {SHORTEST_NONCE} to "
            f"{LONGEST_NONCE} are allowed",
            octets=len(received),
        )
    return matches


def _differs(case: Case, received: bytes) -> None:
    accepted = case.policy.nonce is NonceCheck.UNSAFE_ACCEPT_OTHER
    report = case.warn if accepted else case.fail
    report(
        "V22",
        NonceMismatch,
        "the nonce in the response differs from the one in the request",
        sent=case.nonce,
        received=received,
    )


def _missing(case: Case) -> None:
    message = "the request had a nonce, and the response has none: it may be a replay"
    if case.policy.nonce is NonceCheck.REQUIRED:
        case.fail("V22", NonceMissing, message, sent=case.nonce)
    elif case.policy.nonce is NonceCheck.IF_PRESENT:
        case.warn("V22", NonceMissing, message, sent=case.nonce)
