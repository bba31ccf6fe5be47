"""``ocsp.verify_chain``: each certificate has its own status, by its own issuer."""

from __future__ import annotations

from functools import cache

import ocsp
from ocsp.verification import ChainOutcome, ChainReport, Policy
from tests.campaigns.invariants import Violation, call
from tests.campaigns.material.cast import build, strangers
from tests.campaigns.material.dice import Dice
from tests.campaigns.material.mutations import mutate
from tests.campaigns.material.odd_values import MOMENTS
from tests.campaigns.material.responses import POLICIES, donors, draw_response
from tests.campaigns.oracle.responses import judge_response
from tests.campaigns.oracle.verdict import Question
from tests.campaigns.targets.verify import BUDGET, load
from tests.cases.builder import Identity
from tests.cases.model import NOW

__all__ = ["run"]


@cache
def _below_sub_ca() -> Identity:
    sub = strangers()[8].cert
    return build().certificate("low.example", key="leaf", issuer=sub, serial=0x77)


def run(dice: Dice) -> str:
    """Verify one chain, and return how many certificates have a status."""
    made, sub = build(), strangers()[8].cert
    chain = [_below_sub_ca(), sub, made.ca]
    at, policy = dice.usually(NOW, *MOMENTS), dice.usually("default", *POLICIES)
    responses = [_response(dice, cert) for cert in chain[:-1]]
    found = call(
        lambda: ocsp.verify_chain(
            [load(each.der) for each in chain],
            responses,
            at=at,
            policy=Policy.named(policy),
        ),
        budget=2 * BUDGET,
    )
    if not isinstance(found, ChainReport):
        raise Violation(f"no report: {found!r}")
    if len(found.certificates) != len(chain) - 1:
        raise Violation(f"{len(found.certificates)} reports")
    for place, each in enumerate(found.certificates):
        response = responses[place] or b""
        asked = Question(
            response=response,
            cert=chain[place].der,
            issuer=chain[place + 1].der,
            at=at,
            policy=policy,
        )
        verdict = judge_response(asked)
        status = each.evidence.status.name.lower() if each.evidence else "none"
        if (each.outcome is ChainOutcome.VERIFIED) != (status != "none"):
            raise Violation(f"{each.outcome} with {status}")
        if status != "none" and status not in verdict.may:
            raise Violation(f"certificate {place} {status}: {verdict.why}")
        if status == "none" and verdict.must:
            raise Violation(f"certificate {place} refused: {each.failures}")
    return f"{sum(x.evidence is not None for x in found.certificates)} verified"


def _response(dice: Dice, cert: Identity) -> bytes | None:
    """Return a response about *cert*: the CA or its delegate answers for both."""
    issuer = strangers()[8].cert if cert is _below_sub_ca() else build().ca
    data, signed_by, _ = draw_response(dice, cert=cert, issuer=issuer)
    if dice.chance(0.4):
        data = mutate(dice, data, signed_by, donors())
    return dice.usually(data, None)
