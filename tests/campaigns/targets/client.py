"""
The client: it believes only what the oracle allows, with lying servers and caches.

A certificate names a responder, the issuer's certificate and a CRL. The servers answer
with mutated replies; the clock is moved between two checks.
"""

from __future__ import annotations

import asyncio
import datetime
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID

import ocsp
from ocsp.client import (
    CachedAnswer,
    CheckStatus,
    ContentTypes,
    CRLFallback,
    MissingIssuer,
    Options,
    Outcome,
    Redirects,
    SendNonce,
)
from ocsp.client.core import Core
from ocsp.client.engine import tasks, threads
from ocsp.verification import Policy, VerifiedResponse, VerifiedRevocation
from tests.campaigns.invariants import Violation, call
from tests.campaigns.material.cast import build, strangers
from tests.campaigns.material.crls import crl_donors, draw_crl
from tests.campaigns.material.dice import Dice
from tests.campaigns.material.mutations import mutate
from tests.campaigns.material.responses import (
    donors,
    draw_response,
    mutate_certificate,
)
from tests.campaigns.material.wire import (
    AsyncNetwork,
    Network,
    Responder,
    draw_reply,
)
from tests.campaigns.oracle.certificates import is_issued_by
from tests.campaigns.oracle.crls import CRLQuestion, judge_crls
from tests.campaigns.oracle.reader import Unreadable, read_certificate
from tests.campaigns.oracle.responses import judge_response
from tests.campaigns.oracle.verdict import Question
from tests.campaigns.targets.verify import load
from tests.cases.builder import HOUR, Identity
from tests.unit.client.scene import Clock

__all__ = ["A", "believed", "run", "subject"]

BUDGET = 400_000
A, B = "http://a.example/", "http://b.example/"
ISSUER, LIST = "http://i.example/ca.cer", "http://c.example/ca.crl"
_BELIEVED = (CheckStatus.GOOD, CheckStatus.REVOKED, CheckStatus.UNKNOWN)


@cache
def subject() -> Identity:
    """Return the certificate in question, which names all servers."""
    access = [
        (AuthorityInformationAccessOID.OCSP, A),
        (AuthorityInformationAccessOID.OCSP, B),
        (AuthorityInformationAccessOID.CA_ISSUERS, ISSUER),
    ]
    named = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
        for method, url in access
    ]
    url = x509.UniformResourceIdentifier(LIST)
    point = x509.DistributionPoint([url], None, None, None)
    return build().certificate(
        "leaf.example",
        extensions=(
            x509.AuthorityInformationAccess(named),
            x509.CRLDistributionPoints([point]),
        ),
    )


@dataclass
class Liar:
    """A cache that returns what it was given, and keeps nothing."""

    answer: CachedAnswer | None

    def get(self, cert_id: ocsp.CertID) -> CachedAnswer | None:
        """Return the answer to every question."""
        return self.answer

    def put(
        self,
        cert_id: ocsp.CertID,
        evidence: VerifiedResponse,
        expires: datetime.datetime,
    ) -> bool:
        """Keep nothing."""
        return False

    def discard(self, cert_id: ocsp.CertID) -> None:
        """Do nothing."""


@dataclass
class _Scene:
    """The servers, the cache, and the options of one case."""

    dice: Dice
    clock: Clock = field(default_factory=Clock)
    crls: list[bytes] = field(default_factory=list)

    def network(self) -> Network:
        """Return the servers."""
        servers = {
            A: Responder(self.dice, self._answer),
            B: Responder(self.dice, self._answer),
            ISSUER: Responder(self.dice, self._certificate),
            LIST: Responder(self.dice, self._list),
        }
        return Network(servers)

    def _answer(self) -> bytes:
        return draw_reply(self.dice, self.response())

    def response(self) -> bytes:
        """Return a response."""
        dice = self.dice
        nonce = dice.chance(0.3)
        body, signed_by, _ = draw_response(dice, nonce=nonce, cert=subject())
        if dice.chance(0.4):
            body = mutate(dice, body, signed_by, donors())
        return dice.usually(body, b"\x30\x03\x0a\x01\x06", b"\x30\x03\x0a\x01\x03", b"")

    def _certificate(self) -> bytes:
        dice, made = self.dice, build()
        body = dice.usually(made.ca.der, strangers()[0].cert.der, made.leaf.der)
        if dice.chance(0.3):
            body = mutate(dice, body, ("ca",), donors())
        if dice.chance(0.2):
            certs = [load(each.der) for each in (made.ca, made.leaf)]
            body = pkcs7.serialize_certificates(certs, Encoding.DER)
            body = mutate(dice, body, ("ca", "ca"), donors())
        return draw_reply(dice, body, "application/pkix-cert")

    def _list(self) -> bytes:
        body, key = draw_crl(self.dice, subject())
        if self.dice.chance(0.4):
            body = mutate(self.dice, body, (key,), crl_donors())
        self.crls.append(body)
        return draw_reply(self.dice, body, "application/pkix-crl")

    def cache(self) -> Liar | None:
        """Return a cache that lies, or none."""
        if not self.dice.chance(0.3):
            return None
        now = self.clock.now()
        der = self.response()
        moments = [now + hours * HOUR for hours in (-300_000, -1, 0, 1, 20, 30_000_000)]
        answer = CachedAnswer(
            der, self.dice.choice(moments), self.dice.choice(moments), None
        )
        return Liar(answer)

    def options(self) -> Options:
        """Return options that reach everything."""
        dice = self.dice
        return Options(
            nonce=dice.choice((SendNonce.NEVER, SendNonce.NEVER, SendNonce.ALWAYS)),
            missing_issuer=MissingIssuer.FETCH,
            crl_fallback=dice.choice(list(CRLFallback)),
            redirects=dice.choice(list(Redirects)),
            content_types=dice.usually(*ContentTypes),
            policy=Policy.named(dice.usually("default", "strict", "rfc9919")),
        )


