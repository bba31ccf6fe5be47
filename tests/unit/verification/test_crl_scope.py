"""
``verify_crl``: indirect CRLs, distribution points, reasons and signers.

RFC 5280 §6.3.3. Each case says which status, or which rule, the standard asks for.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ocsp import AuthorizedBy, OCSPCertStatus, Policy, limits
from ocsp import errors as e
from ocsp.asn1.der import encode, encode_integer, encode_oid
from ocsp.verification import SignatureHashes, verify_crl
from ocsp.verification.case import Findings
from ocsp.verification.crl import signer as signer_module
from ocsp.verification.crl.case import CRLQuestion, read_crl
from ocsp.verification.crl.verify import judge_crls
from tests.cases.builder import Builder
from tests.crls import LISTED, SINCE, crl, entry, resigned, scope
from tests.pki import NOW, ca, key, leaf, make, name

HOUR = datetime.timedelta(hours=1)
GOOD, REVOKED = OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED
REASON = x509.ReasonFlags
URI = x509.UniformResourceIdentifier
HERE, THERE = URI("http://crl.example/1.crl"), URI("http://crl.example/2.crl")
CRL_ISSUER = "CRL Issuer"
EVERY = frozenset(REASON) - {REASON.unspecified, REASON.remove_from_crl}
KEYS = frozenset({REASON.key_compromise, REASON.ca_compromise, REASON.aa_compromise})


def _directory(common: str) -> x509.DirectoryName:
    return x509.DirectoryName(name(common))


def _of(common: str) -> x509.CertificateIssuer:
    return x509.CertificateIssuer([_directory(common)])


def _point(
    *names: x509.GeneralName,
    by: str | None = None,
    reasons: frozenset[x509.ReasonFlags] | None = None,
    relative: x509.RelativeDistinguishedName | None = None,
) -> x509.DistributionPoint:
    issuer = None if by is None else [_directory(by)]
    return x509.DistributionPoint(list(names) or None, relative, reasons, issuer)


def _cert(
    *points: x509.DistributionPoint, serial: int = LISTED, issuer: str = "Test CA"
) -> x509.Certificate:
    found = [x509.CRLDistributionPoints(points)] if points else []
    return make(f"leaf of {issuer}", issuer, serial=serial, extensions=found)


def _usage(*, crl_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _crl_issuer(issuer: str = "Test CA", **more: object) -> x509.Certificate:
    more.setdefault("extensions", [_usage(crl_sign=True)])
    return make(CRL_ISSUER, issuer, **more)  # type: ignore[arg-type]


SIGNER = _crl_issuer()
INDIRECT = _cert(_point(HERE, by=CRL_ISSUER))


def _indirect(
    *entries: x509.RevokedCertificate, indirect: bool = True, **more: object
) -> bytes:
    limited = scope(full_name=[HERE], indirect=indirect)
    more.setdefault("critical", [limited])
    more.setdefault("issuer", CRL_ISSUER)
    return crl(*entries, **more)  # type: ignore[arg-type]


def _mine(serial: int = LISTED) -> x509.RevokedCertificate:
    return entry(serial, _of("Test CA"), critical=True)


def _other(serial: int = LISTED) -> x509.RevokedCertificate:
    return entry(serial, _of("Other CA"), critical=True)


def _rules(
    data: bytes | Sequence[bytes], cert: x509.Certificate, **more: object
) -> list[str]:
    with pytest.raises(e.VerificationError) as caught:
        verify_crl(data, cert, ca(), at=NOW, **more)  # type: ignore[arg-type]
    return [failure.rule for failure in caught.value.failures]


# --- indirect CRLs: entries ------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "status"),
    [
        ((), GOOD),
        ((_mine(),), REVOKED),
        ((_other(),), GOOD),
        ((entry(),), GOOD),  # an entry of the CRL issuer itself
        ((_mine(1), entry()), REVOKED),
        ((_mine(1), entry(2), entry()), REVOKED),
        ((_mine(1), _other(2), entry()), GOOD),
        ((_other(1), entry(2), _mine(3), entry()), REVOKED),
        ((_other(), _mine()), REVOKED),
        ((_mine(), _other()), REVOKED),
        ((_other(1), entry(), _mine(2)), GOOD),
        ((_mine(1), _other(), entry(3)), GOOD),
        ((entry(), _mine(1)), GOOD),
    ],
)
def test_the_issuer_is_carried_from_entry_to_entry(
    entries: Sequence[x509.RevokedCertificate], status: OCSPCertStatus
) -> None:
    """RFC 5280 §5.3.3: the same serial number of another CA does not count."""
    found = verify_crl(
        _indirect(*entries), INDIRECT, ca(), crl_issuers=[SIGNER], at=NOW
    )
    assert found.status is status


def test_the_same_list_is_right_for_each_issuer() -> None:
    """An entry counts for the one issuer that it is for."""
    data = _indirect(_mine(1), entry(2), _other(3), entry(4))
    for issuer, revoked in (("Test CA", {1, 2}), ("Other CA", {3, 4})):
        for serial in range(1, 5):
            cert = _cert(_point(HERE, by=CRL_ISSUER), serial=serial, issuer=issuer)
            found = verify_crl(data, cert, ca(issuer), crl_issuers=[SIGNER], at=NOW)
            assert (found.status is REVOKED) is (serial in revoked)


def test_a_ca_may_list_certificates_of_others_in_its_own_crl() -> None:
    """The CRL is then an indirect one; entries without an issuer are its own."""
    marked = [scope(indirect=True)]
    for entries, status in (
        ((entry(),), REVOKED),
        ((_other(1), entry()), GOOD),
        ((_other(1), _mine(2), entry()), REVOKED),
    ):
        found = verify_crl(crl(*entries, critical=marked), leaf(), ca(), at=NOW)
        assert found.status is status
    assert _rules(crl(_other(1)), leaf()) == ["R12"]
    assert _rules(crl(_other(1), critical=[scope(users=True)]), leaf()) == ["R12"]


def _with_issuer(value: bytes, *, critical: bool = True, serial: int = LISTED) -> bytes:
    """Return an indirect CRL with an entry that no library writes."""
    flag = b"\x01\x01\xff" if critical else b""
    strange = encode(
        0x30, encode_oid("2.5.29.29"), flag, encode(0x04, encode(0x30, value))
    )
    when = encode(0x17, f"{SINCE:%y%m%d%H%M%SZ}".encode())
    written = encode(0x30, encode_integer(serial), when, encode(0x30, strange))

    def change(fields: list[bytes]) -> None:
        fields[5] = encode(0x30, written)

    return resigned(crl(entry(1), critical=[scope(indirect=True)]), change)


def _rdn(tag: int, text: bytes) -> bytes:
    return encode(
        0x30, encode(0x31, encode(0x30, encode_oid("2.5.4.3"), encode(tag, text)))
    )


def test_an_issuer_that_cannot_be_compared_proves_nothing() -> None:
    """R12: the extension is critical, and has a name that can be read."""
    own = encode(0xA4, _rdn(0x0C, b"Test CA"))
    strange = encode(0xA4, b"\x30\x02\x31\x05")
    uri = encode(0x86, b"http://ca.example")
    assert verify_crl(_with_issuer(own), leaf(), ca(), at=NOW).status is REVOKED
    other = encode(0xA4, _rdn(0x0C, b"Other CA"))
    for several in (uri + own, own + other, other + own, own + strange):
        data = _with_issuer(several)
        assert verify_crl(data, leaf(), ca(), at=NOW).status is REVOKED
    with pytest.raises(e.MalformedCRL, match="an issuer whose name cannot be compared"):
        verify_crl(_with_issuer(other + strange), leaf(), ca(), at=NOW)
    for value in (uri, b"", b"\x05"):
        for serial in (LISTED, 1):
            assert _rules(_with_issuer(value, serial=serial), leaf()) == ["R12"]
    for serial in (LISTED, 1):
        plain = _with_issuer(own, critical=False, serial=serial)
        assert _rules(plain, leaf()) == ["R12"]
    # Only the entry with the serial number in question has to be readable.
    assert _rules(_with_issuer(strange), leaf()) == ["R12"]
    elsewhere = _with_issuer(strange, serial=1)
    assert verify_crl(elsewhere, leaf(), ca(), at=NOW).status is GOOD


@pytest.mark.parametrize("long_one", ["entry", "issuer"])
def test_an_issuer_with_a_long_name_proves_nothing(
    monkeypatch: pytest.MonkeyPatch, long_one: str
) -> None:
    """R12: the name may be that of the issuer, in other octets."""
    name = b"test ca".ljust(30) if long_one == "entry" else b"Other"
    data = _with_issuer(encode(0xA4, _rdn(0x0C, name)))
    issuer_octets = len(ca().subject.public_bytes())
    most = issuer_octets if long_one == "entry" else issuer_octets - 1
    monkeypatch.setattr(limits, "MAX_COMPARED_NAME_BYTES", most)
    assert _rules(data, leaf()) == ["R12"]


def test_of_several_entries_the_first_counts() -> None:
    """For date and reason."""
    stolen, hold = (
        x509.CRLReason(each)
        for each in (REASON.key_compromise, REASON.certificate_hold)
    )
    for delta in (None, crl(entry(LISTED, hold), entry(), number=6, base=5)):
        complete = crl(entry(LISTED, stolen, since=SINCE - HOUR), entry(LISTED, hold))
        found = verify_crl(complete, leaf(), ca(), delta=delta, at=NOW)
        if delta is None:
            assert found.revocation_reason is REASON.key_compromise
            assert found.revocation_time == SINCE - HOUR
        else:
            assert found.revocation_reason is REASON.certificate_hold


def test_a_stale_crl_with_a_malformed_entry_states_no_revocation() -> None:
    """R13: only the age may be wrong."""
    removed = x509.CRLReason(REASON.remove_from_crl)
    entries = entry(LISTED, removed), entry(LISTED)
    assert _rules(crl(*entries, end=NOW - HOUR), leaf()) == ["R7", "R12"]


def test_the_issuer_of_an_entry_is_compared_as_a_name() -> None:
    """RFC 5280 §7.1: another string type, case or spacing is the same name."""
    for tag, text in ((0x13, b"Test CA"), (0x0C, b"test  ca")):
        data = _with_issuer(encode(0xA4, _rdn(tag, text)))
        assert verify_crl(data, leaf(), ca(), at=NOW).status is REVOKED


# --- indirect CRLs: the issuer of the CRL ------------------------------------------------


def test_the_evidence_names_the_signer_of_an_indirect_crl() -> None:
    """Trusted by the caller, or issued by the issuer."""
    for more, why in (
        ({"crl_issuers": [SIGNER]}, AuthorizedBy.CONFIGURED),
        ({"candidates": [SIGNER]}, AuthorizedBy.DELEGATE),
        ({"candidates": [leaf(), _crl_issuer("Other CA"), SIGNER]}, "delegate"),
        ({"crl_issuers": [_crl_issuer("Other CA")]}, AuthorizedBy.CONFIGURED),
    ):
        found = verify_crl(_indirect(), INDIRECT, ca(), at=NOW, **more)  # type: ignore[arg-type]
        assert found.authorized_by is AuthorizedBy(why)
        assert found.responder.subject == name(CRL_ISSUER)
        assert found.is_about(INDIRECT, ca())
        assert "CN=CRL Issuer" in repr(found)
    own = verify_crl(crl(), leaf(), ca(), at=NOW)
    assert (own.authorized_by, own.responder) == (AuthorizedBy.ISSUER, ca())


@pytest.mark.parametrize(
    ("more", "rules"),
    [
        ({}, ["R3"]),
        ({"candidates": [_crl_issuer("Other CA")]}, ["R3"]),
        (
            {"candidates": [_crl_issuer(signer=key("Other CA"))]},
            ["R3"],
        ),
        ({"candidates": [make("CRL issuer 2", "Test CA")]}, ["R3"]),
        ({"crl_issuers": [ca()]}, ["R3"]),
        (
            {"candidates": [_crl_issuer(extensions=[_usage(crl_sign=False)])]},
            ["R3"],
        ),
        ({"crl_issuers": [_crl_issuer(end=NOW - HOUR)]}, ["R3"]),
        ({"crl_issuers": [_crl_issuer(begin=NOW + HOUR)]}, ["R3"]),
        ({"crl_issuers": [_crl_issuer(public=key("another"))]}, ["R5"]),
        (
            {
                "crl_issuers": [
                    _crl_issuer(public=key("another")),
                    _crl_issuer(end=NOW - HOUR),
                ]
            },
            ["R3"],
        ),
        *(
            ({"crl_issuers": [_crl_issuer(end=NOW - HOUR), wrong]}, ["R3"])
            for wrong in (
                _crl_issuer(public=key("another")),
                _crl_issuer(public=key("another"), end=NOW - HOUR),
            )
        ),
    ],
)
def test_only_an_authorized_key_may_sign_an_indirect_crl(
    more: dict[str, Sequence[x509.Certificate]], rules: list[str]
) -> None:
    """R3, R5: known, of this name, authorized, valid, and allowed to sign CRLs."""
    assert _rules(_indirect(), INDIRECT, **more) == rules


def test_the_issuer_cannot_sign_in_the_name_of_another_crl_issuer() -> None:
    """R3: the key belongs to another name."""
    data = _indirect(signer=key("Test CA"))
    assert _rules(data, INDIRECT) == ["R3"]
    assert _rules(data, INDIRECT, crl_issuers=[SIGNER]) == ["R5"]


@pytest.mark.parametrize(
    ("data", "cert", "rules"),
    [
        (_indirect(indirect=False), INDIRECT, ["R9"]),
        (_indirect(critical=()), INDIRECT, ["R9"]),
        (_indirect(), leaf(), ["R2"]),
        (_indirect(), _cert(_point(HERE)), ["R2"]),
        (_indirect(), _cert(_point(HERE, by="Third CA")), ["R2"]),
        (_indirect(), _cert(_point(THERE, by=CRL_ISSUER)), ["R9"]),
        (_indirect(), _cert(_point(HERE), _point(THERE, by=CRL_ISSUER)), ["R9"]),
        (_indirect(), _cert(_point(by=CRL_ISSUER)), ["R9"]),
        (
            _indirect(critical=[scope(indirect=True, cas=True)]),
            INDIRECT,
            ["R9"],
        ),
    ],
)
def test_a_certificate_has_to_name_the_indirect_crl(
    data: bytes, cert: x509.Certificate, rules: list[str]
) -> None:
    """R2, R9: by cRLIssuer and distribution point (RFC 5280 §6.3.3 (b))."""
    assert _rules(data, cert, crl_issuers=[SIGNER]) == rules


LACKS = "the CRL is for a distribution point that the certificate lacks: "


@pytest.mark.parametrize(
    ("data", "cert", "message"),
    [
        (
            _indirect(indirect=False),
            INDIRECT,
            "the CRL is of another issuer than the certificate, but not an indirect CRL",
        ),
        (
            _indirect(),
            _cert(_point(THERE, by=CRL_ISSUER)),
            LACKS + "http://crl.example/1.crl",
        ),
        (
            crl(critical=[scope(full_name=[HERE])]),
            _cert(_point(THERE)),
            LACKS + "http://crl.example/1.crl",
        ),
        # The point is one of another CRL issuer, though the name of the point fits.
        (
            crl(critical=[scope(full_name=[HERE, _directory("X")], indirect=True)]),
            INDIRECT,
            LACKS + "'CN=X', http://crl.example/1.crl",
        ),
    ],
)
def test_the_message_says_why_the_crl_is_out_of_scope(
    data: bytes, cert: x509.Certificate, message: str
) -> None:
    """R9: another issuer, or another distribution point."""
    with pytest.raises(e.CRLScopeMismatch) as caught:
        verify_crl(data, cert, ca(), crl_issuers=[SIGNER], at=NOW)
    assert [failure.message for failure in caught.value.failures] == [message]


@pytest.mark.parametrize(
    ("limited", "cert"),
    [
        (scope(indirect=True), INDIRECT),
        (scope(indirect=True), _cert(_point(by=CRL_ISSUER))),
        (
            scope(indirect=True, full_name=[_directory(CRL_ISSUER)]),
            _cert(_point(by=CRL_ISSUER)),
        ),
        (
            scope(indirect=True, full_name=[THERE]),
            _cert(_point(HERE, by=CRL_ISSUER), _point(THERE, by=CRL_ISSUER)),
        ),
        (scope(indirect=True, users=True), INDIRECT),
        (scope(indirect=True, full_name=[URI("HTTP://CRL.Example/1.crl")]), INDIRECT),
    ],
)
def test_an_indirect_crl_that_the_certificate_names_is_evidence(
    limited: x509.IssuingDistributionPoint, cert: x509.Certificate
) -> None:
    """R9: the accepted side, for *good* and *revoked*."""
    for entries, status in (((), GOOD), ((_mine(),), REVOKED)):
        data = _indirect(*entries, critical=[limited])
        found = verify_crl(data, cert, ca(), crl_issuers=[SIGNER], at=NOW)
        assert found.status is status


PART = x509.RelativeDistinguishedName(
    [x509.NameAttribute(x509.NameOID.COMMON_NAME, "part 1")]
)


def test_a_relative_name_follows_the_name_of_the_crl_issuer() -> None:
    """RFC 5280 §4.2.1.13 and §5.2.5: that of the CRL issuer, not of the certificate's."""
    data = _indirect(critical=[scope(indirect=True, relative_name=PART)])
    relative = _cert(_point(by=CRL_ISSUER, relative=PART))
    whole = x509.DirectoryName(x509.Name([*name(CRL_ISSUER).rdns, PART]))
    wrong = x509.DirectoryName(x509.Name([*name("Test CA").rdns, PART]))
    for cert in (relative, _cert(_point(whole, by=CRL_ISSUER))):
        found = verify_crl(data, cert, ca(), crl_issuers=[SIGNER], at=NOW)
        assert found.status is GOOD
    cert = _cert(_point(wrong, by=CRL_ISSUER))
    assert _rules(data, cert, crl_issuers=[SIGNER]) == ["R9"]


