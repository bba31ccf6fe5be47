"""The cases: each has the expected result; the document is current and complete."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography.x509 import load_der_x509_certificate
from cryptography.x509 import ocsp as cryptography_ocsp

from ocsp.errors import Finding, VerificationError
from ocsp.errors import verification as verification_errors
from ocsp.verification import Policy, policy
from ocsp.verification.judging import judge
from ocsp.verification.policy import PolicyName
from ocsp.verification.table import CRL_RULES, RULES
from tests.cases import cves_cases, traps_cases
from tests.cases.builder import Builder
from tests.cases.document import (
    DOCUMENT,
    SCHEMA,
    document,
    load_cases,
    schema,
    written,
)
from tests.cases.exact import MORE, VALUES, surprises
from tests.cases.model import (
    DuplicateCase,
    Expected,
    Feature,
    PolicySpec,
    Result,
    Scenario,
    case,
    good,
    refused,
)
from tests.cases.pages import PAGES, conformance
from tests.cases.run import Outcome, differences, run
from tests.releases import needs_ml_dsa

STORED: dict[str, Any] = json.loads(DOCUMENT.read_text())
CASES: list[dict[str, Any]] = STORED["cases"]
INDEXES = [
    pytest.param(
        index,
        id=case["id"],
        marks=[needs_ml_dsa] if Feature.ML_DSA.value in case["features"] else [],
    )
    for index, case in enumerate(CASES)
]


@cache
def _outcome(index: int) -> Outcome:
    return run(CASES[index])


@pytest.mark.parametrize("index", INDEXES)
def test_case_has_the_expected_result(index: int) -> None:
    """Result, failures, the first failure, warnings, and attributes of the evidence."""
    assert differences(CASES[index]["expected"], _outcome(index)) == []
    assert surprises(CASES[index], _outcome(index)) == []


@pytest.mark.parametrize("index", INDEXES)
def test_result_is_the_same_without_the_fast_path(
    index: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules alone reach the same judgement, in every value."""
    monkeypatch.setattr(judge, "fast_judgement", lambda _: None)
    alone = run(CASES[index])
    assert _compared(alone) == _compared(_outcome(index))
    assert differences(CASES[index]["expected"], alone) == []


def _compared(outcome: Outcome) -> object:
    """Return the parts of an outcome that can be compared."""
    evidence = outcome.evidence
    return (
        outcome.result,
        outcome.failures,
        outcome.warnings,
        None if evidence is None else evidence._judgement,
        [_compared(each) for each in outcome.chain],
    )


def test_every_declared_value_occurs_in_a_case() -> None:
    """``VALUES`` declares nothing that no finding has."""
    found: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for finding in _all_findings():
        names = tuple(name for name, _ in finding.values)
        found.setdefault((finding.rule, finding.error.__name__), set()).add(names)
    assert found == VALUES
    assert set(MORE) <= {each["id"] for each in CASES}


@needs_ml_dsa
def test_the_stored_document_is_current() -> None:
    """``python -m tests.cases`` writes it."""
    stale = "stale: run `make docs`"
    assert DOCUMENT.read_text() == written(document()), stale
    assert SCHEMA.read_text() == written(schema()), stale


@needs_ml_dsa
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_pages_are_current(path: Path) -> None:
    """``python -m tests.cases`` writes them."""
    assert path.read_text() == PAGES[path](), "stale: run `make docs`"


@needs_ml_dsa
def test_every_case_is_on_the_page_of_conformance() -> None:
    """Once, under the rule that it tests."""
    text = conformance()
    for each in CASES:
        assert text.count(f"`{each['id']}`") == 1, each["id"]


def test_the_stored_document_is_valid() -> None:
    """According to its schema, which is a valid schema."""
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.Draft202012Validator(schema()).validate(STORED)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), "no-module"),
        (("rule",), "20"),
        (("response",), "not base64!"),
        (("expected", "result"), "fine"),
        (("surprise",), 1),
    ],
)
def test_the_schema_rejects_wrong_values(path: tuple[str, ...], value: object) -> None:
    """A schema that accepts everything would test nothing."""
    wrong = json.loads(json.dumps(STORED | {"cases": CASES[:1]}))
    *above, last = path
    place = wrong["cases"][0]
    for name in above:
        place = place[name]
    place[last] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(wrong)


