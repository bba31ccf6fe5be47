"""Evidence: what it states, and that only the verifier can create it."""

from __future__ import annotations

import copy
import datetime
import inspect
import pickle

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import ocsp
from ocsp import OCSPCertStatus, VerifiedResponse
from ocsp.asn1.der import BIT_STRING, SEQUENCE, any_value, content, encode
from ocsp.client.memory.sizes import octets_of
from ocsp.errors import (
    CertificateNotGood,
    CertificateNotIssued,
    CertificateRevoked,
    CertificateStatusUnknown,
)
from ocsp.verification import AuthorizedBy
from ocsp.verification.evidence import Unforgeable
from tests.cases.builder import (
    HOUR,
    NOCHECK,
    OCSP_SIGNING,
    SECOND,
    SIGNS,
    Builder,
    extension,
)
from tests.cases.keys import public_key_info
from tests.cases.model import NOW

BUILD = Builder()
LEAF = x509.load_der_x509_certificate(BUILD.leaf.der)
CA = x509.load_der_x509_certificate(BUILD.ca.der)
EPOCH = b"19700101000000Z"


def _evidence(status: bytes = b"\x80\x00", **changes: object) -> VerifiedResponse:
    data = BUILD.response(status=status, **changes)  # type: ignore[arg-type]
    return ocsp.verify(data, LEAF, CA, at=NOW)


def test_attributes_have_the_values_of_the_entry() -> None:
    """Every attribute, for a *revoked* response that a delegate signed."""
    evidence = _evidence(BUILD.revoked(NOW - HOUR, 1), by=BUILD.responder)
    assert evidence.status is OCSPCertStatus.REVOKED
    assert evidence.cert_id.matches(LEAF, CA)
    assert evidence.revocation_time == NOW - HOUR
    assert evidence.revocation_reason is x509.ReasonFlags.key_compromise
    assert evidence.this_update == evidence.produced_at == NOW - HOUR
    assert evidence.next_update == evidence.holds_until == NOW + 23 * HOUR
    assert evidence.authorized_by is AuthorizedBy.DELEGATE
    assert evidence.responder.public_bytes is not None
    assert evidence.responder == x509.load_der_x509_certificate(BUILD.responder.der)
    assert (evidence.at, evidence.policy) == (NOW, ocsp.Policy())
    assert (evidence.nonce_matched, evidence.not_issued) == (False, False)
    assert evidence.warnings == ()
    assert next(evidence.response.responses).serial_number == LEAF.serial_number


def test_at_is_converted_to_utc() -> None:
    """The argument may be in any time zone."""
    there = datetime.timezone(datetime.timedelta(hours=9))
    evidence = ocsp.verify(BUILD.response(), LEAF, CA, at=NOW.astimezone(there))
    assert evidence.at == NOW
    assert evidence.at.tzinfo is datetime.UTC


def test_require_good_returns_the_evidence() -> None:
    """So calls can be chained."""
    evidence = _evidence()
    assert evidence.require_good() is evidence


@pytest.mark.parametrize(
    ("status", "error", "text"),
    [
        (
            BUILD.revoked(NOW - HOUR, 1),
            CertificateRevoked,
            "the certificate was revoked at 2026-07-01 11:00:00+00:00 (keyCompromise)",
        ),
        (
            BUILD.revoked(NOW - HOUR),
            CertificateRevoked,
            "the certificate was revoked at 2026-07-01 11:00:00+00:00",
        ),
        (
            BUILD.revoked(EPOCH, 6),
            CertificateNotIssued,
            "the issuer has never issued a certificate with this serial number",
        ),
        (
            BUILD.UNKNOWN,
            CertificateStatusUnknown,
            "the responder does not know the certificate",
        ),
    ],
)
def test_require_good_raises_for_every_other_status(
    status: bytes, error: type[CertificateNotGood], text: str
) -> None:
    """One class for each; none of them is a ``VerificationError``."""
    with pytest.raises(CertificateNotGood) as raised:
        _evidence(status).require_good()
    assert type(raised.value) is error
    assert str(raised.value) == text
    assert not isinstance(raised.value, ocsp.VerificationError)
    twin = pickle.loads(pickle.dumps(raised.value))
    assert (type(twin), str(twin), twin.args) == (error, text, raised.value.args)