def test_a_crl_of_the_issuer_counts_though_no_point_names_it() -> None:
    """RFC 5280 §6.3.3, at the end: also if the certificate names the issuer itself."""
    for cert in (INDIRECT, _cert(_point(HERE, by="Test CA")), _cert(_point(HERE))):
        assert verify_crl(crl(), cert, ca(), at=NOW).status is GOOD
        assert verify_crl(crl(entry()), cert, ca(), at=NOW).status is REVOKED
    named = crl(critical=[scope(full_name=[_directory("Test CA")])])
    assert verify_crl(named, leaf(), ca(), at=NOW).status is GOOD
    assert _rules(crl(critical=[scope(full_name=[HERE])]), INDIRECT) == ["R9"]


# --- keys ------------------------------------------------------------------------------


def _renewed(signer: str = "Test CA", **more: object) -> x509.Certificate:
    return make("Test CA", signer, public=key("new key"), **more)  # type: ignore[arg-type]


def test_the_key_that_signed_the_crl_is_chosen() -> None:
    """A CA with a new key: the old one has issued a certificate for it."""
    data = crl(entry(), signer=key("new key"))
    assert _rules(data, leaf()) == ["R5"]
    for more in ({"candidates": [_renewed()]}, {"crl_issuers": [_renewed("Root")]}):
        found = verify_crl(data, leaf(), ca(), at=NOW, **more)  # type: ignore[arg-type]
        assert (found.status, found.responder) == (
            REVOKED,
            next(iter(more.values()))[0],
        )
    assert _rules(data, leaf(), candidates=[_renewed("Root")]) == ["R5"]
    assert _rules(data, leaf(), candidates=[_renewed(end=NOW - HOUR)]) == ["R3"]
    plain = verify_crl(crl(), leaf(), ca(), candidates=[_renewed()], at=NOW)
    assert plain.authorized_by is AuthorizedBy.ISSUER


