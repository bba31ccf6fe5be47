"""``verify_crl``: every rule met and broken, and the evidence that it returns."""

from __future__ import annotations

import copy
import datetime
import pickle
from itertools import permutations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
)
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

import ocsp
from ocsp import OCSPCertStatus, Policy, VerifiedRevocation, limits
from ocsp import errors as e
from ocsp.asn1.der import encode, encode_integer, encode_oid
from ocsp.errors import SchemaError
from ocsp.verification import (
    ExpiredCertificate,
    MissingNextUpdate,
    SignatureHashes,
    verify_crl,
)
from ocsp.verification.crl.points import distribution_points
from ocsp.verification.crl.reader import ReadCRL
from ocsp.verification.table import CRL_RULES
from tests.cases.builder import CA, CRL_PLACE, Builder, extension
from tests.cases.keys import private_key, pss_key_info
from tests.crls import LISTED, SINCE, crl, entry, resigned, scope
from tests.pki import (
    BEGIN,
    DELEGATION,
    END,
    NOW,
    ca,
    key,
    leaf,
    make,
    name,
    with_unused_bit,
)

HOUR = datetime.timedelta(hours=1)
SECOND = datetime.timedelta(seconds=1)
SKEW = Policy().clock_skew
REASON = x509.ReasonFlags
HOLD = x509.CRLReason(REASON.certificate_hold)
REMOVED = x509.CRLReason(REASON.remove_from_crl)
STOLEN = x509.CRLReason(REASON.key_compromise)
GOOD, REVOKED = OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
OTHER_ISSUER = x509.CertificateIssuer([x509.DirectoryName(name("Other CA"))])
HERE = x509.UniformResourceIdentifier("http://crl.example/1.crl")
THERE = x509.UniformResourceIdentifier("http://crl.example/2.crl")
PLAIN = leaf(LISTED)
SUB_CA = make(
    "Sub CA",
    "Test CA",
    serial=LISTED,
    extensions=[x509.BasicConstraints(ca=True, path_length=None)],
)


def _issuer(
    *extensions: x509.ExtensionType,
    public: CertificateIssuerPrivateKeyTypes | None = None,
) -> x509.Certificate:
    return make("Test CA", "Test CA", public=public, extensions=extensions)


