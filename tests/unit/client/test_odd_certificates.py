"""Certificates that few libraries can read: in files, in replies, and to be checked."""

from __future__ import annotations

from base64 import encodebytes
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from ocsp import limits
from ocsp.asn1.certificates import read_certificate
from ocsp.asn1.der import SEQUENCE, encode, encode_integer, encode_oid
from ocsp.cli import main
from ocsp.client import (
    CheckStatus,
    CRLFallback,
    HTTPReply,
    MissingIssuer,
    Options,
    Reason,
    Source,
    SQLiteCache,
    certificate_files,
)
from ocsp.client.certificate_files import load_certificates, readable_certificates
from ocsp.errors import ConfigError, ResponderRevocationUnknown, SchemaError
from ocsp.stapling import Site, read_pair
from tests.cases.builder import (
    OCSP_SIGNING,
    Builder,
    Identity,
    access,
    extension,
    name,
)
from tests.cases.unreadable_cases import TELETEX, UNRELATED
from tests.nested import nested_certificate, nested_pkcs7
from tests.unit.client.scene import A, Play, reply

BUILD = Builder()
CA = x509.load_der_x509_certificate(BUILD.ca.der)
UNKNOWN_VERSION = BUILD.certificate("odd", version=6).der
DEEP = nested_certificate()
WHERE = "http://c.example/ca.p7c"
LIST = "http://c.example/full.crl"


def _loaded(identity: Identity) -> x509.Certificate:
    return x509.load_der_x509_certificate(identity.der)


def _answer(identity: Identity, issuer: Identity = BUILD.ca) -> HTTPReply:
    entry = BUILD.entry(cert_id=BUILD.cert_id(identity, issuer))
    return reply(BUILD.response(entry, by=issuer, certs=()))


def _pem(*ders: bytes) -> bytes:
    return b"".join(
        b"-----BEGIN CERTIFICATE-----\n"
        + encodebytes(der)
        + b"-----END CERTIFICATE-----\n"
        for der in ders
    )


def _pkcs7(*ders: bytes) -> bytes:
    """Return a "certs-only" SignedData (RFC 5652 §5.1)."""
    data = encode(SEQUENCE, encode_oid("1.2.840.113549.1.7.1"))
    signed = encode(
        SEQUENCE,
        encode_integer(1),
        encode(0x31),
        data,
        encode(0xA0, *ders),
        encode(0x31),
    )
    return encode(SEQUENCE, encode_oid("1.2.840.113549.1.7.2"), encode(0xA0, signed))


# --- checks ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", UNRELATED)
def test_an_unrelated_malformed_extension_is_no_obstacle(
    driver: str, kind: str
) -> None:
    """The responder is found and asked."""
    place = access(AuthorityInformationAccessOID.OCSP)
    odd = BUILD.certificate("leaf.example", extensions=(UNRELATED[kind], place))
    url = "http://status.example/"
    outcome = Play(driver, {url: [_answer(odd)]}).check(_loaded(odd), CA)
    assert outcome.status is CheckStatus.GOOD
    assert repr(outcome)


def test_one_malformed_location_does_not_hide_the_others(driver: str) -> None:
    """An access location in Latin-1 beside the URL of a responder."""
    ocsp_method = encode_oid("1.3.6.1.5.5.7.48.1")
    locations = [
        encode(SEQUENCE, ocsp_method, encode(0x86, each))
        for each in (b"http://\xfc.example/", A.encode())
    ]
    value = extension("1.3.6.1.5.5.7.1.1", encode(SEQUENCE, *locations))
    odd = BUILD.certificate("leaf.example", extensions=(value,))
    outcome = Play(driver, {A: [_answer(odd)]}).check(_loaded(odd), CA)
    assert outcome.status is CheckStatus.GOOD