def test_the_number_of_signatures_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of certificates with the name of the CRL issuer."""
    monkeypatch.setattr(limits, "MAX_SIGNATURES_CHECKED", 2)
    useless = make("Test CA", "Test CA", public=key("a third key"))
    data = crl(signer=key("new key"))
    last = [useless, _renewed()]
    assert _rules(data, leaf(), candidates=last) == ["R5"]
    assert verify_crl(data, leaf(), ca(), candidates=[_renewed()], at=NOW)


def test_the_number_of_checked_candidates_is_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also of those that the issuer has not issued; other names do not count."""
    checked: list[x509.Certificate] = []
    issued = signer_module.issuance_error

    def check(certificate: x509.Certificate, *rest: Any) -> object:
        checked.append(certificate)
        return issued(certificate, *rest)

    monkeypatch.setattr(signer_module, "issuance_error", check)
    monkeypatch.setattr(limits, "MAX_SIGNATURES_CHECKED", 3)
    decoys = [make("Test CA", "Root", serial=number + 7) for number in range(5)]
    data = crl(signer=key("new key"))
    named = [make("Other", "Root"), *decoys, _renewed()]
    assert _rules(data, leaf(), candidates=named) == ["R5"]
    assert checked == decoys[:3]
    checked.clear()
    assert verify_crl(data, leaf(), ca(), candidates=[*decoys[:2], _renewed()], at=NOW)
    assert len(checked) == 3


