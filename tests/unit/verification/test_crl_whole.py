"""CRLs that are verified as a whole: their signers, delta CRLs and entries."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509

from ocsp import Policy, limits
from ocsp import errors as e
from ocsp.asn1.der import encode, encode_oid
from ocsp.verification.crl.reader import ReadCRL
from ocsp.verification.crl.whole import (
    CRLIssuers,
    entries_for,
    verify_delta,
    verify_whole,
)
from tests.crls import crl, entry, scope
from tests.pki import NOW, ca, key, make

HOUR = datetime.timedelta(hours=1)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
SIGNER = make("CRL Issuer", "Test CA")
ISSUERS = CRLIssuers(ca(), [SIGNER], Policy())
INDIRECT = [scope(indirect=True)]
SERIAL = b"\x07"


def _failures(data: bytes, issuers: CRLIssuers = ISSUERS) -> list[str]:
    with pytest.raises(e.VerificationError) as caught:
        verify_whole(data, "the CRL", issuers, NOW)
    error = caught.value
    assert type(error) is error.failures[0].error
    return [failure.rule for failure in error.failures]


@pytest.mark.parametrize(
    "data",
    [
        crl(entry(7)),
        crl(entry(7), critical=[scope(users=True)]),
        crl(entry(7), critical=INDIRECT),
        crl(entry(7), critical=INDIRECT, issuer="CRL Issuer"),
        crl(entry(7), end=NOW - HOUR),
    ],
)
def test_a_crl_of_the_issuer_or_an_indirect_one_is_accepted(data: bytes) -> None:
    """Of whatever scope, and also after it has expired."""
    read = verify_whole(data, "the CRL", ISSUERS, NOW)
    assert (read.data, read.name) == (data, "the CRL")
    assert len(list(read.entries.find(SERIAL))) == 1


@pytest.mark.parametrize(
    ("data", "rules"),
    [
        (b"", ["R1"]),
        (crl(issuer="CRL Issuer"), ["R2"]),
        (crl(issuer="CRL Issuer", critical=[scope(users=True)]), ["R2"]),
        (crl(issuer="Another", critical=INDIRECT), ["R3"]),
        (crl(signer=key("Another")), ["R5"]),
        (crl(begin=NOW + HOUR), ["R6"]),
        (crl(critical=[UNKNOWN]), ["R8"]),
        (crl(entry(1, UNKNOWN, critical=True)), ["R12"]),
        (crl(signer=key("Another"), critical=[UNKNOWN]), ["R5", "R8"]),
    ],
)
def test_a_crl_that_breaks_a_rule_is_rejected(data: bytes, rules: list[str]) -> None:
    """The error has all failures, and is that of the first."""
    assert _failures(data) == rules


def test_an_indirect_crl_needs_a_trusted_signer() -> None:
    """R3: the keys are those of the issuer, and those that are configured."""
    data = crl(critical=INDIRECT, issuer="CRL Issuer")
    assert _failures(data, CRLIssuers(ca(), [], Policy())) == ["R3"]


def test_the_policy_applies_to_the_signer_and_to_the_times() -> None:
    """R4 and R6."""
    strong = CRLIssuers(ca(), [], Policy(min_ec_bits=384))
    assert _failures(crl(), strong) == ["R4"]
    tolerant = CRLIssuers(ca(), [], Policy(clock_skew=HOUR))
    assert verify_whole(crl(begin=NOW + HOUR), "the CRL", tolerant, NOW)


def test_a_crl_of_another_issuer_is_named() -> None:
    """R2: the error has both names."""
    with pytest.raises(e.CRLIssuerMismatch) as caught:
        verify_whole(crl(issuer="CRL Issuer"), "the CRL", ISSUERS, NOW)
    assert type(caught.value) is e.CRLIssuerMismatch
    assert caught.value.failures[0].values == (
        ("issuer", "'CN=CRL Issuer'"),
        ("expected", "'CN=Test CA'"),
    )


def test_a_delta_crl_has_to_fit_the_complete_crl() -> None:
    """R11: the error is that of the first failure."""
    complete = ReadCRL(crl(number=5), "the CRL")
    verify_delta(complete, ReadCRL(crl(number=6, base=5), "the delta"), ISSUERS, NOW)
    for delta in (crl(number=6), crl(number=9, base=8), crl(number=5, base=4)):
        with pytest.raises(e.DeltaCRLMismatch) as caught:
            verify_delta(complete, ReadCRL(delta, "the delta"), ISSUERS, NOW)
        assert [failure.rule for failure in caught.value.failures] == ["R11"]


# --- whose certificate an entry is for -----------------------------------------------


def _name(common: bytes) -> bytes:
    attribute = encode(0x30, encode_oid("2.5.4.3"), encode(0x0C, common))
    return encode(0x30, encode(0x31, attribute))


def _for(*names: bytes) -> ReadCRL:
    """Return an indirect CRL with an entry for the certificate issuer *names*."""
    value = encode(0x30, *(encode(0xA4, each) for each in names))
    issuer = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.29"), value)
    data = crl(entry(7, issuer, critical=True), critical=INDIRECT)
    return verify_whole(data, "the CRL", ISSUERS, NOW)


def _count(read: ReadCRL, issuers: CRLIssuers = ISSUERS) -> int:
    return len(list(entries_for(read, SERIAL, issuers)))


MINE, OTHERS, STRANGE = _name(b"test  CA"), _name(b"Other"), b"\x30\x02\x31\x05"


def test_an_entry_is_for_the_issuer_of_the_crl_unless_it_names_another() -> None:
    """RFC 5280 §5.3.3. One of several names is enough."""
    own = verify_whole(crl(entry(7), entry(8), entry(7)), "the CRL", ISSUERS, NOW)
    assert _count(own) == 2
    assert list(entries_for(own, b"\x09", ISSUERS)) == []
    indirect = crl(entry(7), critical=INDIRECT, issuer="CRL Issuer")
    assert _count(verify_whole(indirect, "the CRL", ISSUERS, NOW)) == 0
    for names, count in (
        ([MINE], 1),
        ([OTHERS], 0),
        ([MINE, OTHERS], 1),
        ([OTHERS, MINE], 1),
        ([STRANGE, MINE], 1),
    ):
        assert _count(_for(*names)) == count


@pytest.mark.parametrize("names", [[STRANGE], [OTHERS, STRANGE], [STRANGE, OTHERS]])
def test_an_entry_for_a_name_that_cannot_be_compared_is_an_error(
    names: list[bytes],
) -> None:
    """It may be the name of the issuer in other octets."""
    with pytest.raises(ValueError, match="whose name cannot be compared"):
        _count(_for(*names))


def test_an_issuer_with_a_name_that_cannot_be_compared_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The entry may be for it, in other octets."""
    read = _for(OTHERS)
    issuers = CRLIssuers(ca(), [], Policy())
    assert _count(read, issuers) == 0
    monkeypatch.setattr(limits, "MAX_COMPARED_NAME_BYTES", len(OTHERS))
    with pytest.raises(ValueError, match="whose name cannot be compared"):
        _count(read, issuers)
