"""``lint_response``: its arguments, its messages, and that no input makes it fail."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp.asn1 import oids
from ocsp.asn1.der import encode, encode_oid, sequence
from ocsp.guarded.certificates import load_certificate
from ocsp.linting import LintReport, Profile, Severity, lint_response
from ocsp.messages.responses.encoding import encode_response
from tests.cases.builder import Builder
from tests.pki import NOW
from tests.unit.linting import forge
from tests.unit.linting.forge import DAY
from tests.vectors import RESPONSES


def test_the_package_exports_it() -> None:
    """It is imported on first use."""
    assert ocsp.lint_response is lint_response
    assert ocsp.LintReport is LintReport


def test_a_loaded_response_is_accepted() -> None:
    """The report is the same as for its encoding."""
    der = forge.response(entries=[forge.entry(next_update=None)])
    loaded = ocsp.load_der_ocsp_response(der)
    assert lint_response(loaded) == lint_response(der)


def test_an_undecodable_response_is_a_finding_with_its_place() -> None:
    """The name of the field, and the offset."""
    der = forge.response(version=b"\xa0\x03\x02\x01\x01")
    (finding,) = lint_response(der).findings
    assert (finding.rule, finding.severity) == ("L101", Severity.ERROR)
    assert finding.where == "responseBytes.tbsResponseData.version"
    assert "at offset" in finding.message
    (finding,) = lint_response(der + b"\x00").findings
    assert (finding.rule, finding.where) == ("L101", "OCSPResponse")


def test_a_response_that_is_not_der_is_linted() -> None:
    """Each deviation is a finding, and all other rules apply too."""
    der = forge.response(
        entries=[
            forge.entry(next_update=None, this_update=b"\x18\x1120260701110000.5Z")
        ],
        version=b"\xa0\x03\x02\x01\x00",
    )
    found = {each.rule: each for each in lint_response(der).findings}
    assert "the default version v1 is encoded, at offset" in found["L101"].message
    assert "a time has a fraction of a second, at offset" in found["L104"].message
    assert "L302" in found
    loaded = ocsp.load_der_ocsp_response(der, encoding=ocsp.EncodingRules.TOLERANT)
    assert lint_response(loaded) == lint_response(der)


def test_an_unreadable_certificate_is_a_finding() -> None:
    """L101; all other rules apply too, and certs is not empty."""
    build = Builder()
    data = build.response(certs=(b"\x30\x00",), next_update=None)
    found = {each.rule: each for each in lint_response(data).findings}
    assert found["L101"].where.endswith("certs[0]")
    assert found["L101"].message.startswith("not a certificate (at offset")
    assert "L302" in found
    assert "L106" not in found


def test_an_ocsp_error_that_is_not_der_is_linted() -> None:
    """The deviation and the error are findings."""
    found = lint_response(b"\x30\x80\x0a\x01\x06\x00\x00").findings
    assert [each.rule for each in found] == ["L101", "L113"]


@pytest.mark.parametrize(
    ("response", "given"),
    [
        ("text", {}),
        (forge.response(), {"issuer": "ca.pem"}),
        (forge.response(), {"cert": b""}),
        (forge.response(), {"at": datetime.datetime(2026, 7, 1)}),  # noqa: DTZ001
        (forge.response(), {"at": "2026"}),
    ],
)
def test_arguments_of_wrong_types_are_errors(
    response: Any, given: dict[str, Any]
) -> None:
    """Also a naive datetime."""
    with pytest.raises(TypeError):
        lint_response(response, **given)


def test_findings_can_be_filtered_by_severity() -> None:
    """A more severe finding has a larger severity."""
    der = forge.response(
        entries=[forge.entry(next_update=None), forge.entry(status=forge.revoked(0))]
    )
    report = lint_response(der)
    severities = {finding.severity for finding in report.findings}
    assert severities == {Severity.INFO, Severity.WARNING}
    assert {each.severity for each in report.at_least(Severity.NOTICE)} == {
        Severity.WARNING
    }


def test_without_optional_arguments_there_are_no_false_findings() -> None:
    """Rules that need issuer, certificate, request or time do not apply."""
    for profile in Profile:
        assert lint_response(forge.response(), profile=profile).findings == ()
        alone = forge.response(certs=None)
        assert lint_response(alone, profile=profile).findings == ()


def _message(rule: str, der: bytes, **given: Any) -> str:
    report = lint_response(der, profile=Profile.WEBPKI, **given)
    (message,) = [each.message for each in report.findings if each.rule == rule]
    return message


@pytest.mark.parametrize("rule", ["L309", "L311"])
def test_message_states_the_assumption_of_a_subscriber(rule: str) -> None:
    """Only the certificate shows whether it is one."""
    der = forge.response(
        entries=[
            forge.entry(this_update=NOW - 300 * DAY, next_update=NOW + 60 * DAY),
        ]
    )
    words = "; assuming a subscriber certificate, because it was not given"
    given = {"issuer": forge.authority(), "at": NOW}
    assert _message(rule, der, **given).endswith(words)
    assert words not in _message(rule, der, **given, cert=forge.subject())
    report = lint_response(
        der, profile=Profile.WEBPKI, cert=forge.subject(ca=True), **given
    )
    assert rule not in {each.rule for each in report.findings}


def test_message_says_why_the_issuer_did_not_issue_the_delegate() -> None:
    """Another name, another key, or an algorithm that is wrong or not supported."""
    given = {"issuer": forge.authority()}
    other = forge.response(signer=forge.delegate(issuer="Other CA"))
    assert _message("L703", other, **given) == (
        "was issued by 'CN=Other CA', not by 'CN=Lint CA'"
    )
    forged = forge.response(signer=forge.delegate(signer="a stranger"))
    assert _message("L703", forged, **given) == (
        "names this issuer but is not signed by its key"
    )
    two = forge.response(signer=forge.delegate_of_two_algorithms())
    assert _message("L703", two, **given) == "has two different signature algorithms"
    unknown = forge.response(signer=forge.delegate_of_no_algorithm())
    assert _message("L703", unknown, **given).startswith(
        "names this issuer, but its signature cannot be checked: "
    )


def test_message_lists_contradicting_statuses() -> None:
    """The serial number, and each status once."""
    about = forge.cert_id(algorithm=hashes.SHA1())
    entries = [
        forge.entry(),
        forge.entry(about=about, status=forge.revoked()),
        forge.entry(about=about, status=forge.revoked(4)),
    ]
    der = forge.response(entries=entries)
    assert _message("L211", der, issuer=forge.authority()) == (
        "has different statuses for serial number 0x1f2e: good and revoked"
    )


@pytest.mark.parametrize("name", sorted(RESPONSES))
@pytest.mark.parametrize("profile", Profile)
def test_every_vector_is_linted(name: str, profile: Profile) -> None:
    """One that cannot be decoded has exactly one finding, an error."""
    report = lint_response(
        RESPONSES[name], issuer=forge.authority(), cert=forge.subject(), profile=profile
    )
    try:
        ocsp.load_der_ocsp_response(RESPONSES[name])
    except ocsp.DecodeError:
        assert [each.severity for each in report.findings] == [Severity.ERROR]


_CLEAN = forge.response(extensions=[], entries=[forge.entry(status=forge.revoked(9))])
_NAMED = forge.response(responder=forge.by_name(forge.right_delegate()))


@given(
    st.sampled_from([_CLEAN, _NAMED]),
    st.lists(
        st.tuples(st.integers(0, len(_CLEAN) - 1), st.integers(1, 255)), max_size=3
    ),
)
def test_a_changed_response_never_makes_it_fail(
    der: bytes, flips: list[tuple[int, int]]
) -> None:
    """There is a report, whichever octets are changed."""
    changed = bytearray(der)
    for position, mask in flips:
        changed[position % len(der)] ^= mask
    lint_response(
        bytes(changed),
        issuer=forge.authority(),
        cert=forge.subject(),
        request=forge.request(forge.SERIAL, nonce=bytes(16)),
        at=NOW,
        profile=Profile.WEBPKI,
    )


def test_malformed_parameters_of_the_signature_do_not_make_it_fail() -> None:
    """Octets follow the mask generation function of PSS."""
    response = Builder().response()
    mask = (
        encode_oid(oids.MGF1)
        + sequence(encode_oid("2.16.840.1.101.3.4.2.1"))
        + b"\x05\x00"
    )
    pss = sequence(encode_oid(oids.RSASSA_PSS) + sequence(encode(0xA1, sequence(mask))))
    read = ocsp.load_der_ocsp_response(response)
    der = encode_response(read.tbs_response_bytes, pss, bytes(256), b"")
    issuer = load_certificate(Builder().ca.der)
    assert lint_response(der, issuer=issuer).findings