def test_holds_at_compares_with_its_times() -> None:
    """From thisUpdate to before nextUpdate, without clock skew."""
    evidence = _evidence()
    assert evidence.holds_at(NOW - HOUR)
    assert not evidence.holds_at(NOW - HOUR - SECOND)
    assert evidence.holds_at(NOW + 23 * HOUR - SECOND)
    assert not evidence.holds_at(NOW + 23 * HOUR)


def test_holds_until_depends_on_the_policy() -> None:
    """It is the earlier one of nextUpdate and the end of the allowed age."""
    policy = ocsp.Policy(max_age=2 * HOUR)
    evidence = ocsp.verify(BUILD.response(), LEAF, CA, at=NOW, policy=policy)
    assert evidence.holds_until == NOW + HOUR
    response = BUILD.response(next_update=None)
    assert ocsp.verify(response, LEAF, CA, at=NOW).holds_until == NOW + 23 * HOUR


def test_holds_until_stays_in_the_range_of_datetime() -> None:
    """For a response without end, whose signer has no end either (RFC 5280 §4.1.2.5)."""
    never = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)
    issuer = x509.load_der_x509_certificate(BUILD.authority(end=never).der)
    response = BUILD.response(next_update=b"99991231235959Z")
    assert ocsp.verify(response, LEAF, issuer, at=NOW).holds_until == never


@pytest.mark.parametrize("whose", ["delegate", "configured responder", "issuer"])
def test_evidence_ends_with_the_certificate_of_its_signer(whose: str) -> None:
    """Also if nextUpdate is later, and whatever authorizes the signer."""
    validity = {"begin": NOW - HOUR / 2, "end": NOW + HOUR}
    if whose == "issuer":
        by = issuer = BUILD.authority(**validity)
    else:
        by, issuer = BUILD.delegate(**validity), BUILD.ca
    signer = x509.load_der_x509_certificate(by.der)
    evidence = ocsp.verify(
        BUILD.response(by=by),
        LEAF,
        x509.load_der_x509_certificate(issuer.der),
        responders=[signer] if whose == "configured responder" else (),
        at=NOW,
    )
    assert evidence.responder == signer
    assert (evidence.holds_from, evidence.holds_until) == (NOW - HOUR / 2, NOW + HOUR)
    assert evidence.next_update == NOW + 23 * HOUR
    assert evidence.holds_at(NOW + HOUR - SECOND)
    assert not evidence.holds_at(NOW + HOUR)
    assert not evidence.holds_at(NOW - HOUR / 2 - SECOND)


@pytest.mark.parametrize(("nocheck", "hours"), [(False, 2), (True, 23)])
def test_evidence_ends_with_the_evidence_about_its_signer(
    nocheck: bool, hours: int
) -> None:
    """If the verification needed it, because the delegate has no nocheck."""
    extensions = (SIGNS, OCSP_SIGNING, *([NOCHECK] if nocheck else []))
    delegate = BUILD.delegate(extensions=extensions)
    certificate = x509.load_der_x509_certificate(delegate.der)
    about = [
        ocsp.verify(
            BUILD.evidence_about(delegate, next_update=NOW + each * HOUR).response,
            certificate,
            CA,
            at=NOW,
        )
        for each in (1, 2)
    ]
    evidence = ocsp.verify(
        BUILD.response(by=delegate),
        LEAF,
        CA,
        at=NOW,
        evidence=about,
        policy=ocsp.Policy.strict(),
    )
    assert evidence.holds_until == NOW + hours * HOUR


def test_has_settings_compares_policy_and_responders() -> None:
    """A signer that the caller has configured counts for callers with it only."""
    evidence = _evidence(by=BUILD.responder)
    assert evidence.has_settings(ocsp.Policy(), ())
    assert not evidence.has_settings(ocsp.Policy.strict(), ())
    configured = x509.load_der_x509_certificate(BUILD.responder.der)
    evidence = ocsp.verify(
        BUILD.response(by=BUILD.responder), LEAF, CA, at=NOW, responders=[configured]
    )
    assert evidence.has_settings(ocsp.Policy(), [configured])
    assert not evidence.has_settings(ocsp.Policy(), [CA])


def test_is_about_one_certificate() -> None:
    """The one with these issuer hashes and this serial number."""
    evidence = _evidence()
    assert evidence.is_about(LEAF, CA)
    other = BUILD.certificate("leaf.example", serial=5)
    assert not evidence.is_about(x509.load_der_x509_certificate(other.der), CA)


