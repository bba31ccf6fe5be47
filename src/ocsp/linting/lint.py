"""Apply all rules of a profile to one response."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from cryptography import x509

from ocsp.errors import DecodeError
from ocsp.linting.case import Case, Unreadable, Unsuccessful
from ocsp.linting.report import LintFinding, LintReport, Profile
from ocsp.linting.signer import find_signer
from ocsp.linting.table import RULES
from ocsp.messages.message import EncodingRules, SupportsDER
from ocsp.messages.raw_fields import has_response_bytes, response_parts
from ocsp.messages.requests.request import (
    OCSPRequest,
    own_request,
)
from ocsp.messages.responses.response import (
    OCSPResponse,
    load_received_response,
    own_response,
)
from ocsp.messages.statuses import OCSPResponseStatus
from ocsp.verification.clock import moment_of

__all__ = ["lint_response"]


def lint_response(
    response: bytes | SupportsDER,
    *,
    issuer: x509.Certificate | None = None,
    cert: x509.Certificate | None = None,
    request: SupportsDER | None = None,
    at: datetime.datetime | None = None,
    profile: Profile = Profile.RFC6960,
) -> LintReport:
    """
    Report where *response* deviates from the standards.

    Applies the rules of ``docs/lint.md``. A lint does not verify the response: one
    without findings may be forged. Some rules apply only if the optional arguments are
    given.

    Args:
        response: The response: bytes, an :class:`ocsp.OCSPResponse`, or an object of
            another package with ``public_bytes(Encoding.DER)``. If it cannot be
            decoded, that is a finding.

        issuer: The certificate of the issuer that the response is for.

        cert: The certificate that the response is for.

        request: The request that the response answers: an :class:`ocsp.OCSPRequest`, or
            an object of another package.

        at: The time when the response was served, aware. If it is ``None``, rules that
            need it do not apply.

        profile: The standards to apply.

    Raises:
        TypeError: If an argument has the wrong type, or *at* is naive.
        x509.DuplicateExtension: If *request* has an extension twice.
        DecodeError: If *request* has a malformed extension, or is of another package
            and its DER is malformed.
    """
    received = own_response(response)
    sent = None if request is None else own_request(request)
    for name, value in (("issuer", issuer), ("cert", cert)):
        if value is not None and not isinstance(value, x509.Certificate):
            raise TypeError(f"{name} must be a Certificate")
    subject = _subject(
        received, issuer, cert, sent, None if at is None else moment_of(at)
    )
    return LintReport(profile=profile, findings=tuple(_findings(subject, profile)))


def _findings(
    subject: Unreadable | Unsuccessful | Case, profile: Profile
) -> Iterator[LintFinding]:
    for rule in RULES:
        severity = rule.severities.get(profile)
        if severity is None or not isinstance(subject, rule.subject):
            continue
        for where, message in rule.function(subject):
            yield LintFinding(rule.id, severity, rule.clause.source, message, where)


def _subject(
    data: bytes | OCSPResponse,
    issuer: x509.Certificate | None,
    cert: x509.Certificate | None,
    request: OCSPRequest | None,
    at: datetime.datetime | None,
) -> Unreadable | Unsuccessful | Case:
    response = data if isinstance(data, OCSPResponse) else _read(data)
    if isinstance(response, Unreadable):
        return response
    der = response._der
    if response.response_status is not OCSPResponseStatus.SUCCESSFUL:
        return Unsuccessful(
            status=response.response_status,
            has_body=has_response_bytes(der),
            tolerated=response.tolerated,
        )
    return Case(
        response=response,
        entries=tuple(response.responses),
        unreadable=response._unreadable,
        parts=response_parts(der),
        signer=find_signer(response, issuer),
        issuer=issuer,
        cert=cert,
        request=request,
        at=at,
    )


def _read(data: bytes) -> OCSPResponse | Unreadable:
    """Read *data*, if necessary with deviations from DER; they are findings too."""
    try:
        return load_received_response(data)
    except DecodeError as error:
        refusal = error
    try:
        return load_received_response(data, encoding=EncodingRules.TOLERANT)
    except DecodeError:
        return Unreadable(error=refusal)
