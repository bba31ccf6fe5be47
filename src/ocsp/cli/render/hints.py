"""Hints: what the user can do about a check without a status, by its reason."""

from __future__ import annotations

from collections.abc import Iterator

from ocsp.client import Outcome, Reason
from ocsp.client.checking.urls import crl_urls, readable_responder_urls
from ocsp.client.outcome import reason_of
from ocsp.errors import (
    FetchError,
    Finding,
    ForbiddenResponderURL,
    NextUpdateMissing,
    NonceMissing,
    NoResponderURL,
    OCSPError,
    OlderThanKnown,
    ResponderRevocationUnknown,
    ResponseExpired,
    ResponseNotYetValid,
    ValidityIntervalNotAllowed,
    VerificationError,
)
from ocsp.verification.crl.points import distribution_points

__all__ = ["hint_for", "hint_for_failure", "names_crl", "names_responder"]

_SEE_STEPS = "use --verbose to see each step, --url URL for another place"

_CHECK_HINTS = {
    Reason.NO_ISSUER: "use --issuer FILE, or --fetch-issuer to download it",
    Reason.TRANSPORT: _SEE_STEPS,
    Reason.HTTP_STATUS: _SEE_STEPS,
}
"""Hints with options of ``ocsp check`` only."""

_HINTS = {
    Reason.TIMEOUT: "use --timeout 30s to wait longer",
    Reason.REDIRECT: "use --redirects same-scheme to follow redirects",
    Reason.CONTENT_TYPE: "use --content-type any if the server is one of static files",
    Reason.TRY_LATER: "the responder is busy; ask again later",
    Reason.OLDER_THAN_KNOWN: (
        "an old answer was sent again; ask later, or use --url URL for another place"
    ),
    Reason.UNAUTHORIZED: "the responder has no record of it; check --issuer and --url",
}

_VERIFICATION_HINTS: dict[type[VerificationError], str] = {
    ResponseNotYetValid: "check the clock of this machine",
    ResponseExpired: (
        "the answer is too old; check the clock of this machine, or ask later"
    ),
    NextUpdateMissing: "use --missing-next-update within-max-age to accept it",
    ValidityIntervalNotAllowed: (
        "--min-interval and --max-interval change the policy, for the certificate of a"
        " CA --ca-min-interval and --ca-max-interval"
    ),
    ResponderRevocationUnknown: "--delegate-revocation changes the policy",
    NonceMissing: "leave out --nonce, or use --nonce-check if-present",
}
"""Hints by the error of a failed rule."""


def hint_for(outcome: Outcome) -> str | None:
    """Return what the user can do about *outcome*, or ``None`` if nothing is known."""
    failure = outcome.failure
    if isinstance(failure, NoResponderURL):
        return _no_url(outcome)
    if outcome.reason in _CHECK_HINTS:
        return _CHECK_HINTS[outcome.reason]
    return None if failure is None else hint_for_failure(failure)


def hint_for_failure(failure: OCSPError) -> str | None:
    """Return what the user can do about *failure*, or ``None`` if nothing is known."""
    if isinstance(failure, ForbiddenResponderURL):
        return _forbidden(failure)
    if not isinstance(failure, (FetchError, VerificationError, OlderThanKnown)):
        return None
    reason = reason_of(failure)
    if isinstance(failure, VerificationError) and reason is Reason.NOT_VERIFIED:
        return next(_verification_hints(failure.failures), None)
    return _HINTS.get(reason)


def _verification_hints(failures: tuple[Finding, ...]) -> Iterator[str]:
    for each in failures:
        if "max_age" in dict(each.values):
            yield "--max-age and --max-age-without-next-update change the policy"
        elif each.error in _VERIFICATION_HINTS:
            yield _VERIFICATION_HINTS[each.error]


def _no_url(outcome: Outcome) -> str:
    if names_crl(outcome):
        return "use --crl when-no-responder for its CRL, or --url URL for a responder"
    return "it names no CRL either; use --url URL to name a responder"


def _forbidden(failure: ForbiddenResponderURL) -> str:
    scheme = failure.url.partition(":")[0].lower()
    if scheme == "https" and failure.reason.startswith("is https"):
        return "use --scheme http-and-https to allow https, or --url URL"
    if scheme not in {"http", "https"}:
        return "use --url with an http URL; responders answer over HTTP only"
    return "use --private to allow private addresses, or --url URL for another place"


def names_responder(outcome: Outcome) -> bool:
    """Return whether the certificate names a responder that the client can ask."""
    return bool(readable_responder_urls(outcome.certificate))


def names_crl(outcome: Outcome) -> bool:
    """Return whether the certificate names a CRL that the client can fetch."""
    return bool(crl_urls(distribution_points(outcome.certificate)))