def _usage(*, crl_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _with_points(*points: x509.DistributionPoint) -> x509.Certificate:
    return make(
        "with points",
        "Test CA",
        serial=7,
        extensions=[x509.CRLDistributionPoints(points)],
    )


def _point(
    *names: x509.GeneralName,
    relative: x509.RelativeDistinguishedName | None = None,
    other: bool = False,
) -> x509.DistributionPoint:
    by = [x509.DirectoryName(name("Other CA"))] if other else None
    return x509.DistributionPoint(list(names) or None, relative, None, by)


PART = x509.RelativeDistinguishedName(
    [x509.NameAttribute(x509.NameOID.COMMON_NAME, "part 1")]
)
PART_NAME = x509.DirectoryName(x509.Name([*name("Test CA").rdns, PART]))


def _status(
    data: bytes, cert: x509.Certificate = PLAIN, **more: object
) -> OCSPCertStatus:
    more.setdefault("at", NOW)
    return verify_crl(data, cert, more.pop("issuer", ca()), **more).status  # type: ignore[arg-type]


def _failures(
    data: bytes, cert: x509.Certificate = PLAIN, **more: object
) -> list[tuple[str, type[e.VerificationError]]]:
    with pytest.raises(e.VerificationError) as caught:
        _status(data, cert, **more)
    error = caught.value
    assert type(error) is error.failures[0].error
    assert str(error)
    for each in error.failures:
        names = tuple(name for name, _ in each.values)
        assert names in VALUES[each.rule, each.error]
    return [(each.rule, each.error) for each in error.failures]


VALUES: dict[tuple[str, type[e.VerificationError]], set[tuple[str, ...]]] = {
    ("R1", e.MalformedCRL): {("path",)},
    ("R2", e.CRLIssuerMismatch): {("issuer", "expected")},
    ("R3", e.CRLSignerNotSuitable): {()},
    ("R4", e.SignatureAlgorithmNotAllowed): {("algorithm",), ("bits",)},
    ("R5", e.CRLSignatureInvalid): {("algorithm",)},
    ("R6", e.CRLNotYetValid): {("this_update", "at")},
    ("R7", e.CRLExpired): {("next_update", "at"), ("this_update", "at", "max_age")},
    ("R7", e.NextUpdateMissing): {("this_update",)},
    ("R8", e.UnhandledCriticalExtension): {("oid",)},
    ("R9", e.CRLScopeMismatch): {()},
    ("R10", e.ReasonsNotCovered): {("reasons",)},
    ("R11", e.DeltaCRLMismatch): {
        ("base_number",),
        ("crl_number", "delta_crl_number", "base_number"),
    },
    ("R12", e.MalformedCRL): {()},
    ("R12", e.UnhandledCriticalExtension): {("oid",)},
    ("R13", e.RevokedButStale): {("revocation_time", "this_update")},
    ("R15", e.StatusNotAvailable): {("not_after", "at")},
}
"""The names of the values that come with a failure."""


def test_a_certificate_that_is_not_listed_is_good() -> None:
    """The evidence has the times and numbers of the CRL."""
    found = verify_crl(crl(entry(1)), PLAIN, ca(), at=NOW)
    assert found.status is GOOD
    assert found.require_good() is found
    assert (found.revocation_time, found.revocation_reason) == (None, None)
    assert (found.this_update, found.next_update) == (BEGIN, END)
    assert (found.crl_number, found.delta_crl_number) == (5, None)
    assert (found.at, found.holds_until, found.warnings) == (NOW, END, ())
    assert found.responder == ca()
    assert found.policy == Policy()
    assert "GOOD, serial=0x1f2e" in repr(found)
    assert verify_crl(crl(), PLAIN, ca(), at=NOW).status is GOOD


def test_a_certificate_that_is_listed_is_revoked() -> None:
    """The evidence has time and reason; ``require_good`` raises."""
    data = x509.load_der_x509_crl(crl(entry(1), entry(LISTED, STOLEN)))
    found = verify_crl(data, PLAIN, ca(), at=NOW)
    assert found.status is REVOKED
    assert found.revocation_time == SINCE
    assert found.revocation_reason is REASON.key_compromise
    with pytest.raises(ocsp.CertificateRevoked) as caught:
        found.require_good()
    assert caught.value.revocation_time == SINCE


def test_evidence_is_for_one_certificate_and_time() -> None:
    """Not for another serial number, another issuer, or a later time."""
    found = verify_crl(crl(), PLAIN, ca(), at=NOW)
    rekeyed = make("Test CA", "Test CA", public=key("new key"), signer=key("new key"))
    assert found.is_about(PLAIN, ca())
    assert not found.is_about(leaf(1), ca())
    assert not found.is_about(PLAIN, ca("Other CA"))
    assert not found.is_about(PLAIN, rekeyed)
    assert found.canonical_cert_id.matches(PLAIN, ca())
    assert found.holds_at(BEGIN)
    assert found.holds_at(END - HOUR)
    assert not found.holds_at(END)
    assert not found.holds_at(BEGIN - HOUR)


def test_evidence_cannot_be_created_changed_or_pickled() -> None:
    """Only ``verify_crl`` creates it."""
    found = verify_crl(crl(), PLAIN, ca(), at=NOW)
    with pytest.raises(TypeError, match="verify_crl"):
        VerifiedRevocation()
    with pytest.raises(TypeError, match="subclass"):
        type("Mine", (VerifiedRevocation,), {})
    with pytest.raises(AttributeError, match="cannot be changed"):
        found.status = REVOKED  # type: ignore[misc]
    with pytest.raises(AttributeError, match="cannot be changed"):
        del found._judgement
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(found)
    assert copy.copy(found) is found
    assert copy.deepcopy(found) is found


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("crl", "text"),
        ("cert", b""),
        ("issuer", None),
        ("delta", "x"),
        ("at", "now"),
        ("policy", None),
    ],
)
def test_arguments_are_checked(argument: str, value: object) -> None:
    """The message names the argument of a wrong type."""
    arguments: dict[str, object] = {"crl": crl(), "cert": PLAIN, "issuer": ca()}
    arguments[argument] = value
    with pytest.raises(TypeError, match=f"{argument} must be"):
        verify_crl(**arguments)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="aware"):
        verify_crl(crl(), PLAIN, ca(), at=NOW.replace(tzinfo=None))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30\x00",
        crl()[:-1],
        crl() + b"\x00",
        crl().replace(b"\x30", b"\x31", 1),
        PLAIN.public_bytes(Encoding.DER),
    ],
)
def test_malformed_crls_are_rejected(data: bytes) -> None:
    """R1: empty, nearly empty, too short, too long, or of another type."""
    assert _failures(data) == [("R1", e.MalformedCRL)]
    assert _failures(crl(), delta=data) == [("R1", e.MalformedCRL)]


def test_a_duplicate_extension_is_malformed() -> None:
    """R1: it is not known which of the two counts."""
    unknown = encode(0x30, encode_oid("1.2.3.4"), b"\x04\x02\x05\x00")

    def change(fields: list[bytes]) -> None:
        fields[-1] = encode(0xA0, encode(0x30, unknown, unknown))

    assert _failures(resigned(crl(), change)) == [("R1", e.MalformedCRL)]


