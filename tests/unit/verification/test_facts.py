"""The facts of a certificate, and of one with extensions that cannot be decoded."""

from __future__ import annotations

import pytest
from cryptography import x509

import ocsp
from ocsp.asn1.der import encode, encode_oid
from ocsp.verification.facts import CertificateFacts, facts_of, key_size_problem
from tests.cases.builder import CA, NOCHECK, OCSP_SIGNING, SIGNS, Builder, extension

BUILD = Builder()
KEY_USAGE, CONSTRAINTS, PURPOSES = "2.5.29.15", "2.5.29.19", "2.5.29.37"
ALTERNATIVE_NAME, NO_CHECK, UNKNOWN = "2.5.29.17", "1.3.6.1.5.5.7.48.1.5", "1.2.3.4"
X400 = encode(0x30, encode(0xA3, encode(0x30)))
GARBAGE = b"\x05"


def _facts(*extensions: bytes | x509.ExtensionType) -> CertificateFacts:
    identity = BUILD.delegate(extensions=extensions)
    return facts_of(x509.load_der_x509_certificate(identity.der))


def test_an_unreadable_extension_does_not_hide_the_others() -> None:
    """Each is decoded by itself."""
    facts = _facts(extension(ALTERNATIVE_NAME, X400), CA, SIGNS, OCSP_SIGNING, NOCHECK)
    assert facts.ca
    assert facts.may_sign
    assert not facts.may_issue
    assert not facts.may_sign_crls
    assert facts.nocheck
    assert [each.dotted_string for each in facts.purposes] == ["1.3.6.1.5.5.7.3.9"]
    errors = facts.purposes_error, facts.usage_error, facts.ca_error
    assert errors == ("", "", "")
    assert (facts.unknown_critical, facts.critical_error) == ("", "")


@pytest.mark.parametrize("twice", [False, True])
def test_an_unreadable_extension_grants_nothing(*, twice: bool) -> None:
    """Neither one that is malformed, nor one that occurs twice."""

    def broken(oid: str, value: x509.ExtensionType) -> tuple[bytes, ...]:
        each = value.public_bytes() if twice else GARBAGE
        return (extension(oid, each),) * (1 + twice)

    usage = _facts(*broken(KEY_USAGE, SIGNS))
    assert usage.usage_error
    granted = usage.may_sign, usage.may_issue, usage.may_sign_crls
    assert granted == (False, False, False)
    constraints = _facts(*broken(CONSTRAINTS, CA))
    assert constraints.ca_error
    assert not constraints.ca
    purposes = _facts(*broken(PURPOSES, OCSP_SIGNING))
    assert purposes.purposes_error
    assert purposes.purposes == frozenset()
    assert _facts(*broken(NO_CHECK, NOCHECK)).nocheck is False


@pytest.mark.parametrize(
    ("extensions", "oid", "reason"),
    [
        ((extension(UNKNOWN, GARBAGE, critical=True),), UNKNOWN, "is not known"),
        ((extension(UNKNOWN, GARBAGE),), "", ""),
        (
            (extension(ALTERNATIVE_NAME, X400, critical=True),),
            ALTERNATIVE_NAME,
            "cannot be decoded: x400Address",
        ),
        (
            (
                extension(KEY_USAGE, SIGNS.public_bytes()),
                extension(KEY_USAGE, SIGNS.public_bytes(), critical=True),
            ),
            KEY_USAGE,
            "cannot be decoded: the extension 2.5.29.15 occurs 2 times",
        ),
    ],
)
def test_a_critical_extension_has_to_be_decoded(
    extensions: tuple[bytes, ...], oid: str, reason: str
) -> None:
    """One that cannot be decoded is as bad as an unknown one."""
    facts = _facts(*extensions)
    assert facts.unknown_critical == oid
    assert facts.critical_error.startswith(reason)


def _constraints(value: str) -> bytes:
    return extension(CONSTRAINTS, bytes.fromhex(value), critical=True)


