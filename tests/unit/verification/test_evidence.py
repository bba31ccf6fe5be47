"""Evidence: what it says, and that nobody else can make, change or keep it."""

from __future__ import annotations

import copy
import datetime
import inspect
import pickle

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

import ocsp
from ocsp import OCSPCertStatus, VerifiedResponse
from ocsp.errors import (
    CertificateNotGood,
    CertificateNotIssued,
    CertificateRevoked,
    CertificateStatusUnknown,
)
from ocsp.verification import AuthorizedBy
from ocsp.verification.evidence import Unforgeable
from tests.cases.builder import HOUR, SECOND, Builder, extension
from tests.cases.model import NOW

BUILD = Builder()
LEAF = x509.load_der_x509_certificate(BUILD.leaf.der)
CA = x509.load_der_x509_certificate(BUILD.ca.der)
EPOCH = b"19700101000000Z"


def _evidence(status: bytes = b"\x80\x00", **changes: object) -> VerifiedResponse:
    data = BUILD.response(status=status, **changes)  # type: ignore[arg-type]
    return ocsp.verify(data, LEAF, CA, at=NOW)


def test_it_says_what_the_entry_says() -> None:
    """Every attribute, for a revocation by a delegate."""
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


def test_the_moment_is_in_utc() -> None:
    """Wherever the relying party is."""
    there = datetime.timezone(datetime.timedelta(hours=9))
    evidence = ocsp.verify(BUILD.response(), LEAF, CA, at=NOW.astimezone(there))
    assert evidence.at == NOW
    assert evidence.at.tzinfo is datetime.UTC


def test_good_is_returned() -> None:
    """``require_good`` can stand in a chain of calls."""
    evidence = _evidence()
    assert evidence.require_good() is evidence


