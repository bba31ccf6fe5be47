"""Policy: strict defaults, named relaxations, and checks of every value."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import pickle
from typing import Any

import pytest

from ocsp import ConfigError, Policy
from ocsp.verification import AuthorizedBy, ChainOutcome
from ocsp.verification import policy as module
from ocsp.verification.policy import (
    UNBOUNDED,
    CertHashCheck,
    CertIDHashes,
    DelegateRevocation,
    EncodingRules,
    ExpiredCertificate,
    IssuerKeyUsage,
    MissingNextUpdate,
    NonceCheck,
    PolicyName,
    ProducedAt,
    SignatureHashes,
)

FIELDS = {field.name: field.default for field in dataclasses.fields(Policy)}
SPANS = [n for n, value in FIELDS.items() if isinstance(value, datetime.timedelta)]
NUMBERS = [name for name, value in FIELDS.items() if isinstance(value, int)]
CHOICES = [name for name, value in FIELDS.items() if isinstance(value, enum.Enum)]


def test_every_default_is_as_documented() -> None:
    """Without arguments a policy accepts what the standards allow."""
    assert {
        "nonce": NonceCheck.REQUIRED,
        "clock_skew": datetime.timedelta(minutes=5),
        "missing_next_update": MissingNextUpdate.WITHIN_MAX_AGE,
        "max_age_without_next_update": datetime.timedelta(hours=24),
        "max_age": UNBOUNDED,
        "min_interval": datetime.timedelta(0),
        "max_interval": UNBOUNDED,
        "ca_min_interval": datetime.timedelta(0),
        "ca_max_interval": UNBOUNDED,
        "delegate_revocation": DelegateRevocation.IF_NAMED,
        "issuer_key_usage": IssuerKeyUsage.WARN,
        "signature_hashes": SignatureHashes.STRONG,
        "cert_id_hashes": CertIDHashes.SHA1_AND_SHA2,
        "cert_hash": CertHashCheck.IF_PRESENT,
        "min_rsa_bits": 2048,
        "min_ec_bits": 256,
        "produced_at": ProducedAt.WARN,
        "expired_certificate": ExpiredCertificate.FLAG,
        "encoding": EncodingRules.DER,
    } == FIELDS


@pytest.mark.parametrize("name", FIELDS)
def test_policy_is_immutable(name: str) -> None:
    """No field can be assigned."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(Policy(), name, FIELDS[name])


def test_misspelt_fields_are_errors() -> None:
    """In an assignment and in the constructor."""
    with pytest.raises((AttributeError, TypeError)):
        Policy().clock_skev = 1  # type: ignore[attr-defined]
    assert not hasattr(Policy(), "__dict__")
    with pytest.raises(TypeError):
        Policy(clock_skev=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Policy(NonceCheck.IGNORE)  # type: ignore[misc]


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [None, True, False, 1.5, "required", b"", object()])
def test_a_value_of_another_type_is_an_error(name: str, value: Any) -> None:
    """Also ``None``, ``True`` and ``False``."""
    with pytest.raises(TypeError, match=f"{name} must be a "):
        Policy(**{name: value})


@pytest.mark.parametrize("name", CHOICES)
def test_a_member_of_another_enumeration_is_an_error(name: str) -> None:
    """Each enumeration belongs to one field."""
    for other in CHOICES:
        if other != name:
            with pytest.raises(TypeError, match=f"{name} must be a "):
                Policy(**{name: FIELDS[other]})


@pytest.mark.parametrize("name", SPANS)
def test_a_negative_duration_is_an_error(name: str) -> None:
    """Zero is allowed."""
    assert getattr(Policy(**{name: datetime.timedelta(0)}), name).days == 0
    with pytest.raises(ConfigError, match=f"{name}: must not be negative"):
        Policy(**{name: datetime.timedelta(microseconds=-1)})


@pytest.mark.parametrize("name", NUMBERS)
def test_a_negative_number_is_an_error(name: str) -> None:
    """Zero is allowed."""
    assert getattr(Policy(**{name: 0}), name) == 0
    with pytest.raises(ConfigError, match=f"{name}: must not be negative"):
        Policy(**{name: -1})


def test_equal_policies_are_equal() -> None:
    """They can be compared, hashed and pickled."""
    one, other = Policy.webpki(), Policy.webpki()
    assert one == other
    assert hash(one) == hash(other)
    assert one != Policy()
    assert pickle.loads(pickle.dumps(one)) == one


