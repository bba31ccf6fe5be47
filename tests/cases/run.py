"""
Run a case of the document with this package.

Like any other implementation, this module uses only the document.
"""

from __future__ import annotations

import base64
import datetime
import warnings
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

import ocsp
from ocsp.errors import Finding, VerificationError
from ocsp.messages.certid import CertID
from ocsp.messages.certid import _load as load_cert_id
from ocsp.verification import ChainOutcome, Policy
from tests.cases.model import PolicySpec, Result

__all__ = ["Outcome", "differences", "run"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of a case."""

    result: Result
    """The result."""

    failures: tuple[Finding, ...] = ()
    """The failures."""

    warnings: tuple[Finding, ...] = ()
    """The warnings."""

    evidence: ocsp.VerifiedResponse | None = None
    """The evidence."""

    error: VerificationError | None = None
    """The error that was raised."""

    chain: tuple[Outcome, ...] = field(default=())
    """The outcome for each certificate of a chain."""


def run(case: dict[str, Any]) -> Outcome:
    """Run *case* and return the outcome."""
    settings: dict[str, Any] = {"at": _moment(case["at"]), "policy": _policy(case)}
    settings["responders"] = [_cert(each) for each in case.get("responders", ())]
    settings["candidates"] = [_cert(each) for each in case.get("candidates", ())]
    if case["function"] == "verify_chain":
        return _chain(case, settings)
    settings["evidence"] = [_known(each, settings) for each in case.get("evidence", ())]
    issuer = _cert(case["issuer"])
    try:
        if case["function"] == "verify_staple":
            found = ocsp.verify_staple(
                _octets(case.get("response")), _cert(case["cert"]), issuer, **settings
            )
            return Outcome(result=Result.NOTHING) if found is None else _of(found)
        if "request" in case:
            settings["request"] = ocsp.load_der_ocsp_request(
                _some(case["request"]), allow_multiple=True
            )
        settings["nonce"] = _octets(case.get("nonce"))
        response = _some(case["response"])
        return _of(ocsp.verify(response, _target(case), issuer, **settings))
    except VerificationError as error:
        return Outcome(result=Result.NOT_VERIFIED, failures=error.failures, error=error)


def _known(item: dict[str, Any], settings: dict[str, Any]) -> ocsp.VerifiedResponse:
    """Verify a response about a delegate, with the responders configured for it."""
    return ocsp.verify(
        _some(item["response"]),
        _cert(item["cert"]),
        _cert(item["issuer"]),
        at=settings["at"],
        policy=settings["policy"],
        responders=[_cert(each) for each in item["responders"]],
    )


def _chain(case: dict[str, Any], settings: dict[str, Any]) -> Outcome:
    report = ocsp.verify_chain(
        [_cert(each) for each in case["chain"]],
        [_octets(each) for each in case["responses"]],
        **settings,
    )
    outcomes = []
    for each in report.certificates:
        if each.evidence is not None:
            outcomes.append(_of(each.evidence))
        elif each.outcome is ChainOutcome.NOT_NEEDED:
            outcomes.append(Outcome(result=Result.NOT_NEEDED))
        else:
            outcomes.append(Outcome(result=Result.NOT_VERIFIED, failures=each.failures))
    return Outcome(result=Result.CHAIN, chain=tuple(outcomes))


def _of(evidence: ocsp.VerifiedResponse) -> Outcome:
    return Outcome(
        result=Result(evidence.status.name.lower()),
        warnings=evidence.warnings,
        evidence=evidence,
    )


def _target(case: dict[str, Any]) -> x509.Certificate | CertID:
    if "cert_id" in case:
        cert_id = load_cert_id(_some(case["cert_id"]))
        assert isinstance(cert_id, CertID)
        return cert_id
    return _cert(case["cert"])


def _octets(text: str | None) -> bytes | None:
    return None if text is None else _some(text)


def _some(text: str) -> bytes:
    return base64.b64decode(text)


def _cert(text: str) -> x509.Certificate:
    with warnings.catch_warnings():
        # cryptography warns of negative serial numbers, which some cases have.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return x509.load_der_x509_certificate(_some(text))


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def _policy(case: dict[str, Any]) -> Policy:
    return PolicySpec(**case.get("policy", {})).policy()


def differences(expected: dict[str, Any], outcome: Outcome) -> list[str]:
    """Return the differences between *outcome* and *expected*."""
    found = []
    if outcome.result.value != expected["result"]:
        found.append(f"result {outcome.result.value}, not {expected['result']}")
    rules = [failure.rule for failure in outcome.failures]
    wanted = expected.get("failures", [])
    if set(wanted) - set(rules):
        found.append(f"failures {rules}, not {wanted}")
    elif wanted and rules[0] != wanted[0]:
        found.append(f"first failure {rules[0]}, not {wanted[0]}")
    error = expected.get("error")
    if error and outcome.failures and outcome.failures[0].error.__name__ != error:
        found.append(f"error {outcome.failures[0].error.__name__}, not {error}")
    warned = {warning.rule for warning in outcome.warnings}
    if warned != set(expected.get("warnings", ())):
        found.append(f"warnings {sorted(warned)}, not {expected.get('warnings')}")
    for name, value in expected.get("says", {}).items():
        said = _said(outcome.evidence, name)
        if said != value:
            found.append(f"{name} {said!r}, not {value!r}")
    for one, other in zip(expected.get("chain", ()), outcome.chain, strict=True):
        found += differences(one, other)
    return found


def _said(evidence: ocsp.VerifiedResponse | None, name: str) -> object:
    """Return an attribute of the evidence in the form of the document."""
    value = getattr(evidence, name, None)
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if name in ("authorized_by", "revocation_reason") and value is not None:
        return value.value
    return value
