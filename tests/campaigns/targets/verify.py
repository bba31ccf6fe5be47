"""``ocsp.verify``: its evidence is what the oracle allows."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp.verification import Policy, VerifiedResponse
from tests.campaigns.invariants import Violation, call
from tests.campaigns.material.dice import Dice
from tests.campaigns.material.responses import ask
from tests.campaigns.oracle.responses import Stated, judge_response, states
from tests.campaigns.oracle.verdict import Question, Verdict

__all__ = ["compare", "load", "run"]

BUDGET = 60_000


def run(dice: Dice) -> str:
    """Verify one response, and return what came of it."""
    asked = ask(dice)
    found = call(lambda: _verify(asked), budget=BUDGET)
    return compare(found, judge_response(asked), asked)


def _verify(asked: Question) -> VerifiedResponse:
    return ocsp.verify(
        asked.response,
        load(asked.cert),
        load(asked.issuer),
        at=asked.at,
        nonce=asked.nonce,
        responders=[load(each) for each in asked.responders],
        candidates=[load(each) for each in asked.candidates],
        policy=Policy.named(asked.policy),
    )


def load(der: bytes) -> x509.Certificate:
    """Return the certificate."""
    return x509.load_der_x509_certificate(der)


def compare(found: object, verdict: Verdict, asked: Question) -> str:
    """
    Compare a result with the verdict of the oracle, and return it in one word.

    Raises:
        Violation: If it is wrong.
    """
    if isinstance(found, ocsp.VerificationError):
        if verdict.must:
            raise Violation(f"refused: {found}\n  {asked.response.hex()}")
        return "refused"
    if not isinstance(found, VerifiedResponse):
        raise Violation(f"neither evidence nor a refusal: {found!r}")
    status = found.status.name.lower()
    if status not in verdict.may:
        why = verdict.why or f"only {sorted(verdict.may)}"
        raise Violation(f"accepted as {status}: {why}\n  {asked.response.hex()}")
    if not states(asked, _stated(found)):
        raise Violation(f"{_stated(found)} is not in\n  {asked.response.hex()}")
    if found.next_update is not None and found.holds_until > found.next_update:
        raise Violation(f"evidence after its end: {found.holds_until}")
    return status


def _stated(found: VerifiedResponse) -> Stated:
    return Stated(
        found.status.name.lower(),
        found.this_update,
        found.next_update,
        found.revocation_time,
        found.responder.public_bytes(Encoding.DER),
    )
