"""
The model of a case: inputs and the expected result.

Messages and certificates are encoded, because some of them cannot be decoded. The id of
a case consists of its module and its function, and is unique.
"""

from __future__ import annotations

import datetime
import enum
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ocsp.verification import UNBOUNDED, Policy

__all__ = [
    "CASES",
    "NOW",
    "Case",
    "DuplicateCase",
    "Evidence",
    "Expected",
    "Feature",
    "How",
    "Importance",
    "PolicySpec",
    "Result",
    "Scenario",
    "case",
    "chain",
    "good",
    "nothing",
    "refused",
    "revoked",
    "unknown",
]

NOW = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)
"""The moment for which cases are judged, unless a case has another one."""


class Importance(enum.StrEnum):
    """The consequence of a wrong result."""

    CRITICAL = "critical"
    """Any attacker on the path can make an implementation accept a false status."""

    HIGH = "high"
    """An attacker who has some key or an old response can."""

    MEDIUM = "medium"
    """An implementation accepts or rejects a response against the standard."""

    LOW = "low"
    """A question of policy or of reporting."""


class Feature(enum.StrEnum):
    """A feature that an implementation needs to run a case."""

    POLICY = "policy"
    """A choice that the standard leaves to the relying party: a policy other than the
    default, or a default or a limit of this package."""

    REQUEST = "request"
    """Comparison with the request that was sent."""

    NONCE = "nonce"
    """Comparison of nonces."""

    RESPONDERS = "responders"
    """Responders configured by the relying party (RFC 6960 §4.2.2.2)."""

    CANDIDATES = "candidates"
    """Certificates that may be the signer's and are not trusted."""

    EVIDENCE = "evidence"
    """Responses about the delegate itself (RFC 6960 §4.2.2.2.1)."""

    CERT_ID = "cert-id"
    """Verification with a CertID, without the certificate."""

    STAPLE = "staple"
    """Stapling, and certificates that require it (RFC 7633)."""

    CHAIN = "chain"
    """A status for every certificate of a chain."""

    HISTORIC = "historic"
    """Verification for another moment than now, for an expired certificate."""

    MANY_ENTRIES = "many-entries"
    """Responses for several certificates."""

    RSA_PSS = "rsa-pss"
    """RSASSA-PSS (RFC 4055)."""

    EDDSA = "eddsa"
    """Ed25519 and Ed448 (RFC 8410)."""

    ML_DSA = "ml-dsa"
    """ML-DSA (RFC 9881)."""

    WEAK = "weak-algorithms"
    """Algorithms or keys that some libraries cannot decode any more."""


class Result(enum.StrEnum):
    """The result of a case."""

    GOOD = "good"
    """Evidence that the certificate is good."""

    REVOKED = "revoked"
    """Evidence that the certificate is revoked."""

    UNKNOWN = "unknown"
    """Evidence that the responder does not know the certificate."""

    NOT_VERIFIED = "not-verified"
    """No evidence."""

    NOT_NEEDED = "not-needed"
    """A certificate of a chain that needs no status."""

    NOTHING = "nothing"
    """No staple, and the certificate does not require one."""

    CHAIN = "chain"
    """A result for each certificate of a chain."""


class How(enum.StrEnum):
    """The function that a case calls."""

    VERIFY = "verify"
    """Verify a response for a certificate."""

    STAPLE = "verify_staple"
    """Verify the staple from a TLS handshake."""

    CHAIN = "verify_chain"
    """Verify the responses for a chain."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The expected result of a case."""

    result: Result
    """The result."""

    failures: tuple[str, ...] = ()
    """Rules that fail; others may fail too. The first one is reported first."""

    error: str | None = None
    """The class of the first failure, if its rule has several classes."""

    warnings: tuple[str, ...] = ()
    """The rules that warn. No other rule warns."""

    says: dict[str, Any] = field(default_factory=dict)
    """Attributes of the evidence."""

    chain: tuple[Expected, ...] = ()
    """The expected result for each certificate of a chain."""


def _evidence(result: Result) -> Callable[..., Expected]:
    def expected(*warnings: str, **says: Any) -> Expected:
        return Expected(result=result, warnings=warnings, says=says)

    return expected


