"""
Find out whether clients will accept the answers of a responder, before it serves.

An authority signs one answer, and the verifier judges it as clients do. So no list of
checks has to repeat the rules of the verifier. The answer is never sent.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.certificates import validity_of
from ocsp.asn1.extensions import extensions_of
from ocsp.asn1.name_comparison import name_of_subject, text
from ocsp.errors import Finding, VerificationError
from ocsp.messages.certid import CertID
from ocsp.messages.requests.request_builder import OCSPRequestBuilder
from ocsp.responder.answer import Answer
from ocsp.responder.authority import Authority
from ocsp.responder.core import DEFAULT_VALIDITY, Responder
from ocsp.responder.source import StatusRecord
from ocsp.verification.policy import DelegateRevocation, Policy
from ocsp.verification.response import verify

__all__ = ["SelfTest", "self_test"]

_SERIAL_NUMBER = 1
"""Of a certificate that need not exist: the test does not ask the status source."""

_EVERY_CLIENT = Policy(delegate_revocation=DelegateRevocation.UNSAFE_SKIP)
"""What every client requires. Some also require evidence about a delegate, which
this test does not fetch."""

_SOME_CLIENTS = {
    "default": Policy(),
    "strict": Policy.strict(),
    "webpki": Policy.webpki(),
}
"""What some clients require, by the name of their policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """
    The result of the test of an authority.

    Attributes:
        failures: Why every client rejects the answers.

        warnings: Why some clients reject the answers, or will reject them soon.
    """

    failures: tuple[str, ...]
    warnings: tuple[str, ...]


def self_test(
    authority: Authority,
    now: datetime.datetime,
    *,
    validity: datetime.timedelta = DEFAULT_VALIDITY,
) -> SelfTest:
    """
    Sign an answer of *authority*, and verify it as clients do.

    Not tested: whether clients trust the issuer, and whether a delegate is revoked.

    Args:
        authority: The authority.

        now: The current time, aware.

        validity: The time from now to nextUpdate, as for :class:`ocsp.Responder`.
    """
    warnings = _issuer_warnings(authority.issuer)
    warnings += _time_warnings(authority, now, validity)
    cert_id = CertID.for_serial(authority.issuer, _SERIAL_NUMBER, hashes.SHA256())
    answer = _answer(Responder([authority], validity=validity), cert_id, now)
    if answer.cause:
        return SelfTest(failures=(answer.cause,), warnings=warnings)

    def judge(policy: Policy) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        """Return the failures and the warnings of the verifier."""
        try:
            found = verify(answer.der, cert_id, authority.issuer, at=now, policy=policy)
        except VerificationError as error:
            return error.failures, ()
        return (), found.warnings

    failures, remarks = judge(_EVERY_CLIENT)
    rejected = {name: judge(policy)[0] for name, policy in _SOME_CLIENTS.items()}
    if not failures:
        warnings += tuple(_remarks(remarks, rejected))
    return SelfTest(
        failures=tuple(each.message for each in failures), warnings=warnings
    )


def _answer(responder: Responder, cert_id: CertID, now: datetime.datetime) -> Answer:
    request = OCSPRequestBuilder().add_certificate_by_id(cert_id).build()
    step = responder.receive(request.public_bytes(Encoding.DER), now)
    if isinstance(step, Answer):
        return step
    return responder.finish(step, [StatusRecord()])


def _remarks(
    remarks: tuple[Finding, ...], rejected: dict[str, tuple[Finding, ...]]
) -> list[str]:
    """Return a sentence for each rule, with the policies that reject the answer."""
    messages: dict[str, str] = {}
    policies: dict[str, list[str]] = {}
    for name, failures in rejected.items():
        for each in failures:
            messages.setdefault(each.rule, each.message)
            policies.setdefault(each.rule, []).append(name)
    for each in remarks:
        messages.setdefault(each.rule, each.message)
    return [
        f"{message}{_rejected_by(rule, policies.get(rule, []))}"
        for rule, message in messages.items()
    ]


def _rejected_by(rule: str, policies: list[str]) -> str:
    if not policies:
        return ""
    unless = " unless they find out its status" if rule == "V17" else ""
    return (
        f"; clients with these policies reject the answers{unless}:"
        f" {', '.join(policies)}"
    )


def _issuer_warnings(issuer: x509.Certificate) -> tuple[str, ...]:
    constraints = extensions_of(issuer).find(x509.BasicConstraints)
    if constraints is None or constraints.ca:
        return ()
    what = f"the issuer {text(name_of_subject(issuer))} is not a CA (basicConstraints)"
    return (f"{what}: clients accept no certificate of this issuer",)


def _time_warnings(
    authority: Authority, now: datetime.datetime, validity: datetime.timedelta
) -> tuple[str, ...]:
    """Return what ends before the answers would end, or has ended."""
    found = []
    begin, end = validity_of(authority.issuer)
    if not begin <= now <= end:
        found.append(
            f"the issuer's certificate is valid from {begin} to {end}, not now: clients"
            " accept no certificate of this issuer with it"
        )
    signer = authority.signer_at(now)
    if signer is None:
        return tuple(found)
    _, signer_end = validity_of(signer.certificate)
    if signer_end < now + validity:
        found.append(
            f"the signer's certificate ends at {signer_end}, and all answers end with"
            " it; replace it soon"
        )
    return tuple(found)
