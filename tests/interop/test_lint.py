"""pkilint reports nothing for any successful response that we build."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64decode
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto import ocsp as asn1
from pkilint import loader, pkix, validation
from pkilint.pkix import extension, name, ocsp

from tests.interop import kinds
from tests.interop.kinds import RESPONSES
from tests.vectors import RFC9919

PROGRAM = Path(sys.executable).with_name("lint_ocsp_response")


@cache
def _linter() -> validation.ValidatorContainer:
    """Return the linter that the program ``lint_ocsp_response`` runs."""
    return ocsp.create_pkix_ocsp_response_validator_container(
        [
            ocsp.create_response_decoder(),
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [],
    )


def _findings(der: bytes) -> set[str]:
    """Return the codes of all findings, of any severity."""
    document = loader.RFC6960OCSPResponseDocumentLoader().load_document(der, "response")
    return {
        each.finding.code
        for result in _linter().validate(document.root)
        for each in result.finding_descriptions
    }


@pytest.mark.parametrize("kind", RESPONSES)
def test_the_linter_finds_nothing(kind: str) -> None:
    """Not even a notice."""
    assert _findings(kinds.response(kind).der) == set()


def test_the_linter_finds_nothing_in_the_worked_example() -> None:
    """Of RFC 9919 Appendix B; a finding here would be a fault of the linter."""
    assert _findings(b64decode((RFC9919 / "response.b64").read_text())) == set()


def _with_times_turned_round(der: bytes) -> bytes:
    """Swap thisUpdate and nextUpdate."""
    this_update, next_update = b"20260701120000Z", b"20260702120000Z"
    head, _, tail = der.rpartition(this_update)
    assert tail.count(next_update) == 1
    return head + next_update + tail.replace(next_update, this_update)


def _with_no_certificates(der: bytes) -> bytes:
    """Write an empty certs."""
    return _changed(der, lambda basic: basic.__setitem__("certs", []))


def _with_a_long_key_hash(der: bytes) -> bytes:
    """Identify the responder by another hash than SHA-1."""
    longer = asn1.ResponderId("by_key", core.OctetString(bytes(32)))

    def change(basic: Any) -> None:
        basic["tbs_response_data"]["responder_id"] = longer

    return _changed(der, change)


def _changed(der: bytes, change: Any) -> bytes:
    basic = asn1.OCSPResponse.load(der).basic_ocsp_response
    change(basic)
    content = {"response_type": "basic_ocsp_response", "response": basic}
    response = {"response_status": "successful", "response_bytes": content}
    return bytes(asn1.OCSPResponse(response).dump(force=True))


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (_with_times_turned_round, "pkix.ocsp_negative_validity_period"),
        (_with_no_certificates, "pkix.ocsp_certs_sequence_is_empty"),
        (_with_a_long_key_hash, "pkix.ocsp_responderid_keyhash_is_not_sha1"),
    ],
)
def test_the_linter_finds_faults(broken: Any, code: str) -> None:
    """In responses that have them."""
    assert _findings(broken(kinds.response("good").der)) == {code}


def test_the_program_says_the_same(tmp_path: Path) -> None:
    """``lint_ocsp_response``, at its lowest severity: the exit code is the count."""
    good = kinds.response("all-single-extensions").der
    broken = _with_times_turned_round(kinds.response("good").der)
    for der, count, said in (
        (good, 0, ""),
        (broken, 1, "ocsp_negative_validity_period"),
    ):
        file = tmp_path / "response.der"
        file.write_bytes(der)
        done = subprocess.run(
            [PROGRAM, "lint", "--severity", "DEBUG", file],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == count, done.stderr
        assert said in done.stdout
        assert said or not done.stdout.strip()