def test_the_number_of_entries_for_one_serial_number_is_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R12: more of them prove nothing."""
    data = crl(*[entry()] * 3, entry(1))
    monkeypatch.setattr(limits, "MAX_ENTRIES", 3)
    assert verify_crl(data, leaf(LISTED), ca(), at=NOW).status is REVOKED
    monkeypatch.setattr(limits, "MAX_ENTRIES", 2)
    assert _rules(data, leaf(LISTED)) == ["R12"]
    assert verify_crl(data, leaf(2), ca(), at=NOW).status is GOOD


def test_a_signature_is_checked_once_for_all_certificates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And once more only for another key, or if the first check failed."""
    checked: list[bytes] = []

    def check(*arguments: object, **more: object) -> None:
        checked.append(b"")
        original(*arguments, **more)  # type: ignore[arg-type]

    original = signer_module.check_signature
    monkeypatch.setattr(signer_module, "check_signature", check)
    read = read_crl(crl(entry()), "the CRL", Findings())
    assert read is not None
    entries = read.entries
    for serial in (LISTED, 1, 2):
        asked = CRLQuestion(leaf(serial), ca(), NOW, Policy())
        found = judge_crls(asked, [(read, None)])
        assert (found.status is REVOKED) is (serial == LISTED)
    assert len(checked) == 1
    assert read.entries is entries
    other = make("Test CA", "Test CA", public=key("another"))
    for _ in range(2):
        with pytest.raises(e.CRLSignatureInvalid):
            judge_crls(CRLQuestion(leaf(), other, NOW, Policy()), [(read, None)])
    assert len(checked) == 3


