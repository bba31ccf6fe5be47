"""
What the ordinary answers say, how they are signed, and by whom.

These checks send nothing. They look at the answers of the probe: at what the verifier
and the linter have found in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ocsp.conformance.examination import Examination
from ocsp.conformance.report import (
    Check,
    Seen,
    Strength,
    failed,
    not_applicable,
    passed,
    unclear,
)
from ocsp.errors import ContentTypeError, UnsuccessfulResponse, VerificationError
from ocsp.linting import Severity
from ocsp.messages.statuses import OCSPCertStatus
from ocsp.probing import HashName, Method, ProbeAnswer
from ocsp.verification.evidence import AuthorizedBy

__all__ = ["CHECKS"]

MUST, SHOULD, MAY = Strength.MUST, Strength.SHOULD, Strength.MAY


# --- whether ordinary requests are answered -------------------------------------------


def _all_verified(answers: Iterable[ProbeAnswer]) -> Seen:
    """Pass if all *answers* are verified."""
    asked = tuple(answers)
    if not asked:
        return unclear("no ordinary request got a reply, so this was not asked")
    for each in asked:
        if each.evidence is None:
            return failed(f"{each.question}: {each.error}")
    return passed(f"{len(asked)} of {len(asked)} answers are verified")


def _one_verified(examination: Examination, method: Method) -> Seen:
    answers = [*examination.answers(method)]
    for each in answers:
        if each.evidence is not None:
            status = each.evidence.status.name.lower()
            return passed(f"{each.question}: verified, {status}")
    return _all_verified(answers)


def _post(examination: Examination) -> Seen:
    return _one_verified(examination, Method.POST)


def _get(examination: Examination) -> Seen:
    return _one_verified(examination, Method.GET)


def _with_hash(examination: Examination, name: HashName) -> Seen:
    asked = (each for each in examination.answers() if each.question.hash_name is name)
    return _all_verified(each for each in asked if not each.question.nonce)


def _sha256(examination: Examination) -> Seen:
    return _with_hash(examination, HashName.SHA256)


def _sha1(examination: Examination) -> Seen:
    seen = _with_hash(examination, HashName.SHA1)
    answers = [
        each
        for each in examination.answers()
        if each.question.hash_name is HashName.SHA1
    ]
    if answers and all(isinstance(e.error, UnsuccessfulResponse) for e in answers):
        return not_applicable("SHA-1 CertIDs get an OCSP error")
    return seen


def _with_nonce(examination: Examination) -> Seen:
    return _all_verified(examination.answers(nonce=True))


def _media_type(examination: Examination) -> Seen:
    answers = [each for each in examination.answers() if each.http_status == 200]
    for each in answers:
        if isinstance(each.error, ContentTypeError):
            return failed(f"{each.question}: {each.error.reason}")
    if not answers:
        return unclear("no ordinary request got HTTP 200")
    return passed(f"right in {len(answers)} answers")


# --- what was found in them -----------------------------------------------------------


def _by_rules(*rules: str, nonce: bool | None = None) -> Callable[[Examination], Seen]:
    """
    Return a function that fails if the verifier or the linter reports one of *rules*.

    Args:
        rules: The numbers of rules of the verifier (V) and of the linter (L, C).

        nonce: Whether to look only at answers to requests with or without a nonce.
    """

    def check(examination: Examination) -> Seen:
        judged = [each for each in examination.answers(nonce=nonce) if _is_signed(each)]
        if not judged:
            return unclear("no ordinary request got a signed answer")
        for answer in judged:
            for rule, message in _found(answer):
                if rule in rules:
                    return failed(f"{answer.question}: {message} ({rule})")
        return passed(f"nothing found in {len(judged)} answers")

    return check


def _is_signed(answer: ProbeAnswer) -> bool:
    """Return whether the answer claims to be *successful*, verified or not."""
    if isinstance(answer.error, UnsuccessfulResponse):
        return False
    return answer.evidence is not None or isinstance(answer.error, VerificationError)


def _found(answer: ProbeAnswer) -> Iterable[tuple[str, str]]:
    """Return the number and the text of each finding in *answer*."""
    if isinstance(answer.error, VerificationError):
        for failure in answer.error.failures:
            yield failure.rule, failure.message
    for finding in answer.findings:
        if finding.severity >= Severity.NOTICE:
            place = f"{finding.where} " if finding.where else ""
            yield finding.rule, f"{place}{finding.message}"


def _delegate(*rules: str) -> Callable[[Examination], Seen]:
    """Return a function as :func:`_by_rules`, for answers that a delegate signed."""
    check = _by_rules(*rules)

    def about_delegates(examination: Examination) -> Seen:
        evidence = [each.evidence for each in examination.answers() if each.evidence]
        if evidence and not any(
            each.authorized_by is AuthorizedBy.DELEGATE for each in evidence
        ):
            return not_applicable("the answers are not signed by a delegate")
        return check(examination)

    return about_delegates


def _about_revoked(*rules: str) -> Callable[[Examination], Seen]:
    """Return a function as :func:`_by_rules`, for a revoked certificate."""
    check = _by_rules(*rules)

    def about_revoked(examination: Examination) -> Seen:
        evidence = [each.evidence for each in examination.answers() if each.evidence]
        if evidence and not any(
            each.status is OCSPCertStatus.REVOKED for each in evidence
        ):
            return not_applicable("the certificate is not revoked")
        return check(examination)

    return about_revoked


CHECKS = (
    Check(
        "post",
        ("R6960-19",),
        "RFC 6960 App. A.1",
        MUST,
        "A POST is answered.",
        _post,
    ),
    Check(
        "get",
        ("R6960-19", "R9919-9"),
        "RFC 6960 App. A.1, RFC 9919 §6",
        MUST,
        "A GET is answered.",
        _get,
    ),
    Check(
        "content-type",
        ("R6960-19", "R9919-9"),
        "RFC 6960 App. A.2",
        MUST,
        "Content-Type is application/ocsp-response.",
        _media_type,
    ),
    Check(
        "sha256",
        ("R9919-2",),
        "RFC 9919 §3.1.1, §3.2.1",
        SHOULD,
        "Requests with SHA-256 CertIDs are answered, by GET and POST.",
        _sha256,
    ),
    Check(
        "sha1",
        ("R9919-2",),
        "RFC 9919 §3.2.1",
        MAY,
        "Requests with SHA-1 CertIDs, which old clients send, are answered.",
        _sha1,
    ),
    Check(
        "nonce-option",
        ("R9919-3",),
        "RFC 9919 §3.2.1",
        SHOULD,
        "A request with a nonce gets an answer, with the nonce or without.",
        _with_nonce,
    ),
    Check(
        "signer",
        ("R6960-1", "R6960-8"),
        "RFC 6960 §2.2, §4.2.2.2",
        MUST,
        "The CA or its delegate has signed.",
        _by_rules("V12", "V13", "V14", "V15", "V16", "V17"),
    ),
    Check(
        "signature",
        ("R6960-7",),
        "RFC 6960 §4.2.1",
        MUST,
        "The signature fits the response.",
        _by_rules("V10", "L603"),
    ),
    Check(
        "strong-signature",
        ("R6960-17",),
        "RFC 6960 §5.1.1, §4.3",
        MUST,
        "The signature algorithms and keys are strong.",
        _by_rules("V6", "L601", "L609", "L720"),
    ),
    Check(
        "basic-response",
        ("R6960-7",),
        "RFC 6960 §4.2.1",
        MUST,
        "The response is a BasicOCSPResponse in DER.",
        _by_rules(
            "V2", "V3", "V4", "L101", "L102", "L103", "L107", "L108", "L109", "L110"
        ),
    ),
    Check(
        "no-empty-certs",
        ("R6960-7",),
        "RFC 6960 §4.2.1",
        SHOULD,
        "certs is absent instead of empty.",
        _by_rules("L106"),
    ),
    Check(
        "responder-id",
        ("R6960-10",),
        "RFC 6960 §4.2.2.3",
        MUST,
        "responderID names the signer.",
        _by_rules("V11", "L604", "L606"),
    ),
    Check(
        "by-key",
        ("R9919-5",),
        "RFC 9919 §3.2.2",
        MUST,
        "responderID is the hash of the key (new responders).",
        _by_rules("L607"),
    ),
    Check(
        "entry",
        ("R6960-10",),
        "RFC 6960 §4.2.2.3, §3.2",
        MUST,
        "The response has an entry for the certificate.",
        _by_rules("V7", "V8", "V9", "L208", "L210"),
    ),
    Check(
        "one-entry",
        ("R9919-2",),
        "RFC 9919 §3.2.1",
        SHOULD,
        "The response has one entry, or one for each hash algorithm.",
        _by_rules("L206", "L207", "L209", "L211"),
    ),
    Check(
        "no-critical-extension",
        ("R6960-12",),
        "RFC 6960 §4.4",
        SHOULD,
        "No extension of the response is critical.",
        _by_rules("V5", "L111"),
    ),
    Check(
        "no-response-extensions",
        ("R9919-2",),
        "RFC 9919 §3.2.1",
        SHOULD,
        "A response that nothing was asked of has no responseExtensions.",
        _by_rules("L505", "L507", nonce=False),
    ),
    Check(
        "times",
        ("R6960-4",),
        "RFC 6960 §2.5, §4.2.2.1",
        MUST,
        "thisUpdate, producedAt and nextUpdate are in order, and hold now.",
        _by_rules("V18", "V19", "V21", "L301", "L303", "L304", "L306", "L307", "L308"),
    ),
    Check(
        "time-encoding",
        ("R6960-20", "R9919-7"),
        "RFC 6960 §4.2.2.1, RFC 9919 §3.2.4",
        MUST,
        "Times are in UTC with seconds, without fractions.",
        _by_rules("L104"),
    ),
    Check(
        "next-update",
        ("R9919-7",),
        "RFC 9919 §3.2.4",
        MUST,
        "nextUpdate is present.",
        _by_rules("L302"),
    ),
    Check(
        "revocation",
        ("R6960-15",),
        "RFC 6960 §4.2.1, RFC 5280 §5.3.1",
        SHOULD,
        "The time and the reason of a revocation are proper.",
        _about_revoked(
            "V23", "L305", "L401", "L402", "L403", "L404", "L405", "L406", "L407"
        ),
    ),
    Check(
        "archive-cutoff",
        ("R6960-14",),
        "RFC 6960 §4.4.4",
        SHOULD,
        "An archive cutoff is in the past; expired certificates have one.",
        _by_rules("L408", "L409", "V25"),
    ),
    Check(
        "delegate",
        ("R6960-8",),
        "RFC 6960 §4.2.2.2",
        MUST,
        "The delegate's certificate is for OCSP signing, and by the CA.",
        _delegate("V13", "V14", "L701", "L703", "L705", "L706", "L710", "L712", "L718"),
    ),
    Check(
        "nocheck",
        ("R6960-9",),
        "RFC 6960 §4.2.2.2.1",
        SHOULD,
        "nocheck is not critical, and its value is NULL.",
        _delegate("L708", "L709"),
    ),
    Check(
        "delegate-profile",
        ("R9919-4",),
        "RFC 9919 §3.2.2",
        SHOULD,
        "The delegate's certificate has nocheck, and names no responder and no CRL.",
        _delegate("L707", "L713", "L714", "L719"),
    ),
    Check(
        "no-unneeded-certificates",
        ("R9919-4",),
        "RFC 9919 §3.2.2",
        MAY,
        "The response has only the certificate that clients need.",
        _by_rules("L608"),
    ),
)