def test_a_crl_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """R1: a CRL that is one octet larger than the limit is rejected."""
    data = crl(entry(1))
    monkeypatch.setattr(limits, "MAX_CRL_BYTES", len(data))
    assert _status(data) is GOOD
    monkeypatch.setattr(limits, "MAX_CRL_BYTES", len(data) - 1)
    words = f"the CRL is too large: .* MAX_CRL_BYTES = {len(data) - 1}"
    with pytest.raises(e.MalformedCRL, match=words):
        _status(data)
    assert _failures(x509.load_der_x509_crl(data)) == [("R1", e.MalformedCRL)]  # type: ignore[arg-type]


def test_failure_has_the_path_if_it_is_known() -> None:
    """R1: of the field that cannot be read."""

    def third_version(fields: list[bytes]) -> None:
        fields[0] = b"\x02\x01\x02"

    for data, path in (
        (encode(0x30, b"\x05\x00"), "tbsCertList"),
        (resigned(crl(), third_version), "tbsCertList.version"),
    ):
        with pytest.raises(e.MalformedCRL) as caught:
            _status(data)
        assert caught.value.failures[0].values == (("path", path),)


def _with_entry(*extensions: bytes, serial: int = LISTED) -> bytes:
    """Return a CRL with an entry that no library writes."""

    def change(fields: list[bytes]) -> None:
        written = encode(
            0x30,
            encode_integer(serial),
            encode(0x17, f"{SINCE:%y%m%d%H%M%SZ}".encode()),
            encode(0x30, *extensions),
        )
        fields[5] = encode(0x30, written)

    return resigned(crl(entry(1)), change)


def test_a_malformed_entry_is_rejected() -> None:
    """R12: that of the certificate, and any other with a critical extension."""
    reason = encode(0x30, encode_oid("2.5.29.21"), b"\x04\x02\x05\x00")
    critical = encode(
        0x30, encode_oid("2.5.29.21"), b"\x01\x01\xff", b"\x04\x02\x05\x00"
    )
    unknown = encode(0x30, encode_oid("1.2.3.4"), b"\x04\x02\x05\x00")
    malformed = [("R12", e.MalformedCRL)]
    assert _failures(_with_entry(reason)) == malformed
    assert _failures(_with_entry(unknown, unknown)) == malformed
    assert _failures(_with_entry(critical, serial=1)) == malformed
    assert _status(_with_entry(unknown)) is REVOKED


def test_only_the_first_unknown_critical_entry_extension_is_reported() -> None:
    """R12: the entries after it are not decoded."""
    strange = [entry(n, UNKNOWN, critical=True) for n in (2, 3)]
    expected = [("R12", e.UnhandledCriticalExtension)]
    assert _failures(crl(entry(1), *strange)) == expected
    assert _failures(crl(entry(1), entry(4, STOLEN, critical=True), *strange)) == (
        expected
    )


def test_serial_numbers_below_one_are_compared_like_all_others() -> None:
    """R12: RFC 5280 forbids them, but a CRL can list them."""
    with pytest.warns(CryptographyDeprecationWarning):
        below, zero = (
            x509.load_der_x509_certificate(
                Builder().certificate("leaf.example", serial=serial).der
            )
            for serial in (b"\xff", b"\x00")
        )
    for cert, serial in ((below, -1), (zero, 0)):
        assert verify_crl(crl(), cert, ca(), at=NOW).status is GOOD
        assert verify_crl(crl(entry(255)), cert, ca(), at=NOW).status is GOOD
        listed = _with_entry(serial=serial)
        assert verify_crl(listed, cert, ca(), at=NOW).status is REVOKED
    assert "serial=0x0," in repr(verify_crl(crl(), zero, ca(), at=NOW))


@pytest.mark.parametrize("kind", ["users", "cas"])
def test_undecodable_constraints_are_out_of_a_limited_scope(kind: str) -> None:
    """R9: it is not known whether the certificate is that of a CA."""
    strange = extension("2.5.29.19", b"\x05\x00")
    odd = Builder().certificate("Sub CA", extensions=(strange,))
    cert = x509.load_der_x509_certificate(odd.der)
    limited = crl(critical=[scope(**{kind: True})])
    with pytest.raises(e.CRLScopeMismatch, match="certificate cannot be decoded"):
        verify_crl(limited, cert, ca(), at=NOW)
    assert verify_crl(crl(), cert, ca(), at=NOW).status is GOOD