def test_newness_of_a_response() -> None:
    """ThisUpdate counts first, then a revocation, then producedAt; found once."""
    times = {"this_update": NOW - 2 * HOUR, "produced_at": NOW - HOUR}
    for status, is_revoked in (
        (b"\x80\x00", False),
        (BUILD.UNKNOWN, False),
        (BUILD.revoked(), True),
    ):
        evidence = _evidence(status, **times)
        assert evidence.newness == (NOW - 2 * HOUR, is_revoked, NOW - HOUR)
        assert evidence.newness is evidence.newness


def test_was_verified_for_exactly_these_certificates() -> None:
    """Not for twins with the same CertID, nor for the CertID itself."""
    twin = x509.load_der_x509_certificate(
        BUILD.certificate("leaf.example", end=NOW + 5 * HOUR).der
    )
    renewed = x509.load_der_x509_certificate(BUILD.authority(end=NOW + 5 * HOUR).der)
    cert_id = ocsp.CertID.for_certificate(LEAF, CA, hashes.SHA256())
    evidence = _evidence()
    assert evidence.was_verified_for(LEAF, CA)
    for cert, issuer in ((twin, CA), (LEAF, renewed), (cert_id, CA)):
        assert evidence.cert_id.matches(LEAF, issuer)
        assert not evidence.was_verified_for(cert, issuer)
    by_id = ocsp.verify(BUILD.response(), cert_id, CA, at=NOW)
    assert by_id.was_verified_for(cert_id, CA)
    assert not by_id.was_verified_for(LEAF, CA)


def test_tells_whether_the_status_of_the_signer_was_needed() -> None:
    """It was not if the delegate has nocheck."""
    assert _evidence(by=BUILD.responder).needs_status_of_signer is False
    by = BUILD.delegate(extensions=(SIGNS, OCSP_SIGNING))
    delegate = x509.load_der_x509_certificate(by.der)
    about = ocsp.verify(BUILD.response(cert_id=BUILD.cert_id(by)), delegate, CA, at=NOW)
    data = BUILD.response(by=by)
    evidence = ocsp.verify(data, LEAF, CA, at=NOW, evidence=[about])
    assert evidence.needs_status_of_signer is True


def test_the_size_of_new_evidence_is_not_known_yet() -> None:
    """The client finds it, and keeps it with the evidence."""
    evidence = _evidence()
    assert evidence._octets is None
    octets = octets_of(evidence)
    assert octets > len(BUILD.response())
    assert octets_of(evidence) == octets


def test_evidence_cannot_be_created_by_callers() -> None:
    """Neither by calling the class nor by subclassing it."""
    with pytest.raises(TypeError, match=r"only ocsp\.verify"):
        VerifiedResponse()
    with pytest.raises(TypeError, match="cannot be subclassed"):
        type("Mine", (VerifiedResponse,), {})
    assert VerifiedResponse.__final__  # type: ignore[attr-defined]


def test_evidence_is_immutable() -> None:
    """No attribute can be set, added or deleted."""
    evidence = _evidence()
    names = [
        name
        for name, value in inspect.getmembers(VerifiedResponse)
        if isinstance(value, property)
    ]
    assert len(names) > 12
    for name in (*names, "_judgement", "something_new"):
        with pytest.raises(AttributeError, match="cannot be changed"):
            setattr(evidence, name, OCSPCertStatus.GOOD)
        with pytest.raises(AttributeError, match="cannot be changed"):
            delattr(evidence, name)