@pytest.mark.parametrize(
    ("profile", "changes"),
    [
        (
            "default",
            {},
        ),
        (
            "strict",
            {
                "delegate_revocation": DelegateRevocation.NOCHECK_OR_EVIDENCE,
                "issuer_key_usage": IssuerKeyUsage.REQUIRE_DIGITAL_SIGNATURE,
                "expired_certificate": ExpiredCertificate.REQUIRE_ARCHIVE_CUTOFF,
            },
        ),
        (
            "rfc9919",
            {
                "nonce": NonceCheck.IF_PRESENT,
                "missing_next_update": MissingNextUpdate.REFUSE,
            },
        ),
        (
            "webpki",
            {
                "nonce": NonceCheck.IF_PRESENT,
                "missing_next_update": MissingNextUpdate.REFUSE,
                "min_interval": datetime.timedelta(hours=8),
                "max_interval": datetime.timedelta(days=10),
                "ca_max_interval": datetime.timedelta(days=366),
                "delegate_revocation": DelegateRevocation.NOCHECK_OR_EVIDENCE,
                "issuer_key_usage": IssuerKeyUsage.REQUIRE_DIGITAL_SIGNATURE,
            },
        ),
        (
            "unsafe-legacy",
            {
                "nonce": NonceCheck.IF_PRESENT,
                "clock_skew": datetime.timedelta(minutes=15),
                "delegate_revocation": DelegateRevocation.UNSAFE_SKIP,
                "signature_hashes": SignatureHashes.UNSAFE_SHA1,
                "min_rsa_bits": 1024,
                "min_ec_bits": 224,
                "encoding": EncodingRules.TOLERANT,
            },
        ),
    ],
)
def test_a_profile_changes_only_the_documented_fields(
    profile: str, changes: dict[str, Any]
) -> None:
    """All other fields have their defaults; the name gives the same as the method."""
    policy = Policy.named(profile)
    found = {name: getattr(policy, name) for name in FIELDS}
    assert {n: v for n, v in found.items() if v != FIELDS[n]} == changes
    method = (
        Policy if profile == "default" else getattr(Policy, profile.replace("-", "_"))
    )
    assert policy == method()


def test_an_unknown_profile_is_an_error() -> None:
    """The error names the profiles."""
    with pytest.raises(
        ConfigError, match=r"'lax'.*default, strict, webpki, rfc9919, uns"
    ) as raised:
        Policy.named("lax")
    assert raised.value.key == "policy"
    assert list(PolicyName) == [
        "default",
        "strict",
        "webpki",
        "rfc9919",
        "unsafe-legacy",
    ]


def test_members_that_switch_a_check_off_are_called_unsafe() -> None:
    """So a reader of the calling code sees it."""
    unsafe = {
        member
        for name in module.__all__
        if isinstance(kind := getattr(module, name), type)
        and issubclass(kind, enum.Enum)
        and kind is not PolicyName
        for member in kind
        if member.name.startswith("UNSAFE")
    }
    assert unsafe == {
        NonceCheck.UNSAFE_ACCEPT_OTHER,
        MissingNextUpdate.UNSAFE_ACCEPT,
        DelegateRevocation.UNSAFE_SKIP,
        SignatureHashes.UNSAFE_SHA1,
    }
    assert all(str(each.value).startswith("unsafe-") for each in unsafe)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (NonceCheck, "required if-present ignore unsafe-accept-other"),
        (MissingNextUpdate, "within-max-age refuse unsafe-accept"),
        (
            DelegateRevocation,
            "if-named nocheck-or-evidence require-evidence unsafe-skip",
        ),
        (IssuerKeyUsage, "warn require-digital-signature"),
        (SignatureHashes, "strong unsafe-sha1"),
        (CertHashCheck, "if-present required"),
        (CertIDHashes, "sha1-and-sha2 sha2"),
        (ProducedAt, "warn refuse"),
        (ExpiredCertificate, "flag require-archive-cutoff"),
        (AuthorizedBy, "issuer delegate configured"),
    ],
)
def test_enumeration_values_are_stable(kind: type[enum.Enum], values: str) -> None:
    """Documents and programs use them."""
    assert [member.value for member in kind] == values.split()


def test_chain_outcome_values_are_stable() -> None:
    """Documents and programs use them."""
    found = [outcome.value for outcome in ChainOutcome]
    assert found == ["verified", "not-needed", "not-verified"]
