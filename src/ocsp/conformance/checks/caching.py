"""
What the answers tell caches: RFC 9919 §6 and §7.2, and conditional requests of HTTP.

Most checks look at the headers of the ordinary answers; see
:mod:`ocsp.probing.headers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ocsp.conformance.checks.requests import unlisted_request
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
from ocsp.probing import Method, NonceUse

__all__ = ["CHECKS"]

MUST, SHOULD = Strength.MUST, Strength.SHOULD


def _by_rules(*rules: str) -> Callable[[Examination], Seen]:
    """Return a function that fails if the headers of a GET break one of *rules*."""

    def check(examination: Examination) -> Seen:
        answers = [
            each
            for each in examination.answers(Method.GET, nonce=False)
            if each.evidence is not None
        ]
        if not answers:
            return unclear("no GET got a verified answer")
        for answer in answers:
            for finding in answer.findings:
                if finding.rule in rules:
                    what = f"{finding.where} {finding.message}"
                    return failed(f"{answer.question}: {what}")
        return passed(f"right in {len(answers)} answers")

    return check


def _nonce_not_kept(examination: Examination) -> Seen:
    answers = [
        each
        for each in examination.answers(Method.GET, nonce=True)
        if each.nonce is NonceUse.REPEATED
    ]
    if not answers:
        return not_applicable("no answer to a GET repeats a nonce")
    for answer in answers:
        for finding in answer.findings:
            if finding.rule == "C11":
                return failed(f"{answer.question}: {finding.where} {finding.message}")
    return passed("answers that repeat a nonce are not for caches")


def _error_not_kept(examination: Examination) -> Seen:
    received = examination.get(der_of(unlisted_request(examination)))
    if received.status in {None, OCSPResponseStatus.SUCCESSFUL}:
        return not_applicable(f"no OCSP error was seen: {received}")
    kept = received.reply.header("cache-control") or "no Cache-Control"
    if received.directives & {"no-store", "no-cache"}:
        return passed(f"{received}, {kept}")
    return failed(f"{received}, {kept}")


# --- conditional requests -------------------------------------------------------------


TRIES = 4
"""How often a condition is tried. A responder that signs each answer when it is asked
has another one, with another tag, in the next second."""


def _conditional(
    examination: Examination, write: Callable[[str], str]
) -> tuple[Received, Received] | Seen:
    """
    Return an answer to a GET, and that with If-None-Match to the same response.

    Args:
        examination: The examination.

        write: Returns the value of If-None-Match with an entity tag.
    """
    der = der_of(examination.builder().build())
    for _ in range(TRIES):
        full = examination.get(der)
        tag = full.reply.header("etag")
        if not tag:
            return not_applicable("the answer has no ETag")
        again = examination.get(der, ("If-None-Match", write(tag)))
        if again.reply.header("etag") in {"", tag}:
            return full, again
    return unclear("each answer has another ETag than the one before")


def _not_modified(examination: Examination) -> Seen:
    for name, write in _CONDITIONS.items():
        answers = _conditional(examination, write)
        if isinstance(answers, Seen):
            return answers
        if answers[1].reply.status != 304:
            return failed(f"If-None-Match with {name} got {answers[1]}")
    return passed(f"304 for {', '.join(_CONDITIONS)}")


_CONDITIONS: Mapping[str, Callable[[str], str]] = {
    "the tag": lambda tag: tag,
    "a list": lambda tag: f'"another", {tag}',
    "the weak tag": lambda tag: f"W/{tag.removeprefix('W/')}",
    "*": lambda _: "*",
}
"""Values of If-None-Match that mean the response with a tag (RFC 9110 §13.1.2)."""


def _headers_of_304(examination: Examination) -> Seen:
    answers = _conditional(examination, lambda tag: tag)
    if isinstance(answers, Seen):
        return answers
    full, unchanged = answers
    if unchanged.reply.status != 304:
        return not_applicable(f"no 304: {unchanged}")
    for name in ("cache-control", "date", "etag", "expires"):
        if full.reply.header(name) and not unchanged.reply.header(name):
            return failed(f"the 304 has no {name.title()}, and the 200 has")
    return passed("the 304 has the headers for caches")


def _modified(examination: Examination) -> Seen:
    der = der_of(examination.builder().build())
    received = examination.get(der, ("If-None-Match", '"another"'))
    if received.status is OCSPResponseStatus.SUCCESSFUL:
        return passed(str(received))
    return failed(f"If-None-Match with another tag got {received}")


CHECKS = (
    Check(
        "content-length",
        ("R6960-19", "R9919-9"),
        "RFC 6960 App. A.2",
        SHOULD,
        "Content-Length is present.",
        _by_rules("C2"),
    ),
    Check(
        "date",
        ("R9919-9", "R9919-11"),
        "RFC 9919 §7.2, RFC 9110 §5.6.7",
        MUST,
        "Date is present, in the form of HTTP in GMT.",
        _by_rules("C3"),
    ),
    Check(
        "clock",
        ("R9919-8",),
        "RFC 9919 §5",
        MUST,
        "The clock of the responder agrees with the one here.",
        _by_rules("C4"),
    ),
    Check(
        "last-modified",
        ("R9919-9", "R9919-11"),
        "RFC 9919 §6, §7.2",
        MUST,
        "Last-Modified is thisUpdate or producedAt.",
        _by_rules("C5"),
    ),
    Check(
        "expires",
        ("R9919-9", "R9919-11"),
        "RFC 9919 §7.2",
        MUST,
        "Expires is nextUpdate.",
        _by_rules("C6"),
    ),
    Check(
        "etag",
        ("R9919-9",),
        "RFC 9919 §6, RFC 9110 §8.8.3",
        MUST,
        "ETag is a strong validator.",
        _by_rules("C7"),
    ),
    Check(
        "etag-hash",
        ("R9919-11",),
        "RFC 9919 §7.2",
        SHOULD,
        "ETag is the SHA-256 of the response in hexadecimal.",
        _by_rules("C8"),
    ),
    Check(
        "max-age",
        ("R9919-9", "R9919-10", "R9919-11"),
        "RFC 9919 §7.1, §7.2",
        MUST,
        "max-age is present, and ends before nextUpdate.",
        _by_rules("C9"),
    ),
    Check(
        "cacheable",
        ("R9919-12",),
        "RFC 9919 §7.2",
        MUST,
        "Answers for caches have neither no-cache nor no-store.",
        _by_rules("C10"),
    ),
    Check(
        "error-not-kept",
        ("R9919-12",),
        "RFC 9919 §7.2",
        SHOULD,
        "OCSP errors have no-store or no-cache.",
        _error_not_kept,
    ),
    Check(
        "nonce-not-kept",
        ("R9919-12",),
        "RFC 9919 §7.2",
        SHOULD,
        "Answers that repeat a nonce have no-store or no-cache.",
        _nonce_not_kept,
    ),
    Check(
        "if-none-match",
        (),
        "RFC 9110 §13.1.2, §13.2.1",
        SHOULD,
        "A GET with the known entity tag gets 304.",
        _not_modified,
    ),
    Check(
        "headers-of-304",
        (),
        "RFC 9110 §15.4.5",
        MUST,
        "A 304 has the headers for caches of the 200.",
        _headers_of_304,
    ),
    Check(
        "other-tag",
        (),
        "RFC 9110 §13.1.2",
        MUST,
        "A GET with another entity tag gets the answer.",
        _modified,
    ),
)
