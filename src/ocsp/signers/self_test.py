"""
Find out whether clients will accept the answers of a responder, before it serves.

An authority signs one answer, and the verifier judges it as clients do. So no list of
checks has to repeat the rules of the verifier. The answer is never sent.
"""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp.asn1.algorithms import PSSParameters, encode_pss
from ocsp.asn1.certificates import validity_of
from ocsp.asn1.name_comparison import name_of_subject, text
from ocsp.errors import Finding, VerificationError
from ocsp.messages.certid import CertID
from ocsp.messages.requests.request_builder import OCSPRequestBuilder
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.responder.answer import Answer
from ocsp.responder.authority import Authority, SignerTrust
from ocsp.responder.core import DEFAULT_VALIDITY, Responder
from ocsp.responder.source import StatusRecord
from ocsp.signers.expiry import DEFAULT_ALARM, days_left, ends_soon
from ocsp.signing.issued import why_no_ca
from ocsp.verification.policy import DelegateRevocation, Policy
from ocsp.verification.response import verify

__all__ = [
    "Check",
    "CheckResult",
    "SelfTest",
    "certificate_failures",
    "failed_test",
    "self_test",
]

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


class CheckResult(enum.Enum):
    """How a check of a signer ended."""

    PASSED = "passed"
    """There is nothing to say against the signer."""

    WARNING = "warning"
    """Some clients reject the answers, or will reject them soon."""

    FAILED = "failed"
    """The signer must not be used: every client rejects the answers, or should."""

    UNAVAILABLE = "unavailable"
    """The key cannot be used now. Another attempt may succeed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """
    One check of a signer.

    Attributes:
        name: What was checked, in a few words.

        result: How it ended.

        messages: What was found: sentences, or one of them if nothing is wrong.
    """

    name: str
    result: CheckResult
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """
    The result of the test of a signer.

    Attributes:
        checks: What was checked, in order.
    """

    checks: tuple[Check, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """Why the signer cannot be used."""
        return self._messages(CheckResult.FAILED, CheckResult.UNAVAILABLE)

    @property
    def is_unavailable(self) -> bool:
        """Whether the key could not be used, so that its answers were not tested."""
        return any(each.result is CheckResult.UNAVAILABLE for each in self.checks)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why some clients reject the answers, or will reject them soon."""
        return self._messages(CheckResult.WARNING)

    def _messages(self, *results: CheckResult) -> tuple[str, ...]:
        found = (each.messages for each in self.checks if each.result in results)
        return tuple(message for messages in found for message in messages)


def self_test(
    authority: Authority,
    now: datetime.datetime,
    *,
    validity: datetime.timedelta = DEFAULT_VALIDITY,
    alarm: datetime.timedelta = DEFAULT_ALARM,
    record: StatusRecord | None = None,
) -> SelfTest:
    """
    Sign an answer of *authority*, and verify it as clients do.

    Not tested: whether clients trust the issuer, and whether a delegate is revoked if
    *record* does not say so.

    Args:
        authority: The authority. The signer that signs at *now* is tested.

        now: The current time, aware.

        validity: The time from now to nextUpdate, as for :class:`ocsp.Responder`.

        alarm: How long before the end of a certificate to warn.

        record: The status of the signer's certificate, or ``None`` if not known.
    """
    signer = authority.signer_at(now) or authority.signers[0]
    return SelfTest(
        checks=(
            _check_clients(authority, signer.certificate, now, validity),
            _check_issuer(authority.issuer, now, alarm),
            _check_end(signer.certificate, now, alarm),
            _check_status(record),
        )
    )


def failed_test(name: str, result: CheckResult, *messages: str) -> SelfTest:
    """Return the result of a test that ended at its first check."""
    return SelfTest(checks=(_check(name, result, *messages),))


def certificate_failures(
    issuer: x509.Certificate, certificate: x509.Certificate, now: datetime.datetime
) -> tuple[str, ...]:
    """
    Return why every client rejects the answers of a delegate, without its key.

    Args:
        issuer: The certificate of the issuer.

        certificate: The certificate of the delegate.

        now: The current time, aware.

    Raises:
        ConfigError: If the certificate does not authorize a delegate of the issuer.
    """
    authority = Authority(issuer, [_KeylessSigner(certificate)])
    answer, cert_id = _answer(authority, now, DEFAULT_VALIDITY)
    if answer.cause:
        return (answer.cause,)
    failures, _ = _judge(answer, cert_id, issuer, now, _EVERY_CLIENT)
    return tuple(each.message for each in failures if each.rule != _SIGNATURE_RULE)


class _KeylessSigner:
    """Signs with octets that are no signature, where only the certificate counts."""

    local = True  # so that the responder does not verify its signatures

    def __init__(self, certificate: x509.Certificate) -> None:
        self.certificate = certificate
        self.algorithm_identifier = _PSS

    def sign(self, data: bytes) -> bytes:
        """Return octets that are no signature."""
        return b"\x00" if data else b""


