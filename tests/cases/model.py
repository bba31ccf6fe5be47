"""
What a case is: inputs, and what is expected of them.

Rules of this file: messages and certificates are octets, since some of them cannot be
read; ids come from module and function, and the same id twice is refused.
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
"""The moment at which everything is judged, if a case does not say another one."""


class Importance(enum.StrEnum):
    """What it costs to get a case wrong."""

    CRITICAL = "critical"
    """Anybody can make an implementation believe a status."""

    HIGH = "high"
    """Whoever has some key or an old response can."""

    MEDIUM = "medium"
    """Something is believed, or refused, that the standard has otherwise."""

    LOW = "low"
    """A matter of policy, or of what is reported."""


class Feature(enum.StrEnum):
    """What an implementation has to have for a case to say something about it."""

    POLICY = "policy"
    """Settings other than the defaults."""

    REQUEST = "request"
    """Comparing with the request that was sent."""

    NONCE = "nonce"
    """Comparing the nonce."""

    RESPONDERS = "responders"
    """Responders configured by the relying party (RFC 6960 §4.2.2.2)."""

    EVIDENCE = "evidence"
    """Responses about the delegate itself (RFC 6960 §4.2.2.2.1)."""

    CERT_ID = "cert-id"
    """ResponderOrder by CertID, without the certificate."""

    STAPLE = "staple"
    """Stapling, and certificates that demand it (RFC 7633)."""

    CHAIN = "chain"
    """A status for every certificate of a chain."""

    HISTORIC = "historic"
    """Judging as of another moment than now, for a certificate that has ended."""

    MANY_ENTRIES = "many-entries"
    """Responses about several certificates."""

    RSA_PSS = "rsa-pss"
    """RSASSA-PSS (RFC 4055)."""

    EDDSA = "eddsa"
    """Ed25519 and Ed448 (RFC 8410)."""

    ML_DSA = "ml-dsa"
    """ML-DSA (RFC 9881)."""

    WEAK = "weak-algorithms"
    """Algorithms or keys that some libraries cannot even read any more."""


class Result(enum.StrEnum):
    """What comes out."""

    GOOD = "good"
    """Evidence that the certificate is good."""

    REVOKED = "revoked"
    """Evidence that the certificate is revoked."""

    UNKNOWN = "unknown"
    """Evidence that the responder does not know the certificate."""

    NOT_VERIFIED = "not-verified"
    """No evidence."""

    NOT_NEEDED = "not-needed"
    """A certificate of a chain that has no status."""

    NOTHING = "nothing"
    """No staple, and none was needed."""

    CHAIN = "chain"
    """A result for each certificate of a chain."""


class How(enum.StrEnum):
    """What is asked."""

    VERIFY = "verify"
    """Whether a response is evidence about a certificate."""

    STAPLE = "verify_staple"
    """The same of what came in a TLS handshake."""

    CHAIN = "verify_chain"
    """The same for a whole chain."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What comes out of a case."""

    result: Result
    """The result."""

    failures: tuple[str, ...] = ()
    """Rules that fail, among others; the first is reported first."""

    error: str | None = None
    """The class of the first failure, where a rule has several."""

    warnings: tuple[str, ...] = ()
    """Rules that warn; no others do."""

    says: dict[str, Any] = field(default_factory=dict)
    """More that the evidence has."""

    chain: tuple[Expected, ...] = ()
    """For each certificate of a chain."""


def _evidence(result: Result) -> Callable[..., Expected]:
    def expected(*warnings: str, **says: Any) -> Expected:
        return Expected(result=result, warnings=warnings, says=says)

    return expected


good = _evidence(Result.GOOD)
revoked = _evidence(Result.REVOKED)
unknown = _evidence(Result.UNKNOWN)
nothing = Expected(result=Result.NOTHING)


def refused(*rules: str, error: str | None = None) -> Expected:
    """Expect no evidence, and these rules to fail, the first one first."""
    return Expected(result=Result.NOT_VERIFIED, failures=rules, error=error)


def chain(*each: Expected) -> Expected:
    """Expect this of each certificate of a chain."""
    return Expected(result=Result.CHAIN, chain=each)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A response about a delegate, to be verified first."""

    response: bytes
    """The response."""

    cert: bytes
    """The delegate."""

    issuer: bytes
    """Who issued the delegate."""

    responders: tuple[bytes, ...] = ()
    """Who is configured to speak of the delegate."""


@dataclass(frozen=True, kw_only=True)
class PolicySpec:
    """Settings: a profile, and changes to it."""

    profile: str = "strict"
    """The name of a profile."""

    changes: dict[str, Any] = field(default_factory=dict)
    """Settings that differ from the profile: seconds, numbers, names of members."""

    def policy(self) -> Policy:
        """Return the settings."""
        base = Policy() if self.profile == "strict" else getattr(Policy, self.profile)()
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
    """Inputs, and what is expected of them."""

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
    evidence: tuple[Evidence, ...] = ()
    policy: PolicySpec = PolicySpec()
    chain: tuple[bytes, ...] = ()
    responses: tuple[bytes | None, ...] = ()

    @property
    def features(self) -> frozenset[Feature]:
        """The features that the inputs themselves need."""
        needs = {
            Feature.POLICY: self.policy != PolicySpec(),
            Feature.REQUEST: self.request is not None,
            Feature.NONCE: self.nonce is not None,
            Feature.RESPONDERS: bool(self.responders),
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
    """The rule that it is about."""

    importance: Importance
    """What it costs to get it wrong."""

    features: frozenset[Feature]
    """What it needs, besides what the inputs show."""

    description: str
    """What happens, what is expected, and where that is written."""

    make: Callable[[Any], Scenario]
    """The function."""


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
    Register the function that follows as a case about *rule*.

    Raises:
        DuplicateCase: If there is one of that id.
        ValueError: If it does not say what it is about.
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