def _name_constraints(subtree: str) -> bytes:
    base = bytes.fromhex("82076578616d706c65")
    part = encode(0x30, base, bytes.fromhex(subtree))
    lists = encode(0xA0, part), encode(0xA1, part, part)
    return extension("2.5.29.30", encode(0x30, *lists), critical=True)


@pytest.mark.parametrize(
    "default", [_constraints("3003010100"), _name_constraints("800100")]
)
def test_a_default_value_may_be_encoded(default: bytes) -> None:
    """DER omits it; some CAs do not, and no meaning depends on it."""
    facts = _facts(default, SIGNS)
    assert (facts.ca, facts.ca_error, facts.unknown_critical) == (False, "", "")
    assert x509.load_der_x509_certificate(BUILD.delegate(extensions=(default,)).der)


@pytest.mark.parametrize(
    "wrong",
    [
        *map(_constraints, ("3003010101", "3006020100010100", "3006010100010100")),
        *map(_constraints, ("30030101000000", "30060101ff010100")),
        *map(_name_constraints, ("800100800100", "810100800100")),
    ],
)
def test_only_a_default_value_in_its_place_is_left_out(wrong: bytes) -> None:
    """Other deviations still make the extension unreadable."""
    assert _facts(wrong, SIGNS).unknown_critical


def test_policy_mappings_are_known() -> None:
    """CAs should mark them critical (RFC 5280 §4.2.1.5); they have to be well-formed."""
    pair = encode(0x30, encode_oid("1.2.3"), encode_oid("1.2.4"))
    for value, oid in (
        (encode(0x30, pair, pair), ""),
        (encode(0x30, encode(0x30, encode_oid("1.2.3"))), "2.5.29.33"),
        (encode(0x30, pair + b"\x05\x00"), "2.5.29.33"),
        (GARBAGE, "2.5.29.33"),
    ):
        mappings = extension("2.5.29.33", value, critical=True)
        assert _facts(mappings, SIGNS).unknown_critical == oid


@pytest.mark.parametrize("value", [b"", b"\x04\x00", b"\x05\x00\x00"])
def test_no_rev_avail_and_nocheck_are_null(value: bytes) -> None:
    """Another value states nothing (RFC 9608 §2, RFC 6960 §4.2.2.2.1)."""
    for oid in ("2.5.29.56", NO_CHECK):
        facts = _facts(extension(oid, value))
        assert (facts.no_rev_avail, facts.nocheck) == (False, False)
    assert _facts(extension("2.5.29.56", b"\x05\x00")).no_rev_avail


def test_limits_of_the_curve_size() -> None:
    """From the minimum of the policy to ``MAX_CURVE_BITS``, both included."""
    policy = ocsp.Policy()
    for bits, fine in ((255, False), (256, True), (1024, True), (1025, False)):
        facts = _facts()._replace(bits=bits)
        assert (key_size_problem(facts, policy) == "") is fine


def test_the_limit_of_the_curve_size_can_be_lowered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is read at each use."""
    monkeypatch.setattr(ocsp.limits, "MAX_CURVE_BITS", 255)
    assert "255 are accepted" in key_size_problem(_facts(), ocsp.Policy())


@pytest.mark.parametrize(
    ("key", "own", "other"),
    [
        ("rsa-2048", "MAX_KEY_BITS", "MAX_DSA_BITS"),
        ("dsa-2048", "MAX_DSA_BITS", "MAX_KEY_BITS"),
    ],
)
def test_rsa_keys_and_dsa_keys_have_limits_of_their_own(
    monkeypatch: pytest.MonkeyPatch, key: str, own: str, other: str
) -> None:
    """The limit for one kind does not apply to the other."""
    identity = BUILD.certificate("a", key=key, issuer=BUILD.ca)
    facts = facts_of(x509.load_der_x509_certificate(identity.der))
    monkeypatch.setattr(ocsp.limits, other, 1024)
    assert key_size_problem(facts, ocsp.Policy()) == ""
    monkeypatch.setattr(ocsp.limits, own, 2047)
    expected = "has 2048 bits; 2048 to 2047 are accepted"
    assert key_size_problem(facts, ocsp.Policy()) == expected