def test_a_candidate_is_issued_with_an_algorithm_that_the_policy_accepts() -> None:
    """R3: SHA-1 only under a policy that says so."""
    build = Builder()
    info = key(CRL_ISSUER).public_key()
    spki = info.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    issuer = x509.load_der_x509_certificate(build.authority().der)
    signer = x509.load_der_x509_certificate(
        build.certificate(CRL_ISSUER, key_info=spki, signature_scheme="ecdsa-sha1").der
    )
    legacy = Policy(signature_hashes=SignatureHashes.UNSAFE_SHA1)
    more: dict[str, Any] = {"candidates": [signer], "at": NOW}
    with pytest.raises(e.CRLSignerNotSuitable, match="give it in crl_issuers"):
        verify_crl(_indirect(), INDIRECT, issuer, **more)
    found = verify_crl(_indirect(), INDIRECT, issuer, policy=legacy, **more)
    assert found.authorized_by is AuthorizedBy.DELEGATE


def test_the_issuer_of_a_candidate_has_a_strong_key() -> None:
    """R4: an attacker who breaks it can issue CRL issuers."""
    weak = rsa.generate_private_key(65537, 1024)
    issuer = make("Test CA", "Test CA", public=weak, signer=weak)
    more: dict[str, Any] = {"candidates": [_crl_issuer(signer=weak)], "at": NOW}
    with pytest.raises(e.SignatureAlgorithmNotAllowed, match="issuer has 1024 bits"):
        verify_crl(_indirect(), INDIRECT, issuer, **more)
    legacy = Policy(min_rsa_bits=1024)
    assert verify_crl(_indirect(), INDIRECT, issuer, policy=legacy, **more)


def test_a_candidate_states_its_signature_algorithm_twice() -> None:
    """R3: as a delegate does (RFC 5280 §4.1.1.2)."""
    der = _crl_issuer().public_bytes(Encoding.DER)
    sha256, sha384 = (encode_oid(f"1.2.840.10045.4.3.{last}") for last in (2, 3))
    before, _, after = der.rpartition(sha256)
    changed = x509.load_der_x509_certificate(before + sha384 + after)
    with pytest.raises(e.CRLSignerNotSuitable, match="give it in crl_issuers"):
        verify_crl(_indirect(), INDIRECT, ca(), candidates=[changed], at=NOW)


def test_a_remembered_signature_counts_for_its_policy_only() -> None:
    """R4: a CRL that was accepted with SHA-1 is still refused without."""
    sha1 = encode(0x30, encode_oid("1.2.840.10045.4.1"))

    def change(fields: list[bytes]) -> None:
        fields[1] = sha1

    data = resigned(crl(), change, outer=sha1, algorithm=hashes.SHA1())
    read = read_crl(data, "the CRL", Findings())
    assert read is not None
    legacy = Policy(signature_hashes=SignatureHashes.UNSAFE_SHA1)
    assert judge_crls(CRLQuestion(leaf(), ca(), NOW, legacy), [(read, None)])
    with pytest.raises(e.SignatureAlgorithmNotAllowed):
        judge_crls(CRLQuestion(leaf(), ca(), NOW, Policy()), [(read, None)])


def test_only_the_certificate_of_a_crl_issuer_has_to_be_valid() -> None:
    """R3: to the second; the caller validates the path of the issuer."""
    for begin, end in ((NOW - HOUR, NOW), (NOW, NOW + HOUR)):
        signer = _crl_issuer(begin=begin, end=end)
        assert verify_crl(_indirect(), INDIRECT, ca(), crl_issuers=[signer], at=NOW)
    expired = make("Test CA", "Test CA", begin=NOW - 2 * HOUR, end=NOW - HOUR)
    assert verify_crl(crl(), leaf(), expired, at=NOW).status is GOOD
    signer = _crl_issuer(end=NOW - HOUR)
    words = "the certificate of the CRL issuer 'CN=CRL Issuer' is valid from"
    with pytest.raises(e.CRLSignerNotSuitable, match=words):
        verify_crl(_indirect(), INDIRECT, ca(), crl_issuers=[signer], at=NOW)
    unfit = make("Test CA", "Test CA", extensions=[_usage(crl_sign=False)])
    words = "the certificate of the issuer 'CN=Test CA' has a keyUsage"
    with pytest.raises(e.CRLSignerNotSuitable, match=words):
        verify_crl(crl(), leaf(), unfit, at=NOW)


# --- reasons ---------------------------------------------------------------------------


def _partial(
    reasons: frozenset[x509.ReasonFlags],
    *entries: x509.RevokedCertificate,
    **more: object,
) -> bytes:
    return crl(*entries, critical=[scope(reasons=reasons)], **more)  # type: ignore[arg-type]


def test_crls_for_all_reasons_together_prove_good() -> None:
    """R10: one that lists the certificate proves *revoked* alone."""
    one, other = _partial(KEYS, number=1), _partial(EVERY - KEYS, number=2)
    both = verify_crl([one, other], leaf(), ca(), at=NOW)
    assert (both.status, both.crl_number, both.warnings) == (GOOD, 1, ())
    assert _rules([one], leaf()) == ["R10"]
    assert _rules([one, one], leaf()) == ["R10"]
    assert _rules([one, _partial(EVERY - KEYS, end=NOW - HOUR)], leaf()) == [
        "R7",
        "R10",
    ]
    lists = _partial(KEYS, entry())
    assert verify_crl(lists, leaf(), ca(), at=NOW).status is REVOKED
    assert verify_crl((other, lists), leaf(), ca(), at=NOW).status is REVOKED
    assert verify_crl(_partial(EVERY), leaf(), ca(), at=NOW).status is GOOD