def test_evidence_cannot_be_pickled() -> None:
    """A file may be forged: keep the response and verify it again."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="verify it again"):
            pickle.dumps(_evidence(), protocol)


def test_a_copy_is_the_same_object() -> None:
    """It is immutable, so a copy needs no new object."""
    evidence = _evidence()
    assert copy.copy(evidence) is evidence
    assert copy.deepcopy(evidence) is evidence


def test_repr() -> None:
    """Status, serial number, times and signer."""
    assert repr(_evidence(by=BUILD.responder)) == (
        "<VerifiedResponse(GOOD, serial=0x1f2e, 2026-07-01T11:00:00Z to "
        "2026-07-02T11:00:00Z, by delegate 'CN=Test Responder')>"
    )
    assert "to ?, by issuer" in repr(_evidence(next_update=None))


def test_repr_with_an_undecodable_name_of_the_signer() -> None:
    """``repr`` never fails."""
    from ocsp.asn1.der import encode, encode_oid

    bad = encode(0x30, encode_oid("2.5.4.3"), encode(0x0C, b"\xff\xfe"))
    by = BUILD.delegate(encode(0x30, encode(0x31, bad)))
    assert "'CN=\xff\xfe'" in repr(_evidence(by=by))


class _LooksLikeIt:
    """An object with the attributes of evidence."""

    status = OCSPCertStatus.GOOD
    responder = CA

    def is_about(self, cert: object, issuer: object) -> bool:
        return True

    def holds_at(self, moment: object) -> bool:
        return True


class _IsSealed(Unforgeable):
    """The same, derived from the base class of evidence."""

    status = OCSPCertStatus.GOOD


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"response": "text"}, "response must be bytes or an OCSPResponse"),
        ({"response": bytearray(b"x")}, "response must be bytes or an OCSPResponse"),
        ({"cert": b"x"}, "cert must be a Certificate or a CertID"),
        ({"issuer": b"x"}, "issuer must be a Certificate"),
        ({"nonce": "x"}, "nonce must be bytes"),
        ({"request": b"x"}, "request must be an OCSPRequest"),
        ({"responders": [b"x"]}, "responders must be Certificate objects"),
        ({"responders": [CA, b"x"]}, "responders must be Certificate objects"),
        ({"candidates": [CA, b"x"]}, "candidates must be Certificate objects"),
        ({"evidence": [_LooksLikeIt()]}, "evidence must come from ocsp"),
        ({"evidence": [_IsSealed()]}, "evidence must come from ocsp"),
        ({"evidence": [_evidence(), _LooksLikeIt()]}, "evidence must come from ocsp"),
        ({"policy": None}, "policy must be a Policy"),
        ({"policy": ocsp.Policy}, "policy must be a Policy"),
        ({"at": "now"}, "at must be a datetime"),
        ({"at": NOW.replace(tzinfo=None)}, "at must be aware"),
    ],
)
def test_arguments_of_wrong_types_are_errors(
    changes: dict[str, object], word: str
) -> None:
    """The message names the argument. Imitations of evidence are rejected too."""
    arguments = {"response": BUILD.response(), "cert": LEAF, "issuer": CA, "at": NOW}
    with pytest.raises(TypeError, match=word):
        ocsp.verify(**(arguments | changes))  # type: ignore[arg-type]


def test_at_defaults_to_the_current_time() -> None:
    """Without *at*, ``verify`` reads the clock."""
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    data = BUILD.response(this_update=now, next_update=now + HOUR, produced_at=now)
    ca = BUILD.authority(end=now + HOUR)
    evidence = ocsp.verify(data, LEAF, x509.load_der_x509_certificate(ca.der))
    assert now <= evidence.at <= datetime.datetime.now(datetime.UTC)


def test_a_loaded_response_is_accepted() -> None:
    """The result is the same as for its encoding."""
    data = BUILD.response()
    loaded = ocsp.load_der_ocsp_response(data)
    evidence = ocsp.verify(loaded, LEAF, CA, at=NOW)
    assert evidence.response is loaded
    with pytest.raises(ocsp.VerificationError):
        ocsp.verify(
            ocsp.load_der_ocsp_response(BUILD.response(signed_by="mallory")),
            LEAF,
            CA,
            at=NOW,
        )


def test_docstrings_state_what_is_not_verified() -> None:
    """The caller has to check it."""
    for function in (ocsp.verify, ocsp.verify_staple, ocsp.verify_chain):
        assert "Not verified" in str(inspect.getdoc(function))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"issuer": b"x"}, "issuer must be a Certificate"),
        ({"at": "now"}, "at must be a datetime"),
        ({"responders": [b"x"]}, "responders must be Certificate objects"),
        ({"evidence": [b"x"]}, "evidence must come from ocsp"),
    ],
)
def test_arguments_are_checked_before_the_response_is_decoded(
    arguments: dict[str, object], word: str
) -> None:
    """A mistake of the caller is not reported as a failure of the response."""
    given = {"cert": LEAF, "issuer": CA, "at": NOW, **arguments}
    with pytest.raises(TypeError, match=word):
        ocsp.verify(b"", **given)  # type: ignore[arg-type]


def test_nonce_and_request_have_to_agree() -> None:
    """If both are given, the nonces have to be equal."""
    sent = BUILD.request(BUILD.cert_id(), extensions=(BUILD.nonce(b"n" * 16),))
    request = ocsp.load_der_ocsp_request(sent)
    plain = ocsp.load_der_ocsp_request(BUILD.request(BUILD.cert_id()))
    data = BUILD.response(extensions=(BUILD.nonce(b"n" * 16),))
    for asked, nonce in ((request, None), (request, b"n" * 16), (plain, b"n" * 16)):
        found = ocsp.verify(data, LEAF, CA, at=NOW, request=asked, nonce=nonce)
        assert found.nonce_matched
    with pytest.raises(
        ocsp.ConfigError, match="nonce: differs from the nonce in the request"
    ):
        ocsp.verify(data, LEAF, CA, at=NOW, request=request, nonce=b"m" * 16)


@pytest.mark.parametrize("staple", ["", 0, (), False])
def test_a_staple_of_a_wrong_type_is_an_error(staple: object) -> None:
    """Only ``None`` and ``b""`` mean that the server sent none."""
    with pytest.raises(TypeError, match="response must be bytes"):
        ocsp.verify_staple(staple, LEAF, CA, at=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("staple", [None, b""])
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"cert": BUILD.cert_id()}, "cert must be a Certificate"),
        ({"issuer": b"x"}, "issuer must be a Certificate"),
        ({"policy": None}, "policy must be a Policy"),
        ({"at": NOW.replace(tzinfo=None)}, "at must be aware"),
    ],
)
def test_arguments_are_checked_without_a_staple(
    staple: bytes | None, arguments: dict[str, object], word: str
) -> None:
    """A wrong argument is an error even if there is no staple to verify."""
    given = {"cert": LEAF, "issuer": CA, "at": NOW, **arguments}
    assert ocsp.verify_staple(staple, LEAF, CA, at=NOW) is None
    with pytest.raises(TypeError, match=word):
        ocsp.verify_staple(staple, **given)  # type: ignore[arg-type]


def test_an_undecodable_tls_feature_counts_as_one_that_requires_a_staple() -> None:
    """It may contain status_request. A failed staple keeps its own failures too."""
    strange = extension("1.3.6.1.5.5.7.1.24", b"\x04\x00")
    odd = x509.load_der_x509_certificate(
        BUILD.certificate("leaf.example", extensions=(strange,)).der
    )
    assert ocsp.verify_staple(BUILD.response(), odd, CA, at=NOW) is not None
    with pytest.raises(ocsp.VerificationError) as raised:
        ocsp.verify_staple(BUILD.response(signed_by="mallory"), odd, CA, at=NOW)
    assert [failure.rule for failure in raised.value.failures] == ["V10", "V28"]
    with pytest.raises(ocsp.errors.MustStapleViolation):
        ocsp.verify_staple(None, odd, CA, at=NOW)


@pytest.mark.parametrize("other", ["3003020163", "3006020111020163"])
def test_other_tls_features_are_no_obstacle(other: str) -> None:
    """Cryptography decodes no TLSFeature with a number that it does not know."""
    feature = extension("1.3.6.1.5.5.7.1.24", bytes.fromhex(other))
    cert = x509.load_der_x509_certificate(
        BUILD.certificate("leaf.example", extensions=(feature,)).der
    )
    assert not ocsp.verification.must_staple(cert)


def test_unrelated_undecodable_extensions_do_not_matter_for_a_staple() -> None:
    """A subjectAltName with an x400Address does not say that a staple is required."""
    strange = extension("2.5.29.17", bytes.fromhex("3004a3023000"))
    odd = x509.load_der_x509_certificate(
        BUILD.certificate("leaf.example", extensions=(strange,)).der
    )
    assert ocsp.verify_staple(BUILD.response(), odd, CA, at=NOW) is not None
    assert ocsp.verify_staple(None, odd, CA, at=NOW) is None


@pytest.mark.parametrize("hashed", ["sha1", "sha384"])
def test_canonical_cert_id_does_not_depend_on_the_hash(hashed: str) -> None:
    """Neither on that of the response nor on that of the caller's CertID."""
    cert_id = BUILD.cert_id(hashed=hashed)
    asked = ocsp.CertID.for_certificate(LEAF, CA, hashes.SHA512())
    for cert in (LEAF, asked):
        evidence = ocsp.verify(BUILD.response(cert_id=cert_id), cert, CA, at=NOW)
        assert evidence.cert_id.hash_algorithm.name == hashed
        expected = ocsp.CertID.for_certificate(LEAF, CA, hashes.SHA256())
        assert evidence.canonical_cert_id == expected