def test_other_undecodable_extensions_do_not_change_the_scope() -> None:
    """R9: basicConstraints says whether the certificate is that of a CA."""
    strange = extension("2.5.29.17", bytes.fromhex("3004a3023000"))
    odd = Builder().certificate("Sub CA", extensions=(CA, strange))
    cert = x509.load_der_x509_certificate(odd.der)
    limited = crl(critical=[scope(cas=True)])
    assert verify_crl(limited, cert, ca(), at=NOW).status is GOOD


def test_a_key_for_pss_has_to_sign_crls_with_pss() -> None:
    """R4: the key is restricted to PSS (RFC 4055 §1.2)."""
    build, private = Builder(), private_key("rsa-2048")
    info = pss_key_info("rsa-2048")
    issuer = x509.load_der_x509_certificate(
        build.authority(key="rsa-2048", key_info=info, scheme="rsa-sha256").der
    )
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    assert _status(crl(signer=private, rsa_padding=pss), issuer=issuer) is GOOD
    other = crl(signer=private, rsa_padding=padding.PKCS1v15())
    found = _failures(other, issuer=issuer)
    assert found == [("R4", e.SignatureAlgorithmNotAllowed)]


def test_the_signature_of_a_crl_is_a_whole_number_of_octets() -> None:
    """R1: anyone could change the unused bits."""

    def signed() -> tuple[bytes, bytes]:
        data = crl()
        return data, ReadCRL(data, "").signature

    assert _failures(with_unused_bit(signed)) == [("R1", e.MalformedCRL)]


@pytest.mark.parametrize("extensions", [("05a",), ("\x00", "\x00")])
def test_undecodable_distribution_points_match_no_crl(
    extensions: tuple[str, ...],
) -> None:
    """R9: so the certificate is not in the scope of a CRL for one of them."""
    points = [extension("2.5.29.31", f"0{each}".encode()) for each in extensions]
    odd = Builder().certificate("leaf.example", extensions=points)
    cert = x509.load_der_x509_certificate(odd.der)
    part = crl(critical=[scope(full_name=[HERE])])
    assert _failures(part, cert) == [("R9", e.CRLScopeMismatch)]


@pytest.mark.parametrize(
    "wrong",
    [
        "0500",
        "3002a500",
        "300381010f",
        "3008810206c0810206c0",
    ],
)
def test_an_undecodable_distribution_point_does_not_hide_the_others(wrong: str) -> None:
    """R9: a CRL for a point that can be read is in scope."""
    value = x509.CRLDistributionPoints([_point(HERE), _point(THERE)]).public_bytes()
    points = encode(0x30, bytes.fromhex(wrong), value[2:])
    odd = Builder().certificate(
        "leaf.example", extensions=[extension("2.5.29.31", points)]
    )
    cert = x509.load_der_x509_certificate(odd.der)
    assert len(distribution_points(cert)) == 2
    part = crl(critical=[scope(full_name=[THERE])])
    assert _status(part, cert) is GOOD


def test_nested_algorithm_parameters_do_not_crash() -> None:
    """R1: thousands of levels inside an AlgorithmIdentifier."""
    nested = b"\x05\x00"
    for _ in range(3000):
        nested = encode(0x30, encode_oid("1.2.840.113549.1.1.10"), nested)
    data = encode(0x30, encode(0x30), nested, b"\x03\x02\x00\x00")
    assert _failures(data) == [("R1", e.MalformedCRL)]


def _with_sha1(data: bytes) -> bytes:
    """Sign the CRL again with SHA-1, which the builder rejects."""
    sha1 = encode(0x30, encode_oid("1.2.840.10045.4.1"))

    def change(fields: list[bytes]) -> None:
        fields[1] = sha1

    return resigned(data, change, outer=sha1, algorithm=hashes.SHA1())


def _claims_sha384(fields: list[bytes]) -> None:
    fields[1] = encode(0x30, encode_oid("1.2.840.10045.4.3.3"))


SHA1_SIGNED = _with_sha1(crl())
SMALL = ec.generate_private_key(ec.SECP192R1())
RSA = rsa.generate_private_key(65537, 1024)
STRANGE = make("leaf", "Other CA", serial=LISTED)