def test_the_number_of_locations_is_limited(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those after ``MAX_GENERAL_NAMES`` are not decoded."""
    ocsp_method = encode_oid("1.3.6.1.5.5.7.48.1")
    locations = [
        encode(SEQUENCE, ocsp_method, encode(0x86, each))
        for each in (b"ldap://x.example/", b"ldap://y.example/", A.encode())
    ]
    value = extension("1.3.6.1.5.5.7.1.1", encode(SEQUENCE, *locations))
    odd = BUILD.certificate("leaf.example", extensions=(value,))
    for most, status in ((3, CheckStatus.GOOD), (2, CheckStatus.INDETERMINATE)):
        monkeypatch.setattr(limits, "MAX_GENERAL_NAMES", most)
        outcome = Play(driver, {A: [_answer(odd)]}).check(_loaded(odd), CA)
        assert outcome.status is status


@pytest.mark.parametrize(
    "changes",
    [
        {"begin": b"00000101000000Z"},
        {"serial": 0},
        {"serial": b"\xfb"},
        {"subject": TELETEX},
        {"key_info": encode(SEQUENCE, encode(SEQUENCE, encode_oid("1.2.3")), b"\x03\x01\x00")},
    ],
    ids=["year 0", "serial 0", "negative serial", "name", "key"],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Parsed a (negative )?serial number")
def test_an_odd_certificate_is_checked(
    driver: str, changes: dict[str, bytes | int]
) -> None:
    """Nothing of it is needed but its serial number and issuer."""
    arguments = {"subject": "leaf.example", **changes}
    odd = BUILD.certificate(**arguments)  # type: ignore[arg-type]
    outcome = Play(driver, {A: [_answer(odd)]}).check(_loaded(odd), CA, url=A)
    assert outcome.status is CheckStatus.GOOD
    assert repr(outcome)


MALFORMED_ACCESS = extension("1.3.6.1.5.5.7.1.1", encode(SEQUENCE, b"\x02\x01\x01"))


def test_a_delegate_with_a_malformed_place_for_its_status(driver: str) -> None:
    """The client can ask no responder about it, so its status is not known."""
    by = BUILD.delegate(extensions=(OCSP_SIGNING, MALFORMED_ACCESS))
    play = Play(driver, {A: [reply(BUILD.response(by=by))]})
    outcome = play.check(_loaded(BUILD.leaf), CA, url=A)
    assert outcome.reason is Reason.NOT_VERIFIED
    assert isinstance(outcome.failure, ResponderRevocationUnknown)


def test_a_cached_answer_about_a_certificate_with_malformed_places(
    driver: str, tmp_path: Path
) -> None:
    """Another client finds it in the file, and needs no place to ask."""
    odd = BUILD.certificate("leaf.example", extensions=(MALFORMED_ACCESS,))
    with SQLiteCache(tmp_path / "cache.db") as cache:
        first = Play(driver, {A: [_answer(odd)]}, cache=cache)
        assert first.check(_loaded(odd), CA, url=A).status is CheckStatus.GOOD
        found = Play(driver, {}, cache=cache).check(_loaded(odd), CA)
    assert found.source is Source.CACHE


def test_an_issuer_with_a_name_in_another_string_type(driver: str) -> None:
    """The certificate names it in UTF-8, and it has a TeletexString."""
    ca = BUILD.certificate(TELETEX, key="ca", issuer=None, serial=1)
    odd = BUILD.certificate("leaf", issuer=ca, issuer_name=name("Z\xfcrich CA"))
    outcome = Play(driver, {A: [_answer(odd, ca)]}).check(
        _loaded(odd), _loaded(ca), url=A
    )
    assert outcome.status is CheckStatus.GOOD


def test_a_crl_of_an_unknown_version_is_no_evidence(driver: str) -> None:
    """The check ends without a status, and does not raise."""
    tbs = encode(SEQUENCE, encode_integer(5))
    crl = encode(SEQUENCE, tbs, encode(SEQUENCE), b"\x03\x01\x00")
    points = extension(
        "2.5.29.31",
        encode(
            SEQUENCE,
            encode(SEQUENCE, encode(0xA0, encode(0xA0, encode(0x86, LIST.encode())))),
        ),
    )
    odd = BUILD.certificate("leaf.example", extensions=(points,))
    play = Play(
        driver,
        {LIST: [reply(crl)]},
        Options(crl_fallback=CRLFallback.WHEN_INDETERMINATE, retries=0),
    )
    assert play.check(_loaded(odd), CA).reason is Reason.NOT_VERIFIED


def test_the_issuer_is_found_beside_a_certificate_of_an_unknown_version(
    driver: str,
) -> None:
    """In the "certs-only" message of a caIssuers URL."""
    method = encode_oid("1.3.6.1.5.5.7.48.2")
    location = encode(SEQUENCE, method, encode(0x86, WHERE.encode()))
    value = extension("1.3.6.1.5.5.7.1.1", encode(SEQUENCE, location))
    odd = BUILD.certificate("leaf.example", extensions=(value,))
    served = reply(_pkcs7(UNKNOWN_VERSION, BUILD.ca.der), content_type="x/y")
    play = Play(
        driver,
        {WHERE: [served], A: [_answer(odd)]},
        Options(missing_issuer=MissingIssuer.FETCH),
    )
    outcome = play.check(_loaded(odd), None, url=A)
    assert outcome.status is CheckStatus.GOOD


# --- files -------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [_pem, _pkcs7])
def test_certificates_that_cannot_be_read_are_skipped(
    wrap: Callable[..., bytes],
) -> None:
    """But not the first, if it is needed: the file of a server starts with its own."""
    assert load_certificates(wrap(BUILD.ca.der, UNKNOWN_VERSION)) == [CA]
    first = wrap(UNKNOWN_VERSION, BUILD.ca.der)
    assert load_certificates(first, first_needed=False) == [CA]
    assert readable_certificates(first) == [CA]
    with pytest.raises(SchemaError, match="a first certificate that cannot be read"):
        load_certificates(first)
    with pytest.raises(SchemaError, match="a certificate that cannot be read, and no"):
        load_certificates(wrap(UNKNOWN_VERSION), first_needed=False)
    assert readable_certificates(wrap(UNKNOWN_VERSION)) == []


def test_a_block_that_is_not_base64_is_skipped() -> None:
    """As one into which an octet has come."""
    good = _pem(BUILD.ca.der)
    cut = good[: len(good) // 2] + b"A" + good[len(good) // 2 :]
    assert load_certificates(good + cut) == [CA]
    assert readable_certificates(cut + good) == [CA]
    with pytest.raises(SchemaError, match="a first certificate that cannot be read"):
        load_certificates(cut + good)


def test_values_that_are_too_short_for_a_certificate_are_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A PKCS #7 file of 40 kB has room for 20,000 of them."""
    read: list[int] = []

    def count(der: bytes, start: int, end: int, path: str) -> object:
        read.append(end)
        return read_certificate(der, start, end, path)

    monkeypatch.setattr(certificate_files, "read_certificate", count)
    assert readable_certificates(_pkcs7(*[b"\x30\x00"] * 20_000, BUILD.ca.der)) == [CA]
    assert len(read) <= 2  # the whole file is the first


@pytest.mark.parametrize(
    "data",
    [
        UNKNOWN_VERSION,
        _pkcs7(BUILD.ca.der)[:-9],
        BUILD.ca.der + b"\x00",
        encode(SEQUENCE, encode(SEQUENCE)),
        b"-----BEGIN CERTIFICATE-----\nMAA\n-----END CERTIFICATE-----",
    ],
)
def test_data_without_a_readable_certificate(data: bytes) -> None:
    """The error is of this package."""
    with pytest.raises(SchemaError):
        load_certificates(data)
    assert readable_certificates(data) == []


def test_a_chain_file_of_a_server(tmp_path: Path) -> None:
    """With an issuer in another string type, and a certificate that cannot be read."""
    ca = BUILD.certificate(TELETEX, key="ca", issuer=None, serial=1)
    leaf = BUILD.certificate("leaf", issuer=ca, issuer_name=name("Z\xdcRICH  ca"))
    file = tmp_path / "site.pem"
    file.write_bytes(_pem(leaf.der, UNKNOWN_VERSION, ca.der))
    assert read_pair(Site(file)) == (_loaded(leaf), _loaded(ca))
    out = str(tmp_path / "request.der")
    alone = tmp_path / "leaf.pem"
    alone.write_bytes(_pem(leaf.der))
    given = ["--issuer", str(file), "--cert", str(alone)]
    assert main(["request", *given, "--out", out]) == 0
    file.write_bytes(_pem(UNKNOWN_VERSION, ca.der))
    with pytest.raises(ConfigError, match="cannot be read"):
        read_pair(Site(file))
    given[-1] = str(file)
    assert main(["request", *given, "--out", out]) == 4


@pytest.mark.filterwarnings("ignore:PKCS#7")
@pytest.mark.parametrize("definite", [True, False], ids=["DER", "BER"])
@pytest.mark.parametrize(
    "odd",
    [UNKNOWN_VERSION, b"\x05\x00", nested_certificate(1), DEEP],
    ids=["version", "null", "nested", "deep"],
)
def test_a_certificate_in_a_pkcs7_does_not_hide_the_others(
    odd: bytes, definite: bool
) -> None:
    """Whatever its encoding; but nothing is read from BER that is nested too deep."""
    good = BUILD.ca.der
    for data in (odd + good, good + odd):
        found = readable_certificates(nested_pkcs7(data, definite=definite))
        if definite or odd != DEEP:
            assert CA in found
        else:
            assert found == []


@pytest.mark.filterwarnings("error")
def test_a_pkcs7_in_ber_is_read_if_warnings_are_errors() -> None:
    """``cryptography`` warns of it."""
    assert readable_certificates(nested_pkcs7(BUILD.ca.der)) == [CA]