def test_a_staple_may_be_signed_by_a_candidate() -> None:
    """As in ``verify``."""
    staple = BUILD.response(by=BUILD.responder, certs=())
    by = x509.load_der_x509_certificate(BUILD.responder.der)
    given = {"candidates": iter([by]), "at": NOW}
    assert ocsp.verify_staple(staple, LEAF, CA, **given) is not None  # type: ignore[arg-type]


def test_a_failure_names_certificates_that_cannot_be_read() -> None:
    """One of them may be the signer's."""
    by = BUILD.delegate(version=6)
    with pytest.raises(ocsp.errors.NoResponderCertificate) as raised:
        ocsp.verify(BUILD.response(by=by, certs=(by.der, by.der)), LEAF, CA, at=NOW)
    (failure,) = raised.value.failures
    _, first, second = failure.message.split("; ")
    assert first.startswith("responseBytes.certs[0] at offset ")
    assert first.endswith(": not a certificate")
    assert second.startswith("responseBytes.certs[1] at offset ")
    with pytest.raises(ocsp.errors.NoResponderCertificate) as raised:
        ocsp.verify(BUILD.response(by=by, certs=()), LEAF, CA, at=NOW)
    (failure,) = raised.value.failures
    assert failure.message.endswith("was neither given nor found in the response")


