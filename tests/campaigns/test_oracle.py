"""The oracle agrees with the published cases, which say what the standards expect."""

from __future__ import annotations

import ast
import base64
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.campaigns import oracle
from tests.campaigns.material.cast import build
from tests.campaigns.material.crls import complete_crl
from tests.campaigns.oracle.crls import CRLQuestion, judge_crls
from tests.campaigns.oracle.responses import judge_response
from tests.campaigns.oracle.verdict import Question
from tests.cases.document import document
from tests.cases.model import NOW

LEFT_OPEN = 36
"""
How many of the cases that are refused the oracle leaves open, at most.

Most are about evidence for delegates and about limits, which the oracle does not model.
"""


def _cases() -> Iterator[tuple[str, Question, str]]:
    """Return the cases that the oracle has the words for: id, question, result."""
    for case in document()["cases"]:
        policy = case.get("policy") or {"profile": "default", "changes": {}}
        asked = (
            case["function"] != "verify_chain" and {"cert", "response"} <= case.keys()
        )
        if not asked or "request" in case or policy["changes"]:
            continue
        if "ml-dsa" not in case["features"]:  # asn1crypto does not know ML-DSA
            yield (
                case["id"],
                _question(case, policy["profile"]),
                case["expected"]["result"],
            )


def _question(case: dict[str, Any], policy: str) -> Question:
    octets = base64.b64decode
    return Question(
        response=octets(case["response"]),
        cert=octets(case["cert"]),
        issuer=octets(case["issuer"]),
        at=datetime.datetime.fromisoformat(case["at"]),
        nonce=octets(case["nonce"]) if "nonce" in case else None,
        responders=tuple(map(octets, case.get("responders", ()))),
        candidates=tuple(map(octets, case.get("candidates", ()))),
        policy=policy,
        delegates_checked="evidence" in case,
    )


def test_it_allows_what_is_accepted() -> None:
    """Every status that a case expects, and it demands none that a case refuses."""
    wrong = []
    for name, asked, expected in _cases():
        verdict = judge_response(asked)
        right = (
            expected in verdict.may if expected != "not-verified" else not verdict.must
        )
        if not right:
            wrong.append((name, expected, verdict))
    assert wrong == []


def test_it_forbids_what_is_refused() -> None:
    """All but a few of more than two hundred cases."""
    refused = [each for each in _cases() if each[2] == "not-verified"]
    left_open = [name for name, asked, _ in refused if judge_response(asked).may]
    assert len(refused) > 200
    assert len(left_open) <= LEFT_OPEN


def test_it_demands_what_is_correct() -> None:
    """A response by the issuer, one by its delegate, and a CRL."""
    made = build()
    for by in (made.ca, made.responder):
        for status, name in ((b"\x80\x00", "good"), (made.revoked(), "revoked")):
            asked = Question(
                response=made.response(by=by, status=status),
                cert=made.leaf.der,
                issuer=made.ca.der,
                at=NOW,
            )
            verdict = judge_response(asked)
            assert (verdict.may, verdict.must) == ({name}, True)
    for serials, name in (((), "good"), ((made.leaf.serial,), "revoked")):
        crls = (complete_crl(*serials),)
        listed = CRLQuestion(crls=crls, cert=made.leaf.der, issuer=made.ca.der, at=NOW)
        found = judge_crls(listed)
        assert (found.may, found.must) == ({name}, True)


@pytest.mark.parametrize("place", [-1, -20, 60, 150])
def test_it_forbids_what_was_changed_after_signing(place: int) -> None:
    """One octet of a CRL, in the signature or in what is signed."""
    made, data = build(), bytearray(complete_crl())
    data[place] ^= 1
    crls = (bytes(data),)
    asked = CRLQuestion(crls=crls, cert=made.leaf.der, issuer=made.ca.der, at=NOW)
    assert judge_crls(asked).may == frozenset()


def test_it_is_independent() -> None:
    """It imports nothing from the package, and nothing that imports it."""
    folder = Path(oracle.__file__).parent
    imported = {
        name
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _imported(node)
    }
    own = "tests.campaigns.oracle", "tests.mutators.tree"
    ours = [each for each in imported if each.partition(".")[0] in ("ocsp", "tests")]
    assert ours
    assert [each for each in ours if not each.startswith(own)] == []


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [each.name for each in node.names] if isinstance(node, ast.Import) else []
