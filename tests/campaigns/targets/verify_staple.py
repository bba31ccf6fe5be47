"""``ocsp.verify_staple``: a staple is judged like a response, and may be missing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import ocsp
from ocsp.verification import Policy, VerifiedResponse
from tests.campaigns.invariants import Violation, call
from tests.campaigns.material.cast import build
from tests.campaigns.material.dice import Dice
from tests.campaigns.material.responses import ask
from tests.campaigns.oracle.responses import judge_response
from tests.campaigns.oracle.verdict import Question
from tests.campaigns.targets.verify import BUDGET, compare, load
from tests.cases.builder import Identity, extension

__all__ = ["run"]


@cache
def _demanding() -> Identity:
    """Return a certificate that requires a staple (RFC 7633)."""
    feature = extension("1.3.6.1.5.5.7.1.24", b"\x30\x03\x02\x01\x05")
    return build().certificate("leaf.example", extensions=(feature,))


def run(dice: Dice) -> str:
    """Verify one staple, and return what came of it."""
    asked = replace(ask(dice), nonce=None)
    if dice.chance(0.2):
        asked = replace(asked, cert=_demanding().der)
    staple = dice.usually(asked.response, None, b"")
    found = call(lambda: _verify(asked, staple), budget=BUDGET)
    if staple:
        return compare(found, judge_response(asked), asked)
    demanded = asked.cert == _demanding().der
    if demanded != isinstance(found, ocsp.VerificationError) or demanded != (
        found is not None
    ):
        raise Violation(f"without a staple: {found!r}")
    return "no staple"


def _verify(asked: Question, staple: bytes | None) -> VerifiedResponse | None:
    return ocsp.verify_staple(
        staple,
        load(asked.cert),
        load(asked.issuer),
        at=asked.at,
        responders=[load(each) for each in asked.responders],
        candidates=[load(each) for each in asked.candidates],
        policy=Policy.named(asked.policy),
    )
