"""
V15, V18, V19 and V21: the times, as of the moment of judgement.

Rules of this file: every moment is aware and in UTC, and none is *now*. Differences are
compared, never sums: a response may say the year 1, before which there is nothing.
"""

from __future__ import annotations

import datetime

from cryptography import x509

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
from ocsp.verification.facts import facts_of, validity_of
from ocsp.verification.policy import MissingNextUpdate, Policy, ProducedAt

__all__ = [
    "check_freshness",
    "in_validity",
    "interval_allowed_for_any",
    "is_current",
    "not_future",
    "produced_at",
]


def is_current(case: Case, entry: OCSPSingleResponse) -> bool:
    """Tell whether *entry* holds at that moment, as far as its own times say."""
    skew, until = case.policy.clock_skew, entry._next_update
    return entry._this_update - case.at <= skew and (
        until is None or case.at - until < skew
    )


def not_future(case: Case, entry: OCSPSingleResponse) -> None:
    """V18: thisUpdate is not in the future."""
    this_update = entry._this_update
    if this_update - case.at > case.policy.clock_skew:
        case.fail(
            "V18",
            ResponseNotYetValid,
            f"the response holds from {this_update} on, and it is {case.at}",
            this_update=this_update,
            at=case.at,
        )


def check_freshness(case: Case, entry: OCSPSingleResponse) -> None:
    """V19: the response is recent: nextUpdate, age and interval."""
    this_update, next_update = entry._this_update, entry._next_update
    policy = case.policy
    if next_update is None:
        _without_next_update(case, this_update)
    else:
        if case.at - next_update >= policy.clock_skew:
            case.fail(
                "V19",
                ResponseExpired,
                f"the response held until {next_update}, and it is {case.at}",
                next_update=next_update,
                at=case.at,
            )
        interval = next_update - this_update
        if not interval_allowed_for_any(policy, interval):
            _odd_interval(case, interval)
    if case.at - this_update > policy.max_age:
        _too_old(case, this_update, policy.max_age)


def _without_next_update(case: Case, this_update: datetime.datetime) -> None:
    policy = case.policy
    if policy.missing_next_update is MissingNextUpdate.REFUSE:
        case.fail(
            "V19",
            NextUpdateMissing,
            "the response does not say until when it holds (nextUpdate)",
            this_update=this_update,
        )
    elif policy.missing_next_update is MissingNextUpdate.WITHIN_MAX_AGE:
        most = policy.max_age_without_next_update
        if case.at - this_update > most:
            _too_old(case, this_update, most)


def interval_allowed_for_any(policy: Policy, interval: datetime.timedelta) -> bool:
    """Tell whether a response may hold for *interval*, be it about a CA or not."""
    return (
        policy.min_interval <= interval <= policy.max_interval
        and policy.ca_min_interval <= interval <= policy.ca_max_interval
    )


def _odd_interval(case: Case, interval: datetime.timedelta) -> None:
    """Find what *interval* has against it, now that it depends on the certificate."""
    if interval < datetime.timedelta(0):
        case.fail(
            "V19",
            MalformedResponse,
            f"nextUpdate is before thisUpdate, by {-interval}",
            interval=interval,
        )
        return
    policy, cert, whose = case.policy, case.cert, ""
    least, most = policy.min_interval, policy.max_interval
    if isinstance(cert, x509.Certificate) and facts_of(cert).ca:
        least, most = policy.ca_min_interval, policy.ca_max_interval
        whose = "for a CA's certificate "
    if not least <= interval <= most:
        case.fail(
            "V19",
            ValidityIntervalNotAllowed,
            f"the response holds for {interval}, and the policy takes {whose}"
            f"{least} to {most}",
            interval=interval,
            min_interval=least,
            max_interval=most,
        )


def _too_old(
    case: Case, this_update: datetime.datetime, most: datetime.timedelta
) -> None:
    case.fail(
        "V19",
        ResponseExpired,
        f"the response is {case.at - this_update} old, and the policy takes {most}",
        this_update=this_update,
        at=case.at,
        max_age=most,
    )


def produced_at(case: Case, entry: OCSPSingleResponse) -> None:
    """V21: producedAt goes with thisUpdate, nextUpdate, now and the signer."""
    produced, skew = case.response.produced_at_utc, case.policy.clock_skew
    this_update, next_update = entry._this_update, entry._next_update
    if produced - case.at > skew:
        _report_produced_at(
            case, f"the response was signed at {produced}, and it is {case.at}"
        )
    if this_update - produced > skew:
        _report_produced_at(
            case, f"signed at {produced}, before thisUpdate {this_update}"
        )
    if next_update is not None and produced > next_update:
        _report_produced_at(
            case, f"signed at {produced}, after nextUpdate {next_update}"
        )
    if isinstance(case.cert, x509.Certificate):
        begin, _ = validity_of(case.cert)
        if begin - produced > skew:
            _report_produced_at(
                case, f"signed at {produced}, before the certificate, at {begin}"
            )
    if case.signer is None:
        return
    facts = case.signer.facts
    if facts.not_before - produced > skew or produced - facts.not_after > skew:
        _report_produced_at(
            case, f"signed at {produced}, outside of the signer's own validity"
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
    """V15: the signer's certificate is valid at that time."""
    start, stop = candidate.facts.not_before, candidate.facts.not_after
    if not start <= case.at <= stop:
        when = "has ended" if case.at > stop else "has not begun"
        candidate.fail(
            "V15",
            ResponderCertificateExpired,
            f"the validity of the signer {candidate.name}, {start} to {stop}, {when} "
            f"at {case.at}",
            not_before=start,
            not_after=stop,
            at=case.at,
        )
