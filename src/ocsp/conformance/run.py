"""
Examine a responder: make the checks of the table, one after the other.

If no ordinary request gets a reply, the odd ones would tell nothing: they are not sent.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection
from dataclasses import replace

from cryptography import x509

from ocsp.client import Proxy
from ocsp.conformance.connection import Endpoint
from ocsp.conformance.examination import ConformanceSettings, Examination
from ocsp.conformance.report import (
    Check,
    CheckResult,
    ConformanceReport,
    Seen,
    failed,
    unclear,
)
from ocsp.conformance.table import CHECKS
from ocsp.errors import BodyTooLarge, BrokenReply, FetchError, FetchTimeout
from ocsp.linting import Profile
from ocsp.messages.certid import CertID
from ocsp.probing import (
    HashName,
    Method,
    ProbeReport,
    ProbeSettings,
    Question,
    check_responder_url,
    probe,
    questions,
)

__all__ = ["examine"]

_FIRST = tuple(Question(each, HashName.SHA256, nonce=False) for each in Method)
"""The first questions. Without a reply to one of them, no others are asked."""


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def examine(
    url: str,
    cert: x509.Certificate | CertID,
    issuer: x509.Certificate,
    settings: ConformanceSettings | None = None,
    *,
    only: Collection[str] | None = None,
    progress: Callable[[CheckResult], None] | None = None,
    now: Callable[[], datetime.datetime] = _now,
) -> ConformanceReport:
    """
    Examine the responder at *url*.

    Args:
        url: Its URL, http or https. Its address may be private; no proxy is used.

        cert: A certificate that the responder knows, or its CertID, of which only the
            serial number counts.

        issuer: The certificate of its issuer. Its certification path is not verified.

        settings: How to ask and judge.

        only: The ids of the checks to make; by default all.

        progress: Called with each result.

        now: Returns the current time, aware.

    Raises:
        ForbiddenResponderURL: If *url* is not a URL of a responder.
    """
    settings = settings or ConformanceSettings()
    check_responder_url(url)
    examination = Examination(
        endpoint=Endpoint(url),
        cert=cert,
        issuer=issuer,
        settings=settings,
        report=_ordinary_answers(url, cert, issuer, settings, now),
        now=now,
    )
    results = []
    for check in CHECKS:
        if only is None or check.id in only:
            outcome, text = _made(check, examination)
            results.append(CheckResult(check, outcome, text))
            if progress is not None:
                progress(results[-1])
    return ConformanceReport(url=url, results=tuple(results))


def _ordinary_answers(
    url: str,
    cert: x509.Certificate | CertID,
    issuer: x509.Certificate,
    settings: ConformanceSettings,
    now: Callable[[], datetime.datetime],
) -> ProbeReport:
    asked = ProbeSettings(
        questions=_FIRST,
        policy=settings.policy,
        responders=settings.responders,
        candidates=settings.candidates,
        proxy=Proxy.NONE,
        profile=Profile.RFC9919,
        timeout=settings.timeout,
    )
    first = probe(url, cert, issuer, asked, now=now)
    if all(each.http_status is None for each in first.answers):
        return first
    others = tuple(each for each in questions() if each not in _FIRST)
    asked = replace(asked, questions=others)
    rest = probe(url, cert, issuer, asked, now=now)
    return replace(first, answers=first.answers + rest.answers)


def _made(check: Check, examination: Examination) -> Seen:
    """
    Make *check*.

    A responder that answers other requests must answer those of the check too.
    """
    if not examination.is_answered and check.id not in _ORDINARY:
        return unclear("no ordinary request got a reply")
    try:
        return check.function(examination)
    except FetchTimeout as error:
        examination.endpoint.note_late()
        return failed(f"no usable reply: {error.reason}")
    except (BrokenReply, BodyTooLarge) as error:
        return failed(f"no usable reply: {error.reason}")
    except FetchError as error:
        return unclear(error.reason)


_ORDINARY = frozenset({"post", "get"})
"""The checks that say why no ordinary request got a reply."""