def test_several_crls_expire_with_the_first() -> None:
    """The evidence has the times of the CRL that expires first, and the oldest time."""
    short = _partial(KEYS, begin=NOW - HOUR, end=NOW + HOUR)
    long = _partial(EVERY - KEYS, begin=NOW - 2 * HOUR)
    found = verify_crl([long, short], leaf(), ca(), at=NOW)
    assert (found.this_update, found.holds_until) == (NOW - HOUR, NOW + HOUR)
    assert found.oldest_this_update == NOW - 2 * HOUR
    alone = verify_crl(crl(begin=NOW - HOUR), leaf(), ca(), at=NOW)
    revoked = verify_crl(crl(entry(), begin=NOW - HOUR), leaf(), ca(), at=NOW)
    for one in (alone, revoked):
        assert one.oldest_this_update == one.this_update == NOW - HOUR
    assert found.newness == (NOW - 2 * HOUR, False, NOW - 2 * HOUR)
    assert alone.newness == (NOW - HOUR, False, NOW - HOUR)


def test_a_crl_that_is_not_needed_is_a_warning() -> None:
    """A broken CRL does not contradict another one that proves the status."""
    broken = crl(signer=key("Other CA"))
    found = verify_crl([broken, crl()], leaf(), ca(), at=NOW)
    assert found.status is GOOD
    assert [each.rule for each in found.warnings] == ["R5"]
    assert found.warnings[0].message.startswith("the signature of the CRL 1 ")
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"")
    strange = crl(entry(1, unknown, critical=True))
    found = verify_crl([strange, crl()], leaf(), ca(), at=NOW)
    assert (found.status, [each.rule for each in found.warnings]) == (GOOD, ["R12"])
    assert _rules([broken, broken], leaf()) == ["R5", "R5"]
    assert _rules([crl(), b""], leaf()) == ["R1"]


def test_a_stale_revocation_counts_until_newer_crls_do_not_list_it() -> None:
    """An older CRL contradicts nothing, though it has not expired."""
    stale = crl(entry(), begin=NOW - 3 * HOUR, end=NOW - 2 * HOUR)
    newer, same, older = (crl(begin=NOW - n * HOUR) for n in (1, 3, 9))
    assert verify_crl([stale, newer], leaf(), ca(), at=NOW).status is GOOD
    for other in (same, older):
        for given in ([stale, other], [other, stale]):
            with pytest.raises(e.RevokedButStale):
                verify_crl(given, leaf(), ca(), at=NOW)
    keys, others = _partial(KEYS), _partial(EVERY - KEYS)
    with pytest.raises(e.RevokedButStale):
        verify_crl([stale, keys, others], leaf(), ca(), at=NOW)


def test_the_reasons_of_a_distribution_point_count() -> None:
    """R10: (d) of §6.3.3. The CRL of a point is for the reasons of the point."""
    points = _point(HERE, reasons=KEYS), _point(THERE, reasons=EVERY - KEYS)
    cert = _cert(*points)
    here = crl(critical=[scope(full_name=[HERE])])
    there = crl(critical=[scope(full_name=[THERE])])
    assert _rules(here, cert) == ["R10"]
    assert verify_crl([here, there], cert, ca(), at=NOW).status is GOOD
    assert verify_crl(here, _cert(_point(HERE)), ca(), at=NOW).status is GOOD
    both = crl(critical=[scope(full_name=[HERE], reasons=EVERY - KEYS)])
    assert _rules(both, cert) == ["R10"]
    # A CRL without a scope is complete for its issuer (§5.2.5).
    assert verify_crl(crl(), cert, ca(), at=NOW).status is GOOD


# --- delta CRLs ------------------------------------------------------------------------


def test_each_of_several_crls_has_its_delta() -> None:
    """By scope; of two for the same CRL, the newer one."""
    one, other = _partial(KEYS), _partial(EVERY - KEYS)
    older = _partial(KEYS, number=6, base=5)
    newer = _partial(KEYS, entry(), number=7, base=5)
    rest = _partial(EVERY - KEYS, number=8, base=5)
    crls = [one, other]
    assert verify_crl(crls, leaf(), ca(), delta=[rest, older], at=NOW).status is GOOD
    unnumbered = _partial(KEYS, number=None, base=5)
    for deltas in ([older, newer, rest], [newer, older], [unnumbered, newer]):
        found = verify_crl(crls, leaf(), ca(), delta=deltas, at=NOW)
        assert (found.status, found.delta_crl_number) == (REVOKED, 7)


def test_one_delta_for_several_crls_is_used_where_it_fits() -> None:
    """The other CRLs are complete without it."""
    crls = [_partial(EVERY - KEYS), _partial(KEYS)]
    delta = _partial(KEYS, entry(), number=6, base=5)
    found = verify_crl(crls, leaf(), ca(), delta=delta, at=NOW)
    assert (found.status, found.delta_crl_number) == (REVOKED, 6)


def test_a_delta_crl_has_the_issuer_scope_and_key_of_its_crl() -> None:
    """R11: (c) of §6.3.3."""
    first, second = (
        x509.AuthorityKeyIdentifier(each, None, None) for each in (b"1", b"2")
    )
    complete = crl(extensions=[first])
    same = crl(number=6, base=5, extensions=[first])
    without = crl(number=6, base=5)
    other = crl(number=6, base=5, extensions=[second])
    for delta in (same, without):
        assert verify_crl(complete, leaf(), ca(), delta=delta, at=NOW).status is GOOD
    assert _rules(complete, leaf(), delta=other) == ["R11"]
    own = crl(critical=[scope(indirect=True)])
    indirect = _indirect(critical=[scope(indirect=True)], number=6, base=5)
    assert _rules(own, INDIRECT, delta=indirect, crl_issuers=[SIGNER]) == ["R11"]
    parts = [
        crl(number=5 + n, base=5 if n else None, critical=critical)
        for n in range(2)
        for critical in ((), [scope(full_name=[HERE])], [scope(full_name=[THERE])])
    ]
    cert = _cert(_point(HERE, THERE))
    for first, complete in enumerate(parts[:3]):
        for second, delta in enumerate(parts[3:]):
            if first == second:
                assert verify_crl(complete, cert, ca(), delta=delta, at=NOW)
            else:
                assert _rules(complete, cert, delta=delta) == ["R11"]
    shouted = scope(full_name=[URI("HTTP://CRL.EXAMPLE/1.crl")])
    here = crl(critical=[scope(full_name=[HERE])])
    fits = crl(critical=[shouted], number=6, base=5)
    assert verify_crl(here, _cert(_point(HERE)), ca(), delta=fits, at=NOW)