good = _evidence(Result.GOOD)
revoked = _evidence(Result.REVOKED)
unknown = _evidence(Result.UNKNOWN)
nothing = Expected(result=Result.NOTHING)


def refused(*rules: str, error: str | None = None) -> Expected:
    """Expect no evidence; these rules fail, and the first one is reported first."""
    return Expected(result=Result.NOT_VERIFIED, failures=rules, error=error)


def chain(*each: Expected) -> Expected:
    """Expect these results for the certificates of a chain."""
    return Expected(result=Result.CHAIN, chain=each)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A response about a delegate, to be verified first."""

    response: bytes
    """The response."""

    cert: bytes
    """The delegate."""

    issuer: bytes
    """The issuer of the delegate's certificate."""

    responders: tuple[bytes, ...] = ()
    """The responders that are configured for the delegate."""


@dataclass(frozen=True, kw_only=True)
class PolicySpec:
    """A policy: a profile and changes to it."""

    profile: str = "default"
    """The name of a profile."""

    changes: dict[str, Any] = field(default_factory=dict)
    """Fields that differ from the profile: seconds, numbers, values of members."""

    def policy(self) -> Policy:
        """Return the policy."""
        base = Policy.named(self.profile)
        values = {name: getattr(base, name) for name in base.__dataclass_fields__}
        return Policy(
            **values | {k: self._value(values[k], v) for k, v in self.changes.items()}
        )

    @staticmethod
    def _value(current: Any, value: Any) -> Any:
        if isinstance(current, datetime.timedelta):
            return UNBOUNDED if value is None else datetime.timedelta(seconds=value)
        return type(current)(value)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The inputs of a case and the expected result."""

    expected: Expected
    how: How = How.VERIFY
    response: bytes | None = None
    cert: bytes | None = None
    cert_id: bytes | None = None
    issuer: bytes | None = None
    at: datetime.datetime = NOW
    nonce: bytes | None = None
    request: bytes | None = None
    responders: tuple[bytes, ...] = ()
    candidates: tuple[bytes, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    policy: PolicySpec = PolicySpec()
    chain: tuple[bytes, ...] = ()
    responses: tuple[bytes | None, ...] = ()

    @property
    def features(self) -> frozenset[Feature]:
        """The features that the inputs require."""
        needs = {
            Feature.POLICY: self.policy != PolicySpec(),
            Feature.REQUEST: self.request is not None,
            Feature.NONCE: self.nonce is not None,
            Feature.RESPONDERS: bool(self.responders),
            Feature.CANDIDATES: bool(self.candidates),
            Feature.EVIDENCE: bool(self.evidence),
            Feature.CERT_ID: self.cert_id is not None,
            Feature.STAPLE: self.how is How.STAPLE,
            Feature.CHAIN: self.how is How.CHAIN,
        }
        return frozenset(feature for feature, needed in needs.items() if needed)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case."""

    id: str
    """Module and function."""

    rule: str
    """The rule that it tests."""

    importance: Importance
    """The consequence of a wrong result."""

    features: frozenset[Feature]
    """The features that it needs in addition to those of its inputs."""

    description: str
    """The scenario, the expected result and the clauses."""

    make: Callable[[Any], Scenario]
    """The function that creates the scenario."""


class DuplicateCase(Exception):
    """Two cases have the same id."""


CASES: dict[str, Case] = {}
"""All cases that have been loaded, by id."""

Make = Callable[[Any], Scenario]


def case(
    rule: str,
    importance: Importance = Importance.MEDIUM,
    *features: Feature,
    register: dict[str, Case] = CASES,
) -> Callable[[Make], Make]:
    """
    Register the decorated function as a case of *rule*.

    Raises:
        DuplicateCase: If there is a case with the same id.
        ValueError: If the function has no docstring.
    """

    def add(make: Make) -> Make:
        module = make.__module__.rpartition(".")[2].removesuffix("_cases")
        identity = f"{module}::{make.__name__.strip('_').replace('_', '-')}"
        if identity in register:
            raise DuplicateCase(identity)
        if not make.__doc__:
            raise ValueError(f"{identity} has no docstring")
        register[identity] = Case(
            id=identity,
            rule=rule,
            importance=importance,
            features=frozenset(features),
            description=inspect.cleandoc(make.__doc__),
            make=make,
        )
        return make

    return add
