"""``lint_response``: what it takes, and that nothing it is given ends it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

import ocsp
from ocsp.linting import LintReport, Profile, Severity, lint_response
from tests.pki import NOW
from tests.unit.linting import forge
from tests.unit.linting.forge import DAY
from tests.vectors import RESPONSES


def test_the_package_exports_it() -> None:
    """It is imported when it is first used."""
    assert ocsp.lint_response is lint_response
    assert ocsp.LintReport is LintReport


def test_octets_and_response_are_the_same() -> None:
    """Whoever has loaded it need not go back."""
    der = forge.response(entries=[forge.entry(next_update=None)])
    loaded = ocsp.load_der_ocsp_response(der)
    assert lint_response(loaded) == lint_response(der)


def test_what_the_reader_refuses_is_a_finding_with_its_place() -> None:
    """The field in the words of the standard, and the octet."""
    der = forge.response(version=b"\xa0\x03\x02\x01\x00")
    (finding,) = lint_response(der).findings
    assert (finding.rule, finding.severity) == ("L101", Severity.ERROR)
    assert finding.where == "responseBytes.tbsResponseData.version"
    assert "at offset" in finding.message
    (finding,) = lint_response(der + b"\x00").findings
    assert (finding.rule, finding.where) == ("L101", "OCSPResponse")


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
def test_arguments_of_another_type_are_refused(
    response: Any, given: dict[str, Any]
) -> None:
    """A naive time among them."""
    with pytest.raises(TypeError):
        lint_response(response, **given)


def test_findings_can_be_taken_by_severity() -> None:
    """Graver is larger."""
    der = forge.response(
        entries=[forge.entry(next_update=None), forge.entry(status=forge.revoked(0))]
    )
    report = lint_response(der)
    severities = {finding.severity for finding in report.findings}
    assert severities == {Severity.INFO, Severity.WARNING}
    assert {each.severity for each in report.at_least(Severity.NOTICE)} == {
        Severity.WARNING
    }


def test_without_anything_beside_it_less_is_said_and_nothing_wrong() -> None:
    """No issuer, certificate, request or clock: no rule about them."""
    for profile in Profile:
        assert lint_response(forge.response(), profile=profile).findings == ()
        alone = forge.response(certs=None)
        assert lint_response(alone, profile=profile).findings == ()


def _said(rule: str, der: bytes, **given: Any) -> str:
    report = lint_response(der, profile=Profile.WEBPKI, **given)
    (message,) = [each.message for each in report.findings if each.rule == rule]
    return message


@pytest.mark.parametrize("rule", ["L309", "L311"])
def test_what_is_only_taken_for_a_subscriber_is_said(rule: str) -> None:
    """Nothing but the certificate tells whether it is one."""
    der = forge.response(
        entries=[
            forge.entry(this_update=NOW - 300 * DAY, next_update=NOW + 60 * DAY),
        ]
    )
    words = "; the certificate is not known, and taken for a subscriber's"
    given = {"issuer": forge.authority(), "at": NOW}
    assert _said(rule, der, **given).endswith(words)
    assert words not in _said(rule, der, **given, cert=forge.subject())
    report = lint_response(
        der, profile=Profile.WEBPKI, cert=forge.subject(ca=True), **given
    )
    assert rule not in {each.rule for each in report.findings}


def test_who_has_issued_the_delegate_is_said() -> None:
    """By name, or that the name is right and the key is not."""
    given = {"issuer": forge.authority()}
    other = forge.response(signer=forge.delegate(issuer="Other CA"))
    assert _said("L703", other, **given) == (
        "was issued by 'CN=Other CA', not by 'CN=Lint CA'"
    )
    forged = forge.response(signer=forge.delegate(signer="a stranger"))
    assert _said("L703", forged, **given) == (
        "names the issuer, whose key has not signed it"
    )
    two = forge.response(signer=forge.delegate_of_two_algorithms())
    assert _said("L703", two, **given) == "names two algorithms of its signature"
    unknown = forge.response(signer=forge.delegate_of_no_algorithm())
    assert _said("L703", unknown, **given).startswith(
        "names the issuer, and whether that has signed it cannot be computed: "
    )


def test_what_entries_contradict_each_other_is_said() -> None:
    """The certificate, and each status once."""
    about = forge.cert_id(algorithm=hashes.SHA1())
    entries = [
        forge.entry(),
        forge.entry(about=about, status=forge.revoked()),
        forge.entry(about=about, status=forge.revoked(4)),
    ]
    der = forge.response(entries=entries)
    assert _said("L211", der, issuer=forge.authority()) == (
        "say of serial number 0x1f2e that it is good and revoked"
    )


@pytest.mark.parametrize("name", sorted(RESPONSES))
@pytest.mark.parametrize("profile", Profile)
def test_every_vector_is_linted(name: str, profile: Profile) -> None:
    """Those that no loader takes have one finding, an error."""
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
def test_nothing_ends_it(der: bytes, flips: list[tuple[int, int]]) -> None:
    """Whatever octets are changed, there is a report."""
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