@pytest.mark.parametrize(
    ("data", "more", "expected"),
    [
        (
            crl(issuer="Other CA", signer=key("Test CA")),
            {},
            ("R2", e.CRLIssuerMismatch),
        ),
        (crl(), {"cert": STRANGE}, ("R2", e.CRLIssuerMismatch)),
        (
            crl(),
            {"issuer": _issuer(_usage(crl_sign=False))},
            ("R3", e.CRLSignerNotSuitable),
        ),
        (
            crl(signer=RSA),
            {"issuer": _issuer(public=RSA)},
            ("R4", e.SignatureAlgorithmNotAllowed),
        ),
        (
            crl(signer=SMALL),
            {"issuer": _issuer(public=SMALL)},
            ("R4", e.SignatureAlgorithmNotAllowed),
        ),
        (SHA1_SIGNED, {}, ("R4", e.SignatureAlgorithmNotAllowed)),
        (resigned(crl(), _claims_sha384), {}, ("R1", e.MalformedCRL)),
        (crl(signer=key("Other CA")), {}, ("R5", e.CRLSignatureInvalid)),
        (crl(signer=RSA), {}, ("R5", e.CRLSignatureInvalid)),
        (
            crl(entry(0x55)).replace(b"\x02\x01\x55", b"\x02\x01\x56"),
            {},
            ("R5", e.CRLSignatureInvalid),
        ),
        (crl(begin=NOW + HOUR), {}, ("R6", e.CRLNotYetValid)),
        (crl(begin=NOW + SKEW + SECOND), {}, ("R6", e.CRLNotYetValid)),
        (crl(end=NOW - HOUR), {}, ("R7", e.CRLExpired)),
        (crl(end=NOW - SKEW), {}, ("R7", e.CRLExpired)),
        (crl(), {"policy": Policy(max_age=HOUR)}, ("R7", e.CRLExpired)),
        (
            crl(begin=NOW - HOUR - SECOND),
            {"policy": Policy(max_age=HOUR)},
            ("R7", e.CRLExpired),
        ),
        (crl(critical=[UNKNOWN]), {}, ("R8", e.UnhandledCriticalExtension)),
        (crl(critical=[scope(attributes=True)]), {}, ("R9", e.CRLScopeMismatch)),
        (crl(critical=[scope(cas=True)]), {}, ("R9", e.CRLScopeMismatch)),
        (
            crl(critical=[scope(users=True)]),
            {"cert": SUB_CA},
            ("R9", e.CRLScopeMismatch),
        ),
        (crl(critical=[scope(full_name=[HERE])]), {}, ("R9", e.CRLScopeMismatch)),
        (
            crl(critical=[scope(full_name=[HERE])]),
            {"cert": _with_points(_point(THERE), _point(HERE, other=True))},
            ("R9", e.CRLScopeMismatch),
        ),
        (
            crl(critical=[scope(reasons=frozenset({REASON.key_compromise}))]),
            {},
            ("R10", e.ReasonsNotCovered),
        ),
        (crl(base=4), {}, ("R11", e.DeltaCRLMismatch)),
        (crl(), {"delta": crl(number=6)}, ("R11", e.DeltaCRLMismatch)),
        (crl(), {"delta": crl(number=7, base=6)}, ("R11", e.DeltaCRLMismatch)),
        (crl(), {"delta": crl(number=5, base=5)}, ("R11", e.DeltaCRLMismatch)),
        (
            crl(),
            {"delta": crl(number=6, base=1 << 16_000)},
            ("R11", e.DeltaCRLMismatch),
        ),
        (
            crl(number=1 << 16_000),
            {"delta": crl(number=6, base=5)},
            ("R11", e.DeltaCRLMismatch),
        ),
        (
            crl(number=None),
            {"delta": crl(number=6, base=5)},
            ("R11", e.DeltaCRLMismatch),
        ),
        (crl(), {"delta": crl(number=None, base=5)}, ("R11", e.DeltaCRLMismatch)),
        (
            crl(),
            {"delta": crl(number=6, base=5, critical=[scope(users=True)])},
            ("R11", e.DeltaCRLMismatch),
        ),
        (
            crl(entry(1, UNKNOWN, critical=True)),
            {},
            ("R12", e.UnhandledCriticalExtension),
        ),
        (
            crl(entry(LISTED, OTHER_ISSUER)),
            {},
            ("R12", e.MalformedCRL),
        ),
        (crl(entry(1, OTHER_ISSUER, critical=True)), {}, ("R12", e.MalformedCRL)),
        (crl(entry(LISTED, REMOVED)), {}, ("R12", e.MalformedCRL)),
        (crl(entry(), end=NOW - HOUR), {}, ("R13", e.RevokedButStale)),
    ],
)
def test_a_crl_that_breaks_one_rule_is_rejected(
    data: bytes,
    more: dict[str, object],
    expected: tuple[str, type[e.VerificationError]],
) -> None:
    """One deviation each; the error class is one of those in the table of rules."""
    found = _failures(data, **{"cert": PLAIN, **more})  # type: ignore[arg-type]
    assert found[0] == expected
    assert [rule for rule, _ in found[1:]] in ([], _ALSO.get(expected[0]))
    for rule, error in found:
        assert error in next(each.errors for each in CRL_RULES if each.id == rule)