def test_a_duplicate_id_is_an_error() -> None:
    """A case without docstring is an error too."""
    register: dict[str, Any] = {}

    def expired(build: Builder) -> Scenario:
        """Describe the case."""
        return build.verify(good())

    def silent(build: Builder) -> Scenario:
        return build.verify(good())

    case("V1", register=register)(expired)
    with pytest.raises(DuplicateCase, match="::expired"):
        case("V1", register=register)(expired)
    with pytest.raises(ValueError, match="no docstring"):
        case("V1", register=register)(silent)


def test_every_description_has_the_expected_result() -> None:
    """The description is published."""
    for each in load_cases().values():
        assert "xpected:" in each.description, each.id


def _findings(outcome: Outcome) -> Iterator[Finding]:
    yield from outcome.failures
    yield from outcome.warnings
    for each in outcome.chain:
        yield from _findings(each)


def _all_findings() -> Iterator[Finding]:
    for index in range(len(CASES)):
        yield from _findings(_outcome(index))


def _rules(expected: dict[str, Any]) -> set[str]:
    """Return the rules that are expected to report something."""
    found = {*expected.get("failures", ()), *expected.get("warnings", ())}
    for each in expected.get("chain", ()):
        found |= _rules(each)
    return found


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_every_rule_has_positive_and_negative_cases(rule: str) -> None:
    """One case in which it reports nothing, and one in which it does."""
    about = [each["expected"] for each in CASES if each["rule"] == rule]
    if rule == "V24":  # It interprets the status and reports nothing.
        chosen = {each.get("says", {}).get("not_issued") for each in about}
        assert {True, False} <= chosen
        return
    finds = [rule in _rules(expected) for expected in about]
    assert set(finds) == {True, False}


def test_every_finding_is_in_the_table() -> None:
    """No rule reports an error that the table does not list for it."""
    listed = {rule.id: rule.errors for rule in RULES}
    strange = {
        (finding.rule, finding.error.__name__)
        for finding in _all_findings()
        if finding.error not in listed[finding.rule]
    }
    assert strange == set()


def test_every_error_of_the_table_is_found_by_a_case() -> None:
    """For the rule that lists it."""
    found = {(finding.rule, finding.error) for finding in _all_findings()}
    listed = {(rule.id, error) for rule in RULES for error in rule.errors}
    assert listed - found == set()


def test_every_class_of_error_is_in_the_table() -> None:
    """Those for CRLs have other tests."""
    listed = {error for rule in (*RULES, *CRL_RULES) for error in rule.errors}
    classes = {
        value
        for name, value in vars(verification_errors).items()
        if name in verification_errors.__all__
        and isinstance(value, type)
        and issubclass(value, VerificationError)
    }
    assert classes - listed == {VerificationError}


def test_every_finding_has_message_clause_and_named_values() -> None:
    """The message is for people, the values are for programs."""
    for finding in _all_findings():
        assert finding.message
        assert finding.clause
        assert str(finding) == f"{finding.message} [{finding.rule}, {finding.clause}]"
        assert all(isinstance(name, str) for name, _ in finding.values)


def _settings() -> set[tuple[str, Any]]:
    found = set()
    for each in CASES:
        spec = PolicySpec(**each.get("policy", {})).policy()
        found |= {(name, getattr(spec, name)) for name in spec.__dataclass_fields__}
    return found


def test_every_member_of_every_setting_is_used_by_a_case() -> None:
    """Every member of the enumerations, and one other value for each other field."""
    used = _settings()
    members = {
        (name, member)
        for name in Policy.__dataclass_fields__
        if isinstance(default := getattr(Policy(), name), enum.Enum)
        for member in type(default)
    }
    assert members - used == set()
    assert {type(member) for _, member in members} == {
        value
        for name in policy.__all__
        if isinstance(value := getattr(policy, name), type)
        and issubclass(value, enum.Enum)
        and value is not PolicyName
    }
    for name in Policy.__dataclass_fields__:
        assert any(
            value != getattr(Policy(), name)
            for used_name, value in used
            if used_name == name
        ), name


def test_every_profile_is_used_both_ways() -> None:
    """With a response that it accepts, and one that it rejects."""
    profiles = set(PolicyName) - {PolicyName.DEFAULT}
    results: dict[str, set[bool]] = {name: set() for name in profiles}
    for each in CASES:
        if "policy" in each and each["policy"]["profile"] != "default":
            verified = each["expected"]["result"] != "not-verified"
            results[each["policy"]["profile"]].add(verified)
    assert results == {name: {True, False} for name in profiles}