def test_a_delta_of_an_indirect_crl_is_read_by_issuer_too() -> None:
    """An entry of another CA neither revokes nor releases the certificate."""
    more = {"number": 6, "base": 5}
    for entries, changes, status in (
        ((), (_other(),), GOOD),
        ((), (_mine(),), REVOKED),
        ((_mine(),), (), REVOKED),
        ((_mine(),), (_removed("Other CA"),), REVOKED),
        ((_mine(),), (_removed("Test CA"),), GOOD),
    ):
        found = verify_crl(
            _indirect(*entries),
            INDIRECT,
            ca(),
            delta=_indirect(*changes, **more),  # type: ignore[arg-type]
            crl_issuers=[SIGNER],
            at=NOW,
        )
        assert found.status is status


def _removed(issuer: str) -> x509.RevokedCertificate:
    removed = x509.CRLReason(REASON.remove_from_crl)
    return entry(LISTED, removed, _of(issuer), critical=True)


# --- what servers send -------------------------------------------------------------------


def test_pem_is_read() -> None:
    """Also with text around it, and for the delta CRL."""
    complete, delta = crl(entry()), crl(number=6, base=5)
    pem, pem_delta = (
        x509.load_der_x509_crl(each).public_bytes(Encoding.PEM)
        for each in (complete, delta)
    )
    text = b"Certificate Revocation List (CRL):\n    0\n" + pem.replace(b"\n", b"\r\n")
    for data in (pem, text, b"\n" + pem):
        found = verify_crl(data, leaf(), ca(), delta=pem_delta, at=NOW)
        assert found.status is REVOKED
    for broken in (
        pem.replace(b"END X509 CRL", b"END X509"),
        pem.replace(b"X509 CRL", b"CERTIFICATE"),
        pem.replace(b"-----BEGIN X509 CRL-----\n", b"-----BEGIN X509 CRL-----\nA"),
        pem[: len(pem) // 2],
    ):
        assert _rules(broken, leaf()) == ["R1"]


def test_times_and_versions_that_do_not_exist_are_malformed() -> None:
    """R1: year 0, month 13, fractions, version 6; none of them escapes."""
    for field, value in (
        (3, encode(0x18, b"00000101000000Z")),
        (3, encode(0x17, b"261301000000Z")),
        (4, encode(0x18, b"20260701000000.5Z")),
        (4, encode(0x17, b"2607010000Z")),
        (3, encode(0x0C, b"20260701000000Z")),
        (0, b"\x02\x01\x05"),
        (0, b"\x02\x01\x00"),
        (0, b"\x02\x00"),
    ):

        def change(
            fields: list[bytes], field: int = field, value: bytes = value
        ) -> None:
            fields[field] = value

        assert _rules(resigned(crl(), change), leaf()) == ["R1"]


def test_revocation_dates_are_read_for_the_certificate_only() -> None:
    """R12: a date that does not exist costs the entry that has it."""
    bad = encode(0x30, encode_integer(1), encode(0x18, b"00000101000000Z"))
    fine = encode(0x30, encode_integer(2), encode(0x17, b"491231235959Z"))
    old = encode(0x30, encode_integer(3), encode(0x17, b"500101000000Z"))

    def change(fields: list[bytes]) -> None:
        fields[5] = encode(0x30, bad, fine, old)

    data = resigned(crl(entry()), change)
    assert _rules(data, leaf(1)) == ["R12"]
    for serial, year in ((2, 2049), (3, 1950)):
        found = verify_crl(data, leaf(serial), ca(), at=NOW)
        assert found.revocation_time is not None
        assert found.revocation_time.year == year
    assert verify_crl(data, leaf(4), ca(), at=NOW).status is GOOD


def test_a_reason_with_an_unknown_number_is_a_revocation() -> None:
    """As in a response: *revoked*, without a reason."""
    reason = encode(0x30, encode_oid("2.5.29.21"), encode(0x04, b"\x0a\x01\x07"))
    when = encode(0x17, f"{SINCE:%y%m%d%H%M%SZ}".encode())
    written = encode(0x30, encode_integer(LISTED), when, encode(0x30, reason))

    def change(fields: list[bytes]) -> None:
        fields[5] = encode(0x30, written)

    found = verify_crl(resigned(crl(entry()), change), leaf(), ca(), at=NOW)
    assert (found.status, found.revocation_reason) == (REVOKED, None)


def test_unreadable_extensions_of_a_crl_matter_only_where_they_are_used() -> None:
    """The scope and the numbers must be readable; alternative names need not."""

    def with_extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
        flag = b"\x01\x01\xff" if critical else b""
        one = encode(0x30, encode_oid(oid), flag, encode(0x04, value))

        def change(fields: list[bytes]) -> None:
            fields[-1] = encode(0xA0, encode(0x30, one))

        return resigned(crl(), change)

    for oid in ("2.5.29.18", "2.5.29.35", "2.5.29.46", "1.3.6.1.5.5.7.1.1", "1.2.3"):
        for value in (b"", b"\x30\x05", b"\xff"):
            data = with_extension(oid, value)
            assert verify_crl(data, leaf(), ca(), at=NOW).status is GOOD
    for oid in ("2.5.29.18", "2.5.29.35", "2.5.29.46", "1.3.6.1.5.5.7.1.1"):
        data = with_extension(oid, encode(0x30), critical=True)
        assert verify_crl(data, leaf(), ca(), at=NOW).status is GOOD
    number = with_extension("2.5.29.20", b"\x02\x01\x05", critical=True)
    assert verify_crl(number, leaf(), ca(), at=NOW).crl_number == 5
    assert _rules(with_extension("1.2.3", b"", critical=True), leaf()) == ["R8"]
    for oid in ("2.5.29.20", "2.5.29.27", "2.5.29.28"):
        for value in (b"", b"\x30\x05", b"\x05\x00"):
            for critical in (True, False):
                data = with_extension(oid, value, critical=critical)
                assert _rules(data, leaf()) == ["R1"]
    for value in (
        "3003810100",  # FALSE, which DER omits
        "3003810101",  # another octet than that of TRUE
        "30068201ff8101ff",  # in the wrong order
        "30068101ff8101ff",  # twice
        "30038601ff",  # an unknown field
        "3002a000",  # a distribution point without a name
        "3004a002a200",  # neither fullName nor a relative name
        "3004a002a000",  # an empty fullName
        "3002830100",  # cut off
        "30028300",  # a BIT STRING without content
    ):
        data = with_extension("2.5.29.28", bytes.fromhex(value), critical=True)
        assert _rules(data, leaf()) == ["R1"]


@pytest.mark.parametrize(
    "dotted", ["1.3.6.1.5.5.7.1.1", "2.5.29.18", "2.5.29.35", "2.5.29.46"]
)
def test_a_critical_extension_of_a_crl_is_well_formed(dotted: str) -> None:
    """R8: one that cannot be decoded is as bad as an unknown one."""
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier(dotted), b"\x05")
    assert _rules(crl(critical=[odd]), leaf()) == ["R8"]
    assert verify_crl(crl(extensions=[odd]), leaf(), ca(), at=NOW).status is GOOD


