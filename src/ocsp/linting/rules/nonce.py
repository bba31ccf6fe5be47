"""
L5: the nonce and other responseExtensions.

The length of a nonce does not include its inner OCTET STRING header (RFC 9654 §2.1).
"""

from __future__ import annotations

from collections.abc import Iterator

from ocsp.asn1 import oids
from ocsp.asn1.der import OCTET_STRING, content
from ocsp.asn1.extensions import RawExtension
from ocsp.errors import DecodeError
from ocsp.linting.case import Case, Complaint
from ocsp.messages.extension_types import LONGEST_NONCE, SHORTEST_NONCE
from ocsp.messages.extension_values import nonce_of

__all__ = [
    "no_response_extensions",
    "no_unrequested_nonce",
    "nonce_in_octet_string",
    "nonce_matches_request",
    "nonce_of_common_length",
    "nonce_of_right_length",
    "nonce_returned",
]

_WHERE = f"responseExtensions[{oids.NONCE}]"

COMMON = range(16, 33)
"""The lengths that every client and responder accepts (RFC 9654 §2.1)."""


def _nonces(case: Case) -> Iterator[tuple[RawExtension, bytes | None]]:
    """Return the nonces of the response; ``None`` for one without OCTET STRING."""
    for extension in case.parts.extensions or ():
        if extension.oid == oids.NONCE:
            yield extension, _unwrapped(extension.value)


def _unwrapped(value: bytes) -> bytes | None:
    try:
        start, stop = content(value, 0, len(value), OCTET_STRING, "")
    except DecodeError:
        return None
    return value[start:stop] if stop == len(value) else None


def nonce_in_octet_string(case: Case) -> Iterator[Complaint]:
    """L501: the nonce is an OCTET STRING inside extnValue."""
    for _, nonce in _nonces(case):
        if nonce is None:
            yield Complaint(_WHERE, "has no inner OCTET STRING")


def nonce_of_right_length(case: Case) -> Iterator[Complaint]:
    """L502: the nonce has 1 to 128 octets."""
    for _, nonce in _nonces(case):
        if nonce is not None and not SHORTEST_NONCE <= len(nonce) <= LONGEST_NONCE:
            yield Complaint(_WHERE, f"has {len(nonce)} octets")


def nonce_of_common_length(case: Case) -> Iterator[Complaint]:
    """L503: the nonce has 16 to 32 octets."""
    for _, nonce in _nonces(case):
        if nonce is None or not SHORTEST_NONCE <= len(nonce) <= LONGEST_NONCE:
            continue  # L501 and L502 report it.
        if len(nonce) not in COMMON:
            yield Complaint(_WHERE, f"has {len(nonce)} octets")


def _sent(case: Case) -> bytes | None:
    return None if case.request is None else nonce_of(case.request.extensions)


def nonce_matches_request(case: Case) -> Iterator[Complaint]:
    """L504: the nonce is equal to the nonce of the request."""
    sent = _sent(case)
    for extension, nonce in _nonces(case):
        if sent is not None and sent not in {nonce, extension.value}:
            yield Complaint(_WHERE, "differs from the nonce of the request")


def no_unrequested_nonce(case: Case) -> Iterator[Complaint]:
    """L505: there is no nonce if the request has none."""
    if case.request is None or _sent(case) is not None:
        return
    for _ in _nonces(case):
        yield Complaint(_WHERE, "is present, though the request has no nonce")


def nonce_returned(case: Case) -> Iterator[Complaint]:
    """L506: the response repeats the nonce of the request."""
    if _sent(case) is None:
        return
    if not any(_nonces(case)):
        yield Complaint(
            "responseExtensions", "has no nonce, though the request has one"
        )


def no_response_extensions(case: Case) -> Iterator[Complaint]:
    """L507: a response that is served to many clients has no responseExtensions."""
    if case.parts.extensions:
        listed = ", ".join(extension.oid for extension in case.parts.extensions)
        yield Complaint("responseExtensions", f"is present: {listed}")