def test_every_feature_and_result_is_used() -> None:
    """Every declared one occurs in a case."""
    assert {f for each in CASES for f in each["features"]} == set(Feature)
    results = set()
    for each in CASES:
        for expected in (each["expected"], *each["expected"].get("chain", ())):
            results.add(expected["result"])
    assert results == set(Result)


MISTAKES = (
    "CVE-2020-8286", "CVE-2024-8096", "CVE-2024-0853", "curl #21677", "CVE-2022-43705",
    "CVE-2026-32883", "Botan 2026-08-12", "CVE-2026-32144", "CVE-2026-42791",
    "CVE-2021-37155", "CVE-2021-38597", "CVE-2026-10098", "wolfSSL #11195",
    "wolfSSL #731", "wolfSSL #11500", "CVE-2016-7444", "CVE-2026-3832", "GnuTLS #1810",
    "CVE-2022-1343", "CVE-2013-0166", "CVE-2016-6304", "OpenSSL #30323",
    "OpenSSL #32367", "CVE-2026-24734", "CVE-2018-8019", "CVE-2018-8020",
    "CVE-2017-15698", "CVE-2026-28755", "CVE-2024-2660", "Bouncy Castle #2254",
    "CVE-2022-40617", "CVE-2025-24794", "CVE-2026-44378", "libtls unknown", "niquests",
    "Go #43522", "Netty #15829", "Netty #16079", "intermediates that could sign",
    "c2pa #952", "c2pa #1368", "nonce removed", "error reply injected",
)  # fmt: skip
"""Known vulnerabilities and bugs of other implementations."""


def test_every_known_mistake_has_a_case_or_is_listed_elsewhere() -> None:
    """A case is named after it, or ``ELSEWHERE`` names the responsible part."""
    names = {
        "cves::" + "-".join(each.lower().replace("#", "").split()) for each in MISTAKES
    }
    there = {each["id"] for each in CASES if each["id"].startswith("cves::")}
    elsewhere = {
        "cves::" + "-".join(each.lower().replace("#", "").split())
        for each in cves_cases.ELSEWHERE
    }
    assert there | elsewhere == names
    assert there & elsewhere == set()
    assert all(traps_cases.ELSEWHERE.values())


def test_cryptography_decodes_the_same_values() -> None:
    """An independent decoder finds the same status in every verified response."""
    checked = 0
    for each, outcome in ((each, _outcome(i)) for i, each in enumerate(CASES)):
        evidence = outcome.evidence
        if evidence is None or "many-entries" in each["features"]:
            continue
        if evidence.response._unreadable:  # It loads no certificate of those.
            continue
        der = evidence.response._der
        theirs = cryptography_ocsp.load_der_ocsp_response(der)
        (entry,) = theirs.responses
        assert entry.certificate_status.name == evidence.status.name
        assert entry.serial_number == evidence.cert_id.serial_number
        assert entry.this_update_utc == evidence.this_update
        assert entry.next_update_utc == evidence.next_update
        assert theirs.produced_at_utc == evidence.produced_at
        checked += 1
    assert checked > 100


def test_the_comparison_finds_every_kind_of_difference() -> None:
    """A wrong expectation in each field is reported."""
    outcome = _outcome([each["id"] for each in CASES].index("times::stale"))
    right = {"result": "not-verified", "failures": ["V19"], "error": "ResponseExpired"}
    assert differences(right, outcome) == []
    for change in (
        {"result": "good"},
        {"failures": ["V19", "V22"]},
        {"failures": ["V10"]},
        {"error": "NextUpdateMissing"},
        {"warnings": ["V26"]},
        {"says": {"authorized_by": "issuer"}},
    ):
        assert differences(right | change, outcome) != [], change


def test_default_certificates_can_be_loaded() -> None:
    """``cryptography`` decodes them and verifies their signatures."""
    build = Builder()
    ca = load_der_x509_certificate(build.ca.der)
    for each in (build.leaf, build.responder):
        load_der_x509_certificate(each.der).verify_directly_issued_by(ca)
    assert isinstance(good(), Expected)
    assert refused("V1").failures == ("V1",)