def run(dice: Dice) -> str:
    """Check a certificate twice, and return what came of it."""
    scene = _Scene(dice)
    options = scene.options()
    environment = scene.clock.environment()
    core = Core(options, scene.cache(), environment)
    network = scene.network()
    drive = dice.choice((_in_threads, _in_threads, _in_tasks))
    issuer = dice.choice((load(build().ca.der), None))
    der = subject().der
    cert = load(mutate_certificate(dice, der) if dice.chance(0.15) else der)

    def check() -> Any:
        request = core.request(cert, issuer, None)
        return drive(core.check(request, None), network, scene.clock)

    for _ in range(2):
        outcome = call(check, budget=BUDGET)
        if not isinstance(outcome, Outcome):
            raise Violation(f"no outcome: {outcome!r}")
        shown = call(lambda found=outcome: repr(found), budget=BUDGET)  # type: ignore[misc]
        if not isinstance(shown, str):
            raise Violation(f"the outcome cannot be shown: {shown!r}")
        believed(outcome, scene.clock.now(), options, scene.crls)
        if issuer is None and outcome.issuer is not None:
            _check_issuer(outcome)
        scene.clock.seconds += dice.choice((0, 60, 3600, 90_000, 30 * 86_400))
    return outcome.status.value


def _in_threads(flow: Any, network: Network, clock: Clock) -> Any:
    return threads.drive(flow, lambda: network, clock.sleep)


def _in_tasks(flow: Any, network: Network, clock: Clock) -> Any:
    transport = AsyncNetwork(network)
    return asyncio.run(tasks.drive(flow, lambda: transport, clock.sleep_meanwhile))


def believed(
    outcome: Outcome,
    now: datetime.datetime,
    options: Options,
    crls: list[bytes],
) -> None:
    """
    Check the evidence of *outcome*.

    Args:
        outcome: The outcome.

        now: The time of the check.

        options: The options of the client.

        crls: Every CRL that it may have received.

    Raises:
        Violation: If the oracle does not allow the status.
    """
    if outcome.status not in _BELIEVED:
        if outcome.evidence is not None:
            raise Violation(f"{outcome.status} with evidence")
        return
    if outcome.issuer is None:
        raise Violation(f"{outcome.status} without an issuer")
    status, policy = outcome.status.value, _name(options.policy)
    issuer = outcome.issuer.public_bytes(Encoding.DER)
    cert = outcome.certificate.public_bytes(Encoding.DER)
    if isinstance(outcome.evidence, VerifiedResponse):
        der = outcome.evidence.response.public_bytes(Encoding.DER)
        asked = Question(
            response=der,
            cert=cert,
            issuer=issuer,
            at=now,
            policy=policy,
            delegates_checked=True,
        )
        verdict = judge_response(asked)
        if status not in verdict.may:
            raise Violation(f"{status} at {now}: {verdict.why}\n  {der.hex()}")
    elif isinstance(outcome.evidence, VerifiedRevocation):
        may = _by_crls(
            CRLQuestion(crls=(), cert=cert, issuer=issuer, at=now), crls, policy
        )
        if status not in may:
            shown = "\n  ".join(each.hex() for each in crls)
            raise Violation(f"{status} by a CRL at {now}, only {may}\n  {shown}")
    else:
        raise Violation(f"{outcome.status} with {outcome.evidence!r}")


def _by_crls(asked: CRLQuestion, crls: list[bytes], policy: str) -> set[str]:
    """Return what each CRL, and all together, may prove."""
    sets = [(each,) for each in crls] + [tuple(crls)]
    asked = replace(asked, policy=policy)
    found: set[str] = set()
    for each in sets:
        found |= judge_crls(replace(asked, crls=each)).may
    return found


def _check_issuer(outcome: Outcome) -> None:
    """
    Check that the issuer of *outcome* has signed its certificate.

    Raises:
        Violation: If it has not.
    """
    assert outcome.issuer is not None
    try:
        issuer = read_certificate(outcome.issuer.public_bytes(Encoding.DER))
        cert = read_certificate(outcome.certificate.public_bytes(Encoding.DER))
    except Unreadable:
        return
    if not is_issued_by(cert, issuer, weak=True):
        raise Violation("the issuer did not sign the certificate")


def _name(policy: Policy) -> str:
    return next(
        name
        for name in ("default", "strict", "rfc9919", "unsafe-legacy")
        if Policy.named(name) == policy
    )
