"""Comparison with DigiCert's pkilint, for the rules that it has too."""

from __future__ import annotations

from functools import cache

import pytest
from pkilint import loader, pkix, validation
from pkilint.pkix import extension, ocsp
from pkilint.pkix import name as names

from ocsp.linting import lint_response
from tests.unit.linting import forge
from tests.unit.linting.cases import CASES, LintCase
from tests.vectors import RESPONSES

COMMON: dict[str, set[str]] = {
    "pkix.ocsp_response_status_code_4": {"L102"},
    "pkix.ocsp_response_is_not_basic": {"L103"},
    "pkix.generalizedtime_incorrect_syntax": {"L104"},
    # For an undefined status we report nothing else; pkilint also rejects its body.
    "pkix.ocsp_error_response_has_response_body": {"L102", "L105"},
    "pkix.ocsp_certs_sequence_is_empty": {"L106"},
    "pkix.ocsp_negative_validity_period": {"L301"},
    "pkix.ocsp_responderid_keyhash_is_not_sha1": {"L606"},
    # Any field of a wrong type, down to the extensions of certificates.
    "itu.invalid_asn1_syntax": {"L101", "L107", "L110", "L501", "L705", "L708"},
}
"""Each code of pkilint, and our rules for the same fault."""

ALIKE = frozenset({"L102", "L103", "L104", "L105", "L106", "L301", "L606"})
"""Our rules that correspond exactly to a code of pkilint."""


@cache
def _linter() -> validation.ValidatorContainer:
    return ocsp.create_pkix_ocsp_response_validator_container(
        [
            ocsp.create_response_decoder(),
            pkix.create_attribute_decoder(names.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [],
    )


def _theirs(der: bytes) -> set[str]:
    document = loader.RFC6960OCSPResponseDocumentLoader().load_document(der, "response")
    return {
        each.finding.code
        for result in _linter().validate(document.root)
        for each in result.finding_descriptions
    }


def _ours(der: bytes) -> set[str]:
    return {finding.rule for finding in lint_response(der).findings}


def _agree(der: bytes) -> None:
    ours, theirs = _ours(der), _theirs(der)
    for code in theirs:
        assert COMMON[code] & ours, code
    meant = set().union(*(COMMON[code] for code in theirs))
    assert ours & ALIKE <= meant


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_both_find_the_same(case: LintCase) -> None:
    """In the violation of each rule, and in the nearest right response."""
    _agree(forge.response(**case.against))
    _agree(forge.response(**case.near))


@pytest.mark.parametrize(
    "name", sorted(set(RESPONSES) - {"resp-unknown-response-status"})
)
def test_both_find_the_same_in_the_vectors(name: str) -> None:
    """Except a status of 7, which pkilint accepts."""
    _agree(RESPONSES[name])


def test_every_common_code_was_met() -> None:
    """Otherwise the comparison would test nothing."""
    met = {code for case in CASES for code in _theirs(forge.response(**case.against))}
    assert met == set(COMMON)