def test_a_critical_extension_of_an_entry_is_well_formed() -> None:
    """R12: also in the entry of another certificate."""
    oid = x509.ObjectIdentifier("2.5.29.24")
    right = b"\x18\x0f20260701120000Z"
    for value in (right + b"\x00", b"\x17\x0d260701120000Z", b"\x05"):
        date = x509.UnrecognizedExtension(oid, value)
        assert _rules(crl(entry(7, date, critical=True)), leaf()) == ["R12"]
        assert verify_crl(crl(entry(7, date)), leaf(), ca(), at=NOW).status is GOOD
    date = x509.UnrecognizedExtension(oid, right)
    data = crl(entry(7, date, critical=True))
    assert verify_crl(data, leaf(), ca(), at=NOW).status is GOOD


def test_names_in_latin_1_are_compared() -> None:
    """R2: Latin-1 in a T61String, which ``cryptography`` cannot decode."""
    odd, other = _rdn(0x14, b"M\xfcller CA"), _rdn(0x14, b"M\xf6ller CA")
    info = key("Test CA").public_key()
    spki = info.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    build = Builder()
    cert, issuer = (
        x509.load_der_x509_certificate(each.der)
        for each in (
            build.certificate("leaf", issuer_name=odd, serial=LISTED),
            build.authority(odd, key_info=spki),  # type: ignore[arg-type]
        )
    )

    def named(name_der: bytes, *entries: x509.RevokedCertificate) -> bytes:
        def change(fields: list[bytes]) -> None:
            fields[2] = name_der

        return resigned(crl(*entries), change)

    assert verify_crl(named(odd), cert, issuer, at=NOW).status is GOOD
    assert verify_crl(named(odd, entry()), cert, issuer, at=NOW).status is REVOKED
    with pytest.raises(e.CRLIssuerMismatch, match="names 'CN=Möller CA' as its issuer"):
        verify_crl(named(other), cert, issuer, at=NOW)


# --- limits ----------------------------------------------------------------------------


def test_the_number_of_names_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a scope it is R1; too many points of a certificate match no CRL."""
    monkeypatch.setattr(limits, "MAX_GENERAL_NAMES", 2)
    names = [HERE, THERE, _directory("Test CA")]
    two = crl(critical=[scope(full_name=names[:2])])
    assert verify_crl(two, _cert(_point(HERE)), ca(), at=NOW).status is GOOD
    assert _rules(crl(critical=[scope(full_name=names)]), _cert(_point(HERE))) == ["R1"]
    points = [_point(HERE), _point(THERE), _point(HERE)]
    assert verify_crl(two, _cert(*points[:2]), ca(), at=NOW).status is GOOD
    assert _rules(two, _cert(*points)) == ["R9"]


def test_all_parts_but_the_entries_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """R1: they are copied and compared, unlike the entries."""
    big = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(2000))
    monkeypatch.setattr(limits, "MAX_MESSAGE_BYTES", 2000)
    assert _rules(crl(extensions=[big]), leaf()) == ["R1"]
    many = [entry(serial) for serial in range(1, 200)]
    assert verify_crl(crl(*many), leaf(), ca(), at=NOW).status is GOOD


@pytest.mark.parametrize("argument", ["crl_issuers", "candidates"])
def test_arguments_are_certificates(argument: str) -> None:
    """And there is at least one CRL."""
    with pytest.raises(TypeError, match="must be Certificates"):
        verify_crl(crl(), leaf(), ca(), **{argument: [b""]})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="crl is empty"):
        verify_crl([], leaf(), ca())
    with pytest.raises(TypeError, match="crl must be"):
        verify_crl(None, leaf(), ca())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="crl must be"):
        verify_crl([None], leaf(), ca())  # type: ignore[list-item]