def test_a_crl_that_names_two_algorithms_is_refused_with_every_release() -> None:
    """RFC 5280 §5.1.1.2; releases of cryptography before 48 do not compare them."""
    with pytest.raises(SchemaError, match="differs from signatureAlgorithm") as caught:
        ReadCRL(resigned(crl(), _claims_sha384), "")
    assert caught.value.path == "tbsCertList.signature"


_ALSO = {"R13": ["R7"]}
"""Other rules that necessarily fail together with a rule."""


def test_every_rule_that_fails_a_crl_is_tested_above() -> None:
    """R14 and R15 warn by default; other tests cover them."""
    marks = test_a_crl_that_breaks_one_rule_is_rejected.pytestmark  # type: ignore[attr-defined]
    tested = {case[2][0] for case in marks[0].args[1]}
    assert tested | {"R14", "R15"} == {rule.id for rule in CRL_RULES}


@pytest.mark.parametrize("which", ["crl", "delta"])
def test_the_same_rules_apply_to_a_delta_crl(which: str) -> None:
    """Signature, issuer, times and extensions of both CRLs are checked."""
    fine = {"crl": crl(), "delta": crl(number=6, base=5)}
    assert verify_crl(**fine, cert=PLAIN, issuer=ca(), at=NOW).status is GOOD
    numbers = {"number": 5} if which == "crl" else {"number": 6, "base": 5}
    for broken, error in (
        (crl(signer=key("Other CA"), **numbers), e.CRLSignatureInvalid),
        (crl(issuer="Other CA", signer=key("Test CA"), **numbers), e.CRLIssuerMismatch),
        (_with_sha1(crl(**numbers)), e.SignatureAlgorithmNotAllowed),
        (crl(begin=NOW + HOUR, **numbers), e.CRLNotYetValid),
        (crl(critical=[UNKNOWN], **numbers), e.UnhandledCriticalExtension),
        (
            crl(entry(1, UNKNOWN, critical=True), **numbers),
            e.UnhandledCriticalExtension,
        ),
    ):
        with pytest.raises(error):
            verify_crl(**{**fine, which: broken}, cert=PLAIN, issuer=ca(), at=NOW)


def test_entries_of_a_delta_crl_take_precedence() -> None:
    """It revokes, releases or changes; otherwise the entry of the CRL counts."""
    plain = crl(number=6, base=5)
    for complete, delta, status, reason in (
        (crl(), plain, GOOD, None),
        (crl(entry()), plain, REVOKED, None),
        (crl(), crl(entry(), number=6, base=5), REVOKED, None),
        (crl(entry(LISTED, HOLD)), plain, REVOKED, REASON.certificate_hold),
        (
            crl(entry(LISTED, HOLD)),
            crl(entry(LISTED, REMOVED), number=6, base=5),
            GOOD,
            None,
        ),
        (crl(), crl(entry(LISTED, REMOVED), number=6, base=5), GOOD, None),
        *(
            (crl(), crl(*twice, number=6, base=5), REVOKED, REASON.key_compromise)
            for twice in permutations((entry(LISTED, REMOVED), entry(LISTED, STOLEN)))
        ),
        (
            crl(entry()),
            crl(
                entry(LISTED, REMOVED),
                entry(LISTED, REMOVED),
                entry(1),
                number=6,
                base=5,
            ),
            GOOD,
            None,
        ),
        (
            crl(entry(LISTED, HOLD)),
            crl(entry(LISTED, STOLEN), number=6, base=5),
            REVOKED,
            REASON.key_compromise,
        ),
        (crl(entry()), crl(entry(1), number=9, base=2), REVOKED, None),
    ):
        found = verify_crl(complete, PLAIN, ca(), delta=delta, at=NOW)
        assert (found.status, found.revocation_reason) == (status, reason)


def test_with_a_delta_crl_only_the_delta_has_to_be_fresh() -> None:
    """It has all changes since, so both together equal a new CRL."""
    old = crl(entry(1), end=NOW - HOUR)
    delta = crl(begin=NOW - HOUR, end=NOW + HOUR, number=6, base=5)
    found = verify_crl(old, PLAIN, ca(), delta=delta, at=NOW)
    assert (found.this_update, found.next_update) == (NOW - HOUR, NOW + HOUR)
    assert (found.crl_number, found.delta_crl_number) == (5, 6)
    stale = crl(end=NOW - HOUR, number=6, base=5)
    assert _failures(crl(), delta=stale) == [("R7", e.CRLExpired)]


