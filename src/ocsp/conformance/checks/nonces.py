"""Nonces of every length (RFC 9654)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable

from cryptography import x509

from ocsp.asn1 import oids
from ocsp.asn1.der import OCTET_STRING, encode
from ocsp.conformance.examination import Examination, Received, der_of
from ocsp.conformance.report import (
    Check,
    Seen,
    Strength,
    failed,
    not_applicable,
    passed,
    unclear,
)
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.probing import NonceUse
from ocsp.verification import VerifiedResponse

__all__ = ["CHECKS"]

MUST = Strength.MUST

LENGTHS_TO_ACCEPT = (16, 32)
"""The ends of the lengths that a responder must accept (RFC 9654 §2.1)."""

LENGTHS_TO_ANSWER = (1, 15, 33, 128)
"""The ends of those for which the nonce may be left out."""

LENGTHS_TO_REFUSE = (0, 129, 1024)
"""Lengths that make the request malformed."""


def _ask(examination: Examination, length: int) -> tuple[Received, bytes]:
    """Send a request with a nonce of *length* octets."""
    nonce = secrets.token_bytes(length)
    extension = x509.UnrecognizedExtension(
        oids.identifier(oids.NONCE), encode(OCTET_STRING, nonce)
    )
    request = examination.builder().add_extension(extension, critical=False).build()
    return examination.post(der_of(request)), nonce


def _all_answered(lengths: Iterable[int]) -> Callable[[Examination], Seen]:
    """Return a function that passes if nonces of *lengths* octets get an answer."""

    def check(examination: Examination) -> Seen:
        seen = []
        for length in lengths:
            received, nonce = _ask(examination, length)
            if received.response is None:
                return failed(f"{length} octets: {received}")
            judged = examination.verify(received, nonce)
            if not isinstance(judged, VerifiedResponse):
                return failed(f"{length} octets: {judged}")
            repeated = "repeated" if judged.nonce_matched else "left out"
            seen.append(f"{length} octets: {repeated}")
        return passed(", ".join(seen))

    return check


def _refused(examination: Examination) -> Seen:
    seen = []
    for length in LENGTHS_TO_REFUSE:
        received, _ = _ask(examination, length)
        if received.status is OCSPResponseStatus.MALFORMED_REQUEST:
            seen.append(f"{length} octets: malformed request")
        elif received.response is not None and _leaves_nonces_out(examination):
            return not_applicable("it does not read nonces")
        else:
            return failed(f"{length} octets: {received}")
    return passed(", ".join(seen))


def _uses(examination: Examination) -> set[NonceUse]:
    return {each.nonce for each in examination.answers(nonce=True)}


def _leaves_nonces_out(examination: Examination) -> bool:
    return NonceUse.LEFT_OUT in _uses(examination)


def _repeated(examination: Examination) -> Seen:
    for answer in examination.answers(nonce=True):
        rules = {each.rule for each in getattr(answer.error, "failures", ())}
        if "V22" in rules:
            return failed(f"{answer.question}: {answer.error}")
    uses = _uses(examination)
    if uses == {NonceUse.REPEATED}:
        return passed("the nonce is in responseExtensions of every answer")
    if NonceUse.LEFT_OUT in uses:
        return not_applicable("the answers have no nonce, as RFC 9919 §3.2.1 allows")
    return unclear("no request with a nonce got a verified answer")


def _encoded(examination: Examination) -> Seen:
    for answer in examination.answers(nonce=True):
        for finding in answer.findings:
            if finding.rule in {"L501", "L502"}:
                return failed(f"{answer.question}: {finding.message}")
    if NonceUse.REPEATED not in _uses(examination):
        return not_applicable("no verified answer has a nonce")
    return passed("an OCTET STRING in the value of the extension")


CHECKS = (
    Check(
        "nonce-repeated",
        ("R9654-5",),
        "RFC 9654 §2.1",
        MUST,
        "The answer repeats the nonce in responseExtensions.",
        _repeated,
    ),
    Check(
        "nonce-encoding",
        ("R9654-1",),
        "RFC 9654 §2.1",
        MUST,
        "The value of the nonce extension is the DER of an OCTET STRING.",
        _encoded,
    ),
    Check(
        "nonce-usual",
        ("R9654-3",),
        "RFC 9654 §2.1",
        MUST,
        "Nonces of 16 to 32 octets are accepted.",
        _all_answered(LENGTHS_TO_ACCEPT),
    ),
    Check(
        "nonce-unusual",
        ("R9654-4",),
        "RFC 9654 §2.1",
        MUST,
        "Nonces of 1 to 15 or 33 to 128 octets get an answer.",
        _all_answered(LENGTHS_TO_ANSWER),
    ),
    Check(
        "nonce-refused",
        ("R9654-2",),
        "RFC 9654 §2.1",
        MUST,
        "Nonces of no octets or more than 128 make the request malformed.",
        _refused,
    ),
)
