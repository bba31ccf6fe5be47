"""
V15, V18, V19 and V21: the times, compared with the moment of judgement.

Every datetime is aware and in UTC, and no function reads the clock. The rules compare
differences of times, because a sum overflows for a response from the year 1 or 9999.
"""

from __future__ import annotations

import datetime

from cryptography import x509

from ocsp.asn1.certificates import validity_of
from ocsp.errors import (
    MalformedResponse,
    NextUpdateMissing,
    ProducedAtInvalid,
    ResponderCertificateExpired,
    ResponseExpired,
    ResponseNotYetValid,
    ValidityIntervalNotAllowed,
)
from ocsp.messages.responses.single_response import OCSPSingleResponse
from ocsp.verification.case import Candidate, Case
from ocsp.verification.facts import facts_of
from ocsp.verification.policy import UNBOUNDED, MissingNextUpdate, Policy, ProducedAt

__all__ = [
    "check_freshness",
    "in_validity",
    "interval_allowed_for_any",
    "is_current",
    "not_future",
    "produced_at",
]


def is_current(case: Case, entry: OCSPSingleResponse) -> bool:
    """Tell whether thisUpdate and nextUpdate of *entry* include the moment."""
    skew, until = case.policy.clock_skew, entry._next_update
    return entry._this_update - case.at <= skew and (
        until is None or case.at - until < skew
    )


def not_future(case: Case, entry: OCSPSingleResponse) -> None:
    """V18: check that thisUpdate is not in the future."""
    this_update = entry._this_update
    if this_update - case.at > case.policy.clock_skew:
        case.fail(
            "V18",
            ResponseNotYetValid,
            f"the response is valid from {this_update} (thisUpdate); it is {case.at}",
            this_update=this_update,
            at=case.at,
        )


def check_freshness(case: Case, entry: OCSPSingleResponse) -> None:
    """V19: check nextUpdate, age and interval of the response."""
    this_update, next_update = entry._this_update, entry._next_update
    policy = case.policy
    if next_update is None:
        _without_next_update(case, this_update)
    else:
        if case.at - next_update >= policy.clock_skew:
            case.fail(
                "V19",
                ResponseExpired,
                f"the response expired at {next_update} (nextUpdate); it is {case.at}",
                next_update=next_update,
                at=case.at,
            )
        interval = next_update - this_update
        if not interval_allowed_for_any(policy, interval):
            _check_interval(case, interval)
    if case.at - this_update > policy.max_age:
        _report_age(case, this_update, policy.max_age)


def _without_next_update(case: Case, this_update: datetime.datetime) -> None:
    policy = case.policy
    if policy.missing_next_update is MissingNextUpdate.REFUSE:
        case.fail(
            "V19",
            NextUpdateMissing,
            "the response has no nextUpdate, and the policy requires it",
            this_update=this_update,
        )
    elif policy.missing_next_update is MissingNextUpdate.WITHIN_MAX_AGE:
        most = policy.max_age_without_next_update
        if case.at - this_update > most:
            _report_age(case, this_update, most)


def interval_allowed_for_any(policy: Policy, interval: datetime.timedelta) -> bool:
    """Tell whether the policy accepts *interval* for CAs and for end entities."""
    return (
        policy.min_interval <= interval <= policy.max_interval
        and policy.ca_min_interval <= interval <= policy.ca_max_interval
    )


def _check_interval(case: Case, interval: datetime.timedelta) -> None:
    """Check *interval* with the limits for this kind of certificate."""
    if interval < datetime.timedelta(0):
        case.fail(
            "V19",
            MalformedResponse,
            f"nextUpdate is before thisUpdate, by {-interval}",
            interval=interval,
        )
        return
    policy, cert, kind = case.policy, case.cert, ""
    least, most = policy.min_interval, policy.max_interval
    if isinstance(cert, x509.Certificate) and facts_of(cert).ca:
        least, most = policy.ca_min_interval, policy.ca_max_interval
        kind = " for CA certificates"
    if not least <= interval <= most:
        allowed = f"at least {least}" if most == UNBOUNDED else f"{least} to {most}"
        case.fail(
            "V19",
            ValidityIntervalNotAllowed,
            f"nextUpdate is {interval} after thisUpdate; the policy allows {allowed}"
            f"{kind}",
            interval=interval,
            min_interval=least,
            max_interval=most,
        )


def _report_age(
    case: Case, this_update: datetime.datetime, most: datetime.timedelta
) -> None:
    case.fail(
        "V19",
        ResponseExpired,
        f"the response is {case.at - this_update} old; the policy allows {most}",
        this_update=this_update,
        at=case.at,
        max_age=most,
    )


def produced_at(case: Case, entry: OCSPSingleResponse) -> None:
    """V21: compare producedAt with the other times and the signer's validity."""
    produced, skew = case.response.produced_at_utc, case.policy.clock_skew
    this_update, next_update = entry._this_update, entry._next_update
    if produced - case.at > skew:
        _report_produced_at(
            case, f"producedAt {produced} is in the future, after {case.at}"
        )
    if this_update - produced > skew:
        _report_produced_at(
            case, f"producedAt {produced} is before thisUpdate {this_update}"
        )
    if next_update is not None and produced > next_update:
        _report_produced_at(
            case, f"producedAt {produced} is after nextUpdate {next_update}"
        )
    if isinstance(case.cert, x509.Certificate):
        begin, _ = validity_of(case.cert)
        if begin - produced > skew:
            _report_produced_at(
                case,
                f"producedAt {produced} is before the certificate's notBefore {begin}",
            )
    if case.signer is None:
        return
    facts = case.signer.facts
    if facts.not_before - produced > skew or produced - facts.not_after > skew:
        _report_produced_at(
            case, f"producedAt {produced} is outside the signer's validity"
        )


def _report_produced_at(case: Case, message: str) -> None:
    report = case.fail if case.policy.produced_at is ProducedAt.REFUSE else case.warn
    report(
        "V21",
        ProducedAtInvalid,
        message,
        produced_at=case.response.produced_at_utc,
        at=case.at,
    )


def in_validity(case: Case, candidate: Candidate) -> None:
    """V15: check that the signer's certificate is within its validity."""
    start, stop = candidate.facts.not_before, candidate.facts.not_after
    if not start <= case.at <= stop:
        what = "has expired" if case.at > stop else "is not yet valid"
        candidate.fail(
            "V15",
            ResponderCertificateExpired,
            f"the certificate of the signer {candidate.name} {what} at {case.at}; it "
            f"is valid from {start} to {stop}",
            not_before=start,
            not_after=stop,
            at=case.at,
        )