@pytest.mark.parametrize(
    ("data", "cert", "status"),
    [
        (crl(critical=[scope(users=True)]), PLAIN, GOOD),
        (crl(critical=[scope(cas=True)]), SUB_CA, GOOD),
        (crl(entry(), critical=[scope(cas=True)]), SUB_CA, REVOKED),
        (
            crl(critical=[scope(full_name=[HERE, THERE])]),
            _with_points(_point(HERE)),
            GOOD,
        ),
        (
            crl(critical=[scope(relative_name=PART)]),
            _with_points(_point(PART_NAME)),
            GOOD,
        ),
        (
            crl(critical=[scope(full_name=[PART_NAME])]),
            _with_points(_point(relative=PART)),
            GOOD,
        ),
        (
            crl(entry(), critical=[scope(reasons=frozenset({REASON.key_compromise}))]),
            PLAIN,
            REVOKED,
        ),
        (crl(number=None), PLAIN, GOOD),
        (crl(extensions=[UNKNOWN]), PLAIN, GOOD),
        (crl(entry(1, UNKNOWN), entry(LISTED, UNKNOWN)), PLAIN, REVOKED),
        (crl(entry(1, STOLEN, critical=True)), PLAIN, GOOD),
        (crl(entry(LISTED, HOLD, critical=True)), PLAIN, REVOKED),
        (crl(end=NOW - SKEW + SECOND), PLAIN, GOOD),
        (crl(begin=NOW + SKEW), PLAIN, GOOD),
    ],
)
def test_a_crl_that_meets_the_rules_is_evidence(
    data: bytes, cert: x509.Certificate, status: OCSPCertStatus
) -> None:
    """The accepted side of each rule."""
    assert _status(data, cert) is status


def test_key_usage_with_crl_sign_is_accepted() -> None:
    """R3: keyUsage needs cRLSign if it is present."""
    assert _status(crl(), issuer=_issuer(_usage(crl_sign=True))) is GOOD


def test_policy_can_accept_weak_algorithms() -> None:
    """R4: with *unsafe* members, and with smaller numbers of bits."""
    unsafe = Policy(signature_hashes=SignatureHashes.UNSAFE_SHA1)
    assert _status(SHA1_SIGNED, policy=unsafe) is GOOD
    issuer, small = _issuer(public=RSA), Policy(min_rsa_bits=1024)
    assert _status(crl(signer=RSA), issuer=issuer, policy=small) is GOOD


def test_evidence_of_a_crl_ends_with_its_signer() -> None:
    """As that of a response."""
    issuer = make("Test CA", "Test CA", extensions=[], end=NOW + HOUR)
    found = verify_crl(crl(), PLAIN, issuer, at=NOW)
    assert (found.next_update, found.holds_until) == (END, NOW + HOUR)
    assert not found.holds_at(NOW + HOUR)


def _without_next_update(begin: datetime.datetime) -> bytes:
    return resigned(crl(begin=begin), lambda fields: fields.pop(4) and None)


def test_without_next_update_the_policy_decides() -> None:
    """R7: by default such a CRL expires after a day, though RFC 5280 requires one."""
    young, old = _without_next_update(NOW - HOUR), _without_next_update(NOW - 25 * HOUR)
    found = verify_crl(young, PLAIN, ca(), at=NOW)
    assert found.next_update is None
    assert found.holds_until == NOW + 23 * HOUR
    assert " to ?, by" in repr(found)
    assert _failures(old) == [("R7", e.CRLExpired)]
    refuse = Policy(missing_next_update=MissingNextUpdate.REFUSE)
    assert _failures(young, policy=refuse) == [("R7", e.NextUpdateMissing)]
    accept = Policy(missing_next_update=MissingNextUpdate.UNSAFE_ACCEPT)
    assert _status(old, policy=accept) is GOOD


def test_a_crl_of_the_largest_allowed_age_is_accepted() -> None:
    """R7: to the second."""
    assert _status(crl(begin=NOW - HOUR), policy=Policy(max_age=HOUR)) is GOOD


def test_loaded_crls_are_accepted() -> None:
    """Both the complete and the delta CRL."""
    complete, delta = crl(entry(LISTED, HOLD)), crl(number=6, base=5)
    loaded = [x509.load_der_x509_crl(each) for each in (complete, delta)]
    found = verify_crl(loaded[0], PLAIN, ca(), delta=loaded[1], at=NOW)
    assert (found.status, found.delta_crl_number) == (REVOKED, 6)