_SIGNATURE_RULE = "V10"
"""The rule about the signature of a response."""

_PSS = encode_pss(PSSParameters(hashes.SHA256(), hashes.SHA256(), 32))
"""The only algorithm that fits RSA keys that are for PSS only."""


def _check_clients(
    authority: Authority,
    certificate: x509.Certificate,
    now: datetime.datetime,
    validity: datetime.timedelta,
) -> Check:
    """Let the verifier judge an answer by every policy."""
    is_trusted = authority.trust is SignerTrust.LOCAL
    responders = (certificate,) if is_trusted else ()
    answer, cert_id = _answer(authority, now, validity)
    if answer.cause:
        is_valid = authority.signer_at(now) is not None
        result = CheckResult.UNAVAILABLE if is_valid else CheckResult.FAILED
        return _check("clients", result, answer.cause)

    def judge(policy: Policy) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        return _judge(answer, cert_id, authority.issuer, now, policy, responders)

    failures, remarks = judge(_EVERY_CLIENT)
    if failures:
        messages = (each.message for each in failures)
        return _check("clients", CheckResult.FAILED, *messages)
    rejected = {name: judge(policy)[0] for name, policy in _SOME_CLIENTS.items()}
    found = _remarks(remarks, rejected)
    if found:
        return _check("clients", CheckResult.WARNING, *found)
    return _check("clients", CheckResult.PASSED, "accept the answers, by every policy")


def _check(name: str, result: CheckResult, *messages: str) -> Check:
    return Check(name=name, result=result, messages=messages)


def _judge(
    answer: Answer,
    cert_id: CertID,
    issuer: x509.Certificate,
    now: datetime.datetime,
    policy: Policy,
    responders: tuple[x509.Certificate, ...] = (),
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return the failures and the warnings of the verifier."""
    try:
        found = verify(
            answer.der, cert_id, issuer, at=now, policy=policy, responders=responders
        )
    except VerificationError as error:
        return error.failures, ()
    return (), found.warnings


def _answer(
    authority: Authority, now: datetime.datetime, validity: datetime.timedelta
) -> tuple[Answer, CertID]:
    """Return a signed answer about a certificate of the issuer, and its CertID."""
    cert_id = CertID.for_serial(authority.issuer, _SERIAL_NUMBER, hashes.SHA256())
    request = OCSPRequestBuilder().add_certificate_by_id(cert_id).build()
    responder = Responder([authority], validity=validity)
    step = responder.receive(request.public_bytes(Encoding.DER), now)
    if isinstance(step, Answer):
        return step, cert_id
    return responder.finish(step, [StatusRecord()]), cert_id


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


def _check_issuer(
    issuer: x509.Certificate, now: datetime.datetime, alarm: datetime.timedelta
) -> Check:
    """Find out what will keep clients from accepting certificates of the issuer."""
    found = []
    if why := why_no_ca(issuer):
        found.append(
            f"the issuer {text(name_of_subject(issuer))} {why}: clients accept no"
            " certificate of this issuer"
        )
    begin, end = validity_of(issuer)
    if not begin <= now <= end:
        found.append(
            f"the issuer's certificate is valid from {begin} to {end}, not now: clients"
            " accept no certificate of this issuer with it"
        )
    elif ends_soon(issuer, now, alarm):
        found.append(
            f"the issuer's certificate ends at {end}; give the responder the renewed"
            " one soon"
        )
    if found:
        return _check("issuer", CheckResult.WARNING, *found)
    return _check("issuer", CheckResult.PASSED, f"valid until {end:%Y-%m-%d}")


def _check_end(
    certificate: x509.Certificate, now: datetime.datetime, before: datetime.timedelta
) -> Check:
    """Warn in time of the end of the signer; after it, no client accepts an answer."""
    begin, end = validity_of(certificate)
    if not begin <= now <= end:
        return _check(
            "validity",
            CheckResult.FAILED,
            f"the certificate is valid from {begin} to {end}",
        )
    days = f"{days_left(certificate, now)} days left"
    if ends_soon(certificate, now, before):
        return _check(
            "validity",
            CheckResult.WARNING,
            f"the signer's certificate ends at {end} ({days}), and all answers end with"
            " it; replace it soon",
        )
    return _check("validity", CheckResult.PASSED, f"{days}, until {end:%Y-%m-%d}")


def _check_status(record: StatusRecord | None) -> Check:
    if record is None:
        return _check("revocation", CheckResult.PASSED, "no record of it")
    if record.status is OCSPCertStatus.REVOKED:
        return _check(
            "revocation",
            CheckResult.FAILED,
            f"the signer's certificate was revoked at {record.revocation_time}",
        )
    return _check("revocation", CheckResult.PASSED, "not revoked")
