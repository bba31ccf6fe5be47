"""``ocsp.verify_crl``: its evidence is what the oracle allows."""

from __future__ import annotations

import ocsp
from ocsp.verification import Policy, VerifiedRevocation
from tests.campaigns.invariants import Violation, call
from tests.campaigns.material.crls import ask_crl
from tests.campaigns.material.dice import Dice
from tests.campaigns.oracle.crls import CRLQuestion, judge_crls
from tests.campaigns.targets.verify import load

__all__ = ["run"]

BUDGET = 60_000


def run(dice: Dice) -> str:
    """Verify CRLs, and return what came of it."""
    asked = ask_crl(dice)
    found = call(lambda: _verify(asked), budget=BUDGET)
    verdict = judge_crls(asked)
    shown = f"{asked.at} {asked.policy}" + "".join(
        f"\n  {each.hex()}" for each in (*asked.crls, *asked.deltas)
    )
    if isinstance(found, ocsp.VerificationError):
        if verdict.must:
            raise Violation(f"refused: {found}, at {shown}")
        return "refused"
    if not isinstance(found, VerifiedRevocation):
        raise Violation(f"neither evidence nor a refusal: {found!r}")
    status = found.status.name.lower()
    if status not in verdict.may:
        why = verdict.why or f"only {sorted(verdict.may)}"
        raise Violation(f"accepted as {status}: {why}, at {shown}")
    return status


def _verify(asked: CRLQuestion) -> VerifiedRevocation:
    return ocsp.verify_crl(
        asked.crls if len(asked.crls) > 1 else asked.crls[0],
        load(asked.cert),
        load(asked.issuer),
        delta=asked.deltas or None,
        crl_issuers=[load(each) for each in asked.crl_issuers],
        candidates=[load(each) for each in asked.candidates],
        at=asked.at,
        policy=Policy.named(asked.policy),
    )