def test_a_revocation_in_the_future_is_revoked_with_a_warning() -> None:
    """R14."""
    found = verify_crl(crl(entry(since=NOW + HOUR)), PLAIN, ca(), at=NOW)
    assert found.status is REVOKED
    assert [(each.rule, each.error) for each in found.warnings] == [
        ("R14", e.RevocationDateInvalid)
    ]
    assert found.warnings[0].values == (
        ("revocation_time", NOW + HOUR),
        ("at", NOW),
    )
    skewed = verify_crl(crl(entry(since=NOW + SKEW)), PLAIN, ca(), at=NOW)
    assert skewed.warnings == ()


def test_good_for_an_expired_certificate() -> None:
    """R15: a warning, or a failure if the policy requires it; *revoked* passes."""
    ended = make("ended", "Test CA", serial=LISTED, end=NOW - HOUR)
    found = verify_crl(crl(), ended, ca(), at=NOW)
    assert found.status is GOOD
    assert [(each.rule, each.error) for each in found.warnings] == [
        ("R15", e.StatusNotAvailable)
    ]
    ends = make("ends", "Test CA", serial=LISTED, end=NOW)
    assert verify_crl(crl(), ends, ca(), at=NOW).warnings == ()
    strict = Policy(expired_certificate=ExpiredCertificate.REQUIRE_ARCHIVE_CUTOFF)
    assert _failures(crl(), ended, policy=strict) == [("R15", e.StatusNotAvailable)]
    assert _status(crl(entry()), ended, policy=strict) is REVOKED


def test_all_failures_of_a_crl_are_collected() -> None:
    """The entries are not examined then."""
    found = _failures(
        crl(
            entry(LISTED, UNKNOWN, critical=True),
            signer=key("Other CA"),
            end=NOW - HOUR,
            critical=[UNKNOWN],
        )
    )
    assert [rule for rule, _ in found] == ["R5", "R8", "R7"]


def test_the_most_specific_failure_comes_first() -> None:
    """A rejected algorithm, before failures that a forger can cause."""
    found = _failures(SHA1_SIGNED, STRANGE)
    assert [rule for rule, _ in found] == ["R4", "R2"]


def test_only_revoked_but_stale_states_the_status() -> None:
    """It is raised only if the age is the only failure of a CRL."""
    stale = {"end": NOW - HOUR}
    with pytest.raises(e.RevokedButStale) as caught:
        verify_crl(crl(entry(), end=NOW - HOUR), PLAIN, ca(), at=NOW)
    assert caught.value.revocation_time == SINCE
    assert _failures(crl(**stale)) == [("R7", e.CRLExpired)]  # type: ignore[arg-type]
    strange = crl(entry(LISTED, OTHER_ISSUER), end=NOW - HOUR)
    assert [rule for rule, _ in _failures(strange)] == ["R7", "R12"]
    forged = crl(entry(), signer=key("Other CA"), end=NOW - HOUR)
    assert "R13" not in dict(_failures(forged))


def test_a_crl_is_evidence_about_a_delegate() -> None:
    """V17: for a delegate without nocheck that names a place for its status."""
    extensions = [DELEGATION[0], CRL_PLACE]
    delegate = make("Responder", "Test CA", serial=77, extensions=extensions)
    response = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            PLAIN, ca(), hashes.SHA256(), GOOD, NOW - HOUR, NOW + HOUR, None, None
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, delegate)
        .certificates([delegate])
        .produced_at(NOW)
        .sign(key("Responder"), hashes.SHA256())
    )
    fine = verify_crl(crl(), delegate, ca(), at=NOW)
    assert ocsp.verify(response, PLAIN, ca(), at=NOW, evidence=[fine]).status is GOOD
    other = verify_crl(crl(), leaf(78), ca(), at=NOW)
    revoked = verify_crl(crl(entry(77)), delegate, ca(), at=NOW)
    for evidence, error in (
        ([], e.ResponderRevocationUnknown),
        ([other], e.ResponderRevocationUnknown),
        ([revoked], e.ResponderRevoked),
        ([fine, revoked], e.ResponderRevoked),
    ):
        with pytest.raises(error) as caught:
            ocsp.verify(response, PLAIN, ca(), at=NOW, evidence=evidence)
        assert type(caught.value) is error


def test_an_undecodable_issuer_name_is_a_mismatch() -> None:
    """It comes from an untrusted certificate, so it is a failure and not a crash."""
    bad = encode(0x30, encode_oid("2.5.4.3"), encode(0x0C, b"\xff\xfe"))
    issuer_name = encode(0x30, encode(0x31, bad))
    odd = Builder().certificate("odd", issuer_name=issuer_name)
    cert = x509.load_der_x509_certificate(odd.der)
    with pytest.raises(e.CRLIssuerMismatch) as caught:
        verify_crl(crl(), cert, ca(), at=NOW)
    assert "'CN=\xff\xfe'" in str(caught.value)