# --- whose key has signed it -----------------------------------------------------------

SIGNERS = {
    "responder": "ecdsa-sha256",
    "p384": "ecdsa-sha384",
    "p521": "ecdsa-sha512",
    "brainpool": "ecdsa-sha256",
    "rsa-2048": "rsa-sha256",
    "ed25519": "ed25519",
    "ed448": "ed448",
}
"""Delegates by their keys: small and large points, an RSA key, and others."""


def _by(key: str) -> VerifiedResponse:
    signer = BUILD.delegate(key=key, scheme=SIGNERS[key])
    return ocsp.verify(BUILD.response(by=signer), LEAF, CA, at=NOW)


def _with_key(key: str, info: bytes | None = None) -> x509.Certificate:
    identity = BUILD.certificate("another.example", key=key, key_info=info)
    return x509.load_der_x509_certificate(identity.der)


def _short_info(key: str) -> bytes:
    """Return the SubjectPublicKeyInfo with the point in its short form."""
    info = public_key_info(key)
    public = serialization.load_der_public_key(info)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    point = public.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    start, _ = content(info, 0, len(info), SEQUENCE, "")
    _, _, after = any_value(info, start, len(info), "")
    return encode(SEQUENCE, info[start:after], encode(BIT_STRING, b"\0", point))


@pytest.mark.parametrize("key", SIGNERS)
def test_the_key_of_the_signer_is_found_in_another_certificate(key: str) -> None:
    """Such a signer states nothing about that certificate."""
    evidence = _by(key)
    assert evidence.is_signed_by_key_of(_with_key(key))
    for other in SIGNERS.keys() - {key}:
        assert not evidence.is_signed_by_key_of(_with_key(other))


@pytest.mark.parametrize("key", ["responder", "p384", "p521", "brainpool"])
def test_a_point_is_found_in_its_short_form(key: str) -> None:
    """The same key in other octets (SEC 1 §2.3.3)."""
    again = _with_key(key, _short_info(key))
    assert _by(key).is_signed_by_key_of(again)
    short = BUILD.delegate(key=key, scheme=SIGNERS[key], key_info=_short_info(key))
    evidence = ocsp.verify(BUILD.response(by=short), LEAF, CA, at=NOW)
    assert evidence.is_signed_by_key_of(_with_key(key))


def test_another_key_need_not_be_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client compares the key of every certificate in question."""
    evidence, others = _by("rsa-2048"), [_with_key("rsa-1024"), _with_key("p384")]

    def decode(cert: x509.Certificate) -> object:
        raise AssertionError(cert)

    monkeypatch.setattr("ocsp.verification.evidence.facts_of", decode)
    assert not any(map(evidence.is_signed_by_key_of, others))