@pytest.mark.parametrize(
    ("status", "error", "text"),
    [
        (
            BUILD.revoked(NOW - HOUR, 1),
            CertificateRevoked,
            "the certificate is revoked since 2026-07-01 11:00:00+00:00 (keyCompromise)",
        ),
        (
            BUILD.revoked(NOW - HOUR),
            CertificateRevoked,
            "the certificate is revoked since 2026-07-01 11:00:00+00:00",
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
def test_all_else_is_an_error_of_its_own(
    status: bytes, error: type[CertificateNotGood], text: str
) -> None:
    """One class for each, and none of them a failure of verification."""
    with pytest.raises(CertificateNotGood) as raised:
        _evidence(status).require_good()
    assert type(raised.value) is error
    assert str(raised.value) == text
    assert not isinstance(raised.value, ocsp.VerificationError)
    twin = pickle.loads(pickle.dumps(raised.value))
    assert (type(twin), str(twin), twin.args) == (error, text, raised.value.args)


def test_it_holds_between_its_times() -> None:
    """From thisUpdate to before nextUpdate, without the skew of any clock."""
    evidence = _evidence()
    assert evidence.holds_at(NOW - HOUR)
    assert not evidence.holds_at(NOW - HOUR - SECOND)
    assert evidence.holds_at(NOW + 23 * HOUR - SECOND)
    assert not evidence.holds_at(NOW + 23 * HOUR)


def test_it_holds_as_long_as_the_policy_says() -> None:
    """The shorter one of nextUpdate and the age that is allowed."""
    policy = ocsp.Policy(max_age=2 * HOUR)
    evidence = ocsp.verify(BUILD.response(), LEAF, CA, at=NOW, policy=policy)
    assert evidence.holds_until == NOW + HOUR
    response = BUILD.response(next_update=None)
    assert ocsp.verify(response, LEAF, CA, at=NOW).holds_until == NOW + 23 * HOUR
    last = ocsp.verify(
        BUILD.response(next_update=b"99991231235959Z"), LEAF, CA, at=NOW
    ).holds_until
    assert last.year == 9999


def test_it_is_about_one_certificate() -> None:
    """That with these hashes and this number."""
    evidence = _evidence()
    assert evidence.is_about(LEAF, CA)
    other = BUILD.certificate("leaf.example", serial=5)
    assert not evidence.is_about(x509.load_der_x509_certificate(other.der), CA)


def test_nobody_makes_one_by_hand() -> None:
    """Neither by calling nor by subclassing the class."""
    with pytest.raises(TypeError, match=r"comes from ocsp\.verify"):
        VerifiedResponse()
    with pytest.raises(TypeError, match="cannot be subclassed"):
        type("Mine", (VerifiedResponse,), {})
    assert VerifiedResponse.__final__  # type: ignore[attr-defined]


def test_nobody_changes_one() -> None:
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


def test_nobody_keeps_one_in_a_file() -> None:
    """What comes out of a file may be anybody's: verify the response again."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="verify it again"):
            pickle.dumps(_evidence(), protocol)


def test_a_copy_is_the_evidence_itself() -> None:
    """There is nothing in it that could be changed."""
    evidence = _evidence()
    assert copy.copy(evidence) is evidence
    assert copy.deepcopy(evidence) is evidence


def test_it_is_shown_in_a_line() -> None:
    """Status, number, times, and who said so."""
    assert repr(_evidence(by=BUILD.responder)) == (
        "<VerifiedResponse(GOOD, serial=0x1f2e, 2026-07-01T11:00:00Z to "
        "2026-07-02T11:00:00Z, by delegate 'CN=Test Responder')>"
    )
    assert "to ?, by issuer" in repr(_evidence(next_update=None))


def test_a_signer_without_a_readable_name_is_shown_too() -> None:
    """A line for people never fails."""
    from ocsp.asn1.der import encode, encode_oid

    bad = encode(0x30, encode_oid("2.5.4.3"), encode(0x0C, b"\xff\xfe"))
    by = BUILD.delegate(encode(0x30, encode(0x31, bad)))
    assert "a name that cannot be read" in repr(_evidence(by=by))


class _LooksLikeIt:
    """What somebody might hand in instead of evidence."""

    status = OCSPCertStatus.GOOD
    responder = CA

    def is_about(self, cert: object, issuer: object) -> bool:
        return True

    def holds_at(self, moment: object) -> bool:
        return True


class _IsSealed(Unforgeable):
    """The same, which has taken the seal from where it is kept."""

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
        ({"responders": [b"x"]}, "responders must be certificates"),
        ({"responders": [CA, b"x"]}, "responders must be certificates"),
        ({"evidence": [_LooksLikeIt()]}, "evidence must come from verify"),
        ({"evidence": [_IsSealed()]}, "evidence must come from verify"),
        ({"evidence": [_evidence(), _LooksLikeIt()]}, "evidence must come from verify"),
        ({"policy": None}, "policy must be a Policy"),
        ({"policy": ocsp.Policy}, "policy must be a Policy"),
        ({"at": "now"}, "at must be a datetime"),
        ({"at": NOW.replace(tzinfo=None)}, "at must be aware"),
    ],
)
def test_arguments_of_other_types_are_refused(
    changes: dict[str, object], word: str
) -> None:
    """By name, before anything is judged; evidence that was made by hand as well."""
    arguments = {"response": BUILD.response(), "cert": LEAF, "issuer": CA, "at": NOW}
    with pytest.raises(TypeError, match=word):
        ocsp.verify(**(arguments | changes))  # type: ignore[arg-type]


def test_without_a_moment_it_is_now() -> None:
    """The one place below the I/O floors that asks for the time."""
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    data = BUILD.response(this_update=now, next_update=now + HOUR, produced_at=now)
    ca = BUILD.authority(end=now + HOUR)
    evidence = ocsp.verify(data, LEAF, x509.load_der_x509_certificate(ca.der))
    assert now <= evidence.at <= datetime.datetime.now(datetime.UTC)


def test_a_loaded_response_is_as_good_as_its_octets() -> None:
    """Both ways in judge the same."""
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


def test_what_is_not_verified_is_written_down() -> None:
    """Whoever calls has to know what is left to do."""
    for function in (ocsp.verify, ocsp.verify_staple, ocsp.verify_chain):
        assert "Not verified" in str(inspect.getdoc(function))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"issuer": b"x"}, "issuer must be a Certificate"),
        ({"at": "now"}, "at must be a datetime"),
        ({"responders": [b"x"]}, "responders must be certificates"),
        ({"evidence": [b"x"]}, "evidence must come from verify"),
    ],
)
def test_arguments_are_checked_before_anything_is_read(
    arguments: dict[str, object], word: str
) -> None:
    """So a mistake of the caller is no failure of the response."""
    given = {"cert": LEAF, "issuer": CA, "at": NOW, **arguments}
    with pytest.raises(TypeError, match=word):
        ocsp.verify(b"", **given)  # type: ignore[arg-type]


def test_the_nonce_is_that_of_the_request() -> None:
    """Where both are given they have to be the same."""
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
def test_only_nothing_is_no_staple(staple: object) -> None:
    """What is neither octets nor a response is a mistake."""
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
    """As with one."""
    given = {"cert": LEAF, "issuer": CA, "at": NOW, **arguments}
    assert ocsp.verify_staple(staple, LEAF, CA, at=NOW) is None
    with pytest.raises(TypeError, match=word):
        ocsp.verify_staple(staple, **given)  # type: ignore[arg-type]


def test_a_certificate_that_cannot_be_read_hides_no_failure() -> None:
    """Whether it demands a staple cannot be said then; of one, what is wrong can."""
    strange = extension("2.5.29.17", bytes.fromhex("3004a3023000"))
    odd = x509.load_der_x509_certificate(
        BUILD.certificate("leaf.example", extensions=(strange,)).der
    )
    assert ocsp.verify_staple(BUILD.response(), odd, CA, at=NOW) is not None
    with pytest.raises(ocsp.VerificationError) as raised:
        ocsp.verify_staple(BUILD.response(signed_by="mallory"), odd, CA, at=NOW)
    assert [failure.rule for failure in raised.value.failures] == ["V10"]
    with pytest.raises(ValueError, match="x400Address"):
        ocsp.verify_staple(None, odd, CA, at=NOW)


@pytest.mark.parametrize("hashed", ["sha1", "sha384"])
def test_the_key_for_a_cache_does_not_depend_on_the_hash(hashed: str) -> None:
    """Neither the responder's choice nor how it was asked counts."""
    cert_id = BUILD.cert_id(hashed=hashed)
    asked = ocsp.CertID.for_certificate(LEAF, CA, hashes.SHA512())
    for cert in (LEAF, asked):
        evidence = ocsp.verify(BUILD.response(cert_id=cert_id), cert, CA, at=NOW)
        assert evidence.cert_id.hash_algorithm.name == hashed
        expected = ocsp.CertID.for_certificate(LEAF, CA, hashes.SHA256())
        assert evidence.canonical_cert_id == expected
